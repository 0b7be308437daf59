package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/examples/jobs/internal/database"
	"github.com/linkit-go/linkit/examples/jobs/internal/program"
	"github.com/linkit-go/linkit/examples/jobs/internal/stock"
)

type flags struct {
	program.Flags
	dsn     string
	state   string
	query   string
	mode    string
	every   time.Duration
	timeout time.Duration
	workers int
	shards  int
	once    bool
	verify  bool
	dryRun  bool
}

func (f *flags) register(errs *os.File) *flag.FlagSet {
	set := flag.NewFlagSet("stocksync", flag.ContinueOnError)
	set.SetOutput(errs)
	set.Usage = func() {
		_, _ = fmt.Fprintln(errs, "Stocksync pushes stock and prices from a database to Linkit. "+
			"Without flags it demonstrates itself on a fake server.")
		set.PrintDefaults()
	}
	f.Register(set)
	set.StringVar(&f.dsn, "dsn", "", "the database to read: postgres://..., host=... or the `path` of a SQLite file")
	set.StringVar(&f.state, "state", "", "the database of the linkit_* `tables` (default: that of -dsn)")
	set.StringVar(&f.query, "query", stock.DefaultQuery,
		"a table, or a `query` with sku, or product and branch, and some of qty, price, cost and available")
	set.StringVar(&f.mode, "mode", "",
		"upsert or update (default: upsert if the query has product and branch, else update)")
	set.DurationVar(&f.every, "every", time.Minute, "how often to look for changes")
	set.BoolVar(&f.once, "once", false, "end when everything is in sync")
	set.IntVar(&f.workers, "workers", stock.DefaultWorkers, "requests in flight")
	set.IntVar(&f.shards, "shards", stock.DefaultShards,
		"parts that processes share the branches by; the same in all of them")
	set.DurationVar(&f.timeout, "timeout", stock.DefaultTimeout, "how long a request may take, with its retries")
	set.BoolVar(&f.dryRun, "dry-run", false, "print what would be sent, and send and write nothing")
	set.BoolVar(&f.verify, "verify", false, "first read what Linkit has, and push whatever differs from it")
	return set
}

// check returns what is wrong with the flags together.
func (f *flags) check() error {
	var err error
	switch {
	case f.dsn == "":
		err = errors.New("-dsn is missing: the database to read, postgres://... or the path of a SQLite file")
	case f.query == "":
		err = errors.New("-query is empty: give a table or a query")
	case f.mode == string(linkit.BulkCreate):
		err = errors.New("-mode create is not possible: a repeated request would be rejected; use upsert")
	case f.mode != "" && f.mode != string(linkit.BulkUpsert) && f.mode != string(linkit.BulkUpdate):
		err = fmt.Errorf("-mode %q is neither upsert nor update", f.mode)
	case f.every <= 0:
		err = fmt.Errorf("-every %v is not positive", f.every)
	case f.timeout < time.Second:
		err = fmt.Errorf("-timeout %v is shorter than a second", f.timeout)
	case f.workers < 1 || f.workers > 256:
		err = fmt.Errorf("-workers %d is not between 1 and 256", f.workers)
	case f.shards < 1 || f.shards > 1024:
		err = fmt.Errorf("-shards %d is not between 1 and 1024", f.shards)
	case f.dryRun && f.verify:
		err = errors.New("-dry-run and -verify exclude each other: -verify writes down what Linkit has")
	case !f.Live && !f.dryRun:
		err = errors.New("nothing to do with -dsn alone: " +
			"add -dry-run to see what would be sent, or -live -yes to send it to the service")
	}
	if err != nil {
		return program.Usage(err)
	}
	return nil
}

func (f *flags) bulkMode() linkit.BulkMode { return linkit.BulkMode(f.mode) }

func (f *flags) stateDSN() string { return cmp.Or(f.state, f.dsn) }

// writes says what the program writes.
func (f *flags) writes() string {
	return fmt.Sprintf("writes the stock and prices of %s that differ from what Linkit acknowledged; "+
		"the tables linkit_sent, linkit_rejected, linkit_inflight and linkit_shards are in %s",
		database.Name(f.dsn), database.Name(f.stateDSN()))
}

// options configure the client.
func (f *flags) options(monitor *program.Monitor) []linkit.Option {
	return []linkit.Option{
		linkit.WithUserAgent("stocksync"), linkit.WithAttemptTimeout(f.timeout),
		linkit.WithMaxConcurrency(f.workers), monitor.Hooks(),
	}
}
