package linkit_test

import (
	"fmt"
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

// dated is a server whose calls get one status, and whose responses have a Date of their own.
type dated struct {
	*signInServer
	status int
	ahead  time.Duration // of the Date of calls, before that of sign-ins
}

func (d *dated) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := d.signInServer.RoundTrip(r)
	if err != nil || strings.HasSuffix(r.URL.Path, "/auth/login") {
		return resp, err
	}
	resp = d.respond(d.status, `{}`)
	resp.Header.Set("Date", time.Now().Add(d.ahead).UTC().Format(http.TimeFormat))
	return resp, nil
}

func TestDateThatContradictsTheOwnClockIsBelievedOnce(t *testing.T) {
	t.Parallel()
	for _, status := range []int{403, 404} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &dated{newSignInServer(time.Hour), status, 2 * time.Hour}
				client := s.client(t, linkit.WithHTTPClient(&http.Client{Transport: s}))
				for range 20 {
					var ae *linkit.APIError
					require.ErrorAs(t, getOne(t.Context(), client), &ae)
					assert.Equal(t, status, ae.StatusCode)
				}
				s.assertCounts(t, 2, 21)
				sleep(5 * time.Second) // the wait that grew is over, but not for this token
				require.Error(t, getOne(t.Context(), client))
				s.assertCounts(t, 2, 22)
			})
		})
	}
}

func TestDateThatContradictsTheOwnClockMakesOneSignInForManyCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &dated{newSignInServer(time.Hour), 404, 2 * time.Hour}
		s.takes, s.lag = time.Second, 10*time.Millisecond
		client := s.client(t, linkit.WithHTTPClient(&http.Client{Transport: s}), linkit.WithMaxConcurrency(100))
		for range 3 {
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() { assert.ErrorIs(t, getOne(t.Context(), client), linkit.ErrNotFound) })
			}
			wg.Wait()
		}
		signIns, _ := s.counts()
		assert.Equal(t, 2, signIns)
	})
}

func TestSignInsStayWithinTheirBoundWhateverTheDates(t *testing.T) {
	t.Parallel()
	for _, life := range []time.Duration{30 * time.Second, 5 * time.Minute, time.Hour} {
		for name, ahead := range map[string]func(n int) time.Duration{
			"always ahead": func(int) time.Duration { return 2 * time.Hour },
			"by turns":     func(n int) time.Duration { return time.Duration(n%2) * 2 * time.Hour },
			"in stretches": func(n int) time.Duration { return time.Duration(n/7%2) * 100 * time.Hour },
		} {
			for _, helps := range []bool{false, true} { // every other call is fine, so that replays seem to help
				t.Run(fmt.Sprint(life, name, helps), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						s := &dated{signInServer: newSignInServer(life)}
						client := s.client(t, linkit.WithHTTPClient(&http.Client{Transport: s}))
						const lives = 24
						n := 0
						for began := time.Now(); time.Since(began) < lives*life; sleep(life / 97) {
							n++
							s.status, s.ahead = 404, ahead(n)
							if helps {
								s.status = 200 + 204*(n%2)
							}
							_ = getOne(t.Context(), client)
						}
						signIns, _ := s.counts()
						assert.LessOrEqual(t, signIns, int(1.25*lives)+1)
						assert.GreaterOrEqual(t, signIns, lives)
					})
				})
			}
		}
	}
}

func TestReplayForTheDateThatHelpsEndsTheDoubt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSignInServer(time.Hour)
		s.guests = true
		client := s.client(t)
		for range 3 {
			require.NoError(t, getOne(t.Context(), client))
			s.revoke()
			s.skew += 90 * time.Minute // the server's clock was set: the token is over there
			require.NoError(t, getOne(t.Context(), client))
			sleep(20 * time.Hour) // and sign-ins may be made for such a reason again
		}
		signIns, _ := s.counts()
		assert.LessOrEqual(t, signIns, 6)
	})
}

func TestReplayThatOnlyChangesA403IntoA404HasHelped(t *testing.T) {
	t.Parallel()
	header := func(clock string) http.Header { return http.Header{"Date": {"Mon, 23 Nov 2026 " + clock + " GMT"}} }
	token := func(n int, end string) string {
		return fmt.Sprintf(`{"token":"t0ken-%d","expires_at":"2026-11-23T%sZ"}`, n, end)
	}
	rs := &replies{responses: []reply{
		{status: 200, body: token(1, "11:00:00"), header: header("10:00:00")},
		{status: 403, header: header("11:00:00")},
		{status: 200, body: token(2, "12:00:00"), header: header("11:00:00")},
		{status: 404, header: header("11:00:00")},
		{status: 401, header: header("11:00:00")}, // doubts about clocks don't hold back what 401s need
		{status: 200, body: token(3, "12:00:00"), header: header("11:00:00")},
		{status: 200, body: product1, header: header("11:00:00")},
	}}
	client := newClient(t, rs, linkit.WithLogin("a", "b-secret"))
	require.ErrorIs(t, getOne(t.Context(), client), linkit.ErrNotFound)
	require.NoError(t, getOne(t.Context(), client))
	assert.Len(t, rs.requests, 7)
}
