package feed

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/riverqueue/river"

	"github.com/linkit-go/linkit"
)

const (
	scopeOpen = "open" // the orders whose status may still change
	scopeAll  = "all"

	pageSize  = 100
	nightHour = 3 // local time
)

// walkArgs asks to compare the list of orders with what is stored. A walk that takes long goes on
// in another job, so that no job runs longer than JobTimeout and a killed one is missed soon.
type walkArgs struct {
	Scope    string   `json:"scope" river:"unique"`
	Began    int64    `json:"began,omitempty"`    // Unix milliseconds; 0: it begins with this job
	Statuses []string `json:"statuses,omitempty"` // still to walk
	Page     int      `json:"page,omitempty"`     // of the first of them
}

// Kind implements [river.JobArgs].
func (walkArgs) Kind() string { return "linkit_walk_orders" }

// InsertOpts implements [river.JobArgsWithInsertOpts].
func (walkArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: walkQueue, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: unfinished}}
}

// periodicJobs are what the leader enqueues.
func (f *Feed) periodicJobs() []*river.PeriodicJob {
	walk := func(scope string) river.PeriodicJobConstructor {
		return func() (river.JobArgs, *river.InsertOpts) { return walkArgs{Scope: scope}, nil }
	}
	deliver := func() (river.JobArgs, *river.InsertOpts) { return deliverArgs{}, nil }
	every := river.PeriodicInterval(f.Every)
	return []*river.PeriodicJob{
		river.NewPeriodicJob(every, walk(scopeOpen), &river.PeriodicJobOpts{RunOnStart: true}),
		river.NewPeriodicJob(nightly{}, walk(scopeAll), nil),
		river.NewPeriodicJob(river.PeriodicInterval(min(f.Every, time.Minute)), deliver, nil),
	}
}

// nightly is the schedule of the walk of all orders.
type nightly struct{}

// Next implements [river.PeriodicSchedule].
func (nightly) Next(now time.Time) time.Time {
	now = now.Local()
	next := time.Date(now.Year(), now.Month(), now.Day(), nightHour, 0, 0, 0, now.Location())
	if !next.After(now) {
		next = next.AddDate(0, 0, 1)
	}
	return next
}

type walkWorker struct {
	river.WorkerDefaults[walkArgs]
	feed *Feed
}

// Work walks as far as it gets in a Slice, and hints at every order that is new or
// differs.
func (w *walkWorker) Work(ctx context.Context, job *river.Job[walkArgs]) error {
	args, err := w.begin(ctx, job.Args)
	if err != nil {
		return err
	}
	until := time.Now().Add(w.feed.Slice)
	for len(args.Statuses) > 0 {
		next, err := w.walk(ctx, args, until)
		if err != nil {
			w.feed.Log.WarnContext(ctx, "orders were not listed; that is tried again", "walk", args.Scope, "error", err.Error())
			return w.feed.outcome(err)
		}
		args.Page = next
		if next == 0 {
			args.Statuses, args.Page = args.Statuses[1:], 1
		}
		if len(args.Statuses) > 0 && w.over(until) {
			return w.goOn(ctx, job, args)
		}
	}
	if args.Scope == scopeOpen {
		err = w.hintGone(ctx, args.Began)
	}
	return err
}

// begin fills in the arguments of a walk's first job. It also enqueues what hints ask for without a
// job: River gave it up after many failures, or its end met a hint.
func (w *walkWorker) begin(ctx context.Context, args walkArgs) (walkArgs, error) {
	if args.Began > 0 {
		return args, nil
	}
	args.Began, args.Page, args.Statuses = time.Now().UnixMilli(), 1, []string{""}
	if args.Scope != scopeOpen {
		return args, nil
	}
	others, err := texts(ctx, w.feed.DB, "SELECT DISTINCT status FROM linkit_orders WHERE status <> ''")
	if err != nil {
		return args, err
	}
	args.Statuses = slices.Clone(open)
	for _, status := range others { // ones that aren't documented
		if !slices.Contains(final, status) && !slices.Contains(open, status) {
			args.Statuses = append(args.Statuses, status)
		}
	}
	return args, w.enqueueHinted(ctx)
}

