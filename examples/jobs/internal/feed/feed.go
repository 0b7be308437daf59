// Package feed takes orders from Linkit into a database, and hands every change of an order on once
// it is stored.
//
// A webhook only raises an order's counter of hints and enqueues a job, in one transaction. The job
// reads the order anew, stores it and appends what changed to order_events. Walks of the list of
// orders find what no webhook told. Events are handed on in order, at least once. River is the
// queue: its tables, locks and elected leader coordinate any number of processes on PostgreSQL, and
// one on SQLite.
package feed

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"go.opentelemetry.io/otel/metric"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/examples/jobs/internal/database"
	"github.com/linkit-go/linkit/examples/jobs/internal/program"
)

// The queues. Each has its own workers, so that one can't hold up another.
const (
	fetchQueue   = "linkit_fetch"
	walkQueue    = "linkit_walk"
	deliverQueue = "linkit_deliver"
)

// Config says what a Feed works on. DB, DSN and Client are required.
type Config struct {
	DB       *database.DB
	DSN      string // of DB: PostgreSQL's notifications take a connection of their own
	Client   *linkit.Client
	Log      *slog.Logger
	Meter    metric.Meter // nil measures nothing
	Receiver Receiver     // nil: events are only stored
	Backfill bool         // walk all orders at the start, not only the open ones
	Workers  int          // orders read at once, default 10

	Every       time.Duration // between walks of the open orders, default 5m
	JobTimeout  time.Duration // default 1m
	RescueAfter time.Duration // when a killed process's jobs begin anew, default 2m; more than JobTimeout
	Slice       time.Duration // how long one job walks or delivers before another goes on, default half of JobTimeout
	MaxBackoff  time.Duration // longest wait before a failed job is retried, default 15s
	StopTimeout time.Duration // how long jobs may take to end when the process stops, default 20s
}

func (c Config) withDefaults() Config {
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	c.Workers = cmp.Or(c.Workers, 10)
	c.Every = cmp.Or(c.Every, 5*time.Minute)
	c.JobTimeout = cmp.Or(c.JobTimeout, time.Minute)
	c.RescueAfter = cmp.Or(c.RescueAfter, 2*time.Minute)
	c.Slice = cmp.Or(c.Slice, c.JobTimeout/2)
	c.MaxBackoff = cmp.Or(c.MaxBackoff, 15*time.Second)
	c.StopTimeout = cmp.Or(c.StopTimeout, 20*time.Second)
	return c
}

// A Feed is one process's part of the work.
type Feed struct {
	Config
	river    *river.Client[*sql.Tx]
	listener *pgxpool.Pool // nil on SQLite
	file     io.Closer     // the lock of SQLite's file, nil on PostgreSQL
	measures *measures

	stopping chan struct{} // closed when running jobs should end at the next good moment
	failed   chan struct{} // closed when err is set
	failOnce sync.Once
	err      error
}

// ErrLocked is a SQLite file that another process works on.
var ErrLocked = errors.New("another orderfeed works on this file; for several processes use PostgreSQL")

// New returns a Feed, after it has made the tables that don't exist. On SQLite it fails with
// [ErrLocked] while another Feed works on the file: until that one's Run returns, or its process ends.
func New(ctx context.Context, config Config) (_ *Feed, err error) {
	f := &Feed{Config: config.withDefaults(), stopping: make(chan struct{}), failed: make(chan struct{})}
	defer func() {
		if err != nil {
			f.release()
		}
	}()
	if err := f.lockFile(ctx); err != nil {
		return nil, err
	}
	driver, err := f.driver(ctx)
	if err != nil {
		return nil, err
	}
	if err := f.migrate(ctx, driver); err != nil {
		return nil, fmt.Errorf("make the tables: %w", err)
	}
	if f.measures, err = newMeasures(f); err != nil {
		return nil, err
	}
	if f.river, err = river.NewClient(driver, f.riverConfig()); err != nil {
		return nil, err
	}
	return f, nil
}

// driver returns River's driver for the database.
func (f *Feed) driver(ctx context.Context) (riverdriver.Driver[*sql.Tx], error) {
	if !f.DB.Postgres {
		f.DB.SetMaxOpenConns(1) // SQLite has one writer; River's driver asks for this
		return riversqlite.New(f.DB.DB), nil
	}
	config, err := pgxpool.ParseConfig(f.DSN)
	if err != nil {
		return nil, err
	}
	config.MaxConns = 1
	if f.listener, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, err
	}
	f.DB.SetMaxOpenConns(f.Workers + 10) // each worker's, River's own, and webhooks
	f.DB.SetMaxIdleConns(f.Workers + 10)
	return riverdatabasesql.NewWithPgxListener(f.DB.DB, f.listener), nil
}

