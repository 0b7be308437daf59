package feed

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/linkit-go/linkit"
)

// inTx runs fn in a transaction, which is committed if fn returns nil.
func (f *Feed) inTx(ctx context.Context, fn func(tx *sql.Tx) error) error {
	tx, err := f.DB.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // of no effect after a commit
	if err := fn(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// addHint raises an order's counter of hints. The row stays locked until the transaction ends.
func addHint(ctx context.Context, tx *sql.Tx, orderID string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO linkit_order_hints (order_id, hints, fetched) VALUES ($1, 1, 0)
		ON CONFLICT (order_id) DO UPDATE SET hints = linkit_order_hints.hints + 1`, orderID)
	return err
}

// hintsOf returns an order's counter of hints.
func hintsOf(ctx context.Context, q querier, orderID string) (hints int64, err error) {
	err = q.QueryRowContext(ctx, "SELECT hints FROM linkit_order_hints WHERE order_id = $1", orderID).Scan(&hints)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return hints, err
}

// settleHints notes that the hints up to fetched are done with, and returns the counter. Hints that
// come later wait until the transaction ends.
func settleHints(ctx context.Context, tx *sql.Tx, orderID string, fetched int64) (hints int64, err error) {
	err = tx.QueryRowContext(ctx, `INSERT INTO linkit_order_hints (order_id, hints, fetched) VALUES ($1, $2, $2)
		ON CONFLICT (order_id) DO UPDATE SET fetched =
			CASE WHEN linkit_order_hints.fetched < $2 THEN $2 ELSE linkit_order_hints.fetched END
		RETURNING hints`, orderID, fetched).Scan(&hints)
	return hints, err
}

// dropHints forgets an order that Linkit doesn't have and that was never stored, unless there are
// more hints than were settled.
func dropHints(ctx context.Context, tx *sql.Tx, orderID string) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM linkit_order_hints WHERE order_id = $1 AND fetched >= hints
		AND NOT EXISTS (SELECT 1 FROM linkit_orders WHERE id = $1)`, orderID)
	return err
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// versionOf returns how often a change of an order was stored, 0 for an order that isn't stored.
func versionOf(ctx context.Context, q querier, orderID string) (version int64, err error) {
	err = q.QueryRowContext(ctx, "SELECT version FROM linkit_orders WHERE id = $1", orderID).Scan(&version)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return version, err
}

// storedOrders returns what is stored of orders, by id.
func storedOrders(ctx context.Context, q querier, ids ...string) (map[string]*linkit.Order, error) {
	query := "SELECT id, document FROM linkit_orders WHERE id IN (" + places(1, len(ids)) + ")"
	rows, err := q.QueryContext(ctx, query, anys(ids)...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	stored := make(map[string]*linkit.Order, len(ids))
	for rows.Next() {
		var id, document string
		if err := rows.Scan(&id, &document); err != nil {
			return nil, err
		}
		order := new(linkit.Order)
		if err := json.Unmarshal([]byte(document), order); err != nil {
			return nil, err
		}
		stored[id] = order
	}
	return stored, rows.Err()
}

// storeOrder stores an order as it was read, as this version.
func storeOrder(ctx context.Context, tx *sql.Tx, orderID string, read *linkit.Order, version, listed int64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO linkit_orders (id, status, document, version, listed, updated)
		VALUES ($1, $2, $3, $4, $5, CURRENT_TIMESTAMP)
		ON CONFLICT (id) DO UPDATE SET status = excluded.status, document = excluded.document,
			version = excluded.version, listed = excluded.listed, updated = excluded.updated`,
		orderID, storable(string(read.OrderStatus)), storable(string(read.Raw)), version, listed)
	return err
}

// appendEvent appends a change, unless it is there.
func appendEvent(ctx context.Context, tx *sql.Tx, orderID string, read *linkit.Order, version int64, c change) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO order_events
		(order_id, version, change, from_value, to_value, document, seen)
		VALUES ($1, $2, $3, $4, $5, $6, CURRENT_TIMESTAMP) ON CONFLICT (order_id, version, change) DO NOTHING`,
		orderID, version, c.name, c.from, c.to, storable(string(read.Raw)))
	return err
}

// waitingEvents returns the first events that weren't handed on. They are told from the others by a
// mark, not by their ids: an event with a smaller id may be committed later. One order's events have
// ids in the order of their commits, since each transaction locks the order's hints first.
func waitingEvents(ctx context.Context, q querier, most int) ([]Event, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, order_id, change, from_value, to_value, seen, document
		FROM order_events WHERE handed_on IS NULL ORDER BY id LIMIT $1`, most)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var events []Event
	for rows.Next() {
		var e Event
		var document string
		if err := rows.Scan(&e.ID, &e.OrderID, &e.Change, &e.From, &e.To, &e.Seen, &document); err != nil {
			return nil, err
		}
		e.Order = json.RawMessage(document)
		events = append(events, e)
	}
	return events, rows.Err()
}

// markHandedOn notes that events need not be handed on again.
func (f *Feed) markHandedOn(ctx context.Context, events []Event) error {
	if len(events) == 0 {
		return nil
	}
	ids := make([]any, len(events))
	for i, e := range events {
		ids[i] = e.ID
	}
	_, err := f.DB.ExecContext(ctx, "UPDATE order_events SET handed_on = CURRENT_TIMESTAMP WHERE id IN ("+
		places(1, len(ids))+")", ids...)
	return err
}

// waitingHints returns the orders, after the id after, that have hints nobody has fetched.
func waitingHints(ctx context.Context, q querier, after string, most int) ([]string, error) {
	return texts(ctx, q, `SELECT order_id FROM linkit_order_hints WHERE fetched < hints AND order_id > $1
		ORDER BY order_id LIMIT $2`, after, most)
}

// texts returns the one column of a query.
func texts(ctx context.Context, q querier, query string, args ...any) ([]string, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var values []string
	for rows.Next() {
		var value string
		if err := rows.Scan(&value); err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, rows.Err()
}

// places returns n placeholders from $first on.
func places(first, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(first + i))
	}
	return b.String()
}

func anys(values []string) []any {
	list := make([]any, len(values))
	for i, v := range values {
		list[i] = v
	}
	return list
}

// Totals is what the tables hold.
type Totals struct {
	Orders        int64 // stored
	Events        int64
	WaitingHints  int64 // orders with hints that nobody has fetched
	WaitingEvents int64 // not handed on
}

// Totals counts what the tables hold.
func (f *Feed) Totals(ctx context.Context) (t Totals, err error) {
	err = f.DB.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM linkit_orders), (SELECT count(*) FROM order_events)`).
		Scan(&t.Orders, &t.Events)
	if err == nil {
		t.WaitingHints, t.WaitingEvents, err = f.waiting(ctx)
	}
	return t, err
}

// waiting counts what is still to do.
func (f *Feed) waiting(ctx context.Context) (hints, events int64, err error) {
	err = f.DB.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM linkit_order_hints WHERE fetched < hints),
		(SELECT count(*) FROM order_events WHERE handed_on IS NULL)`).Scan(&hints, &events)
	return hints, events, err
}

// unique returns the distinct values, sorted: transactions that lock several rows do so in one order.
func unique(values []string) []string {
	sorted := slices.Sorted(slices.Values(values))
	return slices.Compact(sorted)
}
