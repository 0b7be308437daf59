package stock

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// Processes of two versions must agree, and so must a process and the state it has left.
func TestABranchStaysInItsShard(t *testing.T) {
	t.Parallel()
	shards := map[int]int{}
	for i := range 1000 {
		shards[shardOf(fmt.Sprint("B", i), 16)]++
	}
	assert.Len(t, shards, 16)
	for shard, branches := range shards {
		assert.InDelta(t, 1000/16, branches, 40, shard)
	}
	for branch, shard := range map[string]int{"": 5, "B0": 15, "RUH-01": 4, "الرياض": 14} {
		assert.Equal(t, shard, shardOf(branch, 16), branch)
	}
}

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
