package linkit

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
)

// Keeping credentials out of errors that quote what others wrote: a server or proxy that echoes a request, a transport
// that shows one.

// redaction stands where a secret was.
const redaction = "[redacted]"

// forms returns how secret may stand in a text. A very short one would match by chance.
func forms(secret string) []string {
	if len(secret) < 6 {
		return nil
	}
	quoted := strconv.Quote(secret)
	return []string{
		secret, quoted[1 : len(quoted)-1], url.QueryEscape(secret), url.PathEscape(secret),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
		hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret))),
	}
}

func masked(text, secret string) string {
	for _, form := range forms(secret) {
		text = strings.ReplaceAll(text, form, redaction)
	}
	return text
}

// redacted returns err, or a copy of its text where that shows the secret.
func redacted(err error, secret string) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if clean := masked(text, secret); clean != text {
		return errors.New(clean)
	}
	return err
}

// maskedBody hides the secret in an answer, however its JSON is escaped.
func maskedBody(body []byte, secret string) []byte {
	body = []byte(masked(string(body), secret))
	var value any
	if len(secret) < 6 || json.Unmarshal(body, &value) != nil {
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
