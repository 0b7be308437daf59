package linkittest

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// The interval is tested from the inside, on synctest's clock.
func TestALimitIsFullAgainAnIntervalAfterItsFirstRequest(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		per     time.Duration
		waits   []time.Duration
		allowed []bool
	}{
		{3 * time.Second, []time.Duration{0, time.Second, 0, 1999 * time.Millisecond, time.Millisecond, 0, 0}, []bool{true, true, false, false, true, true, false}},
		// Whole seconds are counted: a window that began late in one ends early.
		{3 * time.Second, []time.Duration{900 * time.Millisecond, 0, 0, 2100 * time.Millisecond}, []bool{true, true, false, true}},
		{time.Second, []time.Duration{900 * time.Millisecond, 0, 0, 100 * time.Millisecond}, []bool{true, true, false, true}},
		{30 * time.Millisecond, []time.Duration{0, 0, 29 * time.Millisecond, time.Millisecond}, []bool{true, true, false, true}},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := limiter{limit: limit{most: 2, per: row.per}}
			var allowed []bool
			for _, wait := range row.waits {
				time.Sleep(wait) //nolint:forbidigo // on a fake clock
				allowed = append(allowed, l.allow(time.Now()))
			}
			assert.Equal(t, row.allowed, allowed)
		})
	}
}

func TestNoIntervalIsNoLimit(t *testing.T) {
	t.Parallel()
	var l limiter
	for range 1000 {
		assert.True(t, l.allow(time.Now()))
	}
	none := limiter{limit: limit{per: time.Hour}}
	assert.False(t, none.allow(time.Now()))
}
