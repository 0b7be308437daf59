package stock_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/examples/jobs/internal/stock"
)

func TestAShardIsInSyncOnlyIfNothingIsLeftToDo(t *testing.T) {
	t.Parallel()
	for _, s := range []stock.Summary{{}, {Records: 7, Unchanged: 3, Sent: 2, Rejected: 2, Gone: 1, Requests: 1}} {
		assert.True(t, s.InSync(), "%+v", s)
	}
	for _, s := range []stock.Summary{{Busy: 1}, {Waiting: 1}, {Failed: 1}, {Waiting: 1, Failed: 1}, {Busy: 1, Failed: 1}, {Busy: 1, Waiting: 1}} {
		assert.False(t, s.InSync(), "%+v", s)
	}
}

func TestAPassNamesAFewErrorsAndThoseFirstThatEndTheRun(t *testing.T) {
	t.Parallel()
	require.NoError(t, stock.FirstErrors())
	var errs []error
	for shard := range 5 {
		errs = append(errs, fmt.Errorf("shard %d: %w", shard, errors.New("reset")))
		if shard == 3 {
			errs[shard] = fmt.Errorf("shard 3: %w", linkit.ErrLogin)
		}
	}
	require.EqualError(t, stock.FirstErrors(errs[:3]...), "shard 0: reset\nshard 1: reset\nshard 2: reset")
	all := stock.FirstErrors(errs...)
	require.ErrorIs(t, all, linkit.ErrLogin)
	assert.Equal(t, "shard 3: "+linkit.ErrLogin.Error()+"\nshard 0: reset\nshard 1: reset\nand 2 more shards failed", all.Error())
}
