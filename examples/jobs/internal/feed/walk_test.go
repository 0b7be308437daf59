package feed

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river/rivertest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/examples/jobs/internal/database/failing"
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
		_, offset := now.Zone()
		elsewhere := now.In(time.FixedZone("", offset+5*3600)) // as River gives it, in UTC
		assert.True(t, want.Equal(nightly{}.Next(elsewhere)), elsewhere)
	}
}

// walked works the jobs of a walk, from its first one on, and returns their arguments.
func (r *rig) walked(scope string) (walks []walkArgs) {
	r.t.Helper()
	_, err := r.river.Insert(r.t.Context(), walkArgs{Scope: scope}, nil)
	require.NoError(r.t, err)
	for job := taken[walkArgs](r); job != nil; job = taken[walkArgs](r) {
		walks = append(walks, job.Args)
		require.Less(r.t, len(walks), 20)
		require.NoError(r.t, (&walkWorker{feed: r.Feed}).Work(rivertest.WorkContext(r.t.Context(), r.river), job))
	}
	return walks
}

func TestLongWalkGoesOnInOtherJobsWhereItWas(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		slice    time.Duration
		stopping bool
		orders   int
		jobs     int
	}{
		"their time is up":  {time.Nanosecond, false, 2*pageSize + 1, 3},
		"the process stops": {time.Hour, true, pageSize + 1, 2},
		"it isn't long":     {time.Hour, false, pageSize + 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, sqlite(t), func(c *Config) { c.Slice = row.slice })
			if row.stopping {
				close(r.stopping)
			}
			for i := range row.orders {
				r.add(fmt.Sprintf("o%03d", i), "delivered")
			}
			before := time.Now().UnixMilli()
			walks := r.walked(scopeAll)
			require.Len(t, walks, row.jobs)
			assert.Equal(t, walkArgs{Scope: scopeAll}, walks[0])
			for i, walk := range walks[1:] {
				assert.Equal(t, walkArgs{scopeAll, walks[1].Began, []string{""}, i + 2}, walk)
				assert.GreaterOrEqual(t, walk.Began, before)
			}
			assert.Len(t, r.hinted(), row.orders)
			assert.EqualValues(t, row.jobs-1, r.value("SELECT count(*) FROM river_job WHERE state = 'completed'"), "the last one is River's to complete")
		})
	}
}

func TestWalkOfTheOpenOrdersGoesOnWithTheStatusesThatAreLeft(t *testing.T) {
	t.Parallel()
	r := newRig(t, sqlite(t), func(c *Config) { c.Slice = time.Nanosecond })
	r.add("o1", "somewhere")
	r.add("o2", "delivered")
	r.fetched("o1")
	r.fetched("o2")
	walks := r.walked(scopeOpen)
	statuses := append(slices.Clone(open), "somewhere") // also the one that isn't documented, and that an order has
	require.Len(t, walks, len(statuses))
	for i, walk := range walks[1:] {
		assert.Equal(t, walkArgs{scopeOpen, walks[1].Began, statuses[i+1:], 1}, walk)
	}
	assert.Empty(t, r.hinted())
}

func TestWalkThatGoesOnDoesNotBeginAnew(t *testing.T) {
	t.Parallel()
	r := newRig(t, sqlite(t), nil)
	r.add("o1", "pending")
	r.add("o2", "ready")
	require.NoError(t, work(r, &walkWorker{feed: r.Feed}, walkArgs{scopeOpen, 1, []string{"ready"}, 1}))
	assert.Equal(t, []string{"o2"}, r.hinted())
}

