package linkit_test

import (
	"context"
	"encoding/json"
	"errors"
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

// signInServer is Linkit's sign-in in one transport, with a clock of its own. Its fields are set before its use, or under mu.
type signInServer struct {
	mu       sync.Mutex
	ttl      time.Duration // of a token
	skew     time.Duration // of the server's clock
	takes    time.Duration // a sign-in
	lag      time.Duration // any other call
	password string
	guests   bool                               // an expired token is no token: 404, not 401
	noDate   bool                               // answers have no Date
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
		linkit.WithBaseURL(testBase), linkit.WithHTTPClient(&http.Client{Transport: s}), linkit.WithLogin("ops@example.com", s.password),
	}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, client.Close()) })
	return client
}

func (s *signInServer) answer(status int, body any) *http.Response {
	text, ok := body.(string)
	if !ok {
		b, _ := json.Marshal(body)
		text = string(b)
	}
	h := http.Header{}
	if !s.noDate {
		h.Set("Date", time.Now().Add(s.skew).UTC().Format(http.TimeFormat))
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text))}
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
			return s.answer(404, map[string]any{"code": 404, "error": "Not found"}), nil
		}
		return s.answer(401, map[string]any{"code": 401, "error": "Unauthorized", "details": "Invalid or expired token"}), nil
	}
	return s.answer(200, product1), nil
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
			return s.answer(status, body), nil
		}
	}
	var given struct{ Email, Password string }
	if json.Unmarshal(body, &given) != nil || given.Password != s.password {
		return s.answer(400, `{"status":400,"message":"Failed to authenticate.","data":{}}`), nil
	}
	token := fmt.Sprintf("tok-%d-Qw8eRt", s.signIns)
	s.tokens[token] = time.Now().Add(s.ttl)
	return s.answer(200, map[string]any{
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

// pass lets virtual time pass.
func pass(d time.Duration) { time.Sleep(d); synctest.Wait() } //nolint:forbidigo // virtual time

func TestRevokedTokenCostsOneSignInHoweverManyMeetIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(time.Hour)
		s.takes, s.lag = time.Second, time.Millisecond
		client := s.client(t, linkit.WithMaxConcurrency(100))
		cold := func(n int) {
			var wg sync.WaitGroup
			for range n {
				wg.Go(func() { assert.NoError(t, getOne(t.Context(), client)) })
			}
			wg.Wait()
		}
		cold(200)
		s.assertCounts(t, 1, 200)
		s.revoke()
		cold(100)
		s.assertCounts(t, 2, 400)
	})
}

func TestReplayCarriesTheBodyAndCountsAsAnAttempt(t *testing.T) {
	t.Parallel()
	rs := &replies{answers: []reply{
		{status: 200, body: `{"token":"first-t0ken"}`}, {status: 401}, {status: 200, body: `{"token":"second-t0ken"}`}, {status: 409, body: `{}`},
	}}
	client := over(t, rs, linkit.WithLogin("a", "b-secret"))
	_, err := client.Products.Create(t.Context(), linkit.ProductParams{IvID: "ITEM-1"})
	var ae *linkit.APIError
	require.ErrorAs(t, err, &ae)
	assert.Equal(t, 409, ae.StatusCode)
	assert.Equal(t, 2, ae.Attempts, "the replay counts, the sign-ins don't")
	require.Len(t, rs.requests, 4)
	assert.Equal(t, rs.bodies[1], rs.bodies[3])
	assert.Equal(t, "Bearer first-t0ken", rs.requests[1].Header.Get("Authorization"))
	assert.Equal(t, "Bearer second-t0ken", rs.requests[3].Header.Get("Authorization"))
}

func TestSecond401IsReturnedAndSignInsAreRare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(time.Hour)
		s.login = func(n int) (int, any) { return 200, fmt.Sprintf(`{"token":"useless-%d"}`, n) }
		client := s.client(t)
		for range 100 {
			require.ErrorIs(t, getOne(t.Context(), client), linkit.ErrUnauthorized)
		}
		signIns, _ := s.counts()
		assert.Equal(t, 2, signIns, "one for the first call, one for its 401")
		pass(time.Second)
		s.mu.Lock()
		s.login = nil
		s.mu.Unlock()
		require.NoError(t, getOne(t.Context(), client))
		s.revoke()
		require.NoError(t, getOne(t.Context(), client), "a replay that succeeded ends the wait")
	})
}

