package database_test

import (
	"path/filepath"
	"testing"

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

func TestAReaderOfPostgreSQLCannotWrite(t *testing.T) {
	t.Parallel()
	dsn := pgtest.New(t).Database(t)
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
