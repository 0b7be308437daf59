package feed

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"

	"github.com/linkit-go/linkit"
)

// fetchArgs asks to read one order anew. There is at most one unfinished job for each order.
type fetchArgs struct {
	OrderID string `json:"order_id" river:"unique"`
}

// Kind implements [river.JobArgs].
func (fetchArgs) Kind() string { return "linkit_fetch_order" }

// InsertOpts implements [river.JobArgsWithInsertOpts].
func (fetchArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: fetchQueue, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: unfinished}}
}

type fetchWorker struct {
	river.WorkerDefaults[fetchArgs]
	feed *Feed
}

// errOvertaken is that another job stored a change of the order while this one read it.
var errOvertaken = errors.New("another job was faster")

// Work reads an order and stores what changed, together with the end of the job. A hint that came
// since the job began makes it run again: the job itself kept that hint from enqueuing another.
func (w *fetchWorker) Work(ctx context.Context, job *river.Job[fetchArgs]) error {
	f, id := w.feed, job.Args.OrderID
	hints, err := hintsOf(ctx, f.DB, id)
	if err != nil {
		return err
	}
	version, err := versionOf(ctx, f.DB, id)
	if err != nil {
		return err
	}
	order, err := f.Client.Orders.Get(ctx, id)
	if errors.Is(err, linkit.ErrNotFound) || errors.Is(err, linkit.ErrInvalid) {
		return w.missing(ctx, id, hints, err)
	}
	if err != nil {
		f.measures.fetch(ctx, "failed")
		return f.outcome(err)
	}
	var again bool
	var changes []change
	err = f.inTx(ctx, func(tx *sql.Tx) error {
		latest, err := settleHints(ctx, tx, id, hints)
		if err != nil {
			return err
		}
		again = latest > hints
		if changes, err = storeChanges(ctx, tx, id, order, version); err != nil || again {
			return err
		}
		return completeTx(ctx, tx, job.JobRow)
	})
	switch {
	case errors.Is(err, errOvertaken):
		return river.JobSnooze(0)
	case err != nil:
		return err
	}
	f.measures.fetch(ctx, "stored")
	f.measures.changed(ctx, changes)
	if len(changes) > 0 {
		if err := f.enqueueDelivery(ctx); err != nil { // the leader's schedule does it later
			f.Log.WarnContext(ctx, "delivery was not enqueued", "error", err.Error())
		}
	}
	if again {
		return river.JobSnooze(0)
	}
	return nil
}

// missing ends a job whose order Linkit doesn't have: the webhook was forged, or the order is gone.
func (w *fetchWorker) missing(ctx context.Context, id string, hints int64, cause error) error {
	var again bool
	err := w.feed.inTx(ctx, func(tx *sql.Tx) error {
		latest, err := settleHints(ctx, tx, id, hints)
		if err != nil {
			return err
		}
		again = latest > hints
		return dropHints(ctx, tx, id)
	})
	switch {
	case err != nil:
		return err
	case again:
		return river.JobSnooze(0)
	}
	w.feed.measures.fetch(ctx, "missing")
	return river.JobCancel(cause)
}

// storeChanges stores an order that was read when its stored version was the one given. The caller
// has locked the order's hints. A job that was held up, even past its rescue, can't put an older
// state over a newer one: the version has changed then.
func storeChanges(
	ctx context.Context, tx *sql.Tx, id string, read *linkit.Order, version int64,
) (changes []change, err error) {
	now, err := versionOf(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	if now != version {
		return nil, errOvertaken
	}
	stored, err := storedOrders(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	changes = changesOf(stored[id], read)
	if len(changes) > 0 {
		version++
	}
	if err := storeOrder(ctx, tx, id, read, version, time.Now().UnixMilli()); err != nil {
		return nil, err
	}
	for _, c := range changes {
		if err := appendEvent(ctx, tx, id, read, version, c); err != nil {
			return nil, err
		}
	}
	return changes, nil
}

// anyArgs stands for the arguments of any job.
type anyArgs struct{}

// Kind implements [river.JobArgs].
func (anyArgs) Kind() string { return "linkit_any" }

// completeTx completes a running job in a transaction. A job that isn't running any more was taken
// for dead and rescued: what it has done is right all the same.
func completeTx(ctx context.Context, tx *sql.Tx, row *rivertype.JobRow) error {
	_, err := river.JobCompleteTx[riverdriver.Driver[*sql.Tx]](ctx, tx, &river.Job[anyArgs]{JobRow: row})
	if errors.Is(err, rivertype.ErrNotFound) {
		return nil
	}
	return err
}
