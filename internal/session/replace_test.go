package session_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/session"
)

// in returns the token now in use.
func in(t *testing.T, c *session.Cache[string]) *session.Token[string] {
	t.Helper()
	token, err := c.Get(t.Context(), time.Now())
	require.NoError(t, err)
	return token
}

// replaced is the token that replaces the one now in use; "": none does.
func replaced(t *testing.T, c *session.Cache[string], why session.Reason) string {
	t.Helper()
	next, err := c.Replace(t.Context(), in(t, c), why)
	require.NoError(t, err)
	if next == nil {
		return ""
	}
	return next.Value
}

func TestServersClockIsBelievedOncePerToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := cache(&server{life: time.Hour})
		first := in(t, c)
		require.Equal(t, "t2", replaced(t, c, session.ExpiredByServer))
		c.Replayed(in(t, c), session.ExpiredByServer, false)
		late, err := c.Replace(t.Context(), first, session.ExpiredByServer)
		require.NoError(t, err)
		assert.Nil(t, late)
		for range 10 {
			assert.Empty(t, replaced(t, c, session.ExpiredByServer))
			sleep(5 * time.Second)
		}
		sleep(51 * time.Minute) // another token would be within their bound again
		assert.Empty(t, replaced(t, c, session.ExpiredByServer))
		assert.Equal(t, "t2", get(t, c))
	})
}

func TestLateResponsesForTheServersClockShareTheNewToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{life: time.Hour}
		c := cache(s)
		first := in(t, c)
		require.Equal(t, "t2", replaced(t, c, session.ExpiredByServer))
		for _, why := range []session.Reason{session.Rejected, session.Expired, session.ExpiredByServer} {
			next, err := c.Replace(t.Context(), first, why)
			require.NoError(t, err)
			require.NotNil(t, next)
			assert.Equal(t, "t2", next.Value)
		}
		assert.Equal(t, int64(2), s.asked.Load())
	})
}

func TestLateResponsesShareTheNewTokenWhileReplacementsWait(t *testing.T) {
	t.Parallel()
	for why, name := range map[session.Reason]string{session.Rejected: "rejected", session.Expired: "expired"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &server{life: time.Hour}
				c := cache(s)
				first := in(t, c)
				require.Equal(t, "t2", replaced(t, c, why))
				c.Replayed(in(t, c), why, false)
				require.Empty(t, replaced(t, c, why))
				next, err := c.Replace(t.Context(), first, why)
				require.NoError(t, err)
				require.NotNil(t, next)
				assert.Equal(t, "t2", next.Value)
				assert.Equal(t, int64(2), s.asked.Load())
			})
		})
	}
}

func TestServersClockCostsOneTokenOnTopOfThoseThatExpire(t *testing.T) {
	t.Parallel()
	for _, life := range []time.Duration{time.Minute, 5 * time.Minute, time.Hour, 24 * time.Hour} {
		t.Run(life.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &server{life: life}
				c := cache(s)
				const lives = 40
				for began := time.Now(); time.Since(began) < lives*life; sleep(life / 97) {
					if replaced(t, c, session.ExpiredByServer) != "" {
						c.Replayed(in(t, c), session.ExpiredByServer, true) // it seems to have helped, each time
					}
				}
				assert.LessOrEqual(t, s.asked.Load(), int64(lives*1.25)+1)
				assert.GreaterOrEqual(t, s.asked.Load(), int64(lives))
			})
		})
	}
}

func TestReplacementsForExpiredTokensInVainWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := cache(&server{life: time.Hour})
		for _, seconds := range []int{1, 2, 4, 8, 16, 32, 60, 60} {
			wait := time.Duration(seconds) * time.Second
			require.NotEmpty(t, replaced(t, c, session.Expired))
			for range 5 { // many calls meet the same new token
				c.Replayed(in(t, c), session.Expired, false)
			}
			sleep(wait - time.Millisecond)
			require.Empty(t, replaced(t, c, session.Expired), wait)
			require.Empty(t, replaced(t, c, session.ExpiredByServer), wait)
			sleep(time.Millisecond)
		}
		require.NotEmpty(t, replaced(t, c, session.Expired))
		c.Replayed(in(t, c), session.Expired, true)
		require.NotEmpty(t, replaced(t, c, session.Expired), "a success ends the wait")
		c.Replayed(in(t, c), session.Expired, false)
		require.Empty(t, replaced(t, c, session.Expired))
		sleep(time.Second)
		require.NotEmpty(t, replaced(t, c, session.Expired), "and starts it over")
	})
}

func TestDoubtsAboutClocksAndRejectedTokensWaitApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := cache(&server{life: time.Hour})
		require.NotEmpty(t, replaced(t, c, session.Expired))
		c.Replayed(in(t, c), session.Expired, false)
		require.NotEmpty(t, replaced(t, c, session.Rejected), "a 401 needs a new token all the same")
		sleep(time.Second)
		for range 5 { // many calls meet the same new token
			c.Replayed(in(t, c), session.Rejected, false)
		}
		require.Empty(t, replaced(t, c, session.Rejected))
		require.NotEmpty(t, replaced(t, c, session.Expired))
		sleep(time.Second)
		c.Replayed(in(t, c), session.Expired, true)
		require.NotEmpty(t, replaced(t, c, session.Rejected))
	})
}

