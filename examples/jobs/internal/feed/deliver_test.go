package feed

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertest"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/internal/servers/pgtest"
)

func appendTo(t *testing.T, tx *sql.Tx, id string) {
	t.Helper()
	_, err := storeChanges(t.Context(), tx, id, &linkit.Order{OrderStatus: "pending", Raw: []byte(`{"id":"` + id + `"}`)}, 0)
	require.NoError(t, err)
}

func TestReceiverThatFailsHoldsUpTheLineAndIsRetried(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		r := newRig(t, dsn, nil)
		var failures atomic.Int32
		r.ledger.refuse = func(e Event) error {
			if e.OrderID == "o2" && failures.Add(1) < 4 {
				return errors.New("the ERP is away")
			}
			return nil
		}
		tx, err := r.DB.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		for i := range 3 {
			appendTo(t, tx, fmt.Sprintf("o%d", i+1))
		}
		require.NoError(t, tx.Commit())
		r.start()
		r.handed("", "o1 new  pending", "o2 new  pending", "o3 new  pending")
		assert.EqualValues(t, 4, failures.Load())
		r.idle("linkit_deliver_events")
		assert.Zero(t, r.value(waitingForTheReceiver))
	})
}

func TestEventWithASmallerIDThatIsCommittedLaterIsHandedOn(t *testing.T) {
	t.Parallel()
	r := newRig(t, pgtest.Shared(t).Database(t), nil)
	r.start()
	slow, err := r.DB.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	appendTo(t, slow, "o1")
	r.add("o2", "pending")
	r.tell("o2")
	r.handed("", "o2 new  pending")
	require.NoError(t, slow.Commit())
	require.NoError(t, r.enqueueDelivery(t.Context()))
	r.handed("", "o2 new  pending", "o1 new  pending")
	assert.Less(t, r.ledger.events[1].ID, r.ledger.events[0].ID)
}

func TestDeliveryEndsOnlyWhenNothingWaits(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		r := newRig(t, dsn, nil)
		r.start()
		for i := range 3*deliverBatch + 1 {
			id := fmt.Sprintf("o%d", i)
			r.add(id, "pending")
			r.tell(id)
		}
		r.eventually(func() bool { return len(r.ledger.lines("")) == 3*deliverBatch+1 }, "all are handed on")
		require.NoError(t, r.stop())
	})
}

// While a delivery is ending, it still keeps others from being enqueued: it must look again before it
// does.
func TestEventThatComesWhileADeliveryEndsIsHandedOn(t *testing.T) {
	t.Parallel()
	r := newRig(t, pgtest.Shared(t).Database(t), nil)
	handing, goOn := make(chan struct{}), make(chan struct{})
	r.ledger.refuse = func(e Event) error {
		if e.OrderID == "o1" {
			close(handing)
			<-goOn
		}
		return nil
	}
	add := func(id string) {
		require.NoError(t, r.inTx(t.Context(), func(tx *sql.Tx) error {
			appendTo(t, tx, id)
			return nil
		}))
	}
	add("o1")
	r.start()
	<-handing
	holding, err := r.DB.BeginTx(t.Context(), nil) // keeps the job from ending
	require.NoError(t, err)
	_, err = holding.ExecContext(t.Context(), "SELECT 1 FROM river_job WHERE kind = 'linkit_deliver_events' FOR UPDATE")
	require.NoError(t, err)
	close(goOn)
	r.eventually(func() bool {
		return r.value(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
			AND wait_event_type = 'Lock' AND query LIKE '%river_job%'`) > 0
	}, "the job is about to end")
	add("o2")
	require.NoError(t, holding.Rollback())
	r.handed("", "o1 new  pending", "o2 new  pending")
}

// batches is a receiver that accepts all, and notes how it was given them.
type batches struct {
	sizes []int
	until time.Time
}

func (b *batches) HandOn(_ context.Context, events []Event, until time.Time) (int, error) {
	b.sizes, b.until = append(b.sizes, len(events)), until
	return len(events), nil
}

const waitingForTheReceiver = "SELECT count(*) FROM order_events WHERE handed_on IS NULL"

func TestReceiverIsGivenAHundredEventsAtOnceUntilNoneWaits(t *testing.T) {
	t.Parallel()
	receiver := new(batches)
	r := newRig(t, sqlite(t), func(c *Config) { c.Receiver, c.Slice = receiver, time.Hour })
	r.append(201)
	before := time.Now()
	require.NoError(t, work(r, &deliverWorker{feed: r.Feed}, deliverArgs{}))
	assert.Equal(t, []int{100, 100, 1}, receiver.sizes)
	assert.WithinRange(t, receiver.until, before.Add(time.Hour), time.Now().Add(time.Hour))
	assert.Zero(t, r.value(waitingForTheReceiver))
}

func TestDeliveryThatHasToEndGoesOnLater(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		slice    time.Duration
		stopping bool
	}{
		"its time is up":    {time.Nanosecond, false},
		"the process stops": {time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			receiver := new(batches)
			r := newRig(t, sqlite(t), func(c *Config) { c.Receiver, c.Slice = receiver, row.slice })
			if row.stopping {
				close(r.stopping)
			}
			r.append(101)
			snoozed(t, work(r, &deliverWorker{feed: r.Feed}, deliverArgs{}), 0)
			assert.Equal(t, []int{100}, receiver.sizes)
			assert.EqualValues(t, 1, r.value(waitingForTheReceiver))
		})
	}
}

func TestProcessWithoutAReceiverLeavesEventsToOthers(t *testing.T) {
	t.Parallel()
	r := newRig(t, sqlite(t), func(c *Config) { c.Receiver = nil })
	r.append(1)
	snoozed(t, work(r, &deliverWorker{feed: r.Feed}, deliverArgs{}), time.Minute)
	assert.EqualValues(t, 1, r.value(waitingForTheReceiver))
	require.NoError(t, r.enqueueDelivery(t.Context()))
	assert.Zero(t, r.value("SELECT count(*) FROM river_job"))
}

func TestAcceptedEventsAreMarkedThoughTheJobsTimeIsUp(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	r := newRig(t, sqlite(t), func(c *Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	r.append(3)
	ctx, end := context.WithCancel(rivertest.WorkContext(t.Context(), r.river))
	r.ledger.refuse = func(e Event) error {
		if e.OrderID == "o002" {
			end()
			return ctx.Err()
		}
		return nil
	}
	job := &river.Job[deliverArgs]{JobRow: &rivertype.JobRow{State: rivertype.JobStateRunning}}
	require.ErrorIs(t, (&deliverWorker{feed: r.Feed}).Work(ctx, job), context.Canceled)
	assert.Equal(t, []string{"o001 new  pending"}, r.ledger.lines(""))
	assert.Contains(t, log.String(), "events were not handed on")
	assert.EqualValues(t, 2, r.value(waitingForTheReceiver))
}
