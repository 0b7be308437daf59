package pgtest_test

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/servers/pgtest"
)

func TestMain(m *testing.M) {
	os.Exit(pgtest.Main(m)) //nolint:forbidigo // what TestMain is for
}

// query runs statements, and returns the value that the last one yields.
func query(t *testing.T, dsn string, statements ...string) (value string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	last := len(statements) - 1
	for _, statement := range statements[:last] {
		_, err := conn.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
	require.NoError(t, conn.QueryRow(t.Context(), statements[last]).Scan(&value))
	return value
}

func TestDataAndAddressSurviveAStopAndACrash(t *testing.T) {
	t.Parallel()
	server := pgtest.New(t, pgtest.WithSetting("max_connections", "50"))
	dsn := server.Database(t)
	assert.NotEqual(t, dsn, server.Database(t))
	assert.Equal(t, "50", query(t, dsn, "SHOW max_connections"))
	assert.Equal(t, "off", query(t, dsn, "SHOW fsync"))
	query(t, dsn, "CREATE TABLE kept AS SELECT 'kept'::text AS value", "SET synchronous_commit = on",
		"INSERT INTO kept VALUES ('more')", "SELECT count(*)::text FROM kept")
	for name, end := range map[string]func(){
		"stop": server.Stop, "crash": server.Kill, "kill": server.Crash,
	} {
		end()
		_, err := pgx.Connect(t.Context(), dsn)
		require.Error(t, err, name)
		server.Start()
		assert.Equal(t, "2", query(t, dsn, "SELECT count(*)::text FROM kept"), name)
	}
}

func TestFilesThatMayNotGrowAreAFullDisk(t *testing.T) {
	t.Parallel()
	server := pgtest.New(t)
	dsn := server.Database(t)
	const fill = "INSERT INTO grown SELECT repeat('x', 1000) FROM generate_series(1, 2000) RETURNING value"
	query(t, dsn, "CREATE TABLE grown (value text)", "SELECT '1'")
	server.LimitFiles(1 << 20)
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	_, err = conn.Exec(t.Context(), fill)
	require.ErrorContains(t, err, "could not extend file")
	require.NoError(t, conn.Ping(t.Context()), "the server goes on")
	server.LimitFiles(0)
	query(t, dsn, fill, "SELECT count(*)::text FROM grown")
}

func TestFsyncIsAnOption(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "on", query(t, pgtest.New(t, pgtest.WithFsync()).Database(t), "SHOW fsync"))
}

func TestSharedServerIsOne(t *testing.T) {
	t.Parallel()
	server := pgtest.Shared(t)
	assert.Same(t, server, pgtest.Shared(t))
	query(t, server.Database(t), "CREATE TABLE mine ()", "SELECT count(*)::text FROM mine")
	query(t, server.Database(t), "CREATE TABLE mine ()", "SELECT count(*)::text FROM mine")
}
