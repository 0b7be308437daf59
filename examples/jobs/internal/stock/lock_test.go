package stock_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/examples/jobs/internal/stock"
	"github.com/linkit-go/linkit/internal/servers/pgtest"
)

// terminate ends the sessions that hold locks of shards.
func (b *bench) terminate() int {
	b.t.Helper()
	return b.count(`SELECT count(pg_terminate_backend(pid)) FROM pg_locks
		WHERE locktype = 'advisory' AND granted AND classid = $1
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`, stock.LockClass)
}

func TestALostLockCancelsTheRequestsInFlight(t *testing.T) {
	t.Parallel()
	release, arrived := make(chan struct{}), make(chan struct{}, 10)
	b := newBench(t, pgtest.Shared(t).Database(t), nil, 1, 300)
	b.shop = newShop(t, func(r *request) effect {
		if r.number > 1 {
			return effect{}
		}
		arrived <- struct{}{}
		return effect{wait: release}
	})
	options := stock.Options{Timeout: 8 * time.Second, Grace: time.Second}
	engine, _ := b.engine(options)
	ended := make(chan error)
	go func() {
		_, err := engine.Pass(t.Context(), t.Context())
		ended <- err
	}()
	<-arrived
	assert.Equal(t, 1, b.terminate())

	// Another process takes the shard at once, before the first has noticed.
	other, _ := b.engine(options)
	b.exec(`UPDATE stock SET qty = 2`)
	pass, err := other.Pass(t.Context(), t.Context())
	require.NoError(t, err)
	assert.Equal(t, 300, pass.Waiting)
	require.ErrorIs(t, <-ended, stock.ErrLockLost, "the request isn't waited for")
	close(release)
	assert.Equal(t, 300, b.once(other).Sent)
	b.requireInSync()
	assert.Zero(t, b.count("SELECT count(*) FROM linkit_inflight"))
	assert.Zero(t, b.once(engine).Requests, "the first goes on as if nothing had been")
}

func TestNoRequestIsWrittenDownOnceTheLockIsLost(t *testing.T) {
	t.Parallel()
	b := newBench(t, pgtest.Shared(t).Database(t), newShop(t, nil), 1, 1)
	state, err := stock.OpenState(t.Context(), b.dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = state.Close() })
	require.Error(t, state.BeginAfterLoss(t.Context(), func() { assert.Equal(t, 1, b.terminate()) }))
	assert.Zero(t, b.count("SELECT count(*) FROM linkit_inflight"))
}

func TestProcessesShareTheShards(t *testing.T) {
	t.Parallel()
	b := newBench(t, pgtest.Shared(t).Database(t), newShop(t, nil), 40, 100)
	b.shop.delay = 10 * time.Millisecond
	type ended struct {
		summary stock.Summary
		err     error
	}
	results := make(chan ended)
	for range 3 {
		engine, _ := b.engine(stock.Options{Shards: 16, Workers: 2})
		go func() {
			s, err := engine.Once(t.Context(), t.Context())
			results <- ended{s, err}
		}()
	}
	sent := 0
	for range 3 {
		r := <-results
		require.NoError(t, r.err)
		assert.True(t, r.summary.InSync(), "each has waited for the others: %+v", r.summary)
		assert.Equal(t, 4000, r.summary.Records)
		sent += r.summary.Sent
	}
	assert.Equal(t, 4000, sent)
	_, records := b.shop.counts()
	assert.Equal(t, 4000, records, "no record is sent by two")
	b.requireInSync()
}

func TestASQLiteFileHasOneProcess(t *testing.T) {
	t.Parallel()
	b := newBench(t, sqliteFile(t), newShop(t, nil), 1, 5)
	_, state := b.engine(stock.Options{})
	_, err := stock.OpenState(t.Context(), b.dsn)
	require.ErrorIs(t, err, stock.ErrLocked)
	assert.ErrorContains(t, err, b.dsn+": another stocksync works on this file; for several processes use PostgreSQL")
	b.exec(`UPDATE stock SET qty = 3`) // nobody else is kept from the file
	require.NoError(t, state.Close())
	engine, _ := b.engine(stock.Options{})
	assert.Equal(t, 5, b.once(engine).Sent)
}

