package feed

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"
)

// The tables beside River's own. TIME, JSON and SERIAL stand for what each database calls them.
const (
	ordersTable = `CREATE TABLE IF NOT EXISTS linkit_orders (
		id TEXT PRIMARY KEY,
		status TEXT NOT NULL,
		document JSON NOT NULL,
		version BIGINT NOT NULL,
		listed BIGINT NOT NULL,
		updated TIME NOT NULL
	)`
	ordersIndex = `CREATE INDEX IF NOT EXISTS linkit_orders_status ON linkit_orders (status)`
	hintsTable  = `CREATE TABLE IF NOT EXISTS linkit_order_hints (
		order_id TEXT PRIMARY KEY,
		hints BIGINT NOT NULL,
		fetched BIGINT NOT NULL
	)`
	hintsIndex = `CREATE INDEX IF NOT EXISTS linkit_order_hints_waiting
		ON linkit_order_hints (order_id) WHERE fetched < hints`
	eventsTable = `CREATE TABLE IF NOT EXISTS order_events (
		id SERIAL,
		order_id TEXT NOT NULL,
		version BIGINT NOT NULL,
		change TEXT NOT NULL,
		from_value TEXT NOT NULL,
		to_value TEXT NOT NULL,
		document JSON NOT NULL,
		seen TIME NOT NULL,
		handed_on TIME,
		UNIQUE (order_id, version, change)
	)`
	eventsIndex = `CREATE INDEX IF NOT EXISTS order_events_waiting ON order_events (id) WHERE handed_on IS NULL`
)

var (
	postgresTypes = strings.NewReplacer(
		" TIME", " TIMESTAMPTZ", "SERIAL", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
	)
	sqliteTypes = strings.NewReplacer(
		" TIME", " TIMESTAMP", " JSON", " TEXT", "SERIAL", "INTEGER PRIMARY KEY AUTOINCREMENT",
	)
)

// migrationLock is the key of PostgreSQL's lock for making the tables: processes that start at once
// would otherwise meet halfway.
const migrationLock = 0x6c696e6b6974

// migrate makes the tables that don't exist, River's by its own migrations.
func (f *Feed) migrate(ctx context.Context, driver riverdriver.Driver[*sql.Tx]) (err error) {
	if f.DB.Postgres {
		conn, err := f.DB.Conn(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }()
		if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(migrationLock)); err != nil {
			return err
		}
		defer func() {
			_, unlockErr := conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(migrationLock))
			err = errors.Join(err, unlockErr)
		}()
	}
	return f.createTables(ctx, driver)
}

func (f *Feed) createTables(ctx context.Context, driver riverdriver.Driver[*sql.Tx]) error {
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: f.riverLog()})
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return err
	}
	types := sqliteTypes
	if f.DB.Postgres {
		types = postgresTypes
	}
	for _, statement := range []string{ordersTable, ordersIndex, hintsTable, hintsIndex, eventsTable, eventsIndex} {
		if _, err := f.DB.ExecContext(ctx, types.Replace(statement)); err != nil {
			return err
		}
	}
	return nil
}
