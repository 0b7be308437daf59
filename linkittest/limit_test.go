package linkittest

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// The interval is tested from the inside, on synctest's clock.
func TestALimitIsFullAgainAnIntervalAfterTheLastAllowedRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := limiter{limit: limit{most: 2, per: 3 * time.Second}}
		var allowed []bool
		for _, wait := range []time.Duration{0, time.Second, 0, 2 * time.Second, 999 * time.Millisecond, time.Millisecond, 0, 0} {
			time.Sleep(wait) //nolint:forbidigo // on a fake clock
			allowed = append(allowed, l.allow(time.Now()))
		}
		assert.Equal(t, []bool{true, true, false, false, false, true, true, false}, allowed)
	})
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
