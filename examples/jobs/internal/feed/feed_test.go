package feed

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/linkit-go/linkit/examples/jobs/internal/database"
	"github.com/linkit-go/linkit/examples/jobs/internal/program"
	"github.com/linkit-go/linkit/internal/servers/pgtest"
	"github.com/linkit-go/linkit/linkittest"
)

func TestASQLiteFileHasOneFeed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "orders.db")
	first := newRig(t, path, nil)
	first.start()
	db, err := database.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	config := Config{DB: db, Client: linkittest.New(t).Client()}
	_, err = New(t.Context(), config)
	require.ErrorIs(t, err, ErrLocked)
	require.ErrorContains(t, err, path+": another orderfeed works on this file; for several processes use PostgreSQL")
	var orders int
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM linkit_orders").Scan(&orders), "others may read it")

	require.NoError(t, first.stop())
	second, err := New(t.Context(), config)
	require.NoError(t, err, "it is free once the first has stopped")
	second.release()
}

func TestWhatAConfigLeavesOutHasADefault(t *testing.T) {
	t.Parallel()
	given := Config{
		Log: slog.New(slog.DiscardHandler), Workers: 3, Every: time.Second, JobTimeout: 2 * time.Second,
		RescueAfter: 3 * time.Second, Slice: 4 * time.Second, MaxBackoff: 5 * time.Second, StopTimeout: 6 * time.Second,
	}
	assert.Equal(t, given, given.withDefaults())
	none := Config{}.withDefaults()
	require.NotNil(t, none.Log)
	none.Log = nil
	assert.Equal(t, Config{
		Workers: 10, Every: 5 * time.Minute, JobTimeout: time.Minute, RescueAfter: 2 * time.Minute,
		Slice: 30 * time.Second, MaxBackoff: 15 * time.Second, StopTimeout: 20 * time.Second,
	}, none)
	assert.Equal(t, 5*time.Second, Config{JobTimeout: 10 * time.Second}.withDefaults().Slice)
}

func TestNewSaysWhatItLacks(t *testing.T) {
	t.Parallel()
	path := sqlite(t)
	db, err := database.Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	config := Config{DB: db, Client: linkittest.New(t).Client()}

	require.NoError(t, os.Mkdir(path+"-orderfeed.lock", 0o700))
	_, err = New(t.Context(), config)
	require.ErrorContains(t, err, "-orderfeed.lock")
	require.NotErrorIs(t, err, ErrLocked)
	require.NoError(t, os.Remove(path+"-orderfeed.lock"))

	config.JobTimeout = -2 // as River refuses it
	_, err = New(t.Context(), config)
	require.ErrorContains(t, err, "JobTimeout")
	config.JobTimeout = 0
	f, err := New(t.Context(), config)
	require.NoError(t, err, "what failed has given the lock back")
	f.release()

	config.DB, config.DSN = &database.DB{DB: db.DB, Postgres: true}, "postgres://%"
	_, err = New(t.Context(), config)
	require.ErrorContains(t, err, "parse")
}

func TestPoolHasAConnectionForAllWhoWork(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		r := newRig(t, dsn, func(c *Config) { c.Workers = 1 })
		want := 1
		if r.DB.Postgres {
			want = 11
		}
		assert.Equal(t, want, r.DB.Stats().MaxOpenConnections)
		held := make([]*sql.Conn, want)
		for i := range held {
			var err error
			held[i], err = r.DB.Conn(t.Context())
			require.NoError(t, err)
		}
		for _, conn := range held {
			require.NoError(t, conn.Close())
		}
		assert.Equal(t, want, r.DB.Stats().Idle, "they are kept")
	})
}

func TestListenersConnectionIsOneAndIsGivenBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, pgtest.Shared(t).Database(t), nil)
	require.NoError(t, r.listener.Ping(t.Context()))
	assert.EqualValues(t, 1, r.listener.Config().MaxConns)
	others := func() int64 {
		return r.value(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
			AND backend_type = 'client backend'`) - int64(r.DB.Stats().OpenConnections)
	}
	r.eventually(func() bool { return others() == 1 }, "it is there")
	r.release()
	r.eventually(func() bool { return others() == 0 }, "it is closed")
}

func TestEachKindOfWorkHasItsOwnWorkers(t *testing.T) {
	t.Parallel()
	r := newRig(t, sqlite(t), func(c *Config) { c.Workers = 7 })
	workers := func() map[string]int {
		most := map[string]int{}
		for name, queue := range r.riverConfig().Queues {
			most[name] = queue.MaxWorkers
		}
		return most
	}
	assert.Equal(t, map[string]int{fetchQueue: 7, walkQueue: 2, deliverQueue: 1}, workers())
	r.Receiver = nil
	assert.Equal(t, map[string]int{fetchQueue: 7, walkQueue: 2}, workers(), "events are left to who has a receiver")
}

func TestProcessesHaveNamesOfTheirOwn(t *testing.T) {
	t.Parallel()
	r := newRig(t, sqlite(t), nil)
	host, err := os.Hostname()
	require.NoError(t, err)
	prefix := fmt.Sprintf("orderfeed-%.40s-%d-", host, os.Getpid())
	for _, id := range []string{r.river.ID(), processID()} {
		assert.True(t, strings.HasPrefix(id, prefix), id)
		assert.Len(t, id, len(prefix)+8)
	}
	assert.NotEqual(t, processID(), processID())
}

func TestStartEnqueuesWhatShouldNotWait(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		backfill, receiver bool
		walks, deliveries  int64
	}{
		"nothing":       {},
		"a backfill":    {backfill: true, walks: 1},
		"a delivery":    {receiver: true, deliveries: 1},
		"both of these": {true, true, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, sqlite(t), func(c *Config) {
				if c.Backfill = row.backfill; !row.receiver {
					c.Receiver = nil
				}
			})
			for range 2 { // the second finds the jobs of the first
				require.NoError(t, r.enqueueStart(t.Context()))
			}
			assert.Equal(t, row.walks, r.value(`SELECT count(*) FROM river_job WHERE kind = 'linkit_walk_orders' AND args->>'scope' = 'all'`))
			assert.Equal(t, row.deliveries, r.value("SELECT count(*) FROM river_job WHERE kind = 'linkit_deliver_events'"))
			assert.Equal(t, row.walks+row.deliveries, r.value("SELECT count(*) FROM river_job"))
			if row.walks+row.deliveries == 0 {
				return
			}
			_, err := r.DB.ExecContext(t.Context(), "ALTER TABLE river_job RENAME TO river_job_away")
			require.NoError(t, err)
			require.ErrorContains(t, r.work(t.Context()), "river_job", "the run ends if that fails")
			ended, end := context.WithCancel(t.Context())
			end()
			require.NoError(t, r.work(ended), "but for a run that ends anyway")
		})
	}
}

func TestRunSaysWhyItCannotStartAndFreesTheFile(t *testing.T) {
	t.Parallel()
	path := sqlite(t)
	reader := sdkmetric.NewManualReader()
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	r := newRig(t, path, func(c *Config) { c.Meter = meters.Meter("orderfeed") })
	require.NoError(t, r.DB.Close())
	ended, end := context.WithCancel(t.Context())
	end()
	require.ErrorContains(t, r.Run(program.Stop{Begin: ended, Finish: t.Context()}), "database is closed")
	require.NoError(t, reader.Collect(t.Context(), new(metricdata.ResourceMetrics)), "nothing is counted any more")
	lock, err := database.Lock(t.Context(), path+"-orderfeed.lock")
	require.NoError(t, err)
	require.NoError(t, lock.Close())
}

func TestHealthySaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	r := newRig(t, sqlite(t), nil)
	require.NoError(t, r.Healthy())
	require.NoError(t, r.DB.Close())
	require.EqualError(t, r.Healthy(), "the database doesn't respond")
	close(r.stopping)
	require.EqualError(t, r.Healthy(), "stopping")
	refused := errors.New("the credential is refused")
	r.fail(refused)
	r.fail(errors.New("another"))
	require.Equal(t, refused, r.Healthy(), "the first reason")
}

// blocked is a receiver that takes its time.
type blocked func(ctx context.Context) error

func (b blocked) HandOn(ctx context.Context, events []Event, _ time.Time) (int, error) {
	if err := b(ctx); err != nil {
		return 0, err
	}
	return len(events), nil
}

func TestRunningJobMayEndUntilItsTimeOrASecondSignal(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		timeout time.Duration
		second  bool
		ends    bool
	}{
		"it ends":         {time.Hour, false, true},
		"its time is up":  {3 * time.Second, false, false}, // which is also that of the cancelled job to end
		"a second signal": {time.Hour, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var r *rig
			handing := make(chan struct{})
			receiver := blocked(func(ctx context.Context) error {
				close(handing)
				if row.ends {
					<-r.stopping
					return ctx.Err()
				}
				<-ctx.Done()
				return ctx.Err()
			})
			r = newRig(t, sqlite(t), func(c *Config) { c.Receiver, c.StopTimeout = receiver, row.timeout })
			r.append(1)
			begin, halt := context.WithCancel(t.Context())
			finish, kill := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- r.Run(program.Stop{Begin: begin, Finish: finish}) }() //nolint:contextcheck // they are in the Stop
			<-handing
			halt()
			<-r.stopping
			if row.second {
				kill()
			}
			require.NoError(t, <-ended)
			kill()
			waiting := int64(1)
			if row.ends {
				waiting = 0
			}
			assert.Equal(t, waiting, r.value(waitingForTheReceiver))
		})
	}
}
