// Package redact keeps a secret out of texts, errors, headers and JSON bodies that others wrote: a
// server that echoes a request, a proxy that quotes one, a transport that shows one. It finds the
// secret in the forms in which such texts carry it: quoted, escaped for JSON, HTML or a URL, in
// base64 and in hex.
package redact

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
)

// Error returns err, or a copy of its masked text if err, or any error that it wraps, shows the
// secret.
func Error(err error, secret string) error {
	if !shows(err, secret) {
		return err
	}
	return errors.New(Text(err.Error(), secret))
}

func shows(err error, secret string) bool {
	if err == nil {
		return false
	}
	for _, text := range []string{err.Error(), fmt.Sprintf("%#v", err)} {
		if Text(text, secret) != text {
			return true
		}
	}
	switch wrapper := err.(type) { //nolint:errorlint // each in turn
	case interface{ Unwrap() error }:
		return shows(wrapper.Unwrap(), secret)
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(wrapper.Unwrap(), func(err error) bool { return shows(err, secret) })
	}
	return false
}

// Header returns a copy of h without Set-Cookie, and with the secret masked in its values.
func Header(h http.Header, secret string) http.Header {
	h = h.Clone()
	h.Del("Set-Cookie")
	for _, values := range h {
		for i := range values {
			values[i] = Text(values[i], secret)
		}
	}
	return h
}

// Body returns body with the secret masked, however its JSON is escaped. What was JSON stays JSON.
func Body(body []byte, secret string) []byte {
	masked := []byte(Text(string(body), secret))
	escaped := bytes.ContainsRune(body, '\\')
	if len(secret) < shortest || !escaped && bytes.Equal(masked, body) {
		return masked
	}
	value, ok := parse(body)
	if !ok || !escaped && json.Valid(masked) {
		return masked
	}
	clean, found := maskValue(value, secret)
	if !found && bytes.Equal(masked, body) {
		return masked
	}
	encoded, err := json.Marshal(clean)
	if err != nil || Text(string(encoded), secret) != string(encoded) { // a secret that looks like JSON itself
		return []byte(`"` + Mark + `"`)
	}
	return encoded
}

// parse reads one JSON value, with its numbers as they are written.
func parse(body []byte) (value any, ok bool) {
	if !json.Valid(body) {
		return nil, false
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	return value, decoder.Decode(&value) == nil
}

// maskValue masks the secret in a value's texts, names, numbers and words.
func maskValue(value any, secret string) (_ any, found bool) {
	switch v := value.(type) {
	case string:
		clean := Text(v, secret)
		return clean, clean != v
	case []any:
		for i := range v {
			var inner bool
			v[i], inner = maskValue(v[i], secret)
			found = found || inner
		}
		return v, found
	case map[string]any:
		clean := make(map[string]any, len(v))
		for name, item := range v {
			masked, inner := maskValue(item, secret)
			key := Text(name, secret)
			found = found || inner || key != name
			clean[key] = masked
		}
		return clean, found
	default: // a number, true, false or null
		word, err := json.Marshal(v)
		if clean := Text(string(word), secret); err == nil && clean != string(word) {
			return clean, true
		}
		return v, false
	}
}
