package linkit_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestHooksSeeCallsAndAttempts(t *testing.T) {
	t.Parallel()
	type key struct{}
	var events []string
	note := func(kind string) func(context.Context, *linkit.Event) (context.Context, func(*linkit.Event)) {
		return func(ctx context.Context, e *linkit.Event) (context.Context, func(*linkit.Event)) {
			events = append(events, fmt.Sprintf("%s begins %s %s %s %d", kind, e.Method, e.Route, e.OrganizationID, e.Attempt))
			return context.WithValue(ctx, key{}, kind), func(e *linkit.Event) {
				events = append(events, fmt.Sprintf("%s ends %d %d %t", kind, e.Attempt, e.StatusCode, e.Err != nil))
			}
		}
	}
	rs := &replies{responses: []reply{{status: 503}, {err: io.ErrUnexpectedEOF}, {status: 200, body: product1}}}
	client := newClient(
		t,
		rs,
		linkit.WithOrganization("org_1"),
		linkit.WithHooks(linkit.Hooks{Call: note("call"), Attempt: note("attempt")}),
	)
	_, err := client.Products.Get(t.Context(), "private-id")
	require.NoError(t, err)
	assert.Equal(t, []string{
		"call begins GET /products/{iv_id} org_1 0",
		"attempt begins GET /products/{iv_id} org_1 1", "attempt ends 1 503 false",
		"attempt begins GET /products/{iv_id} org_1 2", "attempt ends 2 0 true",
		"attempt begins GET /products/{iv_id} org_1 3", "attempt ends 3 200 false",
		"call ends 3 200 false",
	}, events)
	for _, r := range rs.requests {
		assert.Equal(t, "attempt", r.Context().Value(key{}))
	}

	lazy := newClient(t, &replies{responses: []reply{{status: 200, body: product1}}}, linkit.WithHooks(linkit.Hooks{
		Attempt: func(context.Context, *linkit.Event) (context.Context, func(*linkit.Event)) { return nil, nil },
	}))
	_, err = lazy.Products.Get(t.Context(), "x")
	require.NoError(t, err, "a hook may return nothing")
}

func TestLogsSayWhatHappenedAndNothingPrivate(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	rs := &replies{responses: []reply{
		{status: 503, body: `{"error":"private"}`},
		{status: 200, body: product1},
		{status: 404, body: `{"error":"private"}`, header: http.Header{"X-Private": {"private"}}},
		{err: fmt.Errorf("odd transport shows %s", testKey)},
	}}
	client := newClient(t, rs, linkit.WithLogger(logger))
	_, err := client.Products.List(t.Context(), &linkit.ProductListParams{Search: "private"})
	require.Error(t, err, "a product is no page")
	_, err = client.Products.Get(t.Context(), "private")
	require.ErrorIs(t, err, linkit.ErrNotFound)
	_, err = client.Products.Create(t.Context(), linkit.ProductParams{IvID: "private"})
	require.Error(t, err)

	log := out.String()
	assert.Contains(t, log, `level=WARN msg="linkit: retrying" method=GET route=/products attempts=1 status=503`)
	assert.Contains(t, log, `level=ERROR msg="linkit: call failed" method=GET route=/products attempts=2 status=200`)
	assert.Contains(
		t,
		log,
		`level=ERROR msg="linkit: call failed" method=GET route=/products/{iv_id} attempts=1 status=404`,
	)
	assert.Contains(t, log, `route=/products attempts=1 error="odd transport shows [redacted]"`)
	assert.NotContains(t, log, "private")
	assert.NotContains(t, log, testKey)

	out.Reset()
	rs.responses = []reply{{status: 200, body: product1}}
	_, err = client.Products.Get(t.Context(), "private")
	require.NoError(t, err)
	assert.Contains(
		t,
		out.String(),
		`level=DEBUG msg="linkit: call" method=GET route=/products/{iv_id} attempts=1 status=200 took=`,
	)
}

func TestHooksAreToldHowLongAnAttemptWasHeldBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var begins, ends []time.Duration
		hooks := linkit.Hooks{Attempt: func(ctx context.Context, e *linkit.Event) (context.Context, func(*linkit.Event)) {
			begins = append(begins, e.Wait)
			return ctx, func(e *linkit.Event) { ends = append(ends, e.Wait) }
		}}
		rs := &replies{
			responses: []reply{{status: 429, header: http.Header{"Retry-After": {"3"}}}, {status: 200, body: product1}},
		}
		_, err := newClient(t, rs, linkit.WithHooks(hooks)).Products.Get(t.Context(), "x")
		require.NoError(t, err)
		require.Len(t, begins, 2)
		assert.Zero(t, begins[0])
		assert.InDelta(t, 3150*time.Millisecond, begins[1], float64(150*time.Millisecond))
		assert.Equal(t, begins, ends)
	})
}