func TestSchemasHaveLocksOfTheirOwn(t *testing.T) {
	t.Parallel()
	dsn := pgtest.Shared(t).Database(t)
	release, arrived := make(chan struct{}), make(chan struct{}, 1)
	first := newBench(t, dsn, newShop(t, func(*request) effect {
		arrived <- struct{}{}
		return effect{wait: release}
	}), 1, 5)
	first.exec(`CREATE SCHEMA other`)
	second := newBench(t, dsn+"&search_path=other", newShop(t, nil), 1, 7)
	engine, _ := first.engine(stock.Options{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, err := engine.Once(t.Context(), t.Context())
		assert.NoError(t, err)
	}()
	<-arrived
	other, _ := second.engine(stock.Options{Shards: 4})
	summary, err := other.Pass(t.Context(), t.Context())
	require.NoError(t, err)
	assert.Equal(t, 7, summary.Sent, "another organization's run, in the same database")
	close(release)
	<-done
	first.requireInSync()
	second.requireInSync()
}

func TestProcessesMustAgreeOnTheShards(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		b := newBench(t, dsn, newShop(t, nil), 1, 5)
		_, state := b.engine(stock.Options{Shards: 4})
		_, err := stock.New(t.Context(), b.source(stock.DefaultQuery), state, stock.Options{Shards: 5})
		var shards *stock.ShardsError
		require.ErrorAs(t, err, &shards)
		assert.Equal(t, stock.ShardsError{Want: 5, Have: 4}, *shards)
		require.ErrorContains(t, err, "-shards 5: the state was made with 4")
	})
}

func TestADatabaseThatIsRestartedFailsOnePassAndNoMore(t *testing.T) {
	t.Parallel()
	server := pgtest.New(t)
	arrived, release := make(chan struct{}, 1), make(chan struct{})
	b := newBench(t, server.Database(t), nil, 2, 300)
	b.shop = newShop(t, func(r *request) effect {
		if r.number > 1 {
			return effect{}
		}
		arrived <- struct{}{}
		return effect{wait: release}
	})
	engine, _ := b.engine(stock.Options{BatchSize: 100, Timeout: 3 * time.Second, Grace: 100 * time.Millisecond})
	begin, stop := context.WithCancel(t.Context())
	defer stop()
	failed, passes := 0, 0
	ended := make(chan error)
	go func() {
		ended <- engine.Run(begin, t.Context(), 20*time.Millisecond, func(s stock.Summary, err error) {
			passes++
			if err != nil {
				failed++
			} else if s.InSync() {
				stop()
			}
		})
	}()
	<-arrived
	server.Kill()
	close(release)
	server.Start()
	require.NoError(t, <-ended)
	assert.Positive(t, failed)
	b.requireInSync()
}

func TestARecordThatAnotherProcessHasAcknowledgedMeanwhileIsWrittenDown(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		b := newBench(t, dsn, newShop(t, nil), 1, 1)
		_, state := b.engine(stock.Options{})
		for qty := range int64(3) {
			require.NoError(t, state.FinishFresh(t.Context(), "A", qty))
		}
		assert.Equal(t, 2, b.count("SELECT qty FROM linkit_sent WHERE sku = 'A'"))
	})
}

func TestAResultThatComesAfterAnotherProcessHasSettledTheRequestIsDropped(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		b := newBench(t, dsn, newShop(t, nil), 1, 1)
		_, state := b.engine(stock.Options{})
		require.NoError(t, state.FinishSettled(t.Context(), func() {}))
		b.exec("DELETE FROM linkit_sent")
		err := state.FinishSettled(t.Context(), func() { b.exec("DELETE FROM linkit_inflight") })
		require.ErrorContains(t, err, "another process has settled this request")
		assert.Zero(t, b.count("SELECT count(*) FROM linkit_sent"))
	})
}
