package stock

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"
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

// sent streams what Linkit acknowledged of some branches, ordered by key. A row is valid until the
// next is read. It is read branch by branch, in the order of the primary key, so that nothing is
// sorted.
func (s *State) sent(ctx context.Context, branches []string) *sentStream {
	if s.empty {
		branches = nil
	}
	return &sentStream{
		state: s, ctx: ctx, branches: slices.Sorted(slices.Values(branches)), rows: none[sentRow], close: closed,
	}
}

// sentStream reads one branch after the other.
type sentStream struct {
	state    *State
	ctx      context.Context //nolint:containedctx // of its queries
	branches []string        // still to be read
	rows     next[sentRow]   // of the current one
	close    func() error
	scan     sentScan
}

func (r *sentStream) next() (row sentRow, ok bool, err error) {
	for {
		if row, ok, err = r.rows(); ok || err != nil {
			return row, ok, err
		}
		if err := r.close(); err != nil || len(r.branches) == 0 {
			r.rows, r.close = none[sentRow], closed
			return row, false, err
		}
		if err := r.open(); err != nil {
			return row, false, err
		}
	}
}

// open begins to read the next branch.
func (r *sentStream) open() error {
	r.scan.branch, r.branches = r.branches[0], r.branches[1:]
	query := r.state.sql("SELECT sku, product, qty, price, cost, available FROM linkit_sent WHERE branch = $1" +
		orderBy(r.state.db, "sku"))
	rows, end, err := stream(r.ctx, r.state, query, []any{r.scan.branch}, r.scan.scan)
	if err != nil {
		rows, end = none[sentRow], closed
	}
	r.rows, r.close = rows, end
	return err
}

// sentScan is where a row of linkit_sent is read to.
type sentScan struct {
	branch    string
	product   sql.NullString
	qty       sql.NullInt64
	price     sql.NullFloat64
	cost      sql.NullFloat64
	available sql.NullBool
}

func (c *sentScan) scan(rows *sql.Rows, row *sentRow) error {
	row.Branch = c.branch
	err := rows.Scan(&row.SKU, &c.product, &c.qty, &c.price, &c.cost, &c.available)
	row.Values = Values{
		Product: pointer(&c.product.String, c.product.Valid), Qty: pointer(&c.qty.Int64, c.qty.Valid),
		Price: pointer(&c.price.Float64, c.price.Valid), Cost: pointer(&c.cost.Float64, c.cost.Valid),
		Available: pointer(&c.available.Bool, c.available.Valid),
	}
	return err
}

func pointer[T any](value *T, valid bool) *T {
	if !valid {
		return nil
	}
	return value
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
	query := s.sql("SELECT id, records, acknowledged, " + left +
		" FROM linkit_inflight WHERE shard = $1 ORDER BY deadline, id")
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
