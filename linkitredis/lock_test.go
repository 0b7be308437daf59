package linkitredis_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/linkitredis"
)

func TestOneHoldsALockAtATime(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	var held, turns atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		store := linkitredis.New(r.client())
		wg.Go(func() {
			unlock, err := store.Lock(t.Context(), "k")
			if !assert.NoError(t, err) {
				return
			}
			assert.Equal(t, int32(1), held.Add(1))
			turns.Add(1)
			held.Add(-1)
			unlock()
		})
	}
	wg.Wait()
	assert.Equal(t, int32(8), turns.Load())
	left, err := r.client().Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	assert.Empty(t, left, "released, not left to expire")
}

func TestLocksOfTwoKeysAreApart(t *testing.T) {
	t.Parallel()
	store := linkitredis.New(startRedis(t).client())
	first, err := store.Lock(t.Context(), "a")
	require.NoError(t, err)
	second, err := store.Lock(t.Context(), "b")
	require.NoError(t, err)
	first()
	second()
}

func TestWaitForALockEndsWithItsContext(t *testing.T) {
	t.Parallel()
	store := linkitredis.New(startRedis(t).client())
	unlock, err := store.Lock(t.Context(), "k")
	require.NoError(t, err)
	defer unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err = store.Lock(ctx, "k")
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestLockOutlivesItsCallersContext(t *testing.T) {
	t.Parallel()
	client := startRedis(t).client()
	store := linkitredis.New(client)
	store.SetLease(600 * time.Millisecond)
	ctx, cancel := context.WithCancel(t.Context())
	unlock, err := store.Lock(ctx, "k")
	require.NoError(t, err)
	cancel()
	holder, err := client.Get(t.Context(), "linkit:lock:k").Result()
	require.NoError(t, err)
	waiting, stop := context.WithTimeout(t.Context(), 2*time.Second) // several leases
	defer stop()
	_, err = store.Lock(waiting, "k")
	require.ErrorIs(t, err, context.DeadlineExceeded, "it was extended")
	still, err := client.Get(t.Context(), "linkit:lock:k").Result()
	require.NoError(t, err)
	assert.Equal(t, holder, still)
	unlock()
	assert.Zero(t, client.Exists(t.Context(), "linkit:lock:k").Val())
}

func TestLeaseIsTenSeconds(t *testing.T) {
	t.Parallel()
	client := startRedis(t).client()
	unlock, err := linkitredis.New(client).Lock(t.Context(), "k")
	require.NoError(t, err)
	defer unlock()
	lease := client.PTTL(t.Context(), "linkit:lock:k").Val()
	assert.LessOrEqual(t, lease, 10*time.Second)
	assert.Greater(t, lease, 5*time.Second)
}

func TestUnlockLeavesALockThatAnotherHas(t *testing.T) {
	t.Parallel()
	client := startRedis(t).client()
	var log syncBuffer
	store := linkitredis.New(client, withLog(&log))
	unlock, err := store.Lock(t.Context(), "k")
	require.NoError(t, err)
	require.NoError(t, client.Set(t.Context(), "linkit:lock:k", "another's", time.Minute).Err())
	unlock()
	assert.Equal(t, "another's", client.Get(t.Context(), "linkit:lock:k").Val())

	unlock, err = store.Lock(t.Context(), "gone")
	require.NoError(t, err)
	require.NoError(t, client.Del(t.Context(), "linkit:lock:gone").Err())
	unlock()
	again, err := store.Lock(t.Context(), "gone")
	require.NoError(t, err)
	unlock() // a second time: nothing
	assert.Equal(t, int64(1), client.Exists(t.Context(), "linkit:lock:gone").Val())
	again()
	assert.Empty(t, log.String(), "none of it is Redis' failure")
}

func TestLockIsGivenBackOnceRedisIsThereAgain(t *testing.T) {
	t.Parallel()
	m, client, _ := stoppedClock(t)
	store := linkitredis.New(client, linkitredis.WithLogger(nil))
	unlock, err := store.Lock(t.Context(), "k")
	require.NoError(t, err)
	require.NotEmpty(t, m.Keys())
	m.SetError("LOADING Redis is loading the dataset in memory")
	unlock() // doesn't wait for it
	m.SetError("")
	require.Eventually(t, func() bool { return len(m.Keys()) == 0 }, 20*time.Second, 10*time.Millisecond,
		"it would hold others up for the rest of its lease")
}