func TestLogOfAnAnswerHoldsItsStatusAndNoText(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		response reply
		want     string
	}{
		"a refusal":              {reply{status: 404, body: `{"error":"private"}`}, "attempts=1 status=404 took="},
		"no JSON":                {reply{status: 200, body: `private`}, "attempts=1 status=200 took="},
		"a success that says no": {reply{status: 200, body: `{"success":false,"error":"private"}`}, "attempts=1 status=200 took="},
		"no response":            {reply{err: io.ErrUnexpectedEOF}, `attempts=1 error="unexpected EOF" took=`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			client := newClient(
				t,
				&replies{responses: []reply{row.response}},
				linkit.WithLogger(debugLogger(&out)),
				linkit.WithRetries(0),
			)
			_, err := client.Products.Get(t.Context(), "private")
			require.Error(t, err)
			assert.Contains(
				t,
				out.String(),
				`level=ERROR msg="linkit: call failed" method=GET route=/products/{iv_id} `+row.want,
			)
			assert.NotContains(t, out.String(), "private")
		})
	}
}

func TestUsedUpRetryBudgetIsAWarning(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	client := newClient(
		t,
		&replies{responses: []reply{{status: 502}}},
		linkit.WithLogger(debugLogger(&out)),
		linkit.WithRetryWait(1, 1),
	)
	for range 40 { // the budget pays for 100 retries, and each call would make 3
		require.ErrorIs(t, getOne(t.Context(), client), linkit.ErrServer)
	}
	assert.Contains(
		t,
		out.String(),
		`level=WARN msg="linkit: not retried: the retry budget is used up" method=GET route=/products/{iv_id}`,
	)
}

func TestWaitCountsQueuePauseAndRateLimit(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		opts  []linkit.Option
		first reply // of the call that goes before; it takes two seconds
		want  time.Duration
	}{
		"queue":      {[]linkit.Option{linkit.WithMaxConcurrency(1)}, reply{status: 200, body: product1}, 2 * time.Second},
		"pause":      {nil, reply{status: 429, header: http.Header{"Retry-After": {"5"}}}, 5 * time.Second},
		"rate limit": {[]linkit.Option{linkit.WithRateLimit(0.1, 1)}, reply{status: 200, body: product1}, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rs := &replies{responses: []reply{row.first, {status: 200, body: product1}}}
				slow := roundTrip(func(r *http.Request) (*http.Response, error) {
					if r.URL.Path == "/api/v1/products/first" {
						time.Sleep(2 * time.Second) //nolint:forbidigo // virtual time
					}
					return rs.RoundTrip(r)
				})
				var waited time.Duration
				hooks := linkit.Hooks{Attempt: func(ctx context.Context, e *linkit.Event) (context.Context, func(*linkit.Event)) {
					if e.Method == http.MethodDelete {
						waited = e.Wait
					}
					return ctx, nil
				}}
				client := newClient(t, slow, append(row.opts, linkit.WithHooks(hooks), linkit.WithRetries(0))...)
				began := time.Now()
				if name == "queue" {
					go func() { _, _ = client.Products.Get(t.Context(), "first") }()
					synctest.Wait()
				} else {
					_, _ = client.Products.Get(t.Context(), "first")
					began = time.Now()
					if name == "rate limit" {
						row.want -= 2 * time.Second // the limit's time runs while the first call does
					}
				}
				require.NoError(t, client.Products.Delete(t.Context(), "x"))
				assert.GreaterOrEqual(t, waited, row.want)
				assert.LessOrEqual(t, waited, row.want*11/10)
				assert.Equal(t, time.Since(began), waited)
			})
		})
	}
}

func TestCallHooksWorkAlone(t *testing.T) {
	t.Parallel()
	var began, ended []linkit.Event
	hooks := linkit.Hooks{Call: func(ctx context.Context, e *linkit.Event) (context.Context, func(*linkit.Event)) {
		began = append(began, *e)
		return ctx, func(e *linkit.Event) { ended = append(ended, *e) }
	}}
	client := newClient(t, &replies{responses: []reply{{status: 503}, {status: 404}}}, linkit.WithHooks(hooks))
	require.ErrorIs(t, getOne(t.Context(), client), linkit.ErrNotFound)
	require.Len(t, began, 1)
	assert.Zero(t, began[0].Attempt)
	require.Len(t, ended, 1)
	assert.Equal(t, 2, ended[0].Attempt)
	assert.Equal(t, http.StatusNotFound, ended[0].StatusCode)
	assert.ErrorIs(t, ended[0].Err, linkit.ErrNotFound)
}

