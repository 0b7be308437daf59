package linkitredis

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestALockIsTakenOnceAndOnlyThenMayHaveBeen(t *testing.T) {
	t.Parallel()
	m := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: m.Addr(), MaxRetries: -1})
	t.Cleanup(func() { _ = client.Close() })

	first := &lockPool{client: client}
	taken, err := first.take(t.Context(), "lock", "mine", time.Minute)
	require.NoError(t, err)
	assert.True(t, taken)
	assert.True(t, first.sent.Load())
	held, err := m.Get("lock")
	require.NoError(t, err)
	assert.Equal(t, "mine", held)
	assert.Equal(t, time.Minute, m.TTL("lock"))

	second := &lockPool{client: client}
	taken, err = second.take(t.Context(), "lock", "another's", time.Minute)
	require.NoError(t, err)
	assert.False(t, taken)
	assert.False(t, second.sent.Load(), "there is nothing to give back")
	held, err = m.Get("lock")
	require.NoError(t, err)
	assert.Equal(t, "mine", held)

	m.SetError("LOADING")
	third := &lockPool{client: client}
	taken, err = third.take(t.Context(), "other", "mine", time.Minute)
	require.Error(t, err)
	assert.False(t, taken)
	assert.False(t, third.sent.Load())
}
