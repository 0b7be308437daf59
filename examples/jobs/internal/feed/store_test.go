package feed

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOrderThatIsNotStoredHasNeitherVersionNorHints(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		r := newRig(t, dsn, nil)
		check := func(version, hints int64) {
			gotVersion, err := versionOf(t.Context(), r.DB, "o1")
			require.NoError(t, err)
			gotHints, err := hintsOf(t.Context(), r.DB, "o1")
			require.NoError(t, err)
			assert.Equal(t, []int64{version, hints}, []int64{gotVersion, gotHints})
		}
		check(0, 0)
		r.add("o1", "pending")
		r.tell("o1")
		r.tell("o1")
		check(0, 2)
		r.fetched("o1")
		r.add("o1", "ready")
		r.fetched("o1")
		check(2, 2)
	})
}

// SQLite's only connection must be free again, whatever a row holds.
func TestStoredOrderThatIsNoJSONIsAnError(t *testing.T) {
	t.Parallel()
	r := newRig(t, sqlite(t), nil)
	r.append(2)
	_, err := r.DB.ExecContext(t.Context(), "UPDATE linkit_orders SET document = '{'")
	require.NoError(t, err)
	_, err = storedOrders(t.Context(), r.DB, "o001", "o002")
	_, isSyntax := err.(*json.SyntaxError) //nolint:errorlint // it is returned as it is
	require.True(t, isSyntax, err)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, r.DB.PingContext(ctx))
}

func TestTotalsTellWhatTheTablesHold(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		r := newRig(t, dsn, nil)
		r.append(3)
		r.add("o4", "pending")
		r.fetched("o4")
		r.add("o4", "ready")
		r.fetched("o4")
		for _, id := range []string{"a", "b"} {
			require.NoError(t, (&walkWorker{feed: r.Feed}).hint(t.Context(), []string{id}))
		}
		first, err := waitingEvents(t.Context(), r.DB, 1)
		require.NoError(t, err)
		require.NoError(t, r.markHandedOn(t.Context(), first))
		totals, err := r.Totals(t.Context())
		require.NoError(t, err)
		assert.Equal(t, Totals{Orders: 4, Events: 5, WaitingHints: 2, WaitingEvents: 4}, totals)
		require.NoError(t, r.DB.Close())
		_, err = r.Totals(t.Context())
		require.Error(t, err)
	})
}
