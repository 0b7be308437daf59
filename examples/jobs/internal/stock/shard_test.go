package stock_test

import (
	"context"
	"errors"
	"iter"
	"math"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/examples/jobs/internal/stock"
)

func TestASourceThatFailsHalfwayFailsThePassAndLosesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t, sqliteFile(t), newShop(t, nil), 1, 100)
	engine, state := b.engine(stock.Options{Shards: 1})
	b.once(engine)
	b.exec(`UPDATE stock SET qty = 2`)
	b.orphan("1", 0, `{"B0":["P99_B0"]}`)
	c, err := client(b.shop.URL)
	require.NoError(t, err)
	failing := b.source(`SELECT product, branch, CASE product WHEN 'P50' THEN abs(-9223372036854775808) ELSE qty END AS qty,
		price, cost, available FROM stock`)
	broken, err := stock.New(t.Context(), failing, state, stock.Options{SKUs: c.SKUs, Shards: 1, BatchSize: 10})
	require.NoError(t, err)
	for name, pass := range map[string]func(begin, finish context.Context) (stock.Summary, error){
		"a pass": broken.Pass, "until in sync": broken.Once,
	} {
		summary, err := pass(t.Context(), t.Context())
		require.ErrorContains(t, err, "integer overflow", name)
		requireSum(t, &summary)
		assert.Less(t, summary.Records, 100, name)
	}
	assert.Equal(t, 1, b.count("SELECT count(*) FROM linkit_inflight"), "the record wasn't read")
	b.once(engine)
	b.requireInSync()
	assert.Zero(t, b.count("SELECT count(*) FROM linkit_inflight"))
}

func TestRecordsThatWaitSayUntilWhen(t *testing.T) {
	t.Parallel()
	b := newBench(t, sqliteFile(t), newShop(t, nil), 1, 10)
	engine, _ := b.engine(stock.Options{Shards: 1})
	b.once(engine)
	b.exec(`UPDATE stock SET qty = 2 WHERE product = 'P1'`)
	open := func(id, sku string, seconds int) {
		b.exec(`INSERT INTO linkit_inflight (id, shard, records, deadline) VALUES ($1, 0, $2, unixepoch('subsec') + $3)`,
			id, `{"B0":["`+sku+`"]}`, seconds)
	}
	open("1", "P1_B0", 2000)
	open("2", "P1_B0", 3000)
	for i, want := range []time.Duration{3000 * time.Second, 1000 * time.Second} {
		summary, err := engine.Pass(t.Context(), t.Context())
		require.NoError(t, err)
		requireSum(t, &summary)
		assert.False(t, summary.InSync())
		assert.Equal(t, i+1, summary.Waiting)
		assert.WithinDuration(t, time.Now().Add(want), summary.NextDue, time.Minute)
		if i == 0 {
			b.exec(`UPDATE stock SET qty = 2 WHERE product = 'P2'`)
			open("3", "P2_B0", 1000)
		}
	}
}

func TestRunMakesAPassAsSoonAsARecordNeedNotWait(t *testing.T) {
	t.Parallel()
	b := newBench(t, sqliteFile(t), newShop(t, nil), 1, 10)
	engine, _ := b.engine(stock.Options{Shards: 1})
	b.once(engine)
	b.exec(`UPDATE stock SET qty = 2 WHERE product = 'P1'`)
	b.exec(`INSERT INTO linkit_inflight (id, shard, records, deadline)
		VALUES ('1', 0, '{"B0":["P1_B0"]}', unixepoch('subsec') + 0.5)`)
	begin, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	waited, passes := 0, 0
	require.NoError(t, engine.Run(begin, t.Context(), time.Hour, func(s stock.Summary, err error) {
		assert.NoError(t, err)
		waited += s.Waiting
		if passes++; s.Sent == 1 {
			stop()
		}
	}))
	assert.Equal(t, 2, passes)
	assert.Equal(t, 1, waited)
	b.requireInSync()
}

func TestProgressIsToldOfEachRecordOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, sqliteFile(t), nil, 3, 100)
	b.shop = newShop(t, func(r *request) effect {
		if r.items[0].Branch != "B1" {
			return effect{}
		}
		return effect{body: `{"success":true,"errors":[{"key":"P7_B1","error":"closed"}]}`, refuse: map[string]bool{"P7_B1": true}}
	})
	var begun, records, rejected atomic.Int64
	engine, _ := b.engine(stock.Options{
		BatchSize: 100,
		Begin:     func(rows int) { begun.Store(int64(rows)) },
		Progress: func(n, refused int) {
			records.Add(int64(n))
			rejected.Add(int64(refused))
		},
	})
	b.exec(`UPDATE stock SET qty = 'many' WHERE product = 'P8' AND branch = 'B1'`)
	for range 2 { // the second time, all are unchanged or rejected
		begun.Store(0)
		records.Store(0)
		rejected.Store(0)
		summary := b.once(engine)
		assert.Equal(t, 2, summary.Rejected)
		assert.EqualValues(t, 300, begun.Load())
		assert.EqualValues(t, 300, records.Load())
		assert.EqualValues(t, 2, rejected.Load())
	}
}

func TestAStateThatCannotBeOpenedSaysWhy(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	junk := filepath.Join(folder, "junk.db")
	require.NoError(t, os.WriteFile(junk, []byte("this is no database, however long it may be"), 0o600))
	for path, want := range map[string]string{
		junk: "not a database",
		filepath.Join(folder, "none", "state.db"): "state.db",
		"mysql://state": "mysql://",
	} {
		_, err := stock.OpenState(t.Context(), path)
		require.ErrorContains(t, err, want)
	}
	locked, clash := filepath.Join(folder, "locked.db"), filepath.Join(folder, "clash.db")
	require.NoError(t, os.Mkdir(locked+"-stocksync.lock", 0o700))
	_, err := stock.OpenState(t.Context(), locked)
	require.ErrorContains(t, err, "locked.db-stocksync.lock")
	require.NotErrorIs(t, err, stock.ErrLocked)
	newBench(t, clash, nil, 1, 1).exec("CREATE INDEX linkit_sent ON stock (sku)")
	for range 2 { // the first has given the lock back
		_, err = stock.OpenState(t.Context(), clash)
		require.ErrorContains(t, err, "make the tables of the state: ")
	}
	_, err = stock.OpenStateReadOnly(t.Context(), junk)
	require.ErrorContains(t, err, "not a database")
	_, err = stock.OpenStateReadOnly(t.Context(), filepath.Join(folder, "not yet.db"))
	require.NoError(t, err, "a dry run needs none")
}

// endless is a list that ends with its context.
type endless struct{ stop func() }

func (endless) Bulk(context.Context, linkit.BulkMode, []linkit.SKUParams) (*linkit.BulkResult, error) {
	return nil, errors.ErrUnsupported
}

func (e endless) All(ctx context.Context, _ *linkit.SKUListParams) iter.Seq2[linkit.SKU, error] {
	return func(yield func(linkit.SKU, error) bool) {
		if !yield(linkit.SKU{IvID: "P1_B0", ProductIvID: "P1", BranchIvID: "B0"}, nil) {
			return
		}
		e.stop()
		<-ctx.Done()
		yield(linkit.SKU{}, context.Cause(ctx))
	}
}

func TestVerifyEndsWhereItIsToldTo(t *testing.T) {
	t.Parallel()
	b := newBench(t, sqliteFile(t), newShop(t, nil), 1, 10)
	begin, stop := context.WithCancelCause(t.Context())
	reason := errors.New("told to stop")
	engine, _ := b.engine(stock.Options{SKUs: endless{func() { stop(reason) }}})
	verified, err := engine.Verify(begin, t.Context())
	require.ErrorIs(t, err, reason)
	assert.False(t, verified.Complete)
	assert.Zero(t, b.count("SELECT count(*) FROM linkit_sent"), "half a list says nothing")
}

func TestARequestThatWasAcknowledgedIsNotSentAgainAfterItsDeadline(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		b := newBench(t, dsn, newShop(t, func(r *request) effect { return effect{drop: r.number == 1} }), 1, 10)
		engine, _ := b.engine(stock.Options{Shards: 1})
		b.once(engine)
		assert.Equal(t, 1, b.count("SELECT count(*) FROM linkit_inflight WHERE acknowledged"), "its first attempt may be late")
		b.passDeadlines()
		assert.Zero(t, b.once(engine).Requests)
		assert.Zero(t, b.count("SELECT count(*) FROM linkit_inflight"))
	})
}