func TestResetEndsDoubtsAboutClocks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := cache(&server{life: time.Hour})
		require.NotEmpty(t, replaced(t, c, session.Expired))
		c.Replayed(in(t, c), session.Expired, false)
		require.Empty(t, replaced(t, c, session.Expired))
		c.Reset()
		require.NotEmpty(t, replaced(t, c, session.Expired))
	})
}

func TestAcceptedTokenEndsTheWaitAfterRejectedOnes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := cache(&server{})
		c.Accepted() // of nothing
		require.NotEmpty(t, replaced(t, c, session.Rejected))
		c.Replayed(in(t, c), session.Rejected, false)
		require.Empty(t, replaced(t, c, session.Rejected))
		c.Accepted()
		require.NotEmpty(t, replaced(t, c, session.Rejected))
		c.Replayed(in(t, c), session.Rejected, false)
		sleep(time.Second)
		require.NotEmpty(t, replaced(t, c, session.Rejected), "the wait is a second again")
	})
}

func TestTryGetNeverWaitsAndStartsTheRenewal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{life: 100 * time.Second, takes: time.Second}
		c := cache(s)
		try := func() string {
			t.Helper()
			began := time.Now()
			token := c.TryGet(t.Context(), time.Now())
			assert.Zero(t, time.Since(began))
			if token == nil {
				return ""
			}
			return token.Value
		}
		assert.Empty(t, try(), "there is none yet")
		sleep(time.Second)
		assert.Zero(t, s.asked.Load(), "a failure that nobody waits for would be lost")
		require.Equal(t, "t1", get(t, c))
		assert.Equal(t, "t1", try())

		sleep(83 * time.Second) // due
		assert.Equal(t, "t1", try())
		sleep(time.Second)
		assert.Equal(t, "t2", try())

		sleep(94*time.Second + 500*time.Millisecond) // the hard window: callers wait
		assert.Empty(t, try())
		sleep(time.Second)
		assert.Equal(t, "t3", try())

		s.fail.Store(&failure{error: assert.AnError})
		sleep(95 * time.Second)
		assert.Empty(t, try())
		sleep(time.Second)
		assert.Equal(t, "t3", try(), "what Get would fall back on without waiting")
		sleep(10 * time.Second)
		asked := s.asked.Load()
		assert.Empty(t, try(), "it has expired")
		sleep(time.Second) // lets the last one end
		assert.Equal(t, asked, s.asked.Load(), "a failure that nobody waits for would be lost")
	})
}

func TestSourceThatAsksItsOwnCacheDuringARenewalGetsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c *session.Cache[string]
		s, renewals := &server{life: time.Hour}, 0
		c = session.New(session.Config[string]{
			Classify: classify,
			Source: sourceFunc(func(ctx context.Context, old *session.Token[string], _ bool) (session.Grant[string], error) {
				if old != nil {
					renewals++
					assert.Nil(t, c.TryGet(ctx, time.Now()))
				}
				return s.get(ctx, old, false)
			}),
		})
		get(t, c)
		sleep(56 * time.Minute)
		get(t, c)
		synctest.Wait()
		assert.Equal(t, 1, renewals)
	})
}

func TestResetMakesASourceBelievedThatGivesTheSameTokenAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		c := session.New(session.Config[string]{
			Source: sourceFunc(func(context.Context, *session.Token[string], bool) (session.Grant[string], error) {
				asked++
				return session.Grant[string]{Value: "key"}, nil
			}),
			Classify: classify,
			Same:     func(rejected, next string) bool { return rejected == next },
		})
		get(t, c)
		c.Reset()
		get(t, c)
		require.NotEmpty(t, replaced(t, c, session.Rejected), "no 401 has met it since")
		assert.Equal(t, 3, asked)
	})
}

func TestATokenThatIsTheSameAsTheRejectedOneWaitsBeforeAnyCallUsesIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		key, asked := "old", 0
		c := session.New(session.Config[string]{
			Source: sourceFunc(func(context.Context, *session.Token[string], bool) (session.Grant[string], error) {
				asked++
				return session.Grant[string]{Value: key}, nil
			}),
			Classify: classify,
			Same:     func(rejected, next string) bool { return rejected == next },
		})
		for _, wait := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
			require.Equal(t, "old", replaced(t, c, session.Rejected))
			require.Empty(t, replaced(t, c, session.Rejected), "nobody has used the new one yet")
			sleep(wait - time.Millisecond)
			require.Empty(t, replaced(t, c, session.Rejected))
			sleep(time.Millisecond)
		}
		assert.Equal(t, 4, asked)
		key = "new"
		require.Equal(t, "new", replaced(t, c, session.Rejected))
		key = "newer"
		require.Equal(t, "newer", replaced(t, c, session.Rejected), "a change ends the wait")
	})
}
