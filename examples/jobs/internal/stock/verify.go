package stock

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/linkit-go/linkit"
)

// Verified is what Linkit turned out to have.
type Verified struct {
	SKUs      int // that Linkit has
	Differing int // whose values are not those that it acknowledged
	Missing   int // that it acknowledged and doesn't have
	Complete  bool
}

// LogValue is the figures.
func (v Verified) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("skus", v.SKUs), slog.Int("differing", v.Differing),
		slog.Int("missing", v.Missing), slog.Bool("complete", v.Complete))
}

// The statements that make linkit_sent say what linkit_seen has.
const (
	createSeen = `CREATE TEMPORARY TABLE linkit_seen AS
		SELECT branch, sku, product, qty, price, cost, available, sent_at FROM linkit_sent LIMIT 0`
	indexSeen    = `CREATE UNIQUE INDEX linkit_seen_key ON linkit_seen (branch, sku)`
	dropSeen     = `DROP TABLE IF EXISTS linkit_seen`
	countDiffer  = `SELECT count(*) FROM linkit_sent s JOIN linkit_seen v ON s.branch = v.branch AND s.sku = v.sku WHERE `
	updateDiffer = `UPDATE linkit_sent AS s SET product = v.product, qty = v.qty, price = v.price, cost = v.cost,
		available = v.available FROM linkit_seen v WHERE s.branch = v.branch AND s.sku = v.sku AND NOT (` + same + `)`
	insertUnknown = `INSERT INTO linkit_sent (branch, sku, product, qty, price, cost, available)
		SELECT branch, sku, product, qty, price, cost, available FROM linkit_seen v
		WHERE NOT EXISTS (SELECT 1 FROM linkit_sent s WHERE s.branch = v.branch AND s.sku = v.sku)`
	deleteMissing = `DELETE FROM linkit_sent WHERE NOT EXISTS (SELECT 1 FROM linkit_seen v
		WHERE v.branch = linkit_sent.branch AND v.sku = linkit_sent.sku)`

	same = `s.product IS NOT DISTINCT FROM v.product AND s.qty IS NOT DISTINCT FROM v.qty AND
		s.price IS NOT DISTINCT FROM v.price AND s.cost IS NOT DISTINCT FROM v.cost AND
		s.available IS NOT DISTINCT FROM v.available`
	drifted = `s.product <> v.product OR s.qty <> v.qty OR s.price <> v.price OR s.cost <> v.cost OR
		s.available <> v.available OR s.qty IS NOT NULL AND v.qty IS NULL`
)

// Verify reads every SKU of Linkit's and makes the state say what Linkit has, so that the next pass
// sends what differs. It holds the locks of all shards meanwhile. Where the list ends with an error,
// such as [linkit.ErrListChanged], what it yielded is used, and nothing counts as missing.
func (e *Engine) Verify(begin, finish context.Context) (Verified, error) {
	held, err := e.lockAll(begin, finish)
	if err != nil {
		return Verified{}, err
	}
	defer held.release()
	ctx, cancel := context.WithCancelCause(held.ctx)
	defer cancel(nil)
	defer context.AfterFunc(begin, func() { cancel(context.Cause(begin)) })()
	v, err := e.verify(ctx, held.session) //nolint:contextcheck // the lock's, which ends earlier
	if err != nil {
		err = fmt.Errorf("verify: %w", causeOf(ctx, err)) //nolint:contextcheck // likewise
	}
	return v, err
}

// lockAll waits for the locks of all shards.
func (e *Engine) lockAll(begin, finish context.Context) (*lock, error) {
	names := make([]string, e.Shards)
	for shard := range names {
		names[shard] = lockName(shard)
	}
	for {
		held, err := e.state.lock(finish, names...)
		if held != nil || err != nil {
			return held, err
		}
		if err := wait(begin, 500*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

func (e *Engine) verify(ctx context.Context, on session) (v Verified, err error) {
	for _, statement := range []string{dropSeen, createSeen, indexSeen} {
		if _, err := on.ExecContext(ctx, statement); err != nil {
			return v, err
		}
	}
	walked := e.walk(ctx, on, &v)
	if fatal(walked) || ctx.Err() != nil {
		return v, walked
	}
	v.Complete = walked == nil
	err = write(ctx, on, func(tx *sql.Tx) error { return reconcile(ctx, tx, &v) })
	if err == nil {
		_, err = on.ExecContext(ctx, dropSeen)
	}
	return v, errors.Join(walked, err)
}

// walk reads Linkit's list into linkit_seen.
func (e *Engine) walk(ctx context.Context, on session, v *Verified) error {
	var batch []Record
	store := func() error {
		defer func() { batch = batch[:0] }()
		return write(ctx, on, func(tx *sql.Tx) error {
			if e.state.db.Postgres {
				return insertPostgres(ctx, tx, "linkit_seen", batch, upsertSent)
			}
			return insertSQLite(ctx, tx, "linkit_seen", batch)
		})
	}
	var walked error
	for sku, err := range e.SKUs.All(ctx, nil) {
		if err != nil {
			walked = err
			break
		}
		v.SKUs++
		batch = append(batch, e.seen(&sku))
		if len(batch) == maxBatch {
			if err := store(); err != nil {
				return err
			}
			e.advance(0, 0)
		}
	}
	return errors.Join(walked, store())
}

// seen returns a SKU of Linkit's as a record.
func (e *Engine) seen(sku *linkit.SKU) Record {
	record := Record{Key: Key{SKU: sku.IvID}, Values: Values{
		Price: &sku.Price, Cost: &sku.Cost, Available: &sku.Available,
	}}
	if e.source.HasBranch {
		record.Branch = sku.BranchIvID
	}
	if sku.ProductIvID != "" {
		record.Product = &sku.ProductIvID
	}
	if sku.Qty != nil {
		qty := int64(*sku.Qty)
		record.Qty = &qty
	}
	return record
}

// reconcile makes linkit_sent say what linkit_seen has.
func reconcile(ctx context.Context, tx *sql.Tx, v *Verified) error {
	if err := tx.QueryRowContext(ctx, countDiffer+"("+drifted+")").Scan(&v.Differing); err != nil {
		return err
	}
	statements := []string{updateDiffer, insertUnknown}
	if v.Complete {
		statements = append(statements, deleteMissing)
	}
	for _, statement := range statements {
		res, err := tx.ExecContext(ctx, statement)
		if err != nil {
			return err
		}
		if statement == deleteMissing {
			n, err := res.RowsAffected()
			if err != nil {
				return err
			}
			v.Missing = int(n)
		}
	}
	return nil
}