func TestForbiddenAndNotFoundAreReplayedOnlyPastTheTokensEnd(t *testing.T) {
	t.Parallel()
	for _, status := range []int{403, 404} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSignInServer(time.Hour)
				inner := s.RoundTrip
				var slow time.Duration
				refuse := true
				client := s.client(t, linkit.WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					resp, err := inner(r)
					if !strings.HasSuffix(r.URL.Path, "/login") && refuse {
						time.Sleep(slow) //nolint:forbidigo // virtual time
						if slow > 0 {
							refuse = false
						}
						return s.answer(status, `{}`), nil
					}
					return resp, err
				})}), linkit.WithAttemptTimeout(2*time.Hour))
				var ae *linkit.APIError
				require.ErrorAs(t, getOne(t.Context(), client), &ae)
				assert.Equal(t, status, ae.StatusCode)
				assert.Equal(t, 1, ae.Attempts)
				s.assertCounts(t, 1, 1)

				slow = 61 * time.Minute // the answer comes when the token is over
				require.NoError(t, getOne(t.Context(), client))
				s.assertCounts(t, 2, 3)
			})
		})
	}
}

func TestFailedSignInAfterA401IsBothErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(time.Hour)
		client := s.client(t)
		require.NoError(t, getOne(t.Context(), client))
		s.revoke()
		s.login = func(int) (int, any) { return 503, `{"error":"down"}` }
		err := getOne(t.Context(), client)
		require.ErrorIs(t, err, linkit.ErrServer)
		require.ErrorIs(t, err, linkit.ErrUnauthorized)
		require.NotErrorIs(t, err, linkit.ErrLogin, "it was not refused")
		var ae *linkit.APIError
		require.ErrorAs(t, err, &ae)
		assert.Equal(t, "/auth/login", ae.Route)
	})
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(time.Hour)
		client := s.client(t)
		require.NoError(t, getOne(t.Context(), client))
		s.revoke()
		s.takes = time.Minute
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := getOne(ctx, client)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, linkit.ErrUnauthorized)
	})
}

func TestForbiddenPastTheEndByTheServersClockIsReplayed(t *testing.T) {
	t.Parallel()
	date := http.Header{"Date": {"Mon, 23 Nov 2026 10:00:00 GMT"}}
	late := http.Header{"Date": {"Mon, 23 Nov 2026 11:00:00 GMT"}}
	rs := &replies{answers: []reply{
		{status: 200, body: `{"token":"first-t0ken","expires_at":"2026-11-23T11:00:00Z"}`, header: date},
		{status: 403, header: late},
		{status: 200, body: `{"token":"second-t0ken","expires_at":"2026-11-23T12:00:00Z"}`, header: late},
		{status: 200, body: product1, header: late},
	}}
	require.NoError(t, getOne(t.Context(), over(t, rs, linkit.WithLogin("a", "b-secret"))))
	assert.Len(t, rs.requests, 4)
}

func TestExpiredGuestOnALostDeleteIsNotASuccess(t *testing.T) {
	t.Parallel()
	date := http.Header{"Date": {"Mon, 23 Nov 2026 10:00:00 GMT"}}
	late := http.Header{"Date": {"Mon, 23 Nov 2026 11:00:00 GMT"}}
	rs := &replies{answers: []reply{
		{status: 200, body: `{"token":"first-t0ken","expires_at":"2026-11-23T11:00:00Z"}`, header: date},
		{status: 502}, {status: 404, header: late},
		{status: 200, body: `{"token":"second-t0ken"}`},
		{status: 204},
	}}
	client := over(t, rs, linkit.WithLogin("a", "b-secret"))
	require.NoError(t, client.Products.Delete(t.Context(), "x"))
	assert.Len(t, rs.requests, 5, "the 404 was a guest's: the product may still be there")
}

func TestKeyFuncIsAskedAtFirstUseAndAfterA401(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		keys, asked := []string{"old-key-1", "new-key-2"}, 0
		current := "old-key-1"
		client := over(t, roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("Authorization") != current {
				return (&signInServer{}).answer(401, `{}`), nil
			}
			return (&signInServer{}).answer(200, product1), nil
		}), linkit.WithAPIKeyFunc(func(context.Context) (string, error) {
			asked++
			return keys[min(asked, len(keys))-1], nil
		}))
		for range 3 {
			require.NoError(t, getOne(t.Context(), client))
		}
		assert.Equal(t, 1, asked)
		current = "new-key-2"
		for range 3 {
			require.NoError(t, getOne(t.Context(), client))
		}
		assert.Equal(t, 2, asked)
		current = "newer-key-3"
		for range 10 {
			require.ErrorIs(t, getOne(t.Context(), client), linkit.ErrUnauthorized, "an unchanged key returns the 401")
		}
		assert.Equal(t, 3, asked)
		_, err := client.Auth.Session(t.Context())
		require.ErrorIs(t, err, linkit.ErrNoSession)
	})
}