func TestEventsTellTheClientsSignInsFromTheCallers(t *testing.T) {
	t.Parallel()
	var events []string
	s := newSignInServer(time.Hour)
	client := s.client(t, linkit.WithHooks(linkit.Hooks{
		Call: func(ctx context.Context, e *linkit.Event) (context.Context, func(*linkit.Event)) {
			events = append(events, fmt.Sprint(e.Route, " ", e.SignIn))
			return ctx, nil
		},
	}))
	require.NoError(t, getOne(t.Context(), client))
	_, err := client.Auth.Login(t.Context(), "ops@example.com", s.password)
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"/auth/login true", "/products/{iv_id} false", "/auth/login false"}, events)
}

func TestFirstSignInThatFailsIsNoFailedRenewal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	client := newClient(t, &replies{responses: []reply{{status: 500}}}, linkit.WithLogin("a@example.com", "b-secret"),
		linkit.WithRetries(0), linkit.WithLogger(debugLogger(&out)))
	require.ErrorIs(t, getOne(t.Context(), client), linkit.ErrServer)
	assert.Contains(t, out.String(), "route=/auth/login")
	assert.NotContains(t, out.String(), "renew", "there is no old token to go on with")
}

func TestSignInHeldBackReleasesCallersAtTheirDeadlines(t *testing.T) {
	t.Parallel()
	hook := func(ctx context.Context, _ *linkit.Event) (context.Context, func(*linkit.Event)) { return ctx, nil }
	for name, opts := range map[string][]linkit.Option{
		"plain": nil, "with hooks": {linkit.WithHooks(linkit.Hooks{Call: hook, Attempt: hook}), linkit.WithLogger(slog.New(slog.DiscardHandler))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				rs := &replies{
					responses: []reply{
						{status: 503, header: http.Header{"Retry-After": {"20"}}},
						{status: 200, body: `{"token":"t0ken"}`},
						{status: 200, body: product1},
					},
				}
				client := newClient(t, rs, append(opts, linkit.WithLogin("a@example.com", "b-secret"))...)
				patient := make(chan error, 1)
				go func() { patient <- getOne(t.Context(), client) }()
				synctest.Wait()
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				began := time.Now()
				err := getOne(ctx, client)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.ErrorIs(t, err, linkit.ErrServer, "and why it had to wait")
				assert.LessOrEqual(t, time.Since(began), 5*time.Second)
				require.NoError(t, <-patient)
			})
		})
	}
}

func TestHooksGivenTwiceBothRunTheFirstOutermost(t *testing.T) {
	t.Parallel()
	type key struct{}
	var order []string
	hook := func(name string) linkit.Hook {
		return func(ctx context.Context, _ *linkit.Event) (context.Context, func(*linkit.Event)) {
			outer, _ := ctx.Value(key{}).(string)
			order = append(order, "begin "+outer+name)
			return context.WithValue(ctx, key{}, outer+name), func(*linkit.Event) { order = append(order, "end "+name) }
		}
	}
	nothing := func(context.Context, *linkit.Event) (context.Context, func(*linkit.Event)) { return nil, nil }
	client := newClient(
		t,
		&replies{responses: []reply{{status: 200, body: product1}}},
		linkit.WithHooks(
			linkit.Hooks{Call: hook("A")},
		),
		linkit.WithHooks(linkit.Hooks{}),
		linkit.WithHooks(linkit.Hooks{Call: nothing, Attempt: nothing}),
		linkit.WithHooks(
			linkit.Hooks{Call: hook("B"), Attempt: hook("b")},
		),
		linkit.WithHooks(linkit.Hooks{Attempt: hook("c")}),
	)
	require.NoError(t, getOne(t.Context(), client))
	assert.Equal(t, []string{"begin A", "begin AB", "begin ABb", "begin ABbc", "end c", "end b", "end B", "end A"}, order)
}

func TestLogLinesCarryTheRequestID(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	id := func(v string) http.Header { return http.Header{"X-Request-Id": {v}} }
	rs := &replies{responses: []reply{{status: 503, header: id("r-1")}, {status: 404, header: id("r-2\n" + testKey)}}}
	require.Error(t, getOne(t.Context(), newClient(t, rs, linkit.WithLogger(debugLogger(&out)))))
	assert.Contains(t, out.String(), "attempts=1 status=503 request_id=r-1")
	assert.Contains(t, out.String(), "attempts=2 status=404 request_id=")
	assert.NotContains(t, out.String(), testKey)
}
