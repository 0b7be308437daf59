package linkittest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/linkittest"
)

// newServer starts a server for one test.
func newServer(t *testing.T, opts ...linkittest.Option) *linkittest.Server {
	t.Helper()
	server := linkittest.NewServer(opts...)
	t.Cleanup(server.Close)
	return server
}

// result is a response.
type result struct {
	status int
	header http.Header
	body   string
}

// object reads the body as a JSON object.
func (g result) object(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	require.NoError(t, json.Unmarshal([]byte(g.body), &v), g.body)
	return v
}

// at returns the value in the body at a path of keys and indexes, or nil.
func (g result) at(t *testing.T, path ...any) (v any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(g.body), &v), g.body)
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, _ := v.(map[string]any)
			v = object[step]
		case int:
			list, _ := v.([]any)
			require.Greater(t, len(list), step, g.body)
			v = list[step]
		}
	}
	return v
}

// send sends a request with the API key, without the SDK. Headers are pairs; an empty value removes
// one.
func send(t *testing.T, server *linkittest.Server, method, path, body string, headers ...string) result {
	t.Helper()
	res, err := trySend(t, server, method, path, body, headers...)
	require.NoError(t, err)
	return res
}

func trySend(t *testing.T, server *linkittest.Server, method, path, body string, headers ...string) (result, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Authorization", linkittest.APIKey)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Del(headers[i])
		if headers[i+1] != "" {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	res, err := server.HTTPClient().Do(r)
	if err != nil {
		return result{}, err
	}
	defer func() { _ = res.Body.Close() }()
	var b strings.Builder
	_, err = io.Copy(&b, res.Body)
	return result{res.StatusCode, res.Header, b.String()}, err
}

// signIn returns a token.
func signIn(t *testing.T, server *linkittest.Server, email, password string) string {
	t.Helper()
	body, err := json.Marshal(map[string]string{"email": email, "password": password})
	require.NoError(t, err)
	res := send(t, server, "POST", "/auth/login", string(body), "Authorization", "")
	require.Equal(t, http.StatusOK, res.status, res.body)
	token, _ := res.object(t)["token"].(string)
	require.NotEmpty(t, token)
	return token
}
