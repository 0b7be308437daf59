package linkit

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Keeping credentials out of errors that quote what others wrote: a server or proxy that echoes a request, a transport
// that shows one.

// redaction stands where a secret was.
const redaction = "[redacted]"

// shortest is the length from which a secret is looked for: a shorter one would match by chance.
const shortest = 4

// forms returns how secret may stand in a text.
func forms(secret string) []string {
	if len(secret) < shortest {
		return nil
	}
	quoted := strconv.Quote(secret)
	encoded, _ := json.Marshal(secret) // text can't fail
	return []string{
		secret, quoted[1 : len(quoted)-1], string(encoded[1 : len(encoded)-1]), html.EscapeString(secret), url.QueryEscape(secret), url.PathEscape(secret),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
		hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret))),
	}
}

func masked(text, secret string) string {
	if text == "" {
		return ""
	}
	for _, form := range forms(secret) {
		text = strings.ReplaceAll(text, form, redaction)
	}
	return text
}

// redacted returns err, or a copy of its text where it shows the secret, or something that it wraps does.
func redacted(err error, secret string) error {
	if err == nil || !shows(err, secret) {
		return err
	}
	return errors.New(masked(err.Error(), secret))
}

func shows(err error, secret string) bool {
	if err == nil {
		return false
	}
	for _, text := range []string{err.Error(), fmt.Sprintf("%#v", err)} {
		if masked(text, secret) != text {
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

// maskedBody hides the secret in an answer, however its JSON is escaped: without a backslash nothing is.
func maskedBody(body []byte, secret string) []byte {
	body = []byte(masked(string(body), secret))
	var value any
	if len(secret) < shortest || bytes.IndexByte(body, '\\') < 0 || json.Unmarshal(body, &value) != nil {
		return body
	}
	clean, found := maskedValue(value, secret)
	if !found {
		return body
	}
	body, _ = json.Marshal(clean) // what came of JSON can't fail
	return body
}

func maskedValue(value any, secret string) (_ any, found bool) {
	switch v := value.(type) {
	case string:
		clean := masked(v, secret)
		return clean, clean != v
	case []any:
		for i := range v {
			var inner bool
			v[i], inner = maskedValue(v[i], secret)
			found = found || inner
		}
	case map[string]any:
		for name, item := range v {
			clean, inner := maskedValue(item, secret)
			key := masked(name, secret)
			found = found || inner || key != name
			delete(v, name)
			v[key] = clean
		}
	}
	return value, found
}
