package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/linkit-go/linkit/examples/jobs/internal/database"
	"github.com/linkit-go/linkit/examples/jobs/internal/program"
	"github.com/linkit-go/linkit/examples/jobs/internal/stock"
)

// job is a run on a database of the user's.
type job struct {
	flags    *flags
	out      *program.Output
	engine   *stock.Engine
	progress *progress
	metrics  *metrics
}

// listen serves the metrics, and whether the job is well once it is stored.
func (f *flags) listen(ctx context.Context, out *program.Output) (*program.Monitor, *atomic.Pointer[job], error) {
	running := new(atomic.Pointer[job])
	monitor, err := program.NewMonitor(ctx, f.Listen, func() error {
		j := running.Load()
		if j == nil {
			return errors.New("starting")
		}
		return j.engine.Healthy(f.every)
	}, nil)
	if err == nil && monitor.Addr != "" {
		out.Log.Info("listening", "metrics", "http://"+monitor.Addr+"/metrics", "health", "http://"+monitor.Addr+"/healthz")
	}
	return monitor, running, err
}

func (j *job) run(stop program.Stop) error {
	var unread error
	if j.flags.verify {
		var verified stock.Verified
		verified, unread = j.engine.Verify(stop.Begin, stop.Finish)
		j.out.Log.Info("verified", "linkit", verified)
		if program.Advice(unread) != "" || stop.Begin.Err() != nil {
			return unread
		}
		if unread != nil {
			j.out.Log.Warn("the list of SKUs wasn't read to its end, so none counts as missing", "error", unread.Error())
		}
	}
	if j.flags.once {
		return j.once(stop, unread)
	}
	err := j.engine.Run(stop.Begin, stop.Finish, j.flags.every, j.ended)
	if err == nil {
		j.out.Log.Info("stopped by a signal; nothing is in flight")
	}
	return err
}

func (j *job) once(stop program.Stop, unread error) error {
	summary, err := j.engine.Once(stop.Begin, stop.Finish)
	j.report(summary, err)
	switch {
	case err != nil || unread != nil:
		return errors.Join(err, unread)
	case summary.Rejected > 0:
		return &program.ExitError{Code: program.ExitRejected, Err: rejectedError(summary.Rejected)}
	}
	return nil
}

// rejectedError is how many records are rejected.
type rejectedError int

func (e rejectedError) Error() string {
	return fmt.Sprintf("in sync but for %d rejected records: SELECT * FROM linkit_rejected says why", int(e))
}

// ended reports a pass of a job that goes on.
func (j *job) ended(summary stock.Summary, err error) {
	j.report(summary, err)
	if err != nil {
		j.out.Log.Error("the pass failed; the next one goes on", "error", err.Error())
	}
}

func (j *job) report(summary stock.Summary, err error) {
	j.progress.end()
	j.metrics.record(context.Background(), &summary, err)
	j.out.Log.Info("pass", "summary", &summary)
}

// difference prints what a pass would send.
func (f *flags) difference(ctx context.Context, out *program.Output) (err error) {
	state, err := stock.OpenStateReadOnly(ctx, f.stateDSN())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, state.Close()) }()
	db, err := database.OpenReadOnly(ctx, f.dsn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	source, err := stock.OpenSource(ctx, db, f.query)
	if err != nil {
		return err
	}
	summary, err := stock.Differences(ctx, source, state, func(d stock.Difference) error {
		printDifference(out, d)
		return nil
	})
	if err != nil {
		return err
	}
	out.Log.Info("dry run: nothing was sent or written", "records", summary.Records, "unchanged", summary.Unchanged,
		"to_send", summary.Waiting, "rejected", summary.Rejected, "gone", summary.Gone)
	return nil
}

func printDifference(out *program.Output, d stock.Difference) {
	if !out.Terminal {
		out.Log.Info("difference", "branch", d.Branch, "sku", d.SKU, "old", d.Old, "new", d.New, "reason", d.Reason)
		return
	}
	switch {
	case d.Reason != "":
		out.Printf("%s  can't be sent: %s", d.SKU, d.Reason)
	case d.Old == nil:
		out.Printf("%s  new: %s", d.SKU, d.New)
	default:
		out.Printf("%s  %s -> %s", d.SKU, d.Old, d.New)
	}
}
