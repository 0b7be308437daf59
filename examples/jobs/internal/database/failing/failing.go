// Package failing makes the statements of a database fail, for tests of what a job does then.
package failing

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"
)

// Err is the error of a statement that was made to fail.
var Err = errors.New("this statement was made to fail")

// Faults says which statement fails. The zero value lets none fail. Its methods are safe for
// concurrent use.
type Faults struct {
	mu   sync.Mutex
	left int // statements until the one that fails; 0: none does
	hit  string
}

// Arm makes the nth statement from now on fail, once. Beginning and committing a transaction,
// preparing a statement and reading a row count as statements.
func (f *Faults) Arm(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left, f.hit = n, ""
}

// Disarm lets no statement fail any more, and returns the one that did, "" if none did.
func (f *Faults) Disarm() (hit string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left = 0
	return f.hit
}

// check counts a statement and returns its error.
func (f *Faults) check(statement string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left == 0 {
		return nil
	}
	if f.left--; f.left > 0 {
		return nil
	}
	f.hit = statement
	return Err
}

// Wrap returns db with these faults. Closing it closes db.
func (f *Faults) Wrap(db *sql.DB) *sql.DB { return sql.OpenDB(&connector{db, f}) }

type connector struct {
	db     *sql.DB
	faults *Faults
}

// Connect implements [driver.Connector] by a connection of the database below.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	held, err := c.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	wrapped := &conn{held: held, faults: c.faults}
	return wrapped, held.Raw(func(inner any) error { // it is used for as long as it is held
		wrapped.full = inner.(full) //nolint:errcheck // the drivers of the jobs have all of it
		return nil
	})
}

// Driver implements [driver.Connector].
func (c *connector) Driver() driver.Driver { return c.db.Driver() }

// Close implements [io.Closer].
func (c *connector) Close() error { return c.db.Close() }

// full is what the connections of the jobs' drivers have.
type full interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
}

type conn struct {
	full
	held   *sql.Conn
	faults *Faults
}

// Close closes the connection below for good, with what it has locked.
func (c *conn) Close() error {
	_ = c.held.Raw(func(any) error { return driver.ErrBadConn })
	return nil
}

// CheckNamedValue implements [driver.NamedValueChecker] as the connection below does.
func (c *conn) CheckNamedValue(value *driver.NamedValue) error {
	if checker, ok := c.full.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(value)
	}
	return driver.ErrSkip
}

// BeginTx implements [driver.ConnBeginTx].
func (c *conn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	if err := c.faults.check("BEGIN"); err != nil {
		return nil, err
	}
	inner, err := c.full.BeginTx(ctx, options)
	return &tx{inner, c.faults}, err
}

// PrepareContext implements [driver.ConnPrepareContext].
func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if err := c.faults.check("PREPARE " + query); err != nil {
		return nil, err
	}
	inner, err := c.full.PrepareContext(ctx, query)
	return &stmt{inner, query, c.faults}, err
}

// ExecContext implements [driver.ExecerContext].
func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := c.faults.check(query); err != nil {
		return nil, err
	}
	return c.full.ExecContext(ctx, query, args)
}

// QueryContext implements [driver.QueryerContext].
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := c.faults.check(query); err != nil {
		return nil, err
	}
	inner, err := c.full.QueryContext(ctx, query, args)
	return &rows{inner, query, c.faults}, err
}

type tx struct {
	driver.Tx
	faults *Faults
}

// Commit implements [driver.Tx]. One that fails rolls back.
func (t *tx) Commit() error {
	if err := t.faults.check("COMMIT"); err != nil {
		return errors.Join(err, t.Rollback())
	}
	return t.Tx.Commit()
}

type stmt struct {
	driver.Stmt
	query  string
	faults *Faults
}

// ExecContext implements [driver.StmtExecContext].
func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if err := s.faults.check(s.query); err != nil {
		return nil, err
	}
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args) //nolint:errcheck // the drivers of the jobs have it
}

type rows struct {
	driver.Rows
	query  string
	faults *Faults
}

// Next implements [driver.Rows].
func (r *rows) Next(values []driver.Value) error {
	if err := r.faults.check("ROW OF " + r.query); err != nil {
		return err
	}
	return r.Rows.Next(values)
}
