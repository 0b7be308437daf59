package stock_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/examples/jobs/internal/database/failing"
	"github.com/linkit-go/linkit/examples/jobs/internal/stock"
	"github.com/linkit-go/linkit/internal/servers/pgtest"
)

// meddle changes SKUs at the shop behind stocksync's back: three differ, two are gone, one is new.
func (s *shop) meddle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range []string{"P1_B0", "P2_B1", "P3_B2"} {
		i := s.skus[key]
		i.Qty = new(int64(999))
		s.skus[key] = i
	}
	delete(s.skus, "P4_B0")
	delete(s.skus, "P5_B1")
	s.skus["theirs"] = item{IvID: "theirs", Branch: "B0", Qty: new(int64(1))}
}

func TestVerifyHealsWhatDiffersAtLinkit(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		b := newBench(t, dsn, newShop(t, nil), 3, 700)
		engine, _ := b.engine(stock.Options{})
		b.once(engine)
		b.shop.meddle()
		assert.Zero(t, b.once(engine).Requests, "it isn't seen without -verify")

		verified, err := engine.Verify(t.Context(), t.Context())
		require.NoError(t, err)
		assert.Equal(t, stock.Verified{SKUs: 2099, Differing: 3, Missing: 2, Complete: true}, verified)
		healed := b.once(engine)
		assert.Equal(t, 5, healed.Sent)
		assert.Equal(t, 5, healed.RecordsSent)
		assert.Equal(t, 1, healed.Gone, "what only Linkit has is counted, and stays")
		b.requireInSync()
		assert.NotEmpty(t, b.shop.get("theirs"))

		verified, err = engine.Verify(t.Context(), t.Context())
		require.NoError(t, err)
		assert.Equal(t, stock.Verified{SKUs: 2101, Complete: true}, verified)
		assert.Zero(t, b.once(engine).Requests)
	})
}

func TestVerifyBeforeTheFirstPushSavesWhatIsEqual(t *testing.T) {
	t.Parallel()
	b := newBench(t, sqliteFile(t), newShop(t, nil), 2, 100)
	engine, state := b.engine(stock.Options{})
	b.once(engine)
	require.NoError(t, state.Close())
	for _, table := range []string{"linkit_sent", "linkit_rejected", "linkit_inflight", "linkit_shards"} {
		b.exec("DROP TABLE " + table)
	}
	b.exec(`UPDATE stock SET price = 1 WHERE product = 'P9'`)
	engine, _ = b.engine(stock.Options{})
	_, err := engine.Verify(t.Context(), t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2, b.once(engine).Sent)
}

func TestAListThatEndsEarlyMakesNothingMissing(t *testing.T) {
	t.Parallel()
	b := newBench(t, sqliteFile(t), newShop(t, nil), 3, 100)
	engine, _ := b.engine(stock.Options{})
	b.once(engine)
	b.shop.meddle()
	b.shop.listFail = 3
	verified, err := engine.Verify(t.Context(), t.Context())
	require.Error(t, err)
	assert.Equal(t, stock.Verified{SKUs: 200, Differing: 3}, verified)
	assert.Equal(t, 3, b.once(engine).Sent)
	assert.ElementsMatch(t, []string{"P4_B0", "P5_B1"}, b.differing())
	b.shop.listFail = 0
	_, err = engine.Verify(t.Context(), t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2, b.once(engine).Sent)
	b.requireInSync()
}

// listed is a list of so many SKUs.
type listed int

func (listed) Bulk(context.Context, linkit.BulkMode, []linkit.SKUParams) (*linkit.BulkResult, error) {
	return nil, errors.ErrUnsupported
}

func (n listed) All(context.Context, *linkit.SKUListParams) iter.Seq2[linkit.SKU, error] {
	return func(yield func(linkit.SKU, error) bool) {
		for i := range int(n) {
			if !yield(linkit.SKU{IvID: fmt.Sprint("S", i), BranchIvID: "B0"}, nil) {
				return
			}
		}
	}
}

func TestVerifyWritesDownEachSKUOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, sqliteFile(t), newShop(t, nil), 1, 1)
	engine, state := b.engine(stock.Options{SKUs: listed(2500)})
	before, err := state.Changes(t.Context())
	require.NoError(t, err)
	verified, err := engine.Verify(t.Context(), t.Context())
	require.NoError(t, err)
	assert.Equal(t, stock.Verified{SKUs: 2500, Complete: true}, verified)
	after, err := state.Changes(t.Context())
	require.NoError(t, err)
	assert.InDelta(t, 2*2500, after-before, 10, "what was seen, and that it is there now")
	assert.Equal(t, 2500, b.count("SELECT count(*) FROM linkit_sent"))
}

func TestVerifyEndsAtAPageThatCannotBeWrittenDown(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		b := newBench(t, dsn, newShop(t, nil), 1, 1)
		state, err := stock.OpenState(t.Context(), dsn)
		require.NoError(t, err)
		t.Cleanup(func() { _ = state.Close() })
		source := b.source(stock.DefaultQuery)
		engine := b.engineOf(source, state, stock.Options{SKUs: listed(1500), Shards: 1})
		faults := new(failing.Faults)
		stock.Fail(faults, state, source)
		for n := 1; ; n++ { // up to the first page's
			faults.Arm(n)
			_, err = engine.Verify(t.Context(), t.Context())
			require.ErrorIs(t, err, failing.Err)
			if faults.Disarm() == "BEGIN" {
				break
			}
		}
		assert.Zero(t, b.count("SELECT count(*) FROM linkit_sent"))
	})
}

