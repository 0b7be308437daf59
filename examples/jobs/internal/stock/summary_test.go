package stock_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

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

func TestAShardThatIsReadOnceMoreCountsWhatWasSentBefore(t *testing.T) {
	t.Parallel()
	soon := time.Now()
	for name, row := range map[string]struct{ again, before, want stock.Summary }{
		"the rest is sent": {
			stock.Summary{Rows: 9, Records: 9, Unchanged: 6, Sent: 2, Rejected: 1, Gone: 3, Requests: 1, RecordsSent: 2},
			stock.Summary{Rows: 8, Records: 8, Unchanged: 2, Sent: 4, Waiting: 2, Gone: 1, Requests: 3, RecordsSent: 7, NextDue: soon},
			stock.Summary{Rows: 9, Records: 9, Unchanged: 2, Sent: 6, Rejected: 1, Gone: 3, Requests: 4, RecordsSent: 9},
		},
		"nothing was sent": {
			stock.Summary{Records: 2, Unchanged: 1, Waiting: 1, NextDue: soon}, stock.Summary{Busy: 1},
			stock.Summary{Records: 2, Unchanged: 1, Waiting: 1, NextDue: soon},
		},
		"what was sent has changed": {
			stock.Summary{Records: 3, Sent: 3, Requests: 1, RecordsSent: 3}, stock.Summary{Records: 3, Sent: 3, Requests: 1, RecordsSent: 3},
			stock.Summary{Records: 3, Sent: 3, Requests: 2, RecordsSent: 6},
		},
		"another process has it": {
			stock.Summary{Busy: 1}, stock.Summary{Records: 8, Unchanged: 2, Sent: 4, Waiting: 2, Requests: 3, RecordsSent: 7, NextDue: soon},
			stock.Summary{Records: 8, Unchanged: 2, Sent: 4, Waiting: 2, Busy: 1, Requests: 3, RecordsSent: 7, NextDue: soon},
		},
	} {
		assert.Equal(t, row.want, stock.After(row.again, row.before), name)
	}
}

func TestASummaryIsLoggedWhole(t *testing.T) {
	t.Parallel()
	s := stock.Summary{
		Records: 1, Unchanged: 2, Sent: 3, Rejected: 4, Waiting: 5, Failed: 6, Gone: 7, Busy: 8, Requests: 9, RecordsSent: 10,
	}
	assert.Equal(t, "[records=1 unchanged=2 sent=3 rejected=4 waiting=5 failed=6 gone=7 busy_shards=8 requests=9 records_in_requests=10]",
		s.LogValue().String())
	v := stock.Verified{SKUs: 1, Differing: 2, Missing: 3, Complete: true}
	assert.Equal(t, "[skus=1 differing=2 missing=3 complete=true]", v.LogValue().String())
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
