package feed

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/examples/jobs/internal/database"
	"github.com/linkit-go/linkit/linkittest"
)

func TestNewSaysThatTheTablesCannotBeMade(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		db, err := database.Open(t.Context(), dsn)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, db.Close()) })
		config := Config{DB: db, DSN: dsn, Client: linkittest.New(t).Client()}
		for _, table := range []string{"river_job", "order_events"} {
			_, err = db.ExecContext(t.Context(), "CREATE VIEW "+table+" AS SELECT 1 AS other")
			require.NoError(t, err)
			_, err = New(t.Context(), config)
			require.ErrorContains(t, err, "make the tables: ", table)
			_, err = db.ExecContext(t.Context(), "DROP VIEW "+table)
			require.NoError(t, err)
		}
		f, err := New(t.Context(), config)
		require.NoError(t, err)
		f.release()
		require.NoError(t, db.Close())
		_, err = New(t.Context(), config)
		require.ErrorContains(t, err, "make the tables: ")
	})
}
