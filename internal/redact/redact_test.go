package redact_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/redact"
)

const secret = `pa55<w0rd>>>???&"x`

func TestEveryFormOfASecretIsMasked(t *testing.T) {
	t.Parallel()
	quoted := strconv.Quote(secret)
	for _, form := range []string{
		secret, quoted[1 : len(quoted)-1], url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString([]byte(secret)),
		strings.ToUpper(hex.EncodeToString([]byte(secret))), base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
		base64.URLEncoding.EncodeToString([]byte(secret)), base64.RawStdEncoding.EncodeToString([]byte(secret)),
		strings.ToLower(url.QueryEscape(secret)), html.EscapeString(secret), `pa55&lt;w0rd&gt;&gt;&gt;???&amp;&quot;x`, `p\u0061\x355\u003Cw0rd\U0000003e>>???\u0026\"x`, `%70a55&#x3c;w0rd>>>???&#38;\"x`,
	} {
		assert.Equal(t, "a [redacted] b", redact.Text("a "+form+" b", secret))
	}
	assert.Equal(t, "++[redacted]+", redact.Text("++%2b+e%cc%81%00+", "+ \u0065\u0301\x00"))
	assert.Equal(t, `"[redacted]"`, redact.Text(`"abc\\"`, `abc\`), "the escape goes with what it escapes")
	assert.Equal(t, "[redacted]!", redact.Text(`k\"\'\\\/\a\b\f\n\r\t\v!`, "k\"'\\/\a\b\f\n\r\t\v"), "escapes of one character")
	assert.Equal(t, "[redacted]!", redact.Text(`\ud83d\ude00abc!`, "\U0001f600abc"))
	assert.Equal(t, "a\ufffd [redacted]", redact.Text("a\ufffd k3y\ufffd", "k3y\xff"), "a byte that isn't UTF-8")
	assert.Equal(t, "a[redacted]b", redact.Text("a+k+yb", " k y"), "a space of a form")
	assert.Equal(t, "a[redacted]b", redact.Text("a\ufffdk3yb", "\xffk3y"))
	assert.Equal(t, "\uff0ck3y", redact.Text("\uff0ck3y", "\xffk3y"), "another character that begins as U+FFFD does")
	assert.Equal(t, `\n\t\r\n &lt;&gt;&amp;&lt; %41%42%43%44`, redact.Text(`\n\t\r\n &lt;&gt;&amp;&lt; %41%42%43%44`, "abcd"), "escapes of others")
	for text, secret := range map[string]string{ // each but for a letter
		"+bcd": "abcd", "\ufffdbcd": "abcd", `%c3.a9bcd`: "ébcd", `%c3%a9`: "ébcd", `\U00000062bcd`: "abcd", `\x62bcd`: "abcd", `\u0062bcd`: "abcd",
		`\ud83d__de00bcd`: "\U0001f600bcd", `\ud83d\ude01bcd`: "\U0001f600bcd", `&lt;bcd`: "abcd", `\tbcd`: "abcd", `%62bcd`: "abcd", "&b": "abcd",
	} {
		assert.Equal(t, text, redact.Text(text, secret))
	}
	for _, near := range []string{`%7`, `%70a55&lt`, `\u00`, `\`, `\ud83d\u`, `pa55&#60w0rd>>>???&amp;"x`, secret[:len(secret)-1]} {
		assert.Equal(t, near, redact.Text(near, secret))
	}
	assert.Equal(t, "k7!: short", redact.Text("k7!: short", "k7!"), "three letters match by accident")
	assert.Equal(t, "text", redact.Text("text", ""))
	assert.Empty(t, redact.Text("", secret))
}

