// Orderfeed takes orders from Linkit into a database, once, and hands every change of an order on to
// a program of yours: by webhooks, and by polling for what no webhook told.
//
//	go run -C examples/jobs ./orderfeed
//
// Without flags it demonstrates itself on a fake server, with SQLite in a temporary folder. With
// -live it works on the service, from which it only reads; -yes lets it write to the database and
// hand events on:
//
//	orderfeed -live -yes -dsn orders.db -exec 'erp-import --stdin'
//	orderfeed -live -yes -dsn postgres://feed@db/shop -post http://erp.internal/orders -listen :8080
//
// With -listen it takes webhooks at /webhooks/ and the secret, which is in the variable
// WEBHOOK_SECRET or in the file of -secret-file. Any number of processes may share a PostgreSQL
// database, and one may use SQLite.
//
// It runs until a signal ends it, and then exits with 0; with 1 when something failed that another
// run may mend, 2 when a flag is wrong, and 4 when a person must do something first. See
// docs/jobs.md.
package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"sync/atomic"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/examples/jobs/internal/database"
	"github.com/linkit-go/linkit/examples/jobs/internal/feed"
	"github.com/linkit-go/linkit/examples/jobs/internal/program"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], program.NewOutput(os.Stdout), os.Stderr, nil))
}

// run is the program. It returns the exit code. tune, unless nil, changes what the flags lead to.
func run(ctx context.Context, args []string, out *program.Output, errs *os.File, tune func(*feed.Config)) int {
	var f flags
	set := f.register(errs)
	if code, ok := program.Parse(set, args); !ok {
		return code
	}
	stop, end := program.Signals(ctx)
	defer end()
	var err error
	if set.NFlag() == 0 {
		err = demonstrate(stop, out) //nolint:contextcheck // the Stop has the contexts
	} else if err = f.check(); err == nil {
		err = f.start(stop, out, tune) //nolint:contextcheck // likewise
	}
	return program.Report(out, errs, "orderfeed", err)
}

// start opens the database and runs the feed.
func (f *flags) start(stop program.Stop, out *program.Output, tune func(*feed.Config)) (err error) {
	ctx := stop.Begin
	receiver, err := f.receiver(out)
	if err != nil {
		return err
	}
	secret, err := f.webhookSecret()
	if err != nil {
		return err
	}
	var running front
	monitor, err := program.NewMonitor(ctx, f.Listen, running.healthy, running.handlers(secret))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, monitor.Close(context.WithoutCancel(ctx))) }()
	client, err := f.NewClient(out, f.writes(), linkit.WithUserAgent("orderfeed"),
		linkit.WithMaxConcurrency(f.workers), monitor.Hooks())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	db, err := database.Open(ctx, f.dsn)
	if _, wrong := errors.AsType[*database.DSNError](err); wrong {
		return program.Usage(err)
	}
	if err != nil {
		return unlessStopped(ctx, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	config := feed.Config{
		DB: db, DSN: f.dsn, Client: client, Log: out.Log, Meter: monitor.Meter("orderfeed"),
		Receiver: receiver, Every: f.every, Backfill: f.backfill, Workers: f.workers,
	}
	if tune != nil {
		tune(&config)
	}
	engine, err := feed.New(ctx, config)
	if err != nil {
		return unlessStopped(ctx, err)
	}
	running.open(engine, secret)
	f.announce(out, monitor.Addr, secret != "")
	err = engine.Run(stop)
	if err == nil {
		f.summarize(context.WithoutCancel(ctx), out, engine)
	}
	return err
}

// unlessStopped returns an error of the start, unless a signal caused it.
func unlessStopped(begin context.Context, err error) error {
	if begin.Err() == nil {
		return err
	}
	return nil
}

func (f *flags) announce(out *program.Output, addr string, webhooks bool) {
	out.Log.Info("started", "database", database.Name(f.dsn), "every", f.every.String())
	if addr == "" {
		return
	}
	base := "http://" + addr
	out.Log.Info("listening", "metrics", base+"/metrics", "health", base+"/healthz")
	if webhooks {
		out.Log.Info("taking webhooks", "url", base+"/webhooks/[the secret]")
	} else {
		out.Log.Warn("not taking webhooks: set WEBHOOK_SECRET or -secret-file")
	}
}

func (f *flags) summarize(ctx context.Context, out *program.Output, engine *feed.Feed) {
	totals, err := engine.Totals(ctx)
	if err != nil {
		out.Log.Warn("stopped by a signal; the tables can't be counted", "error", err.Error())
		return
	}
	out.Log.Info("stopped by a signal; what waits goes on with the next start", "orders", totals.Orders,
		"events", totals.Events, "orders_to_fetch", totals.WaitingHints, "events_to_hand_on", totals.WaitingEvents)
}

// front is what the listener shows before and after the feed exists.
type front struct {
	engine   atomic.Pointer[feed.Feed]
	webhooks atomic.Pointer[http.Handler]
}

func (f *front) open(engine *feed.Feed, secret string) {
	f.engine.Store(engine)
	if secret != "" {
		handler := engine.Webhooks(secret)
		f.webhooks.Store(&handler)
	}
}

func (f *front) healthy() error {
	if engine := f.engine.Load(); engine != nil {
		return engine.Healthy()
	}
	return errors.New("starting")
}

// handlers returns the handler of webhooks, or none without a secret.
func (f *front) handlers(secret string) map[string]http.Handler {
	if secret == "" {
		return nil
	}
	return map[string]http.Handler{"POST /webhooks/{secret}": f}
}

// ServeHTTP hands a webhook to the feed.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	handler := f.webhooks.Load()
	if handler == nil {
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	(*handler).ServeHTTP(w, r)
}