func TestVerifyWaitsForTheShardsAndMayBeStoppedMeanwhile(t *testing.T) {
	t.Parallel()
	release, arrived := make(chan struct{}), make(chan struct{}, 1)
	b := newBench(t, pgtest.Shared(t).Database(t), newShop(t, func(*request) effect {
		arrived <- struct{}{}
		return effect{wait: release}
	}), 1, 1)
	working, _ := b.engine(stock.Options{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.once(working)
	}()
	<-arrived
	verifying, _ := b.engine(stock.Options{})
	begin, stop := context.WithCancelCause(t.Context())
	reason := errors.New("told to stop")
	stop(reason)
	_, err := verifying.Verify(begin, t.Context())
	require.ErrorIs(t, err, reason)
	close(release)
	verified, err := verifying.Verify(t.Context(), t.Context())
	require.NoError(t, err)
	assert.Equal(t, stock.Verified{SKUs: 1, Complete: true}, verified)
	<-done
}

func TestDifferencesAreWhatAPassWouldSend(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		b := newBench(t, dsn, newShop(t, nil), 2, 50)
		differences := func() (stock.Summary, []stock.Difference) {
			state, err := stock.OpenStateReadOnly(t.Context(), dsn)
			require.NoError(t, err)
			defer func() { require.NoError(t, state.Close()) }()
			var list []stock.Difference
			summary, err := stock.Differences(t.Context(), b.source(stock.DefaultQuery), state, func(d stock.Difference) error {
				list = append(list, d)
				return nil
			})
			require.NoError(t, err)
			requireSum(t, &summary)
			return summary, list
		}
		summary, list := differences()
		assert.Equal(t, 100, summary.Waiting)
		assert.Len(t, list, 100)
		assert.Nil(t, list[0].Old, "everything is new")
		_, err := b.db.ExecContext(t.Context(), "SELECT 1 FROM linkit_sent")
		require.Error(t, err, "no table was made")

		engine, _ := b.engine(stock.Options{})
		b.once(engine)
		b.exec(`UPDATE stock SET qty = 6 WHERE product = 'P7' AND branch = 'B1'`)
		summary, list = differences() // beside a process that works
		assert.Equal(t, 99, summary.Unchanged)
		require.Len(t, list, 1)
		assert.Equal(t, stock.Key{Branch: "B1", SKU: "P7_B1"}, list[0].Key)
		assert.Equal(t, "qty 1, price 7.32, cost 0.1, available true, product P7", list[0].Old.String())
		assert.Equal(t, "qty 6, price 7.32, cost 0.1, available true, product P7", list[0].New.String())
		assert.Equal(t, int64(1), *b.shop.get("P7_B1").Qty, "nothing was sent")
		assert.Equal(t, 1, b.once(engine).Sent)

		b.exec(`UPDATE stock SET price = 'NaN' WHERE product = 'P8' AND branch = 'B1'`)
		summary, list = differences()
		assert.Equal(t, 1, summary.Rejected)
		require.Len(t, list, 1)
		assert.Contains(t, list[0].Reason, "price", "it can't be sent")
		assert.Equal(t, 1, b.once(engine).Rejected)
		summary, list = differences()
		assert.Equal(t, 1, summary.Rejected)
		assert.Empty(t, list, "a rejection that is known isn't a difference")
		b.exec(`DELETE FROM stock WHERE product IN ('P8', 'P9')`)
		summary, list = differences()
		assert.Equal(t, 4, summary.Gone)
		assert.Empty(t, list)
	})
}

// differences returns what a pass over a query would send, as texts that are made after the last.
func (b *bench) differences(state *stock.State, query string) (lines []string) {
	b.t.Helper()
	var all []stock.Difference
	_, err := stock.Differences(b.t.Context(), b.source(query), state, func(d stock.Difference) error {
		all = append(all, d)
		return nil
	})
	require.NoError(b.t, err)
	for _, d := range all {
		lines = append(lines, d.SKU+": "+d.Old.String()+" -> "+d.New.String())
	}
	return lines
}

func TestDifferencesShowWhatIsKnown(t *testing.T) {
	t.Parallel()
	const key = "SELECT product || '_' || branch AS sku, "
	b := newBench(t, sqliteFile(t), newShop(t, nil), 1, 2)
	state, err := stock.OpenState(t.Context(), b.dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = state.Close() })
	b.once(b.engineOf(b.source(key+"qty FROM stock"), state, stock.Options{}))
	b.exec(`UPDATE stock SET qty = qty + 4 + (product = 'P1')`)
	assert.Equal(t, []string{
		"P0_B0: qty 1 -> qty 5, price 7.25, available true",
		"P1_B0: qty 1 -> qty 6, price 7.26, available true",
	}, b.differences(state, key+"qty, price, available FROM stock"))

	b.once(b.engineOf(b.source(key+"qty, price, cost, available FROM stock"), state, stock.Options{}))
	b.exec(`UPDATE stock SET qty = NULL, cost = 2 + qty / 10.0, available = (product = 'P1')`)
	assert.Equal(t, []string{
		"P0_B0: qty 5, price 7.25, cost 0.1, available true -> cost 2.5, available false",
		"P1_B0: qty 6, price 7.26, cost 0.1, available true -> cost 2.6, available true",
	}, b.differences(state, key+"qty, cost, available FROM stock"))

	enough := errors.New("enough")
	_, err = stock.Differences(t.Context(), b.source(stock.DefaultQuery), state, func(stock.Difference) error { return enough })
	require.ErrorIs(t, err, enough)
}
