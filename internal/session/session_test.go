package session_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/session"
)

// server is a source of tokens "t1", "t2", ... that last for life.
type server struct {
	life  time.Duration
	takes time.Duration
	fail  atomic.Pointer[failure]
	asked atomic.Int64
}

// sourceFunc is a source made of a function.
type sourceFunc func(ctx context.Context, old *session.Token[string], skipStore bool) (session.Grant[string], error)

func (f sourceFunc) Fetch(
	ctx context.Context,
	old *session.Token[string],
	skipStore bool,
) (session.Grant[string], error) {
	return f(ctx, old, skipStore)
}

type failure struct {
	error
	rejected bool
	wait     time.Duration
}

func (s *server) get(ctx context.Context, _ *session.Token[string], _ bool) (session.Grant[string], error) {
	n := s.asked.Add(1)
	asked := time.Now()
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
		return session.Grant[string]{}, ctx.Err()
	}
	if f := s.fail.Load(); f != nil {
		return session.Grant[string]{}, f
	}
	return session.Grant[string]{Value: fmt.Sprint("t", n), Asked: asked, Life: s.life}, nil
}

func classify(err error) (bool, time.Duration) {
	if f, ok := errors.AsType[*failure](err); ok {
		return f.rejected, f.wait
	}
	return false, 0
}

func cache(s *server) *session.Cache[string] {
	return session.New(session.Config[string]{Source: sourceFunc(s.get), Classify: classify})
}

func get(t *testing.T, c *session.Cache[string]) string {
	t.Helper()
	token, err := c.Get(t.Context(), time.Now())
	require.NoError(t, err)
	return token.Value
}

func sleep(d time.Duration) { time.Sleep(d); synctest.Wait() } //nolint:forbidigo // virtual time

func TestTokenIsRenewedOnceALifeOfAnyLength(t *testing.T) {
	t.Parallel()
	for _, life := range []time.Duration{100 * time.Millisecond, time.Second, 10 * time.Second, time.Minute, 5 * time.Minute, time.Hour, 24 * time.Hour} {
		t.Run(life.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &server{life: life}
				c := cache(s)
				const lives = 40
				for began := time.Now(); time.Since(began) < lives*life; {
					token, err := c.Get(t.Context(), time.Now())
					require.NoError(t, err)
					require.False(t, token.Expired(time.Now()), "a token past its end was handed out")
					sleep(life / 97)
				}
				assert.LessOrEqual(t, s.asked.Load(), int64(lives*1.25)+1)
				assert.GreaterOrEqual(t, s.asked.Load(), int64(lives))
			})
		})
	}
}

func TestTokenSlowerToGetThanToUseUpIsNotFetchedPerCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{life: time.Second, takes: 3 * time.Second}
		c := cache(s)
		for range 50 {
			get(t, c)
		}
		assert.Equal(t, int64(1), s.asked.Load())
	})
}

func TestSoftWindowRenewsInTheBackgroundAndHardWindowWaits(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		life       time.Duration
		soft, hard time.Duration // before the end; soft may be up to a fifth less
	}{
		{time.Minute, 12 * time.Second, 3 * time.Second},     // life/5, life/20
		{10 * time.Minute, time.Minute, 10 * time.Second},    // life/10
		{3 * time.Minute, 30 * time.Second, 9 * time.Second}, // 30 s
		{24 * time.Hour, 5 * time.Minute, 10 * time.Second},  // 5 min
	} {
		t.Run(row.life.String(), func(t *testing.T) {
			t.Parallel()
			for range 20 {
				synctest.Test(t, func(t *testing.T) {
					s := &server{life: row.life}
					c := cache(s)
					assert.Equal(t, "t1", get(t, c))
					s.takes = time.Second

					sleep(row.life - row.soft - time.Millisecond)
					assert.Equal(t, "t1", get(t, c))
					synctest.Wait()
					assert.Equal(t, int64(1), s.asked.Load(), "renewed before the soft window")

					sleep(row.soft/5 + 2*time.Millisecond)
					began := time.Now()
					assert.Equal(t, "t1", get(t, c), "the old token serves while it is renewed")
					assert.Zero(t, time.Since(began))
					sleep(2 * time.Second)
					assert.Equal(t, int64(2), s.asked.Load())
					assert.Equal(t, "t2", get(t, c))
				})
			}
			synctest.Test(t, func(t *testing.T) {
				s := &server{life: row.life}
				c := cache(s)
				get(t, c)
				s.takes = time.Second
				sleep(row.life - row.hard + time.Millisecond)
				began := time.Now()
				assert.Equal(t, "t2", get(t, c))
				assert.Equal(t, time.Second, time.Since(began), "calls in the hard window wait")
			})
		})
	}
}

