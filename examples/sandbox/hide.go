package main

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/linkit-go/linkit/linkittest"
)

// linkittest masks the credentials of a request. This masks what may be secret elsewhere: the
// sandbox's own credentials anywhere, and members, parameters and headers whose name says that they
// hold a secret.
const masked = "[masked]"

var (
	known = []string{token, password, linkittest.APIKey, linkittest.Password}

	// secretWords are parts of the names of secrets, in small letters.
	secretWords = []string{
		"passw", "secret", "token", "api_key", "api-key", "apikey", "authorization", "cookie", "signature", "private",
	}
)

func isSecret(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(name, word) })
}

// hide masks the sandbox's own credentials.
func hide(text string) string {
	for _, secret := range known {
		text = strings.ReplaceAll(text, secret, masked)
	}
	return text
}

// hideMembers masks members of a JSON text, which may be incomplete: their texts, numbers and
// lists.
func hideMembers(text string) string {
	var shown strings.Builder
	written := 0
	for i := 0; i < len(text); {
		if text[i] != '"' {
			i++
			continue
		}
		name := text[i:stringEnd(text, i)]
		i += len(name)
		value := skipSpace(text, i)
		if value == len(text) || text[value] != ':' || !isSecret(name) {
			continue
		}
		value = skipSpace(text, value+1)
		if i = valueEnd(text, value); i > value {
			shown.WriteString(text[written:value] + `"` + masked + `"`)
			written = i
		}
	}
	shown.WriteString(text[written:])
	return hide(shown.String())
}

// stringEnd returns the index after the string that starts at a quotation mark.
func stringEnd(text string, start int) int {
	for i := start + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

func skipSpace(text string, start int) int {
	return len(text) - len(strings.TrimLeft(text[start:], " \t\r\n"))
}

// valueEnd returns the index after a value. It returns start for an object, whose members have
// names of their own, and for true, false and null.
func valueEnd(text string, start int) int {
	switch {
	case start == len(text):
		return start
	case text[start] == '"':
		return stringEnd(text, start)
	case text[start] == '[':
		return listEnd(text, start)
	case text[start] != '-' && (text[start] < '0' || text[start] > '9'):
		return start
	}
	if end := strings.IndexAny(text[start:], ",}] \t\r\n"); end >= 0 {
		return start + end
	}
	return len(text)
}

func listEnd(text string, start int) int {
	depth := 0
	for i := start; i < len(text); i++ {
		switch text[i] {
		case '"':
			i = stringEnd(text, i) - 1
		case '[':
			depth++
		case ']':
			depth--
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(text)
}

func hideQuery(query url.Values) string {
	shown := url.Values{}
	for name, values := range query {
		for _, value := range values {
			if isSecret(name) {
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
			if isSecret(name) && name != "Authorization" {
				value = masked
			}
			shown.Add(name, hide(value))
		}
	}
	return shown
}
