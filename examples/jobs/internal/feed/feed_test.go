package feed

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/examples/jobs/internal/database"
	"github.com/linkit-go/linkit/linkittest"
)

func TestASQLiteFileHasOneFeed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "orders.db")
	first := newRig(t, path, nil)
	first.start()
	db, err := database.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	config := Config{DB: db, Client: linkittest.New(t).Client()}
	_, err = New(t.Context(), config)
	require.ErrorIs(t, err, ErrLocked)
	require.ErrorContains(t, err, path+": another orderfeed works on this file; for several processes use PostgreSQL")
	var orders int
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM linkit_orders").Scan(&orders), "others may read it")

	require.NoError(t, first.stop())
	second, err := New(t.Context(), config)
	require.NoError(t, err, "it is free once the first has stopped")
	second.release()
}
