package session

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hourly is a source of tokens of an hour that counts them.
type hourly struct{ fetched int }

func (h *hourly) Fetch(context.Context, *Token[time.Time], bool) (Grant[time.Time], error) {
	h.fetched++
	return Grant[time.Time]{Value: time.Now(), Asked: time.Now(), Life: time.Hour}, nil
}

// setWallClock moves the wall clock under the token in hand, as an administrator does: the monotonic
// clock goes on.
func setWallClock(c *Cache[time.Time], by time.Duration) {
	token := *c.current.Load()
	token.wall -= int64(by)
	token.renewWall -= int64(by)
	c.current.Store(&token)
}

// A wall clock that is set back adds no sign-in and prolongs no token's life; one that is set
// forward costs a sign-in at most.
func TestYearOfWallClocksThatAreSetCostsNoTokenItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := new(hourly)
		c := New(Config[time.Time]{Source: source})
		const days, hours = 365, 24
		forward := 0
		for hour := range days * hours {
			if hour > 0 {
				switch hour % (7 * hours) { // once a week each
				case 1:
					setWallClock(c, -time.Hour) // the end of daylight saving, for who keeps local time
				case 50:
					setWallClock(c, -30*24*time.Hour)
				case 100:
					setWallClock(c, time.Hour)
					forward++
				case 150:
					setWallClock(c, -time.Second)
				}
			}
			for range 12 {
				time.Sleep(5 * time.Minute) //nolint:forbidigo // virtual time
				token, err := c.Get(t.Context(), time.Now())
				require.NoError(t, err)
				require.Less(t, time.Since(token.Value), time.Hour, "an ended token")
			}
		}
		assert.LessOrEqual(t, source.fetched, days*hours*5/4+1+forward)
		require.NoError(t, c.Close())
	})
}