func (w *walkWorker) enqueueHinted(ctx context.Context) error {
	for after := ""; ; {
		ids, err := waitingHints(ctx, w.feed.DB, after, 10*pageSize)
		if err != nil || len(ids) == 0 {
			return err
		}
		if _, err := w.feed.river.InsertManyFast(ctx, fetches(ids)); err != nil {
			return err
		}
		after = ids[len(ids)-1]
	}
}

func fetches(ids []string) []river.InsertManyParams {
	params := make([]river.InsertManyParams, len(ids))
	for i, id := range ids {
		params[i] = river.InsertManyParams{Args: fetchArgs{OrderID: id}}
	}
	return params
}

// walk compares the orders of the first status from args.Page on. It returns the page to go on
// from, or 0 when it got to the end.
func (w *walkWorker) walk(ctx context.Context, args walkArgs, until time.Time) (next int, err error) {
	params := &linkit.OrderListParams{
		ListParams: linkit.ListParams{Page: args.Page, Limit: pageSize}, Status: linkit.OrderStatus(args.Statuses[0]),
	}
	read, batch := 0, make([]linkit.Order, 0, pageSize)
	for order, err := range w.feed.Client.Orders.All(ctx, params) {
		if err != nil {
			return 0, err
		}
		if batch = append(batch, order); len(batch) < pageSize {
			continue
		}
		if err := w.compare(ctx, args, batch); err != nil {
			return 0, err
		}
		read, batch = read+pageSize, batch[:0]
		if w.over(until) {
			return args.Page + read/pageSize, nil
		}
	}
	return 0, w.compare(ctx, args, batch)
}

// over reports whether another job should go on with the walk.
func (w *walkWorker) over(until time.Time) bool {
	return time.Now().After(until) || w.feed.isStopping()
}

// compare hints at the orders that are not stored as they are listed.
func (w *walkWorker) compare(ctx context.Context, args walkArgs, listed []linkit.Order) error {
	ids := make([]string, 0, len(listed))
	for _, order := range listed {
		if isOrderID(order.ID) {
			ids = append(ids, order.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	stored, err := storedOrders(ctx, w.feed.DB, ids...)
	if err != nil {
		return err
	}
	var differ []string
	for _, order := range listed {
		if isOrderID(order.ID) && outdated(stored[order.ID], order) {
			differ = append(differ, order.ID)
		}
	}
	if args.Scope == scopeOpen {
		mark := "UPDATE linkit_orders SET listed = $1 WHERE listed < $1 AND id IN (" + places(2, len(ids)) + ")"
		if _, err := w.feed.DB.ExecContext(ctx, mark, append([]any{args.Began}, anys(ids)...)...); err != nil {
			return err
		}
	}
	return w.hint(ctx, differ)
}

// hintGone hints at the orders that are stored as open, but that no walk of the open ones lists any
// more: they have got a final status, or are gone.
func (w *walkWorker) hintGone(ctx context.Context, began int64) error {
	args := append([]any{began}, anys(final)...)
	ids, err := texts(ctx, w.feed.DB, "SELECT id FROM linkit_orders WHERE listed < $1 AND status NOT IN ("+
		places(2, len(final))+", '')", args...)
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(ids, pageSize) {
		if err := w.hint(ctx, chunk); err != nil {
			return err
		}
	}
	return nil
}

// hint does for orders what a webhook does for one.
func (w *walkWorker) hint(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	ids = unique(ids)
	err := w.feed.inTx(ctx, func(tx *sql.Tx) error {
		for _, id := range ids {
			if err := addHint(ctx, tx, id); err != nil {
				return err
			}
		}
		_, err := w.feed.river.InsertManyFastTx(ctx, tx, fetches(ids))
		return err
	})
	if err == nil {
		w.feed.measures.found(ctx, len(ids))
	}
	return err
}

// goOn ends this job and enqueues the next one of the walk, in one transaction.
func (w *walkWorker) goOn(ctx context.Context, job *river.Job[walkArgs], next walkArgs) error {
	return w.feed.inTx(ctx, func(tx *sql.Tx) error {
		if err := completeTx(ctx, tx, job.JobRow); err != nil {
			return err
		}
		_, err := w.feed.river.InsertTx(ctx, tx, next, nil)
		return err
	})
}