func TestARequestThatTakesTooLongSaysSo(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	b := newBench(t, sqliteFile(t), newShop(t, func(*request) effect { return effect{wait: release} }), 1, 10)
	defer close(release)
	engine, _ := b.engine(stock.Options{Timeout: 200 * time.Millisecond, Grace: time.Minute})
	summary, err := engine.Pass(t.Context(), t.Context())
	require.ErrorContains(t, err, "no response within 200ms")
	require.ErrorIs(t, err, linkit.ErrUncertain)
	assert.Equal(t, 10, summary.Failed)
	assert.Equal(t, 1, b.count("SELECT count(*) FROM linkit_inflight"))
}

func TestRejectionsThatComeAndGoInOnePassAreWrittenDown(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		b := newBench(t, dsn, newShop(t, nil), 1, 4)
		engine, _ := b.engine(stock.Options{Shards: 1})
		b.once(engine)
		set := func(product string, price float64) {
			b.exec("UPDATE stock SET price = $1 WHERE product = $2", price, product)
		}
		set("P1", math.Inf(1))
		assert.Equal(t, 1, b.once(engine).Rejected)
		set("P1", 7.25+0.01)
		set("P2", math.Inf(1))
		assert.Equal(t, 1, b.once(engine).Rejected)
		assert.Equal(t, 1, b.count("SELECT count(*) FROM linkit_rejected"))
		assert.Equal(t, 1, b.count("SELECT count(*) FROM linkit_rejected WHERE sku = 'P2_B0'"))
	})
}

func TestAStateThatCannotBeReadFailsThePass(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string]string{
		"UPDATE linkit_sent SET qty = 'many' WHERE sku = 'P2_B0'":                             "many",
		"INSERT INTO linkit_inflight (id, shard, records, deadline) VALUES ('r7', 0, '{', 0)": "linkit_inflight r7: ",
	} {
		b := newBench(t, sqliteFile(t), newShop(t, nil), 1, 4)
		engine, _ := b.engine(stock.Options{Shards: 1})
		b.once(engine)
		b.exec(statement)
		summary, err := engine.Pass(t.Context(), t.Context())
		require.ErrorContains(t, err, want)
		assert.Zero(t, summary.Requests, "what isn't known isn't taken for new")
	}
}

func TestRejectionsAreWrittenDownEachOnceAndWhileTheShardIsRead(t *testing.T) {
	t.Parallel()
	b := newBench(t, sqliteFile(t), newShop(t, nil), 1, 1200)
	engine, state := b.engine(stock.Options{Shards: 1})
	b.once(engine)
	changes := func() int {
		n, err := state.Changes(t.Context())
		require.NoError(t, err)
		return n
	}
	before := changes()
	b.exec(`UPDATE stock SET qty = 'many'`)
	assert.Equal(t, 1200, b.once(engine).Rejected)
	assert.Equal(t, 1200, changes()-before)
	assert.Equal(t, 1200, b.count("SELECT count(*) FROM linkit_rejected"))

	before = changes()
	b.exec(`UPDATE stock SET qty = 1`) // as it was acknowledged
	back := b.once(engine)
	assert.Equal(t, 1200, back.Unchanged)
	assert.Zero(t, back.Requests)
	assert.Equal(t, 1200, changes()-before)
	assert.Zero(t, b.count("SELECT count(*) FROM linkit_rejected"))

	b.exec(`DELETE FROM stock WHERE CAST(substr(product, 2) AS integer) >= 500`)
	b.exec(`UPDATE stock SET qty = 'none'`)
	b.exec(`VACUUM`) // no page is free
	require.NoError(t, state.LimitPages(t.Context(), 1))
	_, err := engine.Pass(t.Context(), t.Context())
	require.ErrorContains(t, err, "full", "so many are written down before the end")
	require.NoError(t, state.LimitPages(t.Context(), 0))
	assert.Equal(t, 500, b.once(engine).Rejected)
	assert.Equal(t, 500, b.count("SELECT count(*) FROM linkit_rejected"))
}
