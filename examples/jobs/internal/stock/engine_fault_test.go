package stock_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/examples/jobs/internal/database/failing"
	"github.com/linkit-go/linkit/examples/jobs/internal/stock"
)

// TestWhicheverStatementFailsItsErrorIsReturned lets each statement of an operation fail in turn. The
// next pass must set everything right.
func TestWhicheverStatementFailsItsErrorIsReturned(t *testing.T) {
	t.Parallel()
	type bed struct {
		engine *stock.Engine
		source *stock.Source
		state  *stock.State
	}
	for name, row := range map[string]struct {
		least int // statements
		run   func(ctx context.Context, b *bed) error
	}{
		"pass": {30, func(ctx context.Context, b *bed) error {
			_, err := b.engine.Pass(ctx, ctx)
			return err
		}},
		"once": {30, func(ctx context.Context, b *bed) error {
			_, err := b.engine.Once(ctx, ctx)
			return err
		}},
		"differences": {10, func(ctx context.Context, b *bed) error {
			_, err := stock.Differences(ctx, b.source, b.state, func(stock.Difference) error { return nil })
			return err
		}},
		"tables": {5, func(ctx context.Context, b *bed) error { return b.state.Create(ctx) }},
		"new": {3, func(ctx context.Context, b *bed) error {
			_, err := stock.New(ctx, b.source, b.state, stock.Options{Shards: 1})
			return err
		}},
		"verify": {10, func(ctx context.Context, b *bed) error {
			_, err := b.engine.Verify(ctx, ctx)
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, dsn string) {
				const most = 1000
				b := newBench(t, dsn, newShop(t, nil), 2, 5)
				state, err := stock.OpenState(t.Context(), dsn)
				require.NoError(t, err)
				t.Cleanup(func() { _ = state.Close() })
				made := &bed{source: b.source(stock.DefaultQuery), state: state}
				made.engine = b.engineOf(made.source, state, stock.Options{Shards: 1, BatchSize: 3})
				b.once(made.engine)
				faults := new(failing.Faults)
				stock.Fail(faults, state, made.source)
				n := 1
				for ; n < most; n++ {
					b.disturb(n)
					faults.Arm(n)
					err := row.run(t.Context(), made)
					hit := faults.Disarm()
					if hit == "" {
						require.NoError(t, err)
						break
					}
					if hit == "SELECT pg_advisory_unlock_all()" { // the connection is closed instead
						require.NoError(t, err)
					} else {
						require.ErrorIs(t, err, failing.Err, "statement %d: %s", n, hit)
					}
					assert.Zero(t, stock.InUse(made.state, made.source), "statement %d: %s", n, hit)
					b.passDeadlines()
					b.once(made.engine)
					assert.Zero(t, b.count("SELECT count(*) FROM linkit_inflight"), "statement %d: %s", n, hit)
					assert.Equal(t, 2, b.count("SELECT count(*) FROM linkit_rejected"), "statement %d: %s", n, hit)
					assert.Len(t, b.differing(), 2, "statement %d: %s", n, hit)
				}
				assert.Greater(t, n, row.least)
				assert.Less(t, n, most)
			})
		})
	}
}

// disturb leaves something to do for each part of a pass: values that differ, others that can't be
// read or can be again, a record that is gone or new, and a request whose result isn't known.
func (b *bench) disturb(n int) {
	b.t.Helper()
	b.exec("UPDATE stock SET qty = $1, price = CASE WHEN product = $2 THEN CAST($3 AS double precision) ELSE cost END "+
		"WHERE product <> 'P1'", n, []string{"P3", "P4"}[n%2], math.Inf(1))
	b.exec("DELETE FROM stock WHERE product IN ('P0', 'new')")
	b.exec("INSERT INTO stock VALUES (NULL, $1, 'B1', 1, 2, 3, true)", []string{"P0", "new"}[n%2])
	b.orphan("orphan", 0, `{"B0":["P1_B0","gone"]}`)
}

// orphan adds a request whose result isn't known and whose deadline has passed.
func (b *bench) orphan(id string, shard int, records string) {
	b.t.Helper()
	deadline := "0"
	if b.db.Postgres {
		deadline = "now()"
	}
	b.exec("INSERT INTO linkit_inflight (id, shard, records, deadline) VALUES ($1, $2, $3, "+deadline+")", id, shard, records)
}

func TestAnOpenRequestOfAShardWithoutRowsIsEnded(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		b := newBench(t, dsn, newShop(t, nil), 1, 1)
		engine, _ := b.engine(stock.Options{})
		b.exec(`DELETE FROM stock`)
		for shard := range 4 {
			b.orphan(fmt.Sprint("open ", shard), shard, `{"gone":["gone"]}`)
		}
		assert.Zero(t, b.once(engine).Requests)
		assert.Zero(t, b.count("SELECT count(*) FROM linkit_inflight"))
	})
}
