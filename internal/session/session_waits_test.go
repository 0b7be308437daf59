package session_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/session"
)

// tries gets the token at each of the instants, counted from now, and reports how often the source
// was asked for it.
func (s *server) tries(c *session.Cache[string], at ...time.Duration) (asked int64) {
	began, before := time.Now(), s.asked.Load()
	for _, instant := range at {
		sleep(instant - time.Since(began))
		_, _ = c.Get(context.Background(), time.Now())
		synctest.Wait()
	}
	return s.asked.Load() - before
}

func TestFailedRenewalWaitsAsLongAsItIsAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{life: time.Hour}
		c := cache(s)
		get(t, c)
		s.fail.Store(&failure{error: errors.New("slow down"), wait: 2 * time.Minute})
		sleep(56 * time.Minute)
		assert.Equal(t, int64(1), s.tries(c, 0, time.Second, 10*time.Second, 119*time.Second))
		assert.Equal(t, "t1", get(t, c))
		assert.Equal(t, int64(1), s.tries(c, time.Second))
	})
}

func TestSuccessStartsTheWaitsAnew(t *testing.T) {
	t.Parallel()
	for name, rejected := range map[string]bool{"renewal": false, "no token": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &server{life: time.Hour}
				c := cache(s)
				lose := func() { sleep(56 * time.Minute) }
				if rejected {
					lose = func() { sleep(61 * time.Minute) }
				}
				get(t, c)
				lose()
				s.fail.Store(&failure{error: errors.New("no"), rejected: rejected})
				assert.Equal(t, int64(3), s.tries(c, 0, time.Second, 2*time.Second, 3*time.Second), "at 0, 1 and 3 s")
				s.fail.Store(nil)
				assert.Equal(t, int64(1), s.tries(c, 4*time.Second))
				lose()
				s.fail.Store(&failure{error: errors.New("no"), rejected: rejected})
				assert.Equal(t, int64(2), s.tries(c, 0, time.Second), "the first wait is a second again")
			})
		})
	}
}

func TestRenewalsRefusedWhileTheTokenIsGoodDelayNothingAfterItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{life: 100 * time.Second}
		c := cache(s)
		get(t, c)
		s.fail.Store(&failure{error: errors.New("no"), rejected: true})
		sleep(84 * time.Second)
		assert.Equal(t, int64(5), s.tries(c, 0, time.Second, 3*time.Second, 7*time.Second, 15*time.Second))
		s.fail.Store(nil)
		sleep(time.Second)
		assert.Equal(t, "t7", get(t, c))
	})
}

func TestClosedCacheServesTheGoodTokenItHas(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{life: time.Hour}
		c := cache(s)
		get(t, c)
		require.NoError(t, c.Close())
		sleep(59*time.Minute + 55*time.Second)
		assert.Equal(t, "t1", get(t, c))
		assert.Equal(t, int64(1), s.asked.Load(), "renewed after Close")
		sleep(10 * time.Second)
		_, err := c.Get(t.Context(), time.Now())
		require.ErrorIs(t, err, session.ErrClosed)
	})
}

func TestResetEndsTheWaitAfterTokensThatWereRefusedToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := cache(&server{life: time.Hour})
		next := must(c.Replace(t.Context(), must(c.Get(t.Context(), time.Now())), session.Rejected))
		c.Replayed(next, session.Rejected, false)
		none, err := c.Replace(t.Context(), next, session.Rejected)
		require.NoError(t, err)
		require.Nil(t, none, "too soon")
		c.Reset()
		next, err = c.Replace(t.Context(), must(c.Get(t.Context(), time.Now())), session.Rejected)
		require.NoError(t, err)
		assert.NotNil(t, next)
	})
}

func TestResetLastsUntilThereIsATokenAndNamesTheForgottenOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type ask struct {
			old       string
			skipStore bool
		}
		var asks []ask
		s := &server{life: time.Hour}
		c := session.New(
			session.Config[string]{
				Classify: classify,
				Source: sourceFunc(
					func(ctx context.Context, old *session.Token[string], skipStore bool) (session.Grant[string], error) {
						a := ask{skipStore: skipStore}
						if old != nil {
							a.old = old.Value
						}
						asks = append(asks, a)
						return s.get(ctx, old, skipStore)
					},
				),
			},
		)
		get(t, c)
		c.Reset()
		s.fail.Store(&failure{error: errors.New("down")})
		s.tries(c, 0, time.Second)
		s.fail.Store(nil)
		sleep(time.Second)
		assert.Equal(t, "t4", get(t, c))
		must(c.Replace(t.Context(), must(c.Get(t.Context(), time.Now())), session.Rejected))
		assert.Equal(t, []ask{{"", false}, {"t1", true}, {"t1", true}, {"t1", true}, {"t4", false}}, asks)
	})
}

