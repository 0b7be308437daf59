package database_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/examples/jobs/internal/database"
	"github.com/linkit-go/linkit/internal/servers/pgtest"
)

func TestOpenMakesASQLiteFileThatReadersCannotChange(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"stock.db", "with space.db", "a?b#c%20d.db", "مخزون.db"} {
		path := filepath.Join(t.TempDir(), name)
		db, err := database.Open(t.Context(), path)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, db.Close()) })
		assert.False(t, db.Postgres)
		assert.FileExists(t, path)
		_, err = db.ExecContext(t.Context(), `CREATE TABLE stock (sku text)`)
		require.NoError(t, err)
		var mode string
		require.NoError(t, db.QueryRowContext(t.Context(), `PRAGMA journal_mode`).Scan(&mode))
		assert.Equal(t, "wal", mode)

		reader, err := database.OpenReadOnly(t.Context(), path)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, reader.Close()) })
		_, err = reader.ExecContext(t.Context(), `INSERT INTO stock VALUES ('A')`)
		require.ErrorContains(t, err, "readonly")
	}
}

func TestOpenAcceptsAPathFromTheWorkingDirectory(t *testing.T) {
	t.Chdir(t.TempDir())
	db, err := database.Open(t.Context(), "stock.db")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	assert.FileExists(t, "stock.db")
}

func TestOpenSaysWhatIsWrongWithADSNWithoutItsPassword(t *testing.T) {
	t.Parallel()
	for dsn, want := range map[string]string{
		"":                            "the dsn is empty",
		"mysql://user:secret@host/db": `the dsn begins with "mysql://"`,
		"user:secret@tcp(host)/db":    `the dsn begins with "user:password@"`,
		"user:/secret/@unix(/s)/db":   `the dsn begins with "user:password@"`,
		"postgres://user:secret@127.0.0.1:1/db?connect_timeout=1":      "open postgres://127.0.0.1:1/db: ",
		"postgres://user:secret@127.0.0.1:x/db":                        "port",
		filepath.Join(t.TempDir(), "no", "such", "folder", "stock.db"): "stock.db: ",
	} {
		_, err := database.Open(t.Context(), dsn)
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "secret")
	}
	_, err := database.OpenReadOnly(t.Context(), filepath.Join(t.TempDir(), "none.db"))
	require.ErrorContains(t, err, "none.db: ", "a source that doesn't exist is no empty one")
}

func TestADSNOfKeywordsIsPostgreSQLs(t *testing.T) {
	t.Parallel()
	for dsn, name := range map[string]string{
		"host=db dbname=shop user=feed password=s3cret":           "postgres://db:5432/shop",
		"password='s3 cret' port = 6432 host = db dbname='my db'": "postgres://db:6432/my%20db",
		"dbname=shop host=/run/postgresql":                        "postgres://%2Frun%2Fpostgresql:5432/shop",
		"sslmode=disable host=::1 dbname=shop":                    "postgres://[::1]:5432/shop",
		"database=shop host=a,b":                                  "postgres://a:5432/shop",
		"host=db port=no password=s3cret":                         "postgres://",
		"user='s3cret":                                            "postgres://",
		"postgres://feed:s3cret@db/shop?sslmode=disable":          "postgres://db/shop",
		"postgresql://feed:s3cret@db:1/shop":                      "postgres://db:1/shop",
		"postgres://feed:s3cret@db:x/shop":                        "postgres://",
	} {
		assert.True(t, database.IsPostgres(dsn), dsn)
		assert.Equal(t, name, database.Name(dsn))
	}
	assert.Equal(t, "mysql://", database.Name("mysql://feed:s3cret@db/shop"))
	assert.Equal(t, "user:password@", database.Name("feed:s3cret@tcp(db)/shop"))
	for _, path := range []string{"stock.db", "./host=db", "/var/host=db.db", "hostname=x.db", "key=value.db", "file:a.db", "host", "/data/a:b@c.db", `C:\shop@home\a.db`} {
		assert.False(t, database.IsPostgres(path), path)
		assert.Equal(t, path, database.Name(path))
	}
	for _, dsn := range []string{"host=127.0.0.1 port=1 password=s3cret connect_timeout=1", "port=no password=s3cret", "password='s3cret"} {
		_, err := database.Open(t.Context(), dsn)
		require.Error(t, err, dsn)
		assert.NotContains(t, err.Error(), "s3cret")
		assert.NoFileExists(t, dsn)
	}
}

func TestAReaderOfPostgreSQLCannotWrite(t *testing.T) {
	t.Parallel()
	config, err := pgx.ParseConfig(pgtest.New(t).Database(t))
	require.NoError(t, err)
	dsn := fmt.Sprintf("host=%s port=%d user=%s dbname=%s sslmode=disable", config.Host, config.Port, config.User, config.Database)
	db, err := database.Open(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	assert.True(t, db.Postgres)
	_, err = db.ExecContext(t.Context(), `CREATE TABLE stock (sku text)`)
	require.NoError(t, err)
	reader, err := database.OpenReadOnly(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, reader.Close()) })
	_, err = reader.ExecContext(t.Context(), `INSERT INTO stock VALUES ('A')`)
	require.ErrorContains(t, err, "read-only transaction")
}

func TestALockOfAFileIsHeldByOne(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	lock, err := database.Lock(t.Context(), path)
	require.NoError(t, err)
	_, err = database.Lock(t.Context(), path)
	require.ErrorIs(t, err, database.ErrLocked)
	require.NoError(t, lock.Close())
	lock, err = database.Lock(t.Context(), path)
	require.NoError(t, err)
	require.NoError(t, lock.Close())
}

// A pool that closes an idle connection, or opens another, would lose the lock or not see it.
func TestALockHasOneConnection(t *testing.T) {
	t.Parallel()
	lock, err := database.Lock(t.Context(), filepath.Join(t.TempDir(), "lock"))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, lock.Close()) })
	pool, ok := lock.(*sql.DB)
	require.True(t, ok)
	assert.Equal(t, 1, pool.Stats().MaxOpenConnections)
	assert.Equal(t, 1, pool.Stats().OpenConnections)
}

func TestAFileThatCannotBeMadeIsNotLockedByAnother(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "none", "lock")
	_, err := database.Lock(t.Context(), path)
	require.ErrorContains(t, err, "lock "+path+": ")
	require.NotErrorIs(t, err, database.ErrLocked)
}
