package main

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// newSandbox starts a sandbox for one test.
func newSandbox(t *testing.T, c config) *sandbox {
	t.Helper()
	c.addr, c.tokenTTL = cmp.Or(c.addr, "127.0.0.1:0"), cmp.Or(c.tokenTTL, time.Hour)
	b, err := start(c)
	require.NoError(t, err)
	t.Cleanup(b.close)
	return b
}

// result is a response.
type result struct {
	status int
	header http.Header
	body   string
}

// into reads the body as JSON.
func into[T any](t *testing.T, r result) (v T) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(r.body), &v), r.body)
	return v
}

// call sends a request to a path of a sandbox, with a JSON content type. Headers are pairs; an
// empty value removes one, and Host sets the host.
func call(t *testing.T, b *sandbox, method, path, body string, headers ...string) result {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.origin()+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		switch {
		case headers[i] == "Host":
			r.Host = headers[i+1]
		case headers[i+1] == "":
			r.Header.Del(headers[i])
		default:
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	res, err := b.server.HTTPClient().Do(r)
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return result{status: res.StatusCode, header: res.Header, body: string(text)}
}