// Each letter of such a secret ends in several places. All of them, at each start, would be far too many.
func TestALongRowOfLettersThatBeginAlikeIsFoundAtOnce(t *testing.T) {
	t.Parallel()
	for letter, written := range map[string]string{`\`: `\\`, "%": "%25%", "&": "&amp;&"} {
		secret := strings.Repeat(letter, 500) + "x"
		assert.Equal(t, "[redacted]", redact.Text(secret, secret))
		text := strings.Repeat(written, 500)
		assert.Equal(t, text+"y", redact.Text(text+"y", secret))
	}
}

func TestBodyThatWasJSONStaysJSON(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ secret, body, want string }{
		"a text":                  {"s3cr3t", `{"a":"s3cr3t","b":1}`, `{"a":"[redacted]","b":1}`},
		"a number":                {"1234567", `{"pin":1234567,"n":12.50}`, `{"n":12.50,"pin":"[redacted]"}`},
		"a part of a number":      {"1234567", `[12345678,1]`, `["[redacted]8",1]`},
		"a number in an array":    {"1234567", `{"a":[1,[1234567]]}`, `{"a":[1,["[redacted]"]]}`},
		"digits in a text":        {"1234567", `{"a":"pin 1234567"}`, `{"a":"pin [redacted]"}`},
		"escaped":                 {"s3cr3t", `{"a":"\u00733cr3t"}`, `{"a":"[redacted]"}`},
		"an escaped name":         {"s3cr3t", `{"\u00733cr3t":{"s3cr3t":1}}`, `{"[redacted]":{"[redacted]":1}}`},
		"escaped, and no secret":  {"s3cr3t", `{"b":"\n","a":1}`, `{"b":"\n","a":1}`},
		"no JSON":                 {"s3cr3t", `a \ s3cr3t`, `a \ [redacted]`},
		"no JSON, and a number":   {"1234567", `pin=1234567`, `pin=[redacted]`},
		"large numbers are kept":  {"s3cr3t", `{"n":12345678901234567890.10,"a":"\u00733cr3t"}`, `{"a":"[redacted]","n":12345678901234567890.10}`},
		"nothing to look for":     {"", `{"a":"\u0041"}`, `{"a":"\u0041"}`},
		"empty":                   {"s3cr3t", ``, ``},
		"several places":          {"s3cr3t", `["\u00733cr3t",{"a":["x","\u00733cr3t"]},"y"]`, `["[redacted]",{"a":["x","[redacted]"]},"y"]`},
		"null":                    {"null", `{"a":null,"b":[null,1]}`, `{"a":"[redacted]","b":["[redacted]",1]}`},
		"a part of a word":        {"fals", `{"a":false,"b":true}`, `{"a":"[redacted]e","b":true}`},
		"JSON's own characters":   {`":"x`, `{"a":"x"}`, `"[redacted]"`},
		"spaces and order stay":   {"s3cr3t", `{"b": 1, "a": "s3cr3t"}`, `{"b": 1, "a": "[redacted]"}`},
		"escaped base64":          {"s3cr3t?>?>", `{"a":[1,"czNjcjN0Pz4\/Pg=="],"b":"x"}`, `{"a":[1,"[redacted]"],"b":"x"}`},
		"... of an object":        {"s3cr3t?>?>", `[{"a":{"b":"czNjcjN0Pz4\/Pg=="}},1]`, `[{"a":{"b":"[redacted]"}},1]`},
		"... as a name":           {"s3cr3t?>?>", `{"b":1,"czNjcjN0Pz4\/Pg":true}`, `{"[redacted]":true,"b":1}`},
		"no secret, any values":   {"s3cr3t", `{"b": "\n", "a": [1, true, null, {"c": "x"}]}`, `{"b": "\n", "a": [1, true, null, {"c": "x"}]}`},
		"one that begins another": {"12345", `{"a":123456,"b":"12345"}`, `{"a":"[redacted]6","b":"[redacted]"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := redact.Body([]byte(row.body), row.secret)
			assert.Equal(t, row.want, string(got))
			assert.Equal(t, json.Valid([]byte(row.body)), json.Valid(got))
		})
	}
}

type hiding struct{ inner []error }

func (hiding) Error() string     { return "hidden" }
func (h hiding) Unwrap() []error { return h.inner }

type wrapping struct{ inner error }

func (*wrapping) Error() string   { return "wrapped" }
func (w *wrapping) Unwrap() error { return w.inner }

