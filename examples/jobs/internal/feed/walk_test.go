package feed

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/linkittest"
)

func TestWalkFindsWhatNoWebhookTold(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		r := newRig(t, dsn, func(c *Config) { c.Every = time.Second })
		r.add("o1", "pending")
		r.add("o2", "somewhere") // a status that isn't documented: only the walk of all lists it
		r.add("o3", "delivered")
		r.start()
		r.handed("", "o1 new  pending")
		r.add("o1", "shipped")
		r.handed("", "o1 new  pending", "o1 order_status pending shipped")
		r.add("o1", "delivered") // no list of open orders has it now
		r.handed("o1", "o1 new  pending", "o1 order_status pending shipped", "o1 order_status shipped delivered")
		assert.EqualValues(t, 1, r.value("SELECT count(*) FROM linkit_orders"))

		r.tell("o2")
		r.handed("o2", "o2 new  somewhere")
		r.add("o2", "elsewhere") // is found as the order that the list of its old status misses
		r.handed("o2", "o2 new  somewhere", "o2 order_status somewhere elsewhere")
		assert.Empty(t, r.ledger.lines("o3"))
	})
}

func TestBackfillWalksAllOrdersInJobsThatAreShort(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		const orders = 250
		r := newRig(t, dsn, func(c *Config) { c.Backfill, c.Slice = true, 500*time.Millisecond })
		for i := range orders {
			r.add(fmt.Sprintf("o%03d", i), "delivered")
		}
		r.server.Inject(linkittest.Fault{Path: "/orders", Delay: 300 * time.Millisecond, Times: -1}) // two pages a job
		r.start()
		r.eventually(func() bool { return r.value("SELECT count(*) FROM linkit_orders") == orders }, "all are stored")
		r.idle("linkit_walk_orders")
		const walks = "SELECT count(*) FROM river_job WHERE kind = 'linkit_walk_orders' AND args->>'scope' = 'all'"
		assert.GreaterOrEqual(t, r.value(walks), int64(2))
	})
}

// River gives a job up after 25 attempts; the hint is still there.
func TestHintWithoutAJobIsFetched(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		r := newRig(t, dsn, nil)
		r.add("o1", "delivered")
		tx, err := r.DB.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		require.NoError(t, addHint(t.Context(), tx, "o1"))
		require.NoError(t, tx.Commit())
		r.start()
		r.handed("", "o1 new  delivered")
	})
}

func TestNightlyWalkIsAtThreeOClock(t *testing.T) {
	t.Parallel()
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 11, day, hour, minute, 0, 0, time.Local) }
	for now, want := range map[time.Time]time.Time{
		at(25, 2, 59):  at(25, 3, 0),
		at(25, 3, 0):   at(26, 3, 0),
		at(25, 12, 0):  at(26, 3, 0),
		at(30, 23, 59): at(31, 3, 0),
	} {
		assert.True(t, want.Equal(nightly{}.Next(now)), now)
	}
}
