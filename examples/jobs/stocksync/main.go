// Stocksync pushes stock and prices from a database to Linkit: what changed since Linkit last
// acknowledged it.
//
//	go run -C examples/jobs ./stocksync
//
// Without flags it demonstrates itself on a fake server, with a database in a temporary folder. With
// -dsn it reads a database of yours, and with -live it pushes to the service; -yes lets it write
// there:
//
//	stocksync -dsn postgres://erp/shop -query 'SELECT product, branch, qty, price FROM stock' -dry-run
//	stocksync -dsn postgres://erp/shop -query 'SELECT product, branch, qty, price FROM stock' -live -yes
//
// It exits with 0 when everything is in sync, 1 when something failed that another run may mend, 2
// when a flag or the query is wrong, 3 when everything is in sync but for rejected records, and 4
// when a person must do something first. See docs/jobs.md.
package main

import (
	"context"
	"errors"
	"os"

	"github.com/linkit-go/linkit/examples/jobs/internal/database"
	"github.com/linkit-go/linkit/examples/jobs/internal/program"
	"github.com/linkit-go/linkit/examples/jobs/internal/stock"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], program.NewOutput(os.Stdout), os.Stderr))
}

// run is the program. It returns the exit code.
func run(ctx context.Context, args []string, out *program.Output, errs *os.File) int {
	var f flags
	set := f.register(errs)
	if code, ok := program.Parse(set, args); !ok {
		return code
	}
	stop, end := program.Signals(ctx)
	defer end()
	var err error
	if set.NFlag() == 0 {
		err = demonstrate(stop, out)
	} else if err = f.check(); err == nil {
		err = f.start(stop, out) //nolint:contextcheck // stop has two contexts
	}
	return program.Report(out, errs, "stocksync", classified(err))
}

// classified gives the errors of the engine their exit codes.
func classified(err error) error {
	if errors.Is(err, stock.ErrLocked) {
		return &program.ExitError{Code: program.ExitFailed, Err: err}
	}
	_, query := errors.AsType[*stock.QueryError](err)
	_, shards := errors.AsType[*stock.ShardsError](err)
	_, dsn := errors.AsType[*database.DSNError](err)
	if query || shards || dsn {
		return program.Usage(err)
	}
	return err
}

// start opens the databases and does what the flags say.
func (f *flags) start(stop program.Stop, out *program.Output) (err error) {
	ctx := stop.Begin
	if f.dryRun {
		return f.difference(ctx, out)
	}
	monitor, healthy, err := f.listen(ctx, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, monitor.Close(context.WithoutCancel(ctx))) }()
	client, err := f.NewClient(out, f.writes(), f.options(monitor)...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	db, err := database.OpenReadOnly(ctx, f.dsn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	source, err := stock.OpenSource(ctx, db, f.query) // before anything is made
	if err != nil {
		return err
	}
	state, err := stock.OpenState(ctx, f.stateDSN())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, state.Close()) }()
	progress := &progress{out: out}
	engine, err := stock.New(ctx, source, state, stock.Options{
		SKUs: client.SKUs, Mode: f.bulkMode(), Shards: f.shards, Workers: f.workers, Timeout: f.timeout,
		Log: out.Log, Begin: progress.begin, Progress: progress.add,
	})
	if err != nil {
		return err
	}
	job := &job{flags: f, out: out, engine: engine, progress: progress}
	if job.metrics, err = newMetrics(monitor); err != nil {
		return err
	}
	healthy.Store(job)
	return job.run(stop)
}
