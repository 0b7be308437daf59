package feed

import (
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

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
		assert.Zero(t, r.value("SELECT count(*) FROM order_events WHERE handed_on IS NULL"))
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
