package linkit_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// sentOf returns the Sent of whichever error err is.
func sentOf(t *testing.T, err error) bool {
	t.Helper()
	var ae *linkit.APIError
	var te *linkit.TransportError
	switch {
	case errors.As(err, &ae):
		return ae.Sent
	case errors.As(err, &te):
		return te.Sent
	}
	require.Fail(t, "neither error", "%v", err)
	return false
}

func TestOneCheckSaysWhetherAWriteMayHaveTakenEffect(t *testing.T) {
	t.Parallel()
	limited := http.Header{"Retry-After": {"3600"}}
	for name, row := range map[string]struct {
		response reply
		sent     bool
	}{
		"lost":                      {reply{err: io.ErrUnexpectedEOF}, true},
		"reset":                     {reply{err: &net.OpError{Op: "read", Err: syscall.ECONNRESET}}, true},
		"refused at dial":           {reply{err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}, false},
		"not the promised JSON":     {reply{status: 200, body: `<html>`}, true},
		"408":                       {reply{status: 408}, true},
		"500":                       {reply{status: 500}, true},
		"502":                       {reply{status: 502}, true},
		"503":                       {reply{status: 503}, true},
		"503 with Retry-After":      {reply{status: 503, header: limited}, false},
		"504":                       {reply{status: 504}, true},
		"520, a gateway's":          {reply{status: 520}, true},
		"599":                       {reply{status: 599}, true},
		"400":                       {reply{status: 400}, false},
		"401":                       {reply{status: 401}, false},
		"403":                       {reply{status: 403}, false},
		"409":                       {reply{status: 409}, false},
		"429":                       {reply{status: 429, header: limited}, false},
		"501":                       {reply{status: 501}, false},
		"302":                       {reply{status: 302}, false},
		"a 2xx that says it failed": {reply{status: 200, body: `{"success":false}`}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, &replies{responses: []reply{row.response}}, linkit.WithRetries(0))
			for method, isWrite := range map[string]bool{"GET": false, "POST": true, "PUT": true, "PATCH": true, "DELETE": true} {
				var out map[string]any
				err := client.Do(t.Context(), method, "/x", nil, nil, &out)
				require.Error(t, err, method)
				assert.Equal(t, row.sent, sentOf(t, err), "%s: %v", method, err)
				assert.Equal(t, row.sent && isWrite, errors.Is(err, linkit.ErrUncertain), "%s: %v", method, err)
				assert.Equal(
					t,
					row.sent && isWrite,
					errors.Is(fmt.Errorf("import: %w", errors.Join(io.EOF, err)), linkit.ErrUncertain),
				)
				if row.sent && isWrite {
					assert.Regexp(t, "may have acted on it|was accepted", err.Error())
				}
			}
		})
	}
}

func TestUncertaintyIsNeverClearedByWhatFollows(t *testing.T) {
	t.Parallel()
	login := linkit.WithLogin("a@example.com", "b-secret")
	signedIn := reply{status: 200, body: `{"token":"t0ken"}`}
	put := func(ctx context.Context, client *linkit.Client) error {
		_, err := client.Products.Update(ctx, "x", linkit.ProductParams{IvID: "x"})
		return err
	}
	for name, row := range map[string]struct {
		responses []reply
		opts      []linkit.Option
	}{
		"a clear refusal":         {[]reply{{status: 502}, {status: 409}}, nil},
		"a long Retry-After":      {[]reply{{status: 502}, {status: 429, header: http.Header{"Retry-After": {"3600"}}}}, nil},
		"a refused dial":          {[]reply{{err: io.ErrUnexpectedEOF}, {err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}}, []linkit.Option{linkit.WithRetries(1)}},
		"a 401":                   {[]reply{{status: 502}, {status: 401}}, nil},
		"a 401, and no sign-in":   {[]reply{signedIn, {status: 502}, {status: 401}, {status: 400}}, []linkit.Option{login}},
		"a 401 twice":             {[]reply{signedIn, {status: 502}, {status: 401}, signedIn, {status: 401}}, []linkit.Option{login}},
		"a circuit that opens":    {[]reply{{status: 502}}, []linkit.Option{linkit.WithCircuitBreaker(1, time.Hour)}},
		"a limiter that gives up": {[]reply{{status: 502}}, []linkit.Option{linkit.WithLimiter(&limiter{after: 1, err: errors.New("limiter down")})}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, &replies{responses: row.responses}, row.opts...)
			err := put(t.Context(), client)
			require.ErrorIs(t, err, linkit.ErrUncertain)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, &replies{responses: []reply{{status: 502}}}, linkit.WithRetryWait(time.Minute, time.Minute))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := put(ctx, client)
		require.ErrorIs(t, err, linkit.ErrUncertain)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

// A key function that fails after an attempt was lost must not hide that it was.
func TestLostWriteWhoseRetryHasNoCredentialIsUncertain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(time.Hour)
		lose := true
		client := s.client(
			t,
			linkit.WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				if r.Method == http.MethodPut && lose {
					lose = false
					time.Sleep(2 * time.Hour) //nolint:forbidigo // virtual time: the token expires meanwhile
					return nil, io.ErrUnexpectedEOF
				}
				return s.RoundTrip(r)
			})}),
			linkit.WithAttemptTimeout(3*time.Hour),
		)
		require.NoError(t, getOne(t.Context(), client))
		s.mu.Lock()
		s.login = func(int) (int, any) { return 403, `{"error":"no"}` }
		s.mu.Unlock()
		_, err := client.Products.Update(t.Context(), "x", linkit.ProductParams{IvID: "x"})
		require.Error(t, err)
		require.ErrorIs(t, err, linkit.ErrUncertain)
	})
}