func TestCredentialFunctionsFailClearly(t *testing.T) {
	t.Parallel()
	vault := errors.New("vault is sealed")
	for name, row := range map[string]struct {
		opt  linkit.Option
		want error
		hint string
	}{
		"key error":     {linkit.WithAPIKeyFunc(func(context.Context) (string, error) { return "", vault }), vault, "WithAPIKeyFunc"},
		"key blank":     {linkit.WithAPIKeyFunc(func(context.Context) (string, error) { return " ", nil }), linkit.ErrInvalid, "WithAPIKeyFunc"},
		"key panic":     {linkit.WithAPIKeyFunc(func(context.Context) (string, error) { panic("s3cr3t") }), nil, "panic"},
		"login error":   {linkit.WithLoginFunc(func(context.Context) (string, string, error) { return "", "", vault }), vault, "WithLoginFunc"},
		"login no mail": {linkit.WithLoginFunc(func(context.Context) (string, string, error) { return "", "s3cr3t", nil }), linkit.ErrInvalid, "WithLoginFunc"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, mt := mocked(t, row.opt)
			err := getOne(t.Context(), client)
			require.Error(t, err)
			if row.want != nil {
				require.ErrorIs(t, err, row.want)
			}
			assert.ErrorContains(t, err, row.hint)
			assert.NotContains(t, err.Error(), "s3cr3t")
			assert.Zero(t, mt.GetTotalCallCount())
		})
	}
}

func TestCredentialFunctionMustNotUseTheClient(t *testing.T) {
	t.Parallel()
	var client *linkit.Client
	client, _ = mocked(t, linkit.WithAPIKeyFunc(func(ctx context.Context) (string, error) { return "", getOne(ctx, client) }))
	err := getOne(t.Context(), client)
	require.ErrorIs(t, err, linkit.ErrInvalid)
	assert.ErrorContains(t, err, "must not use the client")
}

func TestSessionIsTheClientsOwnAndLoginChangesNothing(t *testing.T) {
	t.Parallel()
	s := newSignInServer(time.Hour)
	client := s.client(t)
	own, err := client.Auth.Session(t.Context())
	require.NoError(t, err)
	assert.Equal(t, linkit.User{ID: "usr_7", Email: "ops@example.com", OrganizationID: "org_1"}, own.User)
	assert.Equal(t, "tok-1-Qw8eRt", own.Token.Reveal())
	assert.WithinDuration(t, time.Now().Add(time.Hour), own.ExpiresAt.Time, time.Minute)
	other, err := client.Auth.Login(t.Context(), "ops@example.com", s.password)
	require.NoError(t, err)
	assert.Equal(t, "tok-2-Qw8eRt", other.Token.Reveal())
	own.Token = other.Token // a copy
	require.NoError(t, getOne(t.Context(), client))
	assert.Equal(t, "Bearer tok-1-Qw8eRt", s.seen[0])
	for _, bad := range [][2]string{{"", "x"}, {"x", ""}} {
		_, err = client.Auth.Login(t.Context(), bad[0], bad[1])
		require.ErrorIs(t, err, linkit.ErrInvalid)
	}
	require.NoError(t, client.Close())
	_, err = client.Auth.Session(t.Context())
	require.ErrorIs(t, err, linkit.ErrClosed)
}

func TestCheckReportsTheCredential(t *testing.T) {
	t.Parallel()
	body := sample(t, "credentials.json")
	client := over(t, &replies{answers: []reply{{status: 200, body: body}}})
	status, err := client.Auth.Check(t.Context())
	require.NoError(t, err)
	assert.Equal(t, linkit.CredentialUser{ID: "usr_7", Email: "ops@example.com", Name: "Ops", Type: "user"}, status.User)
	assert.True(t, status.ServiceOperational)
	assert.Equal(t, "ACTIVE", status.Billing.Status)
	assert.Equal(t, time.Date(2026, 4, 11, 17, 40, 30, 0, time.UTC), status.CheckedAt.Time)
	assert.Equal(t, body, string(status.Raw))
}
