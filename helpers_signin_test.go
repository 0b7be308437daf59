package linkit_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// signInServer is Linkit's sign-in in one transport, with a clock of its own. Its fields are set
// before its use, or under mu.
type signInServer struct {
	mu       sync.Mutex
	ttl      time.Duration // of a token
	skew     time.Duration // of the server's clock
	takes    time.Duration // a sign-in
	lag      time.Duration // any other call
	password string
	guests   bool                               // an expired token is no token: 404, not 401
	noDate   bool                               // responses have no Date
	login    func(n int) (status int, body any) // replaces sign-ins: a map or text
	tokens   map[string]time.Time               // and their ends, by the real clock
	signIns  int
	calls    int
	seen     []string // Authorization of each call
}

func newSignInServer(ttl time.Duration) *signInServer {
	return &signInServer{ttl: ttl, password: "pa55-word-Zq", tokens: map[string]time.Time{}}
}

func (s *signInServer) client(t *testing.T, opts ...linkit.Option) *linkit.Client {
	t.Helper()
	client, err := linkit.NewClient(append([]linkit.Option{
		linkit.WithBaseURL(
			testBase,
		),
		linkit.WithHTTPClient(&http.Client{Transport: s}),
		linkit.WithLogin("ops@example.com", s.password),
	}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, client.Close()) })
	return client
}

func (s *signInServer) respond(status int, body any) *http.Response {
	text, ok := body.(string)
	if !ok {
		b, _ := json.Marshal(body)
		text = string(b)
	}
	h := http.Header{}
	if !s.noDate {
		h.Set("Date", time.Now().Add(s.skew).UTC().Format(http.TimeFormat))
	}
	return &http.Response{
		StatusCode:    status,
		Header:        h,
		Body:          io.NopCloser(strings.NewReader(text)),
		ContentLength: int64(len(text)),
	}
}

func (s *signInServer) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/auth/login") {
		return s.signIn(r)
	}
	time.Sleep(s.lag) //nolint:forbidigo // virtual time
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	s.seen = append(s.seen, r.Header.Get("Authorization"))
	end, known := s.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	if !known || time.Now().After(end) {
		if s.guests {
			return s.respond(404, map[string]any{"code": 404, "error": "Not found"}), nil
		}
		return s.respond(
			401,
			map[string]any{"code": 401, "error": "Unauthorized", "details": "Invalid or expired token"},
		), nil
	}
	return s.respond(200, product1), nil
}

func (s *signInServer) signIn(r *http.Request) (*http.Response, error) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	takes := s.takes
	s.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signIns++
	if s.login != nil {
		if status, body := s.login(s.signIns); status != 0 {
			return s.respond(status, body), nil
		}
	}
	var given struct{ Email, Password string }
	if json.Unmarshal(body, &given) != nil || given.Password != s.password {
		return s.respond(400, `{"status":400,"message":"Failed to authenticate.","data":{}}`), nil
	}
	token := fmt.Sprintf("tok-%d-Qw8eRt", s.signIns)
	s.tokens[token] = time.Now().Add(s.ttl)
	return s.respond(200, map[string]any{
		"token": token, "expires_at": time.Now().Add(s.ttl + s.skew).UTC().Format(time.RFC3339Nano),
		"user": map[string]any{"id": "usr_7", "email": given.Email, "organization_id": "org_1"},
	}), nil
}

// revoke makes every token unknown.
func (s *signInServer) revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = map[string]time.Time{}
}

func (s *signInServer) counts() (signIns, calls int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.signIns, s.calls
}

func (s *signInServer) assertCounts(t *testing.T, signIns, calls int) {
	t.Helper()
	gotSignIns, gotCalls := s.counts()
	assert.Equal(t, signIns, gotSignIns, "sign-ins")
	assert.Equal(t, calls, gotCalls, "calls")
}

func getOne(ctx context.Context, c *linkit.Client) error {
	_, err := c.Products.Get(ctx, "ITEM-1")
	return err
}

// sleep lets virtual time pass.
func sleep(d time.Duration) { time.Sleep(d); synctest.Wait() } //nolint:forbidigo // virtual time
