package stock

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// result is what is written down after a request.
type result struct {
	id       string   // of its row in linkit_inflight; "": it has none
	keep     bool     // the row stays until its deadline, acknowledged
	sent     []Record // acknowledged
	rejected []Rejection
	settled  []string // other rows whose records have all been sent again
	cleared  []Key    // no longer rejected
	fresh    bool     // none of sent was acknowledged before, as far as is known
}

// errTakenOver is a request that another process has settled meanwhile.
var errTakenOver = errors.New("another process has settled this request")

// finish writes down the result of a request in one transaction.
func (s *State) finish(ctx context.Context, r *result) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dbTimeout)
	defer cancel()
	err := s.tryFinish(ctx, r)
	if violation, ok := errors.AsType[*pgconn.PgError](err); ok && violation.Code == uniqueViolation && r.fresh {
		r.fresh = false
		err = s.tryFinish(ctx, r)
	}
	if err != nil {
		return fmt.Errorf("write down a result: %w", err)
	}
	return nil
}

const uniqueViolation = "23505"

func (s *State) tryFinish(ctx context.Context, r *result) error {
	return write(ctx, s.writer, func(tx *sql.Tx) error {
		if s.db.Postgres { // what a crash of the database loses here is sent again
			if _, err := tx.ExecContext(ctx, "SET LOCAL synchronous_commit = off"); err != nil {
				return err
			}
		}
		if err := s.settle(ctx, tx, r); err != nil {
			return err
		}
		if s.db.Postgres {
			return finishPostgres(ctx, tx, r)
		}
		return finishSQLite(ctx, tx, r)
	})
}

// settle ends rows of linkit_inflight.
func (s *State) settle(ctx context.Context, tx *sql.Tx, r *result) error {
	if r.id != "" {
		statement := "DELETE FROM linkit_inflight WHERE id = $1"
		if r.keep {
			statement = "UPDATE linkit_inflight SET acknowledged = true WHERE id = $1"
		}
		res, err := tx.ExecContext(ctx, s.sql(statement), r.id)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, errTakenOver)
		}
	}
	if len(r.settled) == 0 {
		return nil
	}
	where, arg := oneOf(s.db, "id", r.settled)
	_, err := tx.ExecContext(ctx, "DELETE FROM linkit_inflight WHERE "+where, arg) //nolint:gosec // no value is in it
	return err
}

const (
	upsertSent = ` ON CONFLICT (branch, sku) DO UPDATE SET product = excluded.product, qty = excluded.qty,
		price = excluded.price, cost = excluded.cost, available = excluded.available, sent_at = excluded.sent_at`
	upsertRejected = ` ON CONFLICT (branch, sku) DO UPDATE SET record = excluded.record, reason = excluded.reason,
		rejected_at = excluded.rejected_at`
)

func finishPostgres(ctx context.Context, tx *sql.Tx, r *result) error {
	conflict := upsertSent
	if r.fresh {
		conflict = "" // which takes the database half the time
	}
	if err := insertPostgres(ctx, tx, "linkit_sent", r.sent, conflict); err != nil {
		return err
	}
	if len(r.cleared) > 0 {
		var branches, skus []string
		for _, key := range r.cleared {
			branches, skus = append(branches, key.Branch), append(skus, key.SKU)
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM linkit_rejected WHERE (branch, sku) IN
			(SELECT * FROM unnest($1::text[], $2::text[]))`, branches, skus)
		if err != nil {
			return err
		}
	}
	if len(r.rejected) == 0 {
		return nil
	}
	columns := make([][]string, 4)
	for _, rejection := range r.rejected {
		for i, value := range rejection.row() {
			columns[i] = append(columns[i], value)
		}
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO linkit_rejected (branch, sku, record, reason)
		SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])`+upsertRejected,
		columns[0], columns[1], columns[2], columns[3])
	return err
}

// insertPostgres inserts records into linkit_sent, or a table like it.
func insertPostgres(ctx context.Context, tx *sql.Tx, table string, records []Record, conflict string) error {
	if len(records) == 0 {
		return nil
	}
	var branches, skus []string
	var products []*string
	var qtys []*int64
	var prices, costs []*float64
	var available []*bool
	for i := range records {
		record := &records[i]
		branches, skus = append(branches, record.Branch), append(skus, record.SKU)
		products, qtys = append(products, record.Product), append(qtys, record.Qty)
		prices, costs = append(prices, record.Price), append(costs, record.Cost)
		available = append(available, record.Available)
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO "+table+ //nolint:gosec // no value is in it
		` (branch, sku, product, qty, price, cost, available)
		SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::double precision[],
			$6::double precision[], $7::boolean[])`+conflict,
		branches, skus, products, qtys, prices, costs, available)
	return err
}

// insertSQLite upserts them.
func insertSQLite(ctx context.Context, tx *sql.Tx, table string, records []Record) error {
	rows := make([][]any, len(records))
	for i := range records {
		r := &records[i]
		rows[i] = []any{r.Branch, r.SKU, r.Product, r.Qty, r.Price, r.Cost, r.Available}
	}
	return execEach(ctx, tx, "INSERT INTO "+table+` (branch, sku, product, qty, price, cost, available)
		VALUES (?, ?, ?, ?, ?, ?, ?)`+upsertSent, rows)
}

func finishSQLite(ctx context.Context, tx *sql.Tx, r *result) error {
	cleared := make([][]any, 0, len(r.cleared))
	for _, key := range r.cleared {
		cleared = append(cleared, []any{key.Branch, key.SKU})
	}
	rejected := make([][]any, len(r.rejected))
	for i, rejection := range r.rejected {
		row := rejection.row()
		rejected[i] = []any{row[0], row[1], row[2], row[3]}
	}
	return errors.Join(
		insertSQLite(ctx, tx, "linkit_sent", r.sent),
		execEach(ctx, tx, `DELETE FROM linkit_rejected WHERE branch = ? AND sku = ?`, cleared),
		execEach(ctx, tx, `INSERT INTO linkit_rejected (branch, sku, record, reason)
			VALUES (?, ?, ?, ?)`+upsertRejected, rejected),
	)
}

// row is a rejection as it is stored: what isn't UTF-8 can't be.
func (r *Rejection) row() [4]string {
	row := [4]string{r.Branch, r.SKU, r.Record, r.Reason}
	for i, text := range row {
		row[i] = strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "\ufffd")
	}
	return row
}

// execEach runs a statement for each row of arguments. Numbers are bound as they are: through JSON
// some would lose their last digit.
func execEach(ctx context.Context, tx *sql.Tx, statement string, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	prepared, err := tx.PrepareContext(ctx, statement)
	if err != nil {
		return err
	}
	defer func() { _ = prepared.Close() }()
	for _, row := range rows {
		if _, err := prepared.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
	return nil
}