func TestWaiterDoesNotFallBackOnATokenForgottenMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{life: 100 * time.Second}
		c := cache(s)
		old := must(c.Get(t.Context(), time.Now()))
		s.takes = 2 * time.Second
		s.fail.Store(&failure{error: errors.New("down")})
		sleep(96 * time.Second) // the hard window
		waiting := make(chan error, 1)
		go func() {
			_, err := c.Get(t.Context(), time.Now())
			waiting <- err
		}()
		sleep(time.Second)
		_, err := c.Replace(t.Context(), old, session.Rejected)
		require.ErrorContains(t, err, "down")
		require.ErrorContains(t, <-waiting, "down")
	})
}

func TestLifeCountsFromTheAskUnlessMostOfItIsOver(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ life, takes, left time.Duration }{
		"at once":         {50 * time.Second, 0, 50 * time.Second},
		"under 4/5":       {50 * time.Second, 39 * time.Second, 11 * time.Second},
		"4/5":             {50 * time.Second, 40 * time.Second, 50 * time.Second},
		"more than there": {30 * time.Second, 59 * time.Second, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &server{life: row.life, takes: row.takes}
				token := must(cache(s).Get(t.Context(), time.Now()))
				assert.False(t, token.Expired(time.Now().Add(row.left-time.Millisecond)))
				assert.True(t, token.Expired(time.Now().Add(row.left)))
			})
		})
	}
}

func TestEndBeyondReckoningIsNoEndAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{life: 1<<63 - 1}
		c := cache(s)
		for range 5 {
			get(t, c)
			sleep(365 * 24 * time.Hour)
		}
		assert.Equal(t, int64(1), s.asked.Load())
	})
}

func TestRejectedSourceBacksOffToFiveMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		s.fail.Store(&failure{error: errors.New("wrong password"), rejected: true})
		c := cache(s)
		var at []time.Duration
		for began, n := time.Now(), int64(0); time.Since(began) < time.Hour; sleep(500 * time.Millisecond) {
			_, err := c.Get(t.Context(), time.Now())
			require.Error(t, err)
			if asked := s.asked.Load(); asked > n {
				n = asked
				at = append(at, time.Since(began))
			}
		}
		var gaps []time.Duration
		for i := 1; i < len(at); i++ {
			gaps = append(gaps, (at[i] - at[i-1]).Round(time.Second))
		}
		var want []time.Duration
		for wait := time.Second; len(want) < len(gaps); wait = min(2*wait, 5*time.Minute) {
			want = append(want, wait)
		}
		assert.Equal(t, want, gaps)
		assert.Greater(t, len(gaps), 15)
	})
}

func TestNobodyWaitsBeforeTheHardWindow(t *testing.T) {
	t.Parallel()
	for life, hard := range map[time.Duration]time.Duration{
		10 * time.Second: 500 * time.Millisecond, time.Minute: 3 * time.Second, time.Hour: 10 * time.Second, 24 * time.Hour: 10 * time.Second,
	} {
		t.Run(life.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &server{life: life}
				c := cache(s)
				get(t, c)
				s.takes = time.Second
				sleep(life - hard - time.Millisecond)
				began := time.Now()
				assert.Equal(t, "t1", get(t, c))
				assert.Zero(t, time.Since(began))
				sleep(time.Second)
			})
		})
	}
}

func TestReplayWithoutAVerdictEndsNoWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{life: time.Hour}
		c := cache(s)
		replace := func() *session.Token[string] {
			return must(c.Replace(t.Context(), must(c.Get(t.Context(), time.Now())), session.Rejected))
		}
		c.Replayed(replace(), session.Rejected, false)
		sleep(time.Second)
		require.NotNil(t, replace())                   // nothing is known of this one
		c.Replayed(replace(), session.Rejected, false) // and the wait is 2 s now
		sleep(1900 * time.Millisecond)
		assert.Nil(t, replace())
		sleep(100 * time.Millisecond)
		assert.NotNil(t, replace())
	})
}

func TestResetTwiceStillNamesTheForgottenToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var forgotten string
		c := session.New(
			session.Config[string]{
				Classify: classify,
				Source: sourceFunc(func(_ context.Context, old *session.Token[string], _ bool) (session.Grant[string], error) {
					if old != nil {
						forgotten = old.Value
					}
					return session.Grant[string]{Value: "t1"}, nil
				}),
			},
		)
		get(t, c)
		c.Reset()
		c.Reset()
		get(t, c)
		assert.Equal(t, "t1", forgotten)
	})
}