// lockFile takes the lock of a SQLite file. It is that of another file beside it: nobody is kept from
// reading and writing the first.
func (f *Feed) lockFile(ctx context.Context) (err error) {
	if f.DB.Postgres {
		return nil
	}
	f.file, err = database.Lock(ctx, f.DB.Path+"-orderfeed.lock")
	if errors.Is(err, database.ErrLocked) {
		return fmt.Errorf("%s: %w", f.DB.Path, ErrLocked)
	}
	return err
}

// release gives back what New took.
func (f *Feed) release() {
	if f.listener != nil {
		f.listener.Close()
	}
	if f.file != nil {
		_ = f.file.Close()
	}
}

func (f *Feed) riverConfig() *river.Config {
	workers := river.NewWorkers()
	river.AddWorker(workers, &fetchWorker{feed: f})
	river.AddWorker(workers, &walkWorker{feed: f})
	river.AddWorker(workers, &deliverWorker{feed: f})
	queues := map[string]river.QueueConfig{
		// River looks for jobs this often: with its default, 100 ms, ten workers read 100 orders a second at most.
		fetchQueue: {MaxWorkers: f.Workers, FetchCooldown: 25 * time.Millisecond},
		walkQueue:  {MaxWorkers: 2}, // one of each scope
	}
	if f.Receiver != nil {
		queues[deliverQueue] = river.QueueConfig{MaxWorkers: 1}
	}
	return &river.Config{
		ID:                   processID(),
		Logger:               f.riverLog(),
		JobTimeout:           f.JobTimeout,
		RescueStuckJobsAfter: f.RescueAfter,
		RetryPolicy:          &boundedRetry{most: f.MaxBackoff},
		PeriodicJobs:         f.periodicJobs(),
		Queues:               queues,
		Workers:              workers,
	}
}

// processID returns an identifier that says which process attempted a job: containers share their
// process numbers, so there is something random in it.
func processID() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("orderfeed-%.40s-%d-%s", host, os.Getpid(), uuid.NewString()[:8])
}

// Run works until stop.Begin ends, or an error that only a person can mend ends it. Jobs that are
// running may then finish, within StopTimeout and until stop.Finish ends. A Feed runs once.
func (f *Feed) Run(stop program.Stop) error {
	defer f.release()
	defer f.measures.stop()
	ctx := context.WithoutCancel(stop.Finish)
	if err := f.river.Start(ctx); err != nil {
		return err
	}
	err := f.work(stop.Begin)
	close(f.stopping)
	soft, cancel := context.WithTimeout(stop.Finish, f.StopTimeout)
	defer cancel()
	if f.river.Stop(soft) == nil {
		return err
	}
	hard, cancelHard := context.WithTimeout(ctx, f.StopTimeout)
	defer cancelHard()
	return errors.Join(err, f.river.StopAndCancel(hard))
}

// work waits until begin ends or the feed fails.
func (f *Feed) work(begin context.Context) error {
	if err := f.enqueueStart(begin); err != nil && begin.Err() == nil {
		return err
	}
	select {
	case <-begin.Done():
	case <-f.failed:
	}
	return f.failure()
}

// enqueueStart enqueues what shouldn't wait for the leader's schedule.
func (f *Feed) enqueueStart(ctx context.Context) error {
	if f.Backfill {
		if _, err := f.river.Insert(ctx, walkArgs{Scope: scopeAll}, nil); err != nil {
			return err
		}
	}
	return f.enqueueDelivery(ctx)
}

// fail ends Run with an error that only a person can mend.
func (f *Feed) fail(err error) {
	f.failOnce.Do(func() {
		f.err = err
		close(f.failed)
	})
}

// failure returns the error of fail, or nil.
func (f *Feed) failure() error {
	select {
	case <-f.failed:
		return f.err
	default:
		return nil
	}
}

// isStopping reports whether running jobs should end at the next good moment.
func (f *Feed) isStopping() bool {
	select {
	case <-f.stopping:
		return true
	default:
		return false
	}
}

// Healthy returns why the feed can't do its work, or nil.
func (f *Feed) Healthy() error {
	if err := f.failure(); err != nil {
		return err
	}
	if f.isStopping() {
		return errors.New("stopping")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := f.DB.PingContext(ctx); err != nil {
		return errors.New("the database doesn't respond")
	}
	return nil
}
