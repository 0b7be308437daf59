package feed

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/riverqueue/river"
)

// deliverBatch is how many events a receiver is given at once.
const deliverBatch = 100

// An Event is a change of an order.
type Event struct {
	ID      int64           `json:"id"` // the same each time the event is handed on
	OrderID string          `json:"order_id"`
	Change  string          `json:"change"` // see ChangeNew
	From    string          `json:"from"`   // "" for ChangeNew
	To      string          `json:"to"`
	Seen    time.Time       `json:"seen"`
	Order   json.RawMessage `json:"order"` // as it was read when the change was seen
}

// A Receiver takes events.
type Receiver interface {
	// HandOn hands events on, in order, and returns how many of the first ones need not be handed on
	// again. An error makes the others be handed on again, later. It may return early without an error
	// once until has passed; ctx ends some time after.
	HandOn(ctx context.Context, events []Event, until time.Time) (accepted int, err error)
}

// deliverArgs asks to hand on what waits. There is at most one unfinished job: it is the one that
// delivers.
type deliverArgs struct{}

// Kind implements [river.JobArgs].
func (deliverArgs) Kind() string { return "linkit_deliver_events" }

// InsertOpts implements [river.JobArgsWithInsertOpts].
func (deliverArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: deliverQueue, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: unfinished}}
}

// enqueueDelivery makes sure that committed events are handed on. It waits for a delivery that is
// about to end, which is then sure to see them or to be followed by another.
func (f *Feed) enqueueDelivery(ctx context.Context) error {
	if f.Receiver == nil {
		return nil
	}
	_, err := f.river.Insert(ctx, deliverArgs{}, nil)
	return err
}

type deliverWorker struct {
	river.WorkerDefaults[deliverArgs]
	feed *Feed
}

var errMoreEvents = errors.New("events were added")

// Work hands on events until none waits, or a Slice is over. A receiver that fails
// holds up the events after the one it refused.
func (w *deliverWorker) Work(ctx context.Context, job *river.Job[deliverArgs]) error {
	f := w.feed
	if f.Receiver == nil {
		return river.JobSnooze(time.Minute) // another process has the receiver
	}
	until := time.Now().Add(f.Slice)
	for {
		events, err := waitingEvents(ctx, f.DB, deliverBatch)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			if err := w.end(ctx, job); !errors.Is(err, errMoreEvents) {
				return err
			}
			continue
		}
		if err := w.handOn(ctx, events, until); err != nil {
			return err
		}
		if time.Now().After(until) || f.isStopping() {
			return river.JobSnooze(0)
		}
	}
}

// handOn hands events on, and marks what the receiver accepted.
func (w *deliverWorker) handOn(ctx context.Context, events []Event, until time.Time) error {
	f := w.feed
	accepted, err := f.Receiver.HandOn(ctx, events, until)
	f.measures.handedOn(ctx, accepted)
	if err != nil {
		f.Log.WarnContext(ctx, "events were not handed on; that is tried again", "error", err.Error())
	}
	// Also when the job's time is over: each mark that is lost is an event handed on twice.
	marking, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(err, f.markHandedOn(marking, events[:accepted]))
}

// end completes the job unless an event was added meanwhile. The job's row is locked before the
// look, so that whoever adds one later enqueues a job of its own.
func (w *deliverWorker) end(ctx context.Context, job *river.Job[deliverArgs]) error {
	return w.feed.inTx(ctx, func(tx *sql.Tx) error {
		if err := completeTx(ctx, tx, job.JobRow); err != nil {
			return err
		}
		events, err := waitingEvents(ctx, tx, 1)
		if err == nil && len(events) > 0 {
			err = errMoreEvents
		}
		return err
	})
}
