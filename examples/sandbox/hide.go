package main

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/linkit-go/linkit/linkittest"
)

// linkittest masks the credentials of a request. This masks what may be secret elsewhere: the sandbox's own
// credentials anywhere, and members, parameters and headers whose name says that they hold a secret.
const masked = "[masked]"

var (
	known = strings.NewReplacer(token, masked, password, masked, linkittest.APIKey, masked, linkittest.Password, masked)

	secretName   = regexp.MustCompile(`(?i)passw|secret|token|api[-_]?key|authorization|cookie|signature|private`)
	secretMember = regexp.MustCompile(
		`(?i)("[^"\\]*(?:passw|secret|token|api[-_]?key|authorization|private)[^"\\]*"\s*:\s*)` +
			`(?:"(?:[^"\\]|\\.)*"?|-?[0-9][^,}\]\s]*|\[[^\]]*\]?)`)
)

func hide(text string) string { return known.Replace(text) }

// hideMembers masks members of a JSON text, which may be incomplete.
func hideMembers(text string) string {
	return hide(secretMember.ReplaceAllString(text, `$1"`+masked+`"`))
}

func hideQuery(query url.Values) string {
	shown := url.Values{}
	for name, values := range query {
		for _, value := range values {
			if secretName.MatchString(name) {
				value = masked
			}
			shown.Add(name, hide(value))
		}
	}
	return strings.ReplaceAll(shown.Encode(), url.QueryEscape(masked), masked)
}

// hideHeader leaves the kind that linkittest keeps of Authorization.
func hideHeader(header http.Header) http.Header {
	shown := http.Header{}
	for name, values := range header {
		for _, value := range values {
			if secretName.MatchString(name) && name != "Authorization" {
				value = masked
			}
			shown.Add(name, hide(value))
		}
	}
	return shown
}
