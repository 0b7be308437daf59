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

func TestRenewalThatFailsAfterTheTokensEndDoesNotBringItBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{life: 100 * time.Second}
		c := cache(s)
		get(t, c)
		s.takes = 5 * time.Second
		s.fail.Store(&failure{error: errors.New("down")})
		sleep(96 * time.Second)
		_, err := c.Get(t.Context(), time.Now()) // the renewal fails a second after the token's end
		require.ErrorContains(t, err, "down")
		_, err = c.Get(t.Context(), time.Now())
		require.ErrorContains(t, err, "down")
	})
}

func TestCloseWaitsForARunThatResetLeftBehind(t *testing.T) {
	t.Parallel()
	for name, another := range map[string]bool{"alone": false, "and another one that waits for it": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { closeWithARunLeftBehind(t, another) })
		})
	}
}

func closeWithARunLeftBehind(t *testing.T, another bool) {
	t.Helper()
	var ended time.Time
	c := session.New(
		session.Config[string]{
			Classify: classify,
			Source: sourceFunc(func(ctx context.Context, _ *session.Token[string], _ bool) (session.Grant[string], error) {
				<-ctx.Done()
				time.Sleep(2 * time.Second) //nolint:forbidigo // virtual time
				ended = time.Now()
				return session.Grant[string]{}, ctx.Err()
			}),
		},
	)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := c.Get(ctx, time.Now())
	require.ErrorIs(t, err, context.DeadlineExceeded)
	c.Reset()
	if another {
		go func() {
			_, err := c.Get(t.Context(), time.Now())
			assert.ErrorIs(t, err, session.ErrClosed)
		}()
		synctest.Wait()
	}
	began := time.Now()
	require.NoError(t, c.Close())
	assert.False(t, ended.IsZero(), "the run goes on after Close")
	assert.Equal(t, 2*time.Second, time.Since(began))
}

func TestFirstTokenThatCannotBeHadIsNoFailedRenewal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		told := 0
		s := &server{life: time.Minute}
		s.fail.Store(&failure{error: errors.New("down")})
		c := session.New(
			session.Config[string]{
				Source:        sourceFunc(s.get),
				Classify:      classify,
				RenewalFailed: func(context.Context, error) { told++ },
			},
		)
		_, err := c.Get(t.Context(), time.Now())
		require.Error(t, err)
		assert.Zero(t, told)

		s.fail.Store(nil)
		sleep(time.Second)
		get(t, c)
		s.fail.Store(&failure{error: errors.New("down")})
		sleep(2 * time.Minute) // past its end, there is nothing to renew
		_, err = c.Get(t.Context(), time.Now())
		require.Error(t, err)
		assert.Zero(t, told)
	})
}
