package linkit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// assertOneLine holds an error's text to one bounded line without control characters.
func assertOneLine(t *testing.T, err error) {
	t.Helper()
	require.Error(t, err)
	assert.Less(t, len(err.Error()), 1500)
	for _, r := range err.Error() {
		if !unicode.IsPrint(r) {
			assert.Fail(t, "not printable", "%q", err.Error())
			return
		}
	}
}

// unwritable is a body whose own words break lines.
type unwritable struct{ text string }

func (u unwritable) MarshalJSON() ([]byte, error) { return nil, errors.New(u.text) }

func TestWhatTheCallerPassesNeverMakesALongOrBrokenErrorText(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("o", 100_000)
	evil := "two\nlines\r\x1b[31m\x7f\u2028" + long
	responses := func(r reply, opts ...linkit.Option) *linkit.Client {
		return newClient(t, &replies{responses: []reply{r}}, append(opts, linkit.WithRetries(0))...)
	}
	closed := responses(reply{})
	require.NoError(t, closed.Close())
	get := func(c *linkit.Client) error { return getOne(t.Context(), c) }
	do := func(c *linkit.Client, path string, in any) error {
		return c.Do(t.Context(), "POST", path, nil, in, nil)
	}
	for name, err := range map[string]error{
		"an organization, refused":        get(responses(reply{status: 400}).ForOrganization(long)),
		"an organization, no response":    get(responses(reply{err: errors.New("x")}).ForOrganization(long)),
		"an organization, odd":            get(responses(reply{}).ForOrganization(evil)),
		"a path, refused":                 do(responses(reply{status: 404}), "/"+long, nil),
		"a path, no response":             do(responses(reply{err: errors.New("x")}), "/"+long, nil),
		"a path, no JSON":                 do(responses(reply{status: 200, body: `{"success":false}`}), "/"+long, nil),
		"a path, odd":                     do(responses(reply{}), "/"+evil, nil),
		"a path, a body that fails":       do(responses(reply{}), "/"+long, unwritable{evil}),
		"a path, closed":                  do(closed, "/"+long, nil),
		"a path, a nil context":           responses(reply{}).Do(nil, "POST", "/"+long, nil, nil, nil), //nolint:staticcheck // the mistake
		"a path, an odd organization":     do(responses(reply{}).ForOrganization(evil), "/"+long, nil),
		"a path, without credentials":     do(responses(reply{}, linkit.WithoutCredentials()), "/"+long, nil),
		"a method":                        responses(reply{}).Do(t.Context(), evil, "/x", nil, nil, nil),
		"a body that fails":               do(responses(reply{}), "/x", unwritable{"two\nlines\x1b[31m"}),
		"a key function's error":          get(responses(reply{}, linkit.WithAPIKeyFunc(func(context.Context) (string, error) { return "", errors.New(evil) }))),
		"a key function's short error":    get(responses(reply{}, linkit.WithAPIKeyFunc(func(context.Context) (string, error) { return "", errors.New("a\nb") }))),
		"a login function's error":        get(responses(reply{}, linkit.WithLoginFunc(func(context.Context) (string, string, error) { return "", "", errors.New(evil) }))),
		"a transport's error":             get(responses(reply{err: errors.New(evil)})),
		"a sign-in's error":               get(responses(reply{err: errors.New(evil)}, linkit.WithLogin("a@example.com", "secret-pw"))),
		"the type of what takes response": responses(reply{}).Do(t.Context(), "GET", "/x", nil, nil, struct{ A, B, C, D, E, F map[string]map[string]int }{}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assertOneLine(t, err)
		})
	}
}

func TestShortTextsAreEscapedToo(t *testing.T) {
	t.Parallel()
	for said, shown := range map[string]string{
		"a\nb": `a\nb`, "a\rb": `a\rb`, "a\tb": `a\tb`, "a\x7fb": `a\x7fb`, "a\x00b": `a\x00b`, "a\x1bb": `a\x1bb`,
		"a\u0085b": `a\u0085b`, "a\u2028b": `a\u2028b`, "a\u202eb": `a\u202eb`,
		"a b~": "a b~", "é ع": "é ع",
	} {
		quoted, err := json.Marshal(said)
		require.NoError(t, err)
		_, err = newClient(
			t,
			&replies{responses: []reply{{status: 400, body: `{"error":` + string(quoted) + `}`}}},
		).Products.List(
			t.Context(),
			nil,
		)
		require.EqualError(t, err, "linkit: GET /products: 400 Bad Request: "+shown)
		_, err = newClient(
			t,
			&replies{responses: []reply{{err: errors.New(said)}}},
			linkit.WithRetries(0),
		).Products.List(
			t.Context(),
			nil,
		)
		require.EqualError(t, err, "linkit: GET /products: "+shown)
	}
}

func TestAnswerThatIsNotHTTPShowsNothingOfItself(t *testing.T) {
	t.Parallel()
	for name, response := range map[string]string{
		"a header without a colon":    "HTTP/1.1 200 OK\r\nSet-Cookie secret=BYTES\r\n\r\n",
		"a header that begins blank":  "HTTP/1.1 200 OK\r\n Set-Cookie: BYTES\r\n\r\n",
		"a header with an odd name":   "HTTP/1.1 200 OK\r\nSet Cookie: BYTES\r\nBYTES(): x\r\n\r\n",
		"no HTTP":                     "SSH-2.0-BYTES\r\n\r\n",
		"no HTTP, in words":           "BYTES BYTES BYTES\r\n\r\n",
		"an odd version":              "HTTP/BYTES 200 OK\r\n\r\n",
		"an odd status":               "HTTP/1.1 BYTES OK\r\n\r\n",
		"an odd length":               "HTTP/1.1 200 OK\r\nContent-Length: BYTES\r\n\r\n",
		"two lengths":                 "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: BYTES\r\n\r\n",
		"an odd transfer encoding":    "HTTP/1.1 200 OK\r\nTransfer-Encoding: BYTES\r\n\r\n",
		"a chunk without a length":    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nBYTES\r\n",
		"a trailer that is forbidden": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Content-Length, BYTES\r\n\r\n0\r\n\r\n",
		"an odd trailer":              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nBYTES secret\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base, _ := wireServer(t, func(conn net.Conn, _ int64) { say(conn, response); _ = conn.Close() })
			var out bytes.Buffer
			client := dialing(t, base, linkit.WithLogger(debugLogger(&out)), linkit.WithRetries(1))
			_, err := client.Products.Get(t.Context(), "x")
			var te *linkit.TransportError
			require.ErrorAs(t, err, &te)
			assertOneLine(t, err)
			assert.NotContains(t, strings.ToUpper(fmt.Sprintf("%v %+v %#v", err, te, te.Err)), "BYTES")
			assert.NotContains(t, strings.ToUpper(out.String()), "BYTES")
			assert.Contains(t, out.String(), "error=")
		})
	}
}

func TestTransportThatShowsItsURLShowsNoQuery(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("cannot reach %s", r.URL)
	}), linkit.WithLogger(debugLogger(&out)), linkit.WithRetries(1))
	_, err := client.Products.List(t.Context(), &linkit.ProductListParams{Search: "PRIVATE"})
	require.ErrorContains(t, err, "cannot reach https://linkit.test/api/v1/products?[query]")
	for _, text := range []string{err.Error(), out.String()} {
		assert.NotContains(t, text, "PRIVATE")
	}
	assert.Contains(t, out.String(), "retrying")
	assert.Contains(t, out.String(), "cannot reach")
}

func debugLogger(out *bytes.Buffer) *slog.Logger {
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
