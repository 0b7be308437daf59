package feed

import (
	"bytes"
	"context"
	"database/sql"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

func TestEachChangeIsAnEventOnceInOrderHoweverOftenItIsTold(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		r := newRig(t, dsn, nil)
		r.add("o1 o2", "pending")
		r.start()
		r.tell("o1")
		r.handed("o1", "o1 new  pending")
		for _, status := range []linkit.OrderStatus{"confirmed", "pending", "ready", "delivered"} {
			r.add("o1", status)
			for range 3 {
				r.tell("o1")
			}
			r.eventually(func() bool {
				return r.value("SELECT count(*) FROM linkit_orders WHERE id = 'o1' AND status = $1", string(status)) == 1
			}, string(status))
		}
		r.handed("o1", "o1 new  pending", "o1 order_status pending confirmed", "o1 order_status confirmed pending",
			"o1 order_status pending ready", "o1 order_status ready delivered")
		r.idle("linkit_fetch_order")
		assert.EqualValues(t, 5, r.value("SELECT count(*) FROM order_events WHERE order_id = 'o1'"))
		assert.JSONEq(t, `"o1"`, `"`+r.ledger.events[0].OrderID+`"`)
		assert.Contains(t, string(r.ledger.events[0].Order), `"order_status":"pending"`)
		require.NoError(t, r.stop())
	})
}

// The unique job blocks another one while it runs: its own look at the counter must catch the hint.
func TestHintDuringAFetchIsNotSwallowed(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		reading, goOn := make(chan struct{}), make(chan struct{})
		var first atomic.Bool
		r := newRig(t, dsn, nil, linkittest.WithObserver(func(e linkittest.Exchange) {
			if e.Request.Path == "/orders/o1" && first.CompareAndSwap(false, true) {
				close(reading)
				<-goOn // the response already says pending
			}
		}))
		r.start()
		r.eventually(func() bool { // it would find the order too
			return r.value("SELECT count(*) FROM river_job WHERE kind = 'linkit_walk_orders' AND state = 'completed'") > 0
		}, "the walk is over")
		r.add("o1", "pending")
		r.tell("o1")
		<-reading
		r.add("o1", "ready")
		r.tell("o1")
		assert.EqualValues(t, 1, r.value("SELECT count(*) FROM river_job WHERE kind = 'linkit_fetch_order'"), "it is unique")
		close(goOn)
		r.handed("", "o1 new  pending", "o1 order_status pending ready")
		r.idle("linkit_fetch_order")
		assert.Zero(t, r.value("SELECT count(*) FROM linkit_order_hints WHERE fetched < hints"))
	})
}

func TestForgedIDLeavesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		r := newRig(t, dsn, nil)
		r.add("o1", "pending")
		r.start()
		for _, id := range []string{"forged", "..", "a/../../products"} {
			assert.Equal(t, http.StatusNoContent, post(t, "POST", r.url, orderBody(id, "delivered")))
		}
		r.tell("o1")
		r.handed("", "o1 new  pending")
		r.idle("linkit_fetch_order")
		assert.EqualValues(t, 3, r.value("SELECT count(*) FROM river_job WHERE state = 'cancelled'"))
		assert.EqualValues(t, 1, r.value("SELECT count(*) FROM linkit_order_hints"))
		assert.EqualValues(t, 1, r.value("SELECT count(*) FROM linkit_orders"))
	})
}

func TestRateLimitIsWaitedForAsLongAsItSays(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		r := newRig(t, dsn, nil)
		r.add("o1", "pending")
		r.server.Inject(linkittest.Fault{
			Path: "/orders/o1", Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"3600"}},
		})
		r.start()
		r.tell("o1")
		r.eventually(func() bool {
			var state string
			var attempt int
			var scheduled, created time.Time
			err := r.DB.QueryRowContext(t.Context(), `SELECT state, attempt, scheduled_at, created_at FROM river_job
				WHERE kind = 'linkit_fetch_order'`).Scan(&state, &attempt, &scheduled, &created)
			wait := scheduled.Sub(created)
			return err == nil && state == "scheduled" && attempt == 0 && wait > 50*time.Minute && wait < 70*time.Minute
		}, "it is snoozed, which is no failed attempt")
		assert.EqualValues(t, 1, r.value("SELECT count(*) FROM linkit_order_hints WHERE fetched < hints"))
	})
}

func TestOutageIsRetriedUntilItIsOver(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		r := newRig(t, dsn, nil)
		r.add("o1", "pending")
		r.server.Inject(linkittest.Fault{Path: "/orders/o1", DropBefore: true, Times: 12})
		r.start()
		r.tell("o1")
		r.handed("", "o1 new  pending")
	})
}

func TestSuspensionAndADeadCredentialStopTheRun(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		r := newRig(t, dsn, nil)
		r.add("o1", "pending")
		r.server.SetSuspended(linkittest.OrganizationID, true)
		r.start()
		r.tell("o1")
		<-r.failed
		assert.ErrorIs(t, r.Healthy(), linkit.ErrServiceSuspended)
		require.ErrorIs(t, r.stop(), linkit.ErrServiceSuspended)
		assert.EqualValues(t, 1, r.value("SELECT count(*) FROM linkit_order_hints WHERE fetched < hints"), "nothing is lost")
	})
}

