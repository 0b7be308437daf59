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
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestRateLimitedSignInFailsOnlyTheCallersWhoseDeadlineComesFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rs := &replies{responses: []reply{
			{
				status: 429,
				header: http.Header{"Retry-After": {"30"}},
			},
			{status: 200, body: `{"token":"t0ken-1"}`},
			{status: 200, body: product1},
		}}
		client := newClient(t, rs, linkit.WithLogin("a", "b-secret"))
		patient := make(chan error, 1)
		began := time.Now()
		go func() { patient <- getOne(t.Context(), client) }()
		for range 2 { // one that waits already, and one that comes later
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			err := getOne(ctx, client)
			cancel()
			require.ErrorIs(t, err, linkit.ErrRateLimited)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			var ae *linkit.APIError
			require.ErrorAs(t, err, &ae)
			assert.Equal(t, "/auth/login", ae.Route)
			assert.Equal(t, 30*time.Second, ae.RetryAfter)
			assert.Zero(t, time.Since(began), "it waited in vain")
			synctest.Wait()
		}
		require.NoError(t, <-patient)
		assert.InDelta(t, 31500*time.Millisecond, time.Since(began), float64(1500*time.Millisecond))
		assert.Len(t, rs.requests, 3)
	})
}

func TestOnlyARateLimitsRetryAfterHoldsSignInsBack(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 503} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rs := &replies{responses: []reply{
					{
						status: status,
						header: http.Header{"Retry-After": {"300"}},
					},
					{status: 200, body: `{"token":"t0ken-1"}`},
					{status: 200, body: product1},
				}}
				client := newClient(t, rs, linkit.WithLogin("a", "b-secret"))
				require.Error(t, getOne(t.Context(), client))
				sleep(time.Second)
				require.NoError(t, getOne(t.Context(), client))
			})
		})
	}
}

// renewing returns a client whose token is due for renewal, and what it logs from now on.
func renewing(t *testing.T, s *signInServer) (client *linkit.Client, log *bytes.Buffer) {
	t.Helper()
	log = new(bytes.Buffer)
	client = s.client(t, linkit.WithLogger(slog.New(slog.NewTextHandler(log, nil))))
	require.NoError(t, getOne(t.Context(), client))
	sleep(56 * time.Minute)
	return client, log
}

