package stock

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// sentRow is a row of linkit_sent.
type sentRow struct {
	Key
	Values
}

// openRow is a row of linkit_inflight: a request whose result isn't known, or is known but came
// after a retry, so that an earlier attempt may still take effect.
type openRow struct {
	id           string
	keys         []Key
	acknowledged bool
	left         time.Duration // until its deadline, by the database's clock
}

// stream reads rows; scan reads one of them.
func stream[T any](
	ctx context.Context, s *State, query string, args []any, scan func(*sql.Rows, *T) error,
) (next[T], func() error, error) {
	rows, err := s.db.QueryContext(ctx, query, args...) //nolint:rowserrcheck // below
	if err != nil {
		return nil, nil, fmt.Errorf("read the state: %w", err)
	}
	return func() (row T, ok bool, err error) {
		if !rows.Next() {
			return row, false, rows.Err()
		}
		err = scan(rows, &row)
		return row, err == nil, err
	}, rows.Close, nil
}

// none and closed are a stream of nothing.
func none[T any]() (row T, ok bool, err error) { return row, false, nil }
func closed() error                            { return nil }

// sent streams what Linkit acknowledged of some branches, ordered by key.
func (s *State) sent(ctx context.Context, branches []string) (next[sentRow], func() error, error) {
	if s.empty {
		return none[sentRow], closed, nil
	}
	where, arg := oneOf(s.db, "branch", branches)
	query := "SELECT branch, sku, product, qty, price, cost, available FROM linkit_sent WHERE " + where +
		orderBy(s.db, "branch", "sku")
	return stream(ctx, s, query, []any{arg}, func(rows *sql.Rows, row *sentRow) error {
		return rows.Scan(&row.Branch, &row.SKU, &row.Product, &row.Qty, &row.Price, &row.Cost, &row.Available)
	})
}

// rejected streams the rejected records of some branches, ordered by key.
func (s *State) rejected(ctx context.Context, branches []string) (next[Rejection], func() error, error) {
	if s.empty {
		return none[Rejection], closed, nil
	}
	where, arg := oneOf(s.db, "branch", branches)
	query := "SELECT branch, sku, record, reason FROM linkit_rejected WHERE " + where + orderBy(s.db, "branch", "sku")
	return stream(ctx, s, query, []any{arg}, func(rows *sql.Rows, row *Rejection) error {
		return rows.Scan(&row.Branch, &row.SKU, &row.Record, &row.Reason)
	})
}

// branches returns the branches of the state.
func (s *State) branches(ctx context.Context) ([]string, error) {
	if s.empty {
		return nil, nil
	}
	rows, err := s.db.QueryContext(ctx,
		"SELECT DISTINCT branch FROM linkit_sent UNION SELECT DISTINCT branch FROM linkit_rejected")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var branches []string
	for rows.Next() {
		var branch string
		if err := rows.Scan(&branch); err != nil {
			return nil, err
		}
		branches = append(branches, branch)
	}
	return branches, rows.Err()
}

// open returns the open requests of a shard, whose lock must be held.
func (s *State) open(ctx context.Context, shard int) ([]openRow, error) {
	left := "deadline - unixepoch('subsec')"
	if s.db.Postgres {
		left = "CAST(extract(epoch FROM deadline - clock_timestamp()) AS double precision)"
	}
	query := s.sql("SELECT id, records, acknowledged, " + left + " FROM linkit_inflight WHERE shard = $1 ORDER BY deadline, id")
	rows, err := s.db.QueryContext(ctx, query, shard)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var open []openRow
	for rows.Next() {
		var row openRow
		var records string
		var seconds float64
		if err := rows.Scan(&row.id, &records, &row.acknowledged, &seconds); err != nil {
			return nil, err
		}
		if row.keys, err = decodeKeys(records); err != nil {
			return nil, fmt.Errorf("linkit_inflight %s: %w", row.id, err)
		}
		row.left = time.Duration(seconds * float64(time.Second))
		open = append(open, row)
	}
	return open, rows.Err()
}

// openShards returns the shards that have open requests.
func (s *State) openShards(ctx context.Context) ([]int, error) {
	if s.empty {
		return nil, nil
	}
	rows, err := s.db.QueryContext(ctx, "SELECT DISTINCT shard FROM linkit_inflight")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var shards []int
	for rows.Next() {
		var shard int
		if err := rows.Scan(&shard); err != nil {
			return nil, err
		}
		shards = append(shards, shard)
	}
	return shards, rows.Err()
}

// encodeKeys returns keys as JSON: the SKUs of each branch.
func encodeKeys(keys []Key) string {
	byBranch := map[string][]string{}
	for _, key := range keys {
		byBranch[key.Branch] = append(byBranch[key.Branch], key.SKU)
	}
	text, err := json.Marshal(byBranch)
	if err != nil {
		panic(err) // strings can't fail
	}
	return string(text)
}

func decodeKeys(text string) ([]Key, error) {
	var byBranch map[string][]string
	if err := json.Unmarshal([]byte(text), &byBranch); err != nil {
		return nil, err
	}
	var keys []Key
	for branch, skus := range byBranch {
		for _, sku := range skus {
			keys = append(keys, Key{branch, sku})
		}
	}
	return keys, nil
}

// begin writes down a request that is about to be sent. On PostgreSQL the session that holds the
// shard's lock does it, so that whoever takes the shard afterwards finds it.
func (s *State) begin(ctx context.Context, held *lock, shard int, keys []Key, window time.Duration) (string, error) {
	deadline := "unixepoch('subsec') + $4"
	if s.db.Postgres {
		deadline = "clock_timestamp() + make_interval(secs => $4)"
	}
	id := rand.Text()
	// Not the lock's context: a cancelled statement would close the connection.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dbTimeout)
	defer cancel()
	_, err := held.session.ExecContext(ctx,
		s.sql("INSERT INTO linkit_inflight (id, shard, records, deadline) VALUES ($1, $2, $3, "+deadline+")"),
		id, shard, encodeKeys(keys), window.Seconds())
	if err != nil {
		return "", fmt.Errorf("write down a request: %w", err)
	}
	return id, nil
}

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
	_, err := tx.ExecContext(ctx, "DELETE FROM linkit_inflight WHERE "+where, arg)
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
	_, err := tx.ExecContext(ctx, "INSERT INTO "+table+` (branch, sku, product, qty, price, cost, available)
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
