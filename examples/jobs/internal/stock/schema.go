package stock

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/linkit-go/linkit/examples/jobs/internal/database"
)

// schema makes the tables. TEXTC, FLOAT, TIME and NOW differ between the databases.
const schema = `
CREATE TABLE IF NOT EXISTS linkit_sent (
	branch TEXTC NOT NULL, sku TEXTC NOT NULL,
	product text, qty bigint, price FLOAT, cost FLOAT, available boolean,
	sent_at TIME NOT NULL DEFAULT NOW,
	PRIMARY KEY (branch, sku)
);
CREATE TABLE IF NOT EXISTS linkit_rejected (
	branch TEXTC NOT NULL, sku TEXTC NOT NULL,
	record text NOT NULL, reason text NOT NULL,
	rejected_at TIME NOT NULL DEFAULT NOW,
	PRIMARY KEY (branch, sku)
);
CREATE TABLE IF NOT EXISTS linkit_inflight (
	id text PRIMARY KEY, shard integer NOT NULL, records text NOT NULL,
	acknowledged boolean NOT NULL DEFAULT false,
	deadline TIME NOT NULL
);
CREATE TABLE IF NOT EXISTS linkit_shards (
	one integer PRIMARY KEY CHECK (one = 1), shards integer NOT NULL
)`

// State is the tables of stocksync: what Linkit acknowledged, what it rejected, and the requests
// whose result isn't known.
type State struct {
	db *database.DB
	// writer is db, or for SQLite a pool of one connection: there is one writer at a time anyway.
	writer *sql.DB
	name   string // of the schema, which locks are of
	file   io.Closer
	empty  bool // it has no tables
}

// lockClass is the first key of stocksync's advisory locks: "lnkt".
const lockClass = 0x6c6e6b74

// maxIdle is how many connections are kept for the next statement.
const maxIdle = 32

// OpenState makes the tables in the database of dsn, unless they are there, and takes the lock of a
// SQLite file for as long as the state is open.
func OpenState(ctx context.Context, dsn string) (s *State, err error) {
	db, err := database.Open(ctx, dsn)
	if err != nil {
		return nil, err
	}
	s = &State{db: db, writer: db.DB}
	db.SetMaxIdleConns(maxIdle)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if !db.Postgres {
		if s.file, err = lockFile(ctx, dsn); err != nil {
			return s, err
		}
		writer, err := database.Open(ctx, dsn)
		if err != nil {
			return s, err
		}
		s.writer = writer.DB
		s.writer.SetMaxOpenConns(1)
	} else if err := db.QueryRowContext(ctx, "SELECT coalesce(current_schema(), '')").Scan(&s.name); err != nil {
		return s, err
	}
	return s, s.create(ctx)
}

// OpenStateReadOnly opens a state that nothing is written to, and that may not exist.
func OpenStateReadOnly(ctx context.Context, dsn string) (*State, error) {
	if !database.IsPostgres(dsn) {
		if _, err := os.Stat(dsn); errors.Is(err, fs.ErrNotExist) {
			return &State{empty: true}, nil
		}
	}
	db, err := database.OpenReadOnly(ctx, dsn)
	if err != nil {
		return nil, err
	}
	tables := "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'linkit_shards'"
	if db.Postgres {
		tables = "SELECT count(*) FROM pg_class WHERE oid = to_regclass('linkit_shards')"
	}
	var n int
	if err := db.QueryRowContext(ctx, tables).Scan(&n); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &State{db: db, writer: db.DB, empty: n == 0}, nil
}

func (s *State) create(ctx context.Context) error {
	return write(ctx, s.writer, func(tx *sql.Tx) error {
		replace := strings.NewReplacer("TEXTC", "text", "FLOAT", "real", "TIME", "text", "DEFAULT NOW",
			"DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))", "deadline TIME", "deadline real")
		if s.db.Postgres {
			replace = strings.NewReplacer("TEXTC", `text COLLATE "C"`, "FLOAT", "double precision",
				"TIME", "timestamptz", "NOW", "now()")
			_, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1, $2)", lockClass, s.lockKey("tables"))
			if err != nil {
				return err
			}
		}
		for statement := range strings.SplitSeq(schema, ";") {
			if _, err := tx.ExecContext(ctx, replace.Replace(statement)); err != nil {
				return fmt.Errorf("make the tables of the state: %w", err)
			}
		}
		if s.db.Postgres { // rows that live for a moment aren't worth compressing
			_, err := tx.ExecContext(ctx, "ALTER TABLE linkit_inflight ALTER COLUMN records SET STORAGE EXTERNAL")
			return err
		}
		return nil
	})
}

// Shards returns in how many shards the state is locked: n the first time. All processes must agree.
func (s *State) Shards(ctx context.Context, n int) (shards int, err error) {
	err = write(ctx, s.writer, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx,
			s.sql("INSERT INTO linkit_shards (one, shards) VALUES (1, $1) ON CONFLICT DO NOTHING"), n)
		if err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, "SELECT shards FROM linkit_shards").Scan(&shards)
	})
	return shards, err
}

// Close closes the database and releases its lock.
func (s *State) Close() error {
	if s.db == nil {
		return nil
	}
	var errs []error
	if s.writer != s.db.DB {
		errs = append(errs, s.writer.Close())
	}
	errs = append(errs, s.db.Close())
	if s.file != nil {
		errs = append(errs, s.file.Close())
	}
	return errors.Join(errs...)
}

// sql returns a statement with the database's placeholders.
func (s *State) sql(statement string) string {
	if s.db.Postgres {
		return statement
	}
	return strings.ReplaceAll(statement, "$", "?")
}

// session is a connection, or a pool of them.
type session interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, error)
}

// write runs fn in a transaction.
func write(ctx context.Context, on session, fn func(tx *sql.Tx) error) error {
	tx, err := on.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		return errors.Join(err, ignoreDone(tx.Rollback()))
	}
	return tx.Commit()
}

// ignoreDone drops the error of a transaction that ended by itself, as when its context did.
func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// lockKey is the second key of an advisory lock. Each schema has locks of its own.
func (s *State) lockKey(name string) int32 {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(s.name + "\x00" + name))
	return int32(hash.Sum32()) //nolint:gosec // any 32 bits will do
}

// shardOf returns the shard of a branch.
func shardOf(branch string, shards int) int {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(branch))
	return int(hash.Sum32() % uint32(shards)) //nolint:gosec // positive, and small
}