func TestFailedRenewalIsLoggedAsAnErrorAndQuotesNothing(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		login func(int) (int, any)
		line  string
	}{
		"down":        {func(int) (int, any) { return 500, `{"error":"private"}` }, "attempts=4 status=500"},
		"rejected":    {func(int) (int, any) { return 400, `{"error":"private","details":"private"}` }, "attempts=1 status=400"},
		"not a token": {func(int) (int, any) { return 200, `{"token":7,"private":7}` }, `error="the response's token is not text"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSignInServer(time.Hour)
				client, log := renewing(t, s)
				s.login = row.login
				require.NoError(t, getOne(t.Context(), client))
				sleep(time.Minute)
				line := `level=ERROR msg="linkit: renewing the sign-in failed; the old token is used until it expires" method=POST route=/auth/login ` + row.line + "\n"
				assert.Contains(t, log.String(), line)
				assert.NotContains(t, log.String(), "private")
			})
		})
	}
}

func TestCloseDuringARenewalIsNoFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(time.Hour)
		client, log := renewing(t, s)
		s.takes = time.Minute
		require.NoError(t, getOne(t.Context(), client))
		synctest.Wait()
		require.NoError(t, client.Close())
		assert.NotContains(t, log.String(), "renewing")
	})
}

func TestHungOrPanickingSignInIsATransportErrorOfTheSignIn(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		login   func(*http.Request) (*http.Response, error)
		timeout bool
	}{
		"hung":            {func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }, true},
		"hung regardless": {func(*http.Request) (*http.Response, error) { time.Sleep(2 * time.Minute); return nil, net.ErrClosed }, true}, //nolint:forbidigo // virtual time
		"panicking":       {func(*http.Request) (*http.Response, error) { panic("s3cret") }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := newClient(
					t,
					roundTrip(row.login),
					linkit.WithLogin("a", "b-secret"),
					linkit.WithAttemptTimeout(time.Hour),
				)
				began := time.Now()
				err := getOne(t.Context(), client)
				assert.LessOrEqual(t, time.Since(began), time.Minute)
				var te *linkit.TransportError
				require.ErrorAs(t, err, &te)
				assert.Equal(t, "POST /auth/login", te.Method+" "+te.Route)
				require.NotErrorIs(t, err, context.DeadlineExceeded)
				require.NotErrorIs(t, err, linkit.ErrLogin)
				assert.NotContains(t, err.Error(), "s3cret")
				var ne net.Error
				assert.Equal(t, row.timeout, errors.As(err, &ne) && ne.Timeout())
				sleep(2 * time.Minute) // lets a transport that heeds nothing end
			})
		})
	}
}

func TestSignInThatIsAnsweredWithNoSuccessIsAnAPIError(t *testing.T) {
	t.Parallel()
	client := newClient(
		t,
		&replies{responses: []reply{{status: 200, body: `{"success":false,"error":"account locked","token":"t0ken"}`}}},
		linkit.WithLogin("a", "b-secret"),
	)
	var ae *linkit.APIError
	require.ErrorAs(t, getOne(t.Context(), client), &ae)
	assert.Equal(t, 200, ae.StatusCode)
	assert.Equal(t, "account locked", ae.Message)
	assert.Equal(t, "/auth/login", ae.Route)
}

func TestSignInMayBeAnsweredInAnEnvelope(t *testing.T) {
	t.Parallel()
	client := newClient(
		t,
		&replies{responses: []reply{{status: 200, body: `{"success":true,"data":{"token":"t0ken-1","user":{"id":"usr_7"}}}`}}},
		linkit.WithLogin("a", "b-secret"),
	)
	session, err := client.Auth.Session(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "t0ken-1", session.Token.Reveal())
	assert.Equal(t, "usr_7", session.User.ID)
}

func TestEmailAndPasswordAreSentAsTheyAre(t *testing.T) {
	t.Parallel()
	rs := &replies{responses: []reply{{status: 200, body: `{"token":"t0ken-1"}`}}}
	client := newClient(t, rs, linkit.WithLogin(" Ops@example.com\t", " pässword \n"))
	_, err := client.Auth.Session(t.Context())
	require.NoError(t, err)
	assert.JSONEq(t, `{"email":" Ops@example.com\t","password":" pässword \n"}`, rs.bodies[0])
	assert.NotContains(t, rs.requests[0].URL.String(), "example.com")
}

func TestSignInHeldBackByA503ReleasesCallersWithAnEarlierDeadline(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]linkit.Option{
		"plain":      nil,
		"with hooks": {linkit.WithHooks(linkit.Hooks{Call: func(ctx context.Context, _ *linkit.Event) (context.Context, func(*linkit.Event)) { return ctx, nil }})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rs := &replies{responses: []reply{
					{
						status: 503,
						header: http.Header{"Retry-After": {"30"}},
					},
					{status: 200, body: `{"token":"t0ken-1"}`},
					{status: 200, body: product1},
				}}
				client := newClient(t, rs, append(opts, linkit.WithLogin("a", "b-secret"))...)
				began := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				err := getOne(ctx, client)
				require.ErrorIs(t, err, linkit.ErrServer)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				assert.Zero(t, time.Since(began), "it waited in vain")
				require.NoError(t, getOne(t.Context(), client))
				assert.GreaterOrEqual(t, time.Since(began), 30*time.Second)
				assert.Len(t, rs.requests, 3)
			})
		})
	}
}

func TestRejectedSignInHintsAtThePasswordOnlyWhereThatMayBeWrong(t *testing.T) {
	t.Parallel()
	for status, hint := range map[int]string{
		400: "sign-in refused, check the email and password: POST /auth/login: 400 Bad Request",
		401: "sign-in refused, check the email and password: POST /auth/login: 401 Unauthorized",
		403: "sign-in refused: POST /auth/login: 403 Forbidden",
		422: "sign-in refused: POST /auth/login: 422 Unprocessable Entity",
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			client := newClient(t, &replies{responses: []reply{{status: status, body: `{}`}}}, linkit.WithLogin("a", "b-secret"))
			err := getOne(t.Context(), client)
			require.ErrorContains(t, err, hint)
			assert.NotContains(t, err.Error(), "WithToken", "the hint of other calls")
		})
	}
}

func TestPageOfHTMLAtSignInIsTheGatewaysAndNoWrongPassword(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		status int
		body   string
		header http.Header
	}{
		"403":              {403, "<html><title>Blocked</title></html>", nil},
		"401":              {401, "\ufeff\r\n <!DOCTYPE html>", nil},
		"400 by its type":  {400, "Bad Request", http.Header{"Content-Type": {"Text/HTML; charset=utf-8"}}},
		"422":              {422, "<h1>no</h1>", nil},
		"success, no JSON": {200, "<html>Log in to this network</html>", http.Header{"Content-Type": {"text/html"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rs := &replies{responses: []reply{
					{
						status: row.status,
						body:   row.body,
						header: row.header,
					},
					{status: 200, body: `{"token":"t0ken-1"}`},
					{status: 200, body: product1},
				}}
				client := newClient(t, rs, linkit.WithLogin("a", "b-secret"))
				err := getOne(t.Context(), client)
				require.NotErrorIs(t, err, linkit.ErrLogin)
				var te *linkit.TransportError
				require.ErrorAs(t, err, &te)
				assert.Equal(t, "POST /auth/login", te.Method+" "+te.Route)
				assert.NotContains(t, err.Error(), "password")
				assert.NotContains(t, err.Error(), "<")
				var ae *linkit.APIError
				if row.status != 200 {
					require.ErrorAs(t, err, &ae, "the status is there")
					assert.Equal(t, row.status, ae.StatusCode)
				}
				sleep(time.Second)
				require.NoError(t, getOne(t.Context(), client), "it is tried again after a second")
			})
		})
	}
}

func TestRejectedSignInNamesWhatInTheInputMayBeAMistake(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		email, password string
		hints           []string
	}{
		{"ops@example.com", "pa55-word-Zq", nil},
		{`"ops@example.com"`, "pa55-word-Zq", []string{"the email is in quotes"}},
		{"ops@example.com", `'pa55-word-Zq'`, []string{"the password is in quotes"}},
		{"ops@example.com", "“pa55-word-Zq”", []string{"the password is in quotes"}},
		{"ops@example.com", "pa55-word-Zq\n", []string{"the password begins or ends with a space or line break"}},
		{" ops@example.com", "pa55-word-Zq\r\n", []string{"the email begins or ends", "the password begins or ends"}},
		{"\ufeffops@example.com", "pa55-word-Zq", []string{"the email begins or ends"}},
		{"ops@example.com", "\"pa55-word-Zq\"\n", []string{"the password is in quotes", "the password begins or ends"}},
		{"ops@example.com", "pa55 'word' Zq", nil},
	} {
		for _, status := range []int{400, 401, 403, 422} {
			rs := &replies{responses: []reply{{status: status, body: `{}`}}}
			client := newClient(t, rs, linkit.WithLogin(row.email, row.password))
			_, byHand := client.Auth.Login(t.Context(), row.email, row.password)
			for _, err := range []error{getOne(t.Context(), client), byHand} {
				require.ErrorIs(t, err, linkit.ErrLogin)
				for _, hint := range row.hints {
					require.ErrorContains(t, err, hint)
				}
				if row.hints == nil {
					assert.NotContains(t, err.Error(), "quotes")
					assert.NotContains(t, err.Error(), "begins or ends")
				}
				assert.NotContains(t, err.Error(), "pa55")
				assert.NotContains(t, err.Error(), "@")
			}
			var sent struct{ Email, Password string }
			require.NoError(t, json.Unmarshal([]byte(rs.bodies[0]), &sent))
			assert.Equal(t, row.email+row.password, sent.Email+sent.Password, "sent as they are")
		}
	}
}
