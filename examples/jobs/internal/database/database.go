// Package database opens the databases of the jobs: PostgreSQL or a file of SQLite.
package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// DB is an open database.
type DB struct {
	*sql.DB
	Postgres bool   // else SQLite
	Path     string // SQLite's file
}

// DSNError is a dsn that can't be used.
type DSNError struct{ Err error }

// Error returns the text of Err, which has no password.
func (e *DSNError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *DSNError) Unwrap() error { return e.Err }

// Open opens a database and checks that it responds. A dsn that [IsPostgres] isn't is the path of a
// SQLite file, which is made if it doesn't exist and set to WAL, so that reading and writing don't
// block each other.
func Open(ctx context.Context, dsn string) (*DB, error) { return open(ctx, dsn, false) }

// OpenReadOnly is Open of a database that must exist, and to which no statement can write.
func OpenReadOnly(ctx context.Context, dsn string) (*DB, error) { return open(ctx, dsn, true) }

func open(ctx context.Context, dsn string, readOnly bool) (*DB, error) {
	var db *DB
	var err error
	if IsPostgres(dsn) {
		db, err = openPostgres(dsn, readOnly)
	} else {
		db, err = openSQLite(dsn, readOnly)
	}
	if err != nil {
		return nil, err
	}
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("open %s: %w", Name(dsn), err)
	}
	return db, nil
}

// keywords is the beginning of a dsn of keywords and values, such as "host=db dbname=shop".
var keywords = regexp.MustCompile(`^\s*(host|hostaddr|port|dbname|database|user|password|passfile|` +
	`service|servicefile|application_name|connect_timeout|target_session_attrs|ssl[a-z]+)\s*=`)

// IsPostgres reports whether a dsn is PostgreSQL's: it begins with postgres:// or postgresql://, or
// with one of libpq's keywords and an equals sign.
func IsPostgres(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") || keywords.MatchString(dsn)
}

// Name returns what a dsn leads to, without user, password and options.
func Name(dsn string) string {
	if !IsPostgres(dsn) {
		if other, is := otherDatabase(dsn); is { // it may have a password
			return other
		}
		return dsn
	}
	if keywords.MatchString(dsn) {
		config, err := pgx.ParseConfig(dsn)
		if err != nil {
			return "postgres://"
		}
		host := net.JoinHostPort(url.PathEscape(config.Host), strconv.Itoa(int(config.Port)))
		return "postgres://" + host + "/" + url.PathEscape(config.Database)
	}
	parsed, err := url.Parse(dsn)
	if err != nil {
		return "postgres://"
	}
	return (&url.URL{Scheme: "postgres", Host: parsed.Host, Path: parsed.Path}).String()
}

// userAtHost is the beginning of a dsn as MySQL's driver has them: user:password@tcp(host)/name. One
// letter is a drive of Windows.
var userAtHost = regexp.MustCompile(`^[^/:]{2,}:.*@`)

// otherDatabase reports whether a dsn that isn't PostgreSQL's is of another database than SQLite, and
// returns its beginning without what may be a password.
func otherDatabase(dsn string) (beginning string, is bool) {
	if scheme, _, found := strings.Cut(dsn, "://"); found {
		return scheme + "://", true
	}
	if userAtHost.MatchString(dsn) {
		return "user:password@", true
	}
	return "", false
}

func openPostgres(dsn string, readOnly bool) (*DB, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, &DSNError{err} // it shows no password
	}
	var options []stdlib.OptionOpenDB
	if readOnly { // by a statement, as poolers accept few parameters of a connection
		options = append(options, stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, "SET default_transaction_read_only = on")
			return err
		}))
	}
	return &DB{DB: stdlib.OpenDB(*config, options...), Postgres: true}, nil
}

func openSQLite(path string, readOnly bool) (*DB, error) {
	if path == "" {
		return nil, &DSNError{errors.New("the dsn is empty: give postgres://... or the path of a SQLite file")}
	}
	if other, is := otherDatabase(path); is {
		return nil, &DSNError{fmt.Errorf("the dsn begins with %q: give postgres://... or the path of a SQLite file", other)}
	}
	options := url.Values{"_pragma": {"busy_timeout(30000)"}}
	if readOnly {
		options.Set("mode", "ro")
		options.Add("_pragma", "query_only(1)")
	} else {
		options.Add("_pragma", "journal_mode(WAL)")
		options.Add("_pragma", "synchronous(FULL)") // what is committed outlives a power cut
		options.Set("_txlock", "immediate")
	}
	db, err := sql.Open("sqlite", location(path, options))
	if err != nil {
		return nil, err
	}
	return &DB{DB: db, Path: path}, nil
}

// location returns a path as SQLite's URI.
func location(path string, options url.Values) string {
	uri := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: options.Encode()}
	if !filepath.IsAbs(path) { // file:name, without a slash
		uri = url.URL{Scheme: "file", Opaque: uri.EscapedPath(), RawQuery: uri.RawQuery}
	}
	return uri.String()
}

// ErrLocked is a file that another process has locked.
var ErrLocked = errors.New("the file is locked by another process")

// Lock makes a file and locks it until it is closed or the process ends. It fails with [ErrLocked] at
// once where another process holds the lock.
func Lock(ctx context.Context, path string) (io.Closer, error) {
	file, err := sql.Open("sqlite", location(path, url.Values{"_pragma": {"busy_timeout(0)"}}))
	if err != nil {
		return nil, err
	}
	file.SetMaxOpenConns(1) // which holds the lock: it is never closed for being idle
	if _, err := file.ExecContext(ctx, "BEGIN EXCLUSIVE"); err != nil {
		if strings.Contains(err.Error(), "SQLITE_BUSY") {
			err = ErrLocked
		}
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
	}
	return file, nil
}
