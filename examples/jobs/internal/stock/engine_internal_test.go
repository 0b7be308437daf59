package stock

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestTheNextPassOfAShardIsAsSoonAsItHelps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, row := range []struct {
			summary Summary
			want    time.Duration
		}{
			{Summary{Busy: 1}, 500 * time.Millisecond},
			{Summary{Busy: 1, NextDue: time.Now().Add(time.Hour)}, 500 * time.Millisecond},
			{Summary{NextDue: time.Now().Add(time.Hour)}, time.Hour + 10*time.Millisecond},
			{Summary{NextDue: time.Now().Add(-time.Hour)}, 10 * time.Millisecond},
		} {
			assert.Equal(t, row.want, untilNext(row.summary))
		}
	})
}
