package redact_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/redact"
)

// ways are how one character of a text is written in another.
var ways = []func(c string) string{
	func(c string) string { return c },
	func(c string) string { quoted := strconv.Quote(c); return quoted[1 : len(quoted)-1] },
	func(c string) string { encoded, _ := json.Marshal(c); return string(encoded[1 : len(encoded)-1]) },
	html.EscapeString, url.QueryEscape, url.PathEscape,
	func(c string) string { return fmt.Sprintf("%%%x", c)[:3] + percents(c[1:]) },
	func(c string) string {
		var b strings.Builder
		for _, unit := range utf16.Encode([]rune(c)) {
			fmt.Fprintf(&b, `\u%04X`, unit)
		}
		return b.String()
	},
	func(c string) string { return fmt.Sprintf("&#x%x;", []rune(c)[0]) },
	func(c string) string { return fmt.Sprintf("&#%d;", []rune(c)[0]) },
	strings.NewReplacer(`"`, "&quot;", "'", "&apos;", "é", "&eacute;", "/", `\/`).Replace,
}

func percents(bytes string) string {
	var b strings.Builder
	for i := range len(bytes) {
		fmt.Fprintf(&b, "%%%02X", bytes[i])
	}
	return b.String()
}

// spell writes each character of a secret in the way that the next byte of how says. What isn't a
// character of HTML is written as it is.
func spell(secret string, how []byte) string {
	var b strings.Builder
	for i := 0; secret != ""; i++ {
		r, size := utf8.DecodeRuneInString(secret)
		way := ways[0]
		if len(how) > 0 {
			way = ways[int(how[i%len(how)])%len(ways)]
		}
		if written := way(secret[:size]); r >= ' ' && (r < 0x7f || r > 0x9f) && r != utf8.RuneError {
			b.WriteString(written)
		} else {
			b.WriteString(secret[:size])
		}
		secret = secret[size:]
	}
	return b.String()
}

// whole are the encodings of a secret, or of a text that it ends.
var whole = []func(secret string) string{
	func(s string) string { return hex.EncodeToString([]byte(s)) },
	func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) },
	func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	func(s string) string { return base64.URLEncoding.EncodeToString([]byte(s)) },
	func(s string) string { return base64.RawStdEncoding.EncodeToString([]byte(s)) },
	func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
}

// FuzzRedaction writes a secret in any way, in place of SECRET, in a text or JSON body.
func FuzzRedaction(f *testing.F) {
	for _, body := range []string{
		`{"a":"SECRET","b":1}`, `["SECRET",{"SECRET":["x SECRET"]},"y"]`, `{"pin":SECRET}`, `[SECRET,[1,SECRET2]]`, `a SECRET b`, `"SECRET"`,
		`{"e":"\u0041 SECRET"}`, `null`, `[true,false,null,12.50]`, `{"a":"SECRET","n":1e5,"o":{"c":[]}}`, `<p title="SECRET">`, ``, `{"a\":`,
	} {
		for i, secret := range []string{secret, "1234567", "true", "null", `":"x`, "é ü\U0001f600", "\xff\xfe\x00a", `\\\\\\\\`, "+ + +", "%41%41"} {
			f.Add(body, secret, []byte{byte(i), 3, 7})
			f.Add(body, secret, []byte{0})
		}
	}
	f.Fuzz(func(t *testing.T, body, secret string, how []byte) {
		if len(secret) < 4 || len(secret) > 500 || strings.ContainsAny(secret, "[]") || redact.Text(redact.Mark, secret) != redact.Mark {
			t.Skip("short, longer than any, or like the mark itself")
		}
		for _, written := range append(spellings(secret), spell(secret, how)) {
			text := strings.ReplaceAll(body, "SECRET", written)
			masked := string(redact.Body([]byte(text), secret))
			require.NotContains(t, masked, written)
			require.NotContains(t, masked, secret)
			require.NotContains(t, redact.Text(text, secret), written)
			if json.Valid([]byte(text)) {
				require.True(t, json.Valid([]byte(masked)), "%q became %q", text, masked)
				var value any
				decoder := json.NewDecoder(strings.NewReader(masked))
				decoder.UseNumber()
				require.NoError(t, decoder.Decode(&value))
				requireHidden(t, value, secret)
			}
		}
	})
}

func spellings(secret string) []string {
	all := []string{secret}
	for _, encode := range whole {
		all = append(all, encode(secret))
	}
	return all
}

// requireHidden checks the names and texts of a JSON value.
func requireHidden(t *testing.T, value any, secret string) {
	t.Helper()
	switch v := value.(type) {
	case string:
		require.NotContains(t, v, secret)
	case []any:
		for _, item := range v {
			requireHidden(t, item, secret)
		}
	case map[string]any:
		for name, item := range v {
			require.NotContains(t, name, secret)
			requireHidden(t, item, secret)
		}
	}
}
