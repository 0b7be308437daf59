package session

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEitherClockEndsAToken(t *testing.T) {
	t.Parallel()
	c := New(Config[string]{})
	now := time.Now()
	token := c.install(Grant[string]{Value: "t", Asked: now, Life: time.Hour}, now)
	assert.True(t, token.fresh(now))
	assert.False(t, token.Expired(now.Add(59*time.Minute)))

	slept := *token // as after two hours of a suspended machine, in which the monotonic clock stood still
	slept.wall -= int64(2 * time.Hour)
	slept.renewWall -= int64(2 * time.Hour)
	assert.False(t, slept.fresh(now))
	assert.True(t, slept.Expired(now))

	setBack := *token // as after the wall clock was set back by two hours
	setBack.wall += int64(2 * time.Hour)
	setBack.renewWall += int64(2 * time.Hour)
	assert.False(t, setBack.fresh(now.Add(time.Hour)))
	assert.True(t, setBack.Expired(now.Add(time.Hour)))
}

func TestFleetStartedTogetherDoesNotRenewTogether(t *testing.T) {
	t.Parallel()
	earliest, latest := time.Duration(0), time.Hour
	for range 1000 {
		early, _ := windows(time.Hour)
		earliest, latest = max(earliest, early), min(latest, early)
	}
	assert.LessOrEqual(t, earliest, 5*time.Minute)
	assert.Greater(t, earliest, 295*time.Second)
	assert.GreaterOrEqual(t, latest, 4*time.Minute, "a fifth less at most")
	assert.Less(t, latest, 245*time.Second)
}

func TestTokenInHandTakesNoLock(t *testing.T) {
	t.Parallel()
	c := New(Config[string]{})
	now := time.Now()
	token := c.install(Grant[string]{Value: "t", Asked: now, Life: time.Hour}, now)
	c.mu.Lock()
	defer c.mu.Unlock()
	got, err := c.Get(t.Context(), now) // would never return
	require.NoError(t, err)
	assert.Same(t, token, got)
	assert.Same(t, token, c.TryGet(t.Context(), now))
}

// As by a caller that found none, or a due one, while another caller's was on its way.
func TestTokenThatCameMeanwhileIsNotFetchedAgain(t *testing.T) {
	t.Parallel()
	c := New(Config[string]{})
	now := time.Now()
	token := c.install(Grant[string]{Value: "t", Asked: now, Life: time.Hour}, now)
	got, run, err := c.tokenOrFlight(t.Context(), now) // a run would panic: there is no source
	require.NoError(t, err)
	assert.Same(t, token, got)
	assert.Nil(t, run)
	assert.Zero(t, c.running)
}
