package stock_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/examples/jobs/internal/stock"
)

func TestRunEndsWhenItIsToldToAndDoesNotCallThatAFailure(t *testing.T) {
	t.Parallel()
	reason := errors.New("told to stop")
	begin, stop := context.WithCancelCause(t.Context())
	b := newBench(t, sqliteFile(t), newShop(t, func(r *request) effect {
		if r.number == 3 {
			stop(reason)
		}
		return effect{}
	}), 1, 4)
	engine, _ := b.engine(stock.Options{BatchSize: 2, Shards: 1, Workers: 1})
	passes := 0
	require.NoError(t, engine.Run(begin, t.Context(), time.Millisecond, func(s stock.Summary, err error) {
		passes++
		require.NoError(t, err)
		assert.Equal(t, 4, s.Sent)
		b.exec(`UPDATE stock SET qty = 5`)
	}))
	assert.Equal(t, 1, passes, "the second is cut off")
	assert.Equal(t, 2, b.count("SELECT count(*) FROM linkit_sent WHERE qty = 5"), "what was in flight is written down")
	assert.Zero(t, b.count("SELECT count(*) FROM linkit_inflight"))

	require.NoError(t, engine.Run(begin, t.Context(), time.Millisecond, func(stock.Summary, error) {
		assert.Fail(t, "no pass was made")
	}))
	_, err := engine.Once(begin, t.Context())
	require.ErrorIs(t, err, reason)
}

func TestAnEnginesDefaultsAreTheDocumentedOnes(t *testing.T) {
	t.Parallel()
	b := newBench(t, sqliteFile(t), newShop(t, nil), 1, 2001)
	state, err := stock.OpenState(t.Context(), b.dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = state.Close() })
	c, err := client(b.shop.URL)
	require.NoError(t, err)
	engine, err := stock.New(t.Context(), b.source(stock.DefaultQuery), state, stock.Options{SKUs: c.SKUs})
	require.NoError(t, err)
	got := engine.Options
	got.SKUs, got.Log = nil, nil
	assert.Equal(t, stock.Options{
		Mode: linkit.BulkUpsert, Shards: 16, Workers: 8, Timeout: 30 * time.Second, Grace: 5 * time.Second, BatchSize: 1000,
	}, got)
	windows := make(chan int, 3)
	b.shop.decide = func(*request) effect {
		windows <- b.count("SELECT CAST(round(deadline - unixepoch('subsec')) AS integer) FROM linkit_inflight LIMIT 1")
		return effect{}
	}
	summary := b.once(engine)
	assert.Equal(t, 3, summary.Requests)
	longest := max(<-windows, <-windows, <-windows)
	assert.InDelta(t, 35, longest, 1, "nobody sends its records for so long if it is orphaned")
}

func TestAPassBeginsWithTheRowsThatTheSourceHas(t *testing.T) {
	t.Parallel()
	b := newBench(t, sqliteFile(t), newShop(t, nil), 2, 10)
	var rows atomic.Int64
	engine, _ := b.engine(stock.Options{Begin: func(n int) { rows.Store(int64(n)) }})
	b.once(engine)
	assert.EqualValues(t, 20, rows.Load())
	b.exec(`DELETE FROM stock WHERE branch = 'B1'`)
	assert.Equal(t, 10, b.once(engine).Gone)
	assert.EqualValues(t, 10, rows.Load())
}