// A job that was taken for dead goes on: what it read is older than what its successor stored.
func TestJobThatWasOvertakenStoresNothingOld(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		r := newRig(t, dsn, nil)
		store := func(status linkit.OrderStatus, version int64) error {
			tx, err := r.DB.BeginTx(t.Context(), nil)
			require.NoError(t, err)
			defer func() { _ = tx.Rollback() }()
			_, err = storeChanges(t.Context(), tx, "o1", &linkit.Order{OrderStatus: status, Raw: []byte(`{"status":"` + status + `"}`)}, version)
			if err == nil {
				require.NoError(t, tx.Commit())
			}
			return err
		}
		require.NoError(t, store("pending", 0))
		require.NoError(t, store("ready", 1))
		require.ErrorIs(t, store("pending", 1), errOvertaken)
		require.NoError(t, store("ready", 2), "no change, no new version")
		assert.EqualValues(t, 2, r.value("SELECT version FROM linkit_orders"))
		assert.EqualValues(t, 2, r.value("SELECT count(*) FROM order_events"))
	})
}

// during lets something happen once while an order is read: its response is made, but not yet there.
func during(path string, do func()) linkittest.Option {
	var once sync.Once
	return linkittest.WithObserver(func(e linkittest.Exchange) {
		if e.Request.Path == path {
			once.Do(do)
		}
	})
}

// tx runs a part of another process's work.
func (r *rig) tx(part func(ctx context.Context, tx *sql.Tx) error) {
	ctx := r.t.Context()
	assert.NoError(r.t, r.inTx(ctx, func(tx *sql.Tx) error { return part(ctx, tx) }))
}

func TestFetchThatWasOvertakenReadsAgainAtOnce(t *testing.T) {
	t.Parallel()
	var r *rig
	r = newRig(t, sqlite(t), nil, during("/orders/o1", func() {
		r.tx(func(ctx context.Context, tx *sql.Tx) error {
			_, err := storeChanges(ctx, tx, "o1", &linkit.Order{OrderStatus: "ready", Raw: []byte(`{"id":"o1"}`)}, 0)
			return err
		})
	}))
	r.add("o1", "pending")
	snoozed(t, work(r, &fetchWorker{feed: r.Feed}, fetchArgs{OrderID: "o1"}), 0)
	assert.EqualValues(t, 1, r.value("SELECT count(*) FROM order_events"), "what it read is older")
	r.fetched("o1")
	assert.EqualValues(t, 2, r.value("SELECT count(*) FROM order_events"))
}

func TestFetchRunsAgainForAHintThatCameMeanwhile(t *testing.T) {
	t.Parallel()
	for id, stored := range map[string]int64{"o1": 1, "missing": 0} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			var r *rig
			r = newRig(t, sqlite(t), nil, during("/orders/"+id, func() {
				r.tx(func(ctx context.Context, tx *sql.Tx) error { return addHint(ctx, tx, id) })
			}))
			r.add("o1", "pending")
			snoozed(t, work(r, &fetchWorker{feed: r.Feed}, fetchArgs{OrderID: id}), 0)
			assert.Equal(t, stored, r.value("SELECT count(*) FROM order_events"))
			assert.Equal(t, []string{id}, r.hinted())
			err := work(r, &fetchWorker{feed: r.Feed}, fetchArgs{OrderID: id})
			assert.Equal(t, stored == 1, err == nil, "a job for an order that is missing is cancelled")
			assert.Empty(t, r.hinted())
			assert.Equal(t, stored, r.value("SELECT count(*) FROM linkit_order_hints"))
		})
	}
}

func TestOrderThatIsGoneIsKeptAsItWas(t *testing.T) {
	t.Parallel()
	r := newRig(t, sqlite(t), nil)
	r.add("o1", "pending")
	r.fetched("o1")
	r.server.Inject(linkittest.Fault{Path: "/orders/o1", Status: http.StatusNotFound})
	cancelled := new(river.JobCancelError)
	require.ErrorAs(t, work(r, &fetchWorker{feed: r.Feed}, fetchArgs{OrderID: "o1"}), &cancelled)
	require.ErrorIs(t, cancelled, linkit.ErrNotFound)
	assert.EqualValues(t, 1, r.value("SELECT count(*) FROM linkit_orders WHERE status = 'pending'"))
	assert.EqualValues(t, 1, r.value("SELECT count(*) FROM linkit_order_hints"))
}

func TestOnlyAChangeEnqueuesADelivery(t *testing.T) {
	t.Parallel()
	r := newRig(t, sqlite(t), nil)
	r.add("o1", "pending")
	const deliveries = "SELECT count(*) FROM river_job WHERE kind = 'linkit_deliver_events'"
	r.fetched("o1")
	assert.EqualValues(t, 1, r.value(deliveries))
	_, err := r.DB.ExecContext(t.Context(), "DELETE FROM river_job")
	require.NoError(t, err)
	r.fetched("o1")
	assert.Zero(t, r.value(deliveries))
}

func TestOrderIsStoredThoughItsDeliveryCannotBeEnqueued(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	r := newRig(t, sqlite(t), func(c *Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	r.add("o1", "pending")
	_, err := r.DB.ExecContext(t.Context(), `CREATE TRIGGER full BEFORE INSERT ON river_job
		WHEN NEW.kind = 'linkit_deliver_events' BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`)
	require.NoError(t, err)
	r.fetched("o1")
	assert.EqualValues(t, 1, r.value("SELECT count(*) FROM order_events"))
	assert.Contains(t, log.String(), "the disk is full")
}
