package session_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/session"
)

func TestFailedRenewalIsToldAndTriedAgainWithBackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{life: time.Hour}
		told := 0
		c := session.New(
			session.Config[string]{
				Source:        sourceFunc(s.get),
				Classify:      classify,
				RenewalFailed: func(context.Context, error) { told++ },
			},
		)
		get(t, c)
		s.fail.Store(&failure{error: errors.New("down"), rejected: true})
		sleep(55*time.Minute + time.Second)
		var at []time.Duration
		began, n := time.Now(), s.asked.Load()
		for time.Since(began) < 4*time.Minute+30*time.Second {
			if len(at) > 0 && time.Since(began)-at[0] > 4*time.Minute {
				break
			}
			assert.Equal(t, "t1", get(t, c))
			synctest.Wait()
			if asked := s.asked.Load(); asked > n {
				n = asked
				at = append(at, time.Since(began))
			}
			sleep(100 * time.Millisecond)
		}
		want := []float64{0, 1, 3, 7, 15, 31, 63, 123, 183} // seconds
		require.Len(t, at, len(want))
		for i := range want {
			assert.InDelta(t, want[i], (at[i] - at[0]).Seconds(), 2)
		}
		assert.Equal(t, len(want), told)
	})
}

func TestPanicOrGoexitInTheSourceIsAnError(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		end  func()
		text string
	}{
		"panic":         {func() { panic("secret-in-a-panic") }, "panic with a string"},
		"runtime error": {func() { _ = strings.Split("a", "")[len(t.Name())] }, "panic: runtime error: index out of range"},
		"goexit":        {runtime.Goexit, "the source ended its goroutine"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := session.New(
				session.Config[string]{
					Classify: classify,
					Source: sourceFunc(func(context.Context, *session.Token[string], bool) (session.Grant[string], error) {
						row.end()
						return session.Grant[string]{}, nil
					}),
				},
			)
			_, err := c.Get(t.Context(), time.Now())
			require.ErrorContains(t, err, row.text)
			assert.NotContains(t, err.Error(), "secret")
			require.NoError(t, c.Close())
		})
	}
}

func TestHungSourceReleasesEverybodyAfterAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c := session.New(
			session.Config[string]{
				Classify: classify,
				Source: sourceFunc(func(context.Context, *session.Token[string], bool) (session.Grant[string], error) {
					<-release // whatever its context says
					return session.Grant[string]{Value: "late"}, nil
				}),
			},
		)
		began := time.Now()
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				_, err := c.Get(t.Context(), time.Now())
				assert.ErrorIs(t, err, session.ErrTimeout)
				assert.NotErrorIs(t, err, context.DeadlineExceeded)
			})
		}
		wg.Wait()
		assert.Equal(t, time.Minute, time.Since(began))
		began = time.Now()
		require.ErrorContains(t, c.Close(), "5s", "Close must not wait for ever")
		assert.Equal(t, 5*time.Second, time.Since(began))
		close(release)
	})
}

func TestErrTimeoutIsANetErrorThatSaysHowLongWasWaited(t *testing.T) {
	t.Parallel()
	require.EqualError(t, session.ErrTimeout, "no result within 1m0s")
	var timeout net.Error
	require.ErrorAs(t, session.ErrTimeout, &timeout)
	assert.True(t, timeout.Timeout())
	assert.True(t, timeout.Temporary(), "as context.DeadlineExceeded") //nolint:staticcheck // old callers ask
}

func TestTokenThatComesAfterItsMinuteIsUsedWhereNobodyWaited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		c := session.New(session.Config[string]{
			Classify: classify,
			Source: sourceFunc(func(context.Context, *session.Token[string], bool) (session.Grant[string], error) {
				asked++
				time.Sleep(61 * time.Second) //nolint:forbidigo // virtual time
				return session.Grant[string]{Value: "late"}, nil
			}),
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Get(ctx, time.Now())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		sleep(time.Minute + time.Second)
		assert.Equal(t, "late", get(t, c))
		assert.Equal(t, 1, asked)
	})
}

