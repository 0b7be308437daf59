package linkit

import (
	"net"
	"net/url"
	"strings"
	"unicode/utf8"
)

// parseBase reads a base URL. No error shows it: it may hold a password.
func parseBase(name, base string) (*url.URL, error) {
	u, err := url.Parse(base)
	switch {
	case inQuotes(base):
		return nil, invalid("%s: the URL is in quotes: %s", name, quotesHint)
	case err != nil:
		return nil, invalid("%s: it can't be read as a URL", name)
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return nil, invalid("%s: it must be an absolute URL such as %s", name, DefaultBaseURL)
	case u.User != nil:
		return nil, invalid("%s: it must not hold a user name or password; credentials have options of their own", name)
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(base, "#"):
		return nil, invalid("%s: it must not have a query or a fragment", name)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, invalid(
			"%s: plain http would show the credential to the network; use https (http is for loopback hosts only)",
			name,
		)
	}
	own := &url.URL{Scheme: u.Scheme, Host: u.Host}
	escaped := strings.TrimRight(u.EscapedPath(), "/")
	if escaped == "" && linkitHost(u.Hostname()) {
		escaped = "/api/v1" // Linkit's own material gives the origin only
	}
	if escaped == "" {
		return own, nil
	}
	path, problem := cleanPath(escaped)
	if problem != "" {
		return nil, invalid("%s: its path %s", name, problem)
	}
	own.Path, own.RawPath = path.Path, path.RawPath
	return own, nil
}

// linkitHost reports whether host is linkit.works or a subdomain of it.
func linkitHost(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "linkit.works" || strings.HasSuffix(host, ".linkit.works")
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// cleanPath reads an escaped path, or returns why it can't be used.
func cleanPath(escaped string) (u url.URL, problem string) {
	if !strings.HasPrefix(escaped, "/") {
		return u, `must begin with "/", and lie below the base URL`
	}
	if strings.ContainsAny(escaped, "?#") {
		return u, "has a query or a fragment; a query is an argument of its own"
	}
	for segment := range strings.SplitSeq(escaped[1:], "/") {
		switch plain, err := url.PathUnescape(segment); {
		case err != nil:
			return u, "is not escaped correctly"
		case plain == "":
			return u, "has an empty segment"
		case plain == "." || plain == "..":
			return u, `has a segment "." or ".."`
		case !utf8.ValidString(plain):
			return u, "is not valid UTF-8"
		}
	}
	u.RawPath = escaped
	u.Path, _ = url.PathUnescape(escaped) // each segment could be
	if u.EscapedPath() != escaped {
		return u, "has a character that must be escaped: use url.PathEscape for each segment"
	}
	if plain := (&url.URL{Path: u.Path}); plain.EscapedPath() == escaped {
		u.RawPath = ""
	}
	return u, ""
}

// maskedRoute keeps segments that may be ids out of errors and logs: endpoints are named in
// lower-case words.
func maskedRoute(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if strings.Trim(segment, "abcdefghijklmnopqrstuvwxyz-_") != "" {
			segments[i] = "{id}"
		}
	}
	return strings.Join(segments, "/")
}