func TestWalkHintsAtTheOpenOrdersThatNoListHas(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		r := newRig(t, dsn, nil)
		store := func(id, status string) {
			r.add(id, linkit.OrderStatus(status))
			r.fetched(id)
		}
		for _, status := range final {
			store(status, status)
		}
		store("listed", "pending")
		_, err := r.DB.ExecContext(t.Context(), `INSERT INTO linkit_orders (id, status, document, version, listed, updated)
			VALUES ('gone1', 'pending', '{}', 1, 0, CURRENT_TIMESTAMP), ('gone2', 'lost', '{}', 1, 0, CURRENT_TIMESTAMP)`)
		require.NoError(t, err)
		_, err = r.DB.ExecContext(t.Context(), "UPDATE linkit_orders SET listed = 0")
		require.NoError(t, err)
		require.NoError(t, work(r, &walkWorker{feed: r.Feed}, walkArgs{Scope: scopeAll}))
		assert.Empty(t, r.hinted(), "only the walk of the open orders does")
		before := time.Now().UnixMilli()
		require.NoError(t, work(r, &walkWorker{feed: r.Feed}, walkArgs{Scope: scopeOpen}))
		assert.Equal(t, []string{"gone1", "gone2"}, r.hinted())
		assert.GreaterOrEqual(t, r.value("SELECT listed FROM linkit_orders WHERE id = 'listed'"), before)
		assert.EqualValues(t, 2, r.value("SELECT count(*) FROM river_job WHERE kind = 'linkit_fetch_order'"))
	})
}

func TestListWithoutOrdersIsNoError(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		r := newRig(t, dsn, nil)
		for _, scope := range []string{scopeOpen, scopeAll} {
			require.NoError(t, work(r, &walkWorker{feed: r.Feed}, walkArgs{Scope: scope}))
		}
		r.add(strings.Repeat("a", maxOrderID+1), "pending") // can't be read
		require.NoError(t, work(r, &walkWorker{feed: r.Feed}, walkArgs{Scope: scopeAll}))
		r.add("o1", "pending")
		require.NoError(t, work(r, &walkWorker{feed: r.Feed}, walkArgs{Scope: scopeAll}))
		assert.Equal(t, []string{"o1"}, r.hinted())
	})
}

func TestWalkWhosePageCannotBeComparedIsTriedAgain(t *testing.T) {
	t.Parallel()
	faults := new(failing.Faults)
	r := newRig(t, sqlite(t), func(c *Config) { c.DB.DB = faults.Wrap(c.DB.DB) })
	for i := range pageSize + 1 {
		r.add(fmt.Sprintf("o%03d", i), "delivered")
	}
	faults.Arm(1)
	require.ErrorIs(t, work(r, &walkWorker{feed: r.Feed}, walkArgs{Scope: scopeAll}), failing.Err)
	require.NotEmpty(t, faults.Disarm())
	assert.Empty(t, r.hinted())
	require.NoError(t, work(r, &walkWorker{feed: r.Feed}, walkArgs{Scope: scopeAll}))
	assert.Len(t, r.hinted(), pageSize+1)
}

func TestWalkThatIsRateLimitedWaits(t *testing.T) {
	t.Parallel()
	r := newRig(t, sqlite(t), nil)
	r.server.Inject(linkittest.Fault{
		Path: "/orders", Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"3600"}},
	})
	snoozed(t, work(r, &walkWorker{feed: r.Feed}, walkArgs{Scope: scopeAll}), time.Hour)
}

func TestWalkOfAScopeIsOne(t *testing.T) {
	t.Parallel()
	r := newRig(t, sqlite(t), nil)
	for _, args := range []walkArgs{{Scope: scopeOpen}, {Scope: scopeAll}, {Scope: scopeOpen, Began: 1}} {
		_, err := r.river.Insert(t.Context(), args, nil)
		require.NoError(t, err)
	}
	assert.EqualValues(t, 2, r.value("SELECT count(*) FROM river_job"))
}

func TestWalkThatCannotGoOnIsTriedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, sqlite(t), func(c *Config) { c.Slice = time.Nanosecond })
	_, err := r.DB.ExecContext(t.Context(), "ALTER TABLE river_job RENAME TO river_job_away")
	require.NoError(t, err)
	require.ErrorContains(t, work(r, &walkWorker{feed: r.Feed}, walkArgs{Scope: scopeOpen}), "river_job")
}

func TestOrderThatAPageHasTwiceIsHintedAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, sqlite(t), nil)
	require.NoError(t, (&walkWorker{feed: r.Feed}).hint(t.Context(), []string{"o2", "o1", "o2"}))
	assert.EqualValues(t, 2, r.value("SELECT sum(hints) FROM linkit_order_hints"))
	assert.EqualValues(t, 2, r.value("SELECT count(*) FROM river_job"))
}
