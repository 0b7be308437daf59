package retry_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/retry"
)

// attemptContext makes one call with ctx, and returns what during shows of the attempt's context.
func attemptContext(ctx context.Context, during func(context.Context), change ...func(*retry.Config)) context.Context {
	var seen *http.Request
	transport := play(func(r *http.Request) (*http.Response, error) {
		seen = r
		during(r.Context())
		return answer(200)(r)
	})
	policy(transport, change...).Do(ctx, request("GET"))
	return seen.Context()
}

type key struct{}

// An attempt's context keeps package context's rules, however it ends and whoever waits for it.
func TestAttemptsContextEndsForAllWhoWait(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		end  func(cancelCaller func()) // nil: the attempt is over
		want error
	}{
		"the caller leaves":   {func(cancelCaller func()) { cancelCaller() }, context.Canceled},
		"its time is up":      {func(func()) { <-time.After(30 * time.Second) }, context.DeadlineExceeded},
		"the attempt is over": {nil, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				caller, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "the caller's"))
				defer cancel()
				var derived []context.Context
				told, forgotten := make([]int, 4), make([]bool, 4)
				ended := attemptContext(caller, func(ctx context.Context) {
					deadline, ok := ctx.Deadline()
					assert.True(t, ok)
					assert.Equal(t, 30*time.Second, time.Until(deadline))
					assert.Equal(t, "the caller's", ctx.Value(key{}))
					for range 2 {
						inner, release := context.WithCancel(ctx)
						t.Cleanup(release)
						derived = append(derived, inner)
					}
					_, release := context.WithCancel(ctx)
					release() // takes itself out again
					for i := range told {
						stop := context.AfterFunc(ctx, func() { told[i]++ })
						if i%2 == 1 {
							forgotten[i] = stop() && !stop()
						}
					}
					require.NoError(t, ctx.Err())
					if row.end != nil {
						row.end(cancel)
						<-ctx.Done()
						assert.Equal(t, row.want, ctx.Err())
					}
				}, func(c *retry.Config) { c.AttemptTimeout = 30 * time.Second })
				<-ended.Done()
				synctest.Wait()
				assert.Equal(t, row.want, ended.Err())
				for _, ctx := range derived {
					<-ctx.Done()
					assert.Equal(t, row.want, context.Cause(ctx))
				}
				assert.Equal(t, []int{1, 0, 1, 0}, told)
				assert.Equal(t, []bool{false, true, false, true}, forgotten)

				late := make(chan struct{})
				stop := context.AfterFunc(ended, func() { close(late) })
				<-late
				assert.False(t, stop())
			})
		})
	}
}

func TestFirstWatcherToLeaveTakesNobodyElseAlong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		attemptContext(t.Context(), func(ctx context.Context) {
			_, releaseFirst := context.WithCancel(ctx)
			second, releaseSecond := context.WithCancel(ctx)
			t.Cleanup(releaseSecond)
			releaseFirst()
			_, releaseThird := context.WithCancel(ctx)
			releaseFirst()
			releaseThird()
			require.NoError(t, second.Err())
			<-ctx.Done()
			<-second.Done()
		})
	})
}

// Package context asks only while the attempt lasts; others may at any time.
func TestWatchersMayComeAndGoAtAnyTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type watched interface {
			AfterFunc(f func()) (stop func() bool)
		}
		told := make(chan int, 3)
		stops := make([]func() bool, 3)
		ctx := attemptContext(t.Context(), func(ctx context.Context) {
			w, ok := ctx.(watched)
			require.True(t, ok)
			for i := range stops {
				stops[i] = w.AfterFunc(func() { told <- i })
			}
			assert.True(t, stops[1]())
			assert.False(t, stops[1](), "it has gone already")
		})
		assert.ElementsMatch(t, []int{0, 2}, []int{<-told, <-told})
		for _, stop := range stops {
			assert.False(t, stop(), "it has been told, or has gone")
		}
		w, ok := ctx.(watched)
		require.True(t, ok)
		assert.False(t, w.AfterFunc(func() { told <- 3 })())
		assert.Equal(t, 3, <-told)
	})
}

func TestAttemptsDeadlineIsTheSoonerOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		caller, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		ctx := attemptContext(caller, func(ctx context.Context) {
			deadline, ok := ctx.Deadline()
			assert.True(t, ok)
			assert.Equal(t, time.Second, time.Until(deadline))
			<-ctx.Done()
		}, func(c *retry.Config) { c.AttemptTimeout = 30 * time.Second })
		assert.Equal(t, time.Second, time.Since(began))
		assert.Equal(t, context.DeadlineExceeded, ctx.Err())
	})
}

// A hook may return a context that has ended, or one that ends by itself.
func TestAttemptEndsWithTheContextOfItsHook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, wait := range []time.Duration{0, time.Second} {
			r := request("GET")
			r.Once = true
			r.Attempt = func(ctx context.Context, _ int, _ time.Duration) (context.Context, func(int, error)) {
				ctx, cancel := context.WithTimeout(context.WithValue(ctx, key{}, "the hook's"), wait)
				return ctx, func(int, error) { cancel() }
			}
			var err error
			transport := play(func(r *http.Request) (*http.Response, error) {
				assert.Equal(t, "the hook's", r.Context().Value(key{}))
				if wait == 0 {
					err = r.Context().Err()
				}
				<-r.Context().Done()
				return nil, r.Context().Err()
			})
			began := time.Now()
			res := policy(transport).Do(t.Context(), r)
			assert.Equal(t, wait, time.Since(began))
			require.Error(t, res.Err)
			if wait == 0 {
				require.ErrorIs(t, err, context.DeadlineExceeded, "at once")
			}
		}
	})
}