func TestSignInIsNoWriteThatCouldBeUncertain(t *testing.T) {
	t.Parallel()
	client := newClient(
		t,
		&replies{responses: []reply{{err: io.ErrUnexpectedEOF}}},
		linkit.WithLogin("a@example.com", "b-secret"),
		linkit.WithRetries(0),
	)
	_, err := client.Products.Create(t.Context(), linkit.ProductParams{IvID: "x"})
	require.Error(t, err)
	require.NotErrorIs(t, err, linkit.ErrUncertain, "the product was never sent")
}

// limiter lets so many attempts through, and then returns its error.
type limiter struct {
	after int
	err   error
	waits int
}

func (l *limiter) Wait(context.Context) error {
	if l.waits++; l.waits > l.after {
		return l.err
	}
	return nil
}

func TestErrorsBuiltByHandPrintAndMatch(t *testing.T) {
	t.Parallel()
	var api *linkit.APIError
	for name, row := range map[string]struct {
		err     error
		is      []error
		isNot   []error
		wrapped bool // errors.As finds an APIError
	}{
		"APIError":                  {&linkit.APIError{}, nil, []error{linkit.ErrServer, linkit.ErrUncertain}, true},
		"APIError, sent":            {&linkit.APIError{Sent: true}, []error{linkit.ErrUncertain}, nil, true},
		"APIError, status":          {&linkit.APIError{StatusCode: 404}, []error{linkit.ErrNotFound}, []error{linkit.ErrServer}, true},
		"UnauthorizedError":         {&linkit.UnauthorizedError{}, []error{linkit.ErrUnauthorized}, []error{linkit.ErrForbidden, linkit.ErrUncertain}, false},
		"UnauthorizedError, filled": {&linkit.UnauthorizedError{APIError: &linkit.APIError{}}, []error{linkit.ErrUnauthorized}, nil, true},
		"ForbiddenError":            {&linkit.ForbiddenError{}, []error{linkit.ErrForbidden}, []error{linkit.ErrUnauthorized}, false},
		"ForbiddenError, suspended": {&linkit.ForbiddenError{APIError: &linkit.APIError{StatusCode: 403, Code: "BILLING_SERVICE_SUSPENDED"}}, []error{linkit.ErrForbidden, linkit.ErrServiceSuspended}, nil, true},
		"TransportError":            {&linkit.TransportError{}, nil, []error{linkit.ErrUncertain}, false},
		"TransportError, sent":      {&linkit.TransportError{Sent: true}, []error{linkit.ErrUncertain}, nil, false},
		"TransportError, a read":    {&linkit.TransportError{Sent: true, Method: "GET"}, nil, []error{linkit.ErrUncertain}, false},
		"TransportError, a cause":   {&linkit.TransportError{Err: io.EOF}, []error{io.EOF}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, err := range []error{row.err, fmt.Errorf("wrapped: %w", row.err)} {
				assertOneLine(t, err)
				assert.Contains(t, err.Error(), "linkit: ")
				assert.NotContains(t, fmt.Sprintf("%v %+v %s %q", err, err, err, err), "PANIC")
				for _, target := range row.is {
					require.ErrorIs(t, err, target)
				}
				for _, target := range row.isNot {
					require.NotErrorIs(t, err, target)
				}
				api = nil
				require.Equal(t, row.wrapped, errors.As(err, &api))
				assert.Equal(t, row.wrapped, api != nil)
			}
		})
	}
}