func TestErrorIsReplacedOnlyIfItShowsTheSecret(t *testing.T) {
	t.Parallel()
	require.NoError(t, redact.Error(nil, secret))
	for _, err := range []error{io.EOF, hiding{}, hiding{[]error{nil, io.EOF}}, &wrapping{}, &wrapping{io.EOF}} {
		assert.Equal(t, err, redact.Error(err, secret))
	}
	for _, err := range []error{
		errors.New("sent " + secret), fmt.Errorf("x: %w", errors.New(secret)), hiding{[]error{io.EOF, errors.New(secret)}}, errors.Join(io.EOF, errors.New(secret)),
	} {
		clean := redact.Error(err, secret)
		assert.NotContains(t, fmt.Sprintf("%v %#v", clean, clean), "pa55")
		require.NotErrorIs(t, clean, err)
	}
}

func TestHeaderIsACopyWithoutCookies(t *testing.T) {
	t.Parallel()
	h := http.Header{"Set-Cookie": {"a=b"}, "X-Debug": {"sent " + secret, "other"}}
	got := redact.Header(h, secret)
	assert.Equal(t, http.Header{"X-Debug": {"sent [redacted]", "other"}}, got)
	assert.Equal(t, []string{"sent " + secret, "other"}, h["X-Debug"])
	assert.Contains(t, h, "Set-Cookie")
}

func TestLineIsBoundedAndPrintable(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"plain": "plain", "a\nb": `a\nb`, "it's\n": `it's\n`, "a\x7fb": `a\x7fb`, "é ع": "é ع", "a\u202eb": `a\u202eb`, "\xff": "\ufffd", "": "",
		strings.Repeat("a", 20): strings.Repeat("a", 20), strings.Repeat("a", 21): strings.Repeat("a", 20) + "...",
	} {
		got := redact.Line(said, 20)
		assert.Equal(t, want, got)
		for _, r := range got {
			assert.True(t, unicode.IsPrint(r))
		}
	}
}

// A proxy shows its password with the name before it.
// Each character of base64 holds 6 bits: those that only the secret decides must go, and no other.
func TestOfALongerTextsBase64AllThatTheSecretAloneDecidesIsMasked(t *testing.T) {
	t.Parallel()
	const most = "s3cr3t?>--secret"
	for size := 5; size <= len(most); size++ {
		secret := most[:size]
		for before := range 4 {
			for after := 1; after < 4; after++ {
				text := base64.StdEncoding.EncodeToString([]byte("user"[:before] + secret + "~~~"[:after]))
				first, last := 0, 0
				for i := range text {
					if bits := 6 * i; bits < 8*before {
						first = i + 1
					} else if bits+6 <= 8*(before+size) {
						last = i + 1
					}
				}
				want := text
				if last-first >= 8 {
					want = text[:first] + "[redacted]" + text[last:]
				}
				assert.Equal(t, want, redact.Text(text, secret), "%d bytes before %q and %d after", before, secret, after)
			}
		}
	}
}

func TestASecretIsMaskedAtTheVeryEndOfAText(t *testing.T) {
	t.Parallel()
	for text, secret := range map[string]string{
		`abc\"`: `abc"`, `abc\n`: "abc\n", `abc\u0022`: `abc"`, `abc\U00000022`: `abc"`, `abc\x22`: `abc"`, "abc%22": `abc"`, "abc&#34;": `abc"`, "&#97;bc&#34;": `abc"`,
		`abc\ud83d\ude00`: "abc😀",
	} {
		assert.Equal(t, "x [redacted]", redact.Text("x "+text, secret), text)
		for cut := 4; cut < len(text); cut++ { // half an escape is no letter
			assert.NotContains(t, redact.Text("x "+text[:cut], secret), "[redacted]", text[:cut])
		}
	}
}

func TestASecretIsMaskedWithinALongerTextsBase64(t *testing.T) {
	t.Parallel()
	const secret = "pr0xy-Pa55-Zq"
	for _, user := range []string{"", "c", "cl", "cle", "clerk"} {
		whole := base64.StdEncoding.EncodeToString([]byte(user + ":" + secret + "\n"))
		masked := redact.Text("Basic "+whole, secret)
		assert.Contains(t, masked, redact.Mark)
		assert.Less(t, len(masked), len("Basic ")+len(redact.Mark)+len(whole)-len(secret))
	}
	assert.Equal(t, "aXBhc3M=", redact.Text("aXBhc3M=", "pass"), "five letters match by accident")
}