func TestContextOfTheSourceEndsWhenItReturns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var ran context.Context
		c := session.New(session.Config[string]{
			Classify: classify,
			Source: sourceFunc(func(ctx context.Context, _ *session.Token[string], _ bool) (session.Grant[string], error) {
				ran = ctx //nolint:fatcontext // looked at afterwards
				return session.Grant[string]{Value: "t1"}, ctx.Err()
			}),
		})
		get(t, c)
		synctest.Wait()
		require.ErrorIs(t, ran.Err(), context.Canceled)
	})
}

func TestSourceThatRunsOutOfItsMinuteIsNotTheCallersDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{takes: time.Hour}
		c := cache(s)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Get(ctx, time.Now())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		sleep(59*time.Second + 500*time.Millisecond) // nobody waits when the minute is up
		_, err = c.Get(t.Context(), time.Now())
		require.ErrorIs(t, err, session.ErrTimeout)
		require.NotErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestTokensThatAreRefusedToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{life: 24 * time.Hour}
		c := cache(s)
		for began := time.Now(); time.Since(began) < 10*time.Minute; sleep(50 * time.Millisecond) {
			token, err := c.Get(t.Context(), time.Now())
			require.NoError(t, err)
			if next, err := c.Replace(t.Context(), token, session.Rejected); next != nil {
				require.NoError(t, err)
				for range 10 { // many calls meet the same new token
					c.Replayed(next, session.Rejected, false)
				}
			}
		}
		// 1, 2, 4, ... 32, 60, 60, ... s
		assert.InDelta(t, 16, s.asked.Load(), 2)

		c.Replayed(must(c.Get(t.Context(), time.Now())), session.Rejected, true)
		next, err := c.Replace(t.Context(), must(c.Get(t.Context(), time.Now())), session.Rejected)
		require.NoError(t, err)
		assert.NotNil(t, next, "a success ends the wait")
	})
}

func TestRefusalIsRememberedAndOtherFailuresForASecond(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		fail failure
		runs int64 // in ten minutes of calls, twenty a second
		ulp  float64
	}{
		{"rejected: 1, 2, 4, ... 256 s, 5 min", failure{errors.New("wrong password"), true, 0}, 10, 1},
		{"down: every second", failure{errors.New("down"), false, 0}, 600, 30},
		{"asked to wait 100 s", failure{errors.New("slow down"), false, 100 * time.Second}, 6, 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &server{}
				s.fail.Store(&row.fail)
				c := cache(s)
				for began := time.Now(); time.Since(began) < 10*time.Minute; sleep(50 * time.Millisecond) {
					_, err := c.Get(t.Context(), time.Now())
					require.Same(t, &row.fail, err)
				}
				assert.InDelta(t, row.runs, s.asked.Load(), row.ulp)

				s.fail.Store(nil)
				c.Reset()
				get(t, c)
			})
		})
	}
}

func TestResetStartsOverEvenDuringARun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var asked []bool
		c := session.New(
			session.Config[string]{
				Classify: classify,
				Source: sourceFunc(
					func(ctx context.Context, _ *session.Token[string], skipStore bool) (session.Grant[string], error) {
						mu.Lock()
						asked = append(asked, skipStore)
						n := len(asked)
						mu.Unlock()
						select {
						case <-time.After(time.Second):
						case <-ctx.Done():
						}
						return session.Grant[string]{Value: fmt.Sprint("t", n)}, nil
					},
				),
			},
		)
		time.AfterFunc(500*time.Millisecond, c.Reset)
		began := time.Now()
		assert.Equal(t, "t2", get(t, c))
		assert.Equal(t, 1500*time.Millisecond, time.Since(began))
		_, err := c.Replace(t.Context(), must(c.Get(t.Context(), time.Now())), session.Rejected)
		require.NoError(t, err)
		mu.Lock()
		defer mu.Unlock()
		assert.Equal(t, []bool{false, true, false}, asked, "a Reset lasts for one token")
	})
}