func TestHardWindowFallsBackOnTheOldTokenUntilItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{life: 100 * time.Second}
		c := cache(s)
		get(t, c)
		s.fail.Store(&failure{error: errors.New("down")})
		sleep(96 * time.Second)
		assert.Equal(t, "t1", get(t, c))
		sleep(4 * time.Second)
		_, err := c.Get(t.Context(), time.Now())
		require.ErrorContains(t, err, "down", "used past its end")
	})
}

func TestUnknownEndMeansUntilRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		c := cache(s)
		token, err := c.Get(t.Context(), time.Now())
		require.NoError(t, err)
		sleep(10 * 365 * 24 * time.Hour)
		assert.False(t, token.Expired(time.Now()))
		assert.Equal(t, "t1", get(t, c))
	})
}

func TestOneRunServesEveryWaiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{life: time.Hour, takes: time.Second}
		c := cache(s)
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() { assert.Equal(t, "t1", get(t, c)) })
		}
		wg.Wait()
		assert.Equal(t, int64(1), s.asked.Load())
	})
}

func TestFirstCallersCancelFailsNobodyElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{life: time.Hour, takes: 2 * time.Second}
		c := cache(s)
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		go func() {
			_, err := c.Get(ctx, time.Now())
			assert.ErrorIs(t, err, context.Canceled)
			assert.Equal(t, time.Second, time.Since(began))
		}()
		synctest.Wait()
		short, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer stop()
		_, err := c.Get(short, time.Now())
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 100*time.Millisecond, time.Since(began), "a waiter leaves at its own deadline")
		time.AfterFunc(900*time.Millisecond, cancel)
		assert.Equal(t, "t1", get(t, c))
		assert.Equal(t, int64(1), s.asked.Load())
	})
}

func TestReplaceForgetsOnlyTheTokenItIsGiven(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{life: time.Hour, takes: time.Second}
		c := cache(s)
		old, err := c.Get(t.Context(), time.Now())
		require.NoError(t, err)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				next, err := c.Replace(t.Context(), old, session.Rejected)
				assert.NoError(t, err)
				assert.Equal(t, "t2", next.Value)
			})
		}
		wg.Wait()
		next, err := c.Replace(t.Context(), old, session.Rejected) // a late 401
		require.NoError(t, err)
		assert.Equal(t, "t2", next.Value)
		assert.Equal(t, int64(2), s.asked.Load())
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestCloseCancelsARunAndWaitsForIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ended := false
		c := session.New(
			session.Config[string]{
				Classify: classify,
				Source: sourceFunc(func(ctx context.Context, _ *session.Token[string], _ bool) (session.Grant[string], error) {
					<-ctx.Done()
					time.Sleep(time.Second) //nolint:forbidigo // virtual time
					ended = true
					return session.Grant[string]{}, ctx.Err()
				}),
			},
		)
		waiting := make(chan error, 1)
		go func() {
			_, err := c.Get(t.Context(), time.Now())
			waiting <- err
		}()
		synctest.Wait()
		require.NoError(t, c.Close())
		assert.True(t, ended)
		require.ErrorIs(t, <-waiting, session.ErrClosed)
		require.NoError(t, c.Close())
		_, err := c.Get(t.Context(), time.Now())
		require.ErrorIs(t, err, session.ErrClosed)
	})
}

func TestSourceThatAsksItsOwnCacheIsToldSo(t *testing.T) {
	t.Parallel()
	var c *session.Cache[string]
	c = session.New(
		session.Config[string]{
			Classify: classify,
			Source: sourceFunc(func(ctx context.Context, _ *session.Token[string], _ bool) (session.Grant[string], error) {
				_, err := c.Get(ctx, time.Now())
				return session.Grant[string]{}, err
			}),
		},
	)
	_, err := c.Get(t.Context(), time.Now())
	require.ErrorIs(t, err, session.ErrReentrant)
}

func TestTokenInHandAllocatesNothing(t *testing.T) {
	c := cache(&server{life: time.Hour})
	get(t, c)
	now, ctx := time.Now(), t.Context()
	assert.Zero(t, testing.AllocsPerRun(100, func() { _, _ = c.Get(ctx, now) }))
}

func BenchmarkTokenInHand(b *testing.B) {
	c := cache(&server{life: time.Hour})
	now, ctx := time.Now(), b.Context()
	_, err := c.Get(ctx, now)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = c.Get(ctx, now)
	}
}
