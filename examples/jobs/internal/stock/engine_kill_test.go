package stock_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/examples/jobs/internal/stock"
	"github.com/linkit-go/linkit/internal/servers/pgtest"
)

const kills = 30

func TestNothingIsLostWhereProcessesAreKilledOnPostgreSQL(t *testing.T) {
	t.Parallel()
	killed(t, pgtest.Shared(t).Database(t), 2, worker{Workers: 2, Shards: 16, Batch: 1000})
}

func TestNothingIsLostWhereTheProcessIsKilledOnSQLite(t *testing.T) {
	t.Parallel()
	killed(t, sqliteFile(t), 1, worker{Workers: 1, Shards: 4, Batch: 1000})
}

// killed pushes 50,000 SKUs by processes that are killed at random moments, while values change.
func killed(t *testing.T, dsn string, processes int, w worker) {
	t.Helper()
	const branches, products, changes = 25, 2000, 1500
	const seed = 20261125
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	b := newBench(t, dsn, newShop(t, nil), branches, products)
	b.shop.delay = 20 * time.Millisecond
	w.URL, w.DSN, w.Every = b.shop.URL, dsn, 20*time.Millisecond
	w.Timeout, w.Grace = 2*time.Second, 300*time.Millisecond
	running := make([]*process, processes)
	for i := range running {
		running[i] = w.start(t)
	}
	changed := branches * products
	for kill := range kills {
		// A moment after a request has arrived since the last kill: the processes are at work.
		before, _ := b.shop.counts()
		eventually(t, func() bool { now, _ := b.shop.counts(); return now > before }, "a request")
		changed += b.exec(fmt.Sprintf(`UPDATE stock SET qty = %d, price = price + 0.01 WHERE product IN
			(SELECT DISTINCT product FROM stock WHERE product LIKE 'P%%%02d') AND branch <> 'B%d'`,
			kill+2, random.IntN(100), random.IntN(branches)))
		<-time.After(time.Duration(random.IntN(300)) * time.Millisecond) // a random moment is what is tested
		victim := random.IntN(processes)
		running[victim].kill()
		running[victim] = w.start(t)
	}
	done := func() bool {
		return b.count("SELECT count(*) FROM linkit_inflight WHERE NOT acknowledged") == 0 && len(b.differing()) == 0
	}
	eventually(t, done, "every SKU is right")
	for _, p := range running {
		p.terminate()
	}
	b.requireInSync()
	requests, records := b.shop.counts()
	t.Logf("%d kills; %d records changed, %d sent in %d requests", kills, changed, records, requests)
	assert.GreaterOrEqual(t, changed, branches*products+kills*changes/6)
	assert.LessOrEqual(t, records, 2*changed)
	assert.Equal(t, branches*products, b.count("SELECT count(*) FROM linkit_sent"))
	assert.Zero(t, b.count("SELECT count(*) FROM linkit_rejected"))

	engine, _ := b.engine(stock.Options{Shards: w.Shards})
	assert.Zero(t, b.once(engine).Requests, "nothing is left to send")
}

func TestARequestThatTakesEffectAfterItsProcessWasKilledIsSetRight(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		release, arrived := make(chan struct{}), make(chan struct{}, 10)
		b := newBench(t, dsn, nil, 1, 500)
		b.shop = newShop(t, func(r *request) effect {
			if r.number > 1 {
				return effect{}
			}
			arrived <- struct{}{}
			return effect{wait: release}
		})
		w := worker{URL: b.shop.URL, DSN: dsn, Workers: 1, Shards: 4, Batch: 1000, Every: time.Hour,
			Timeout: 6 * time.Second, Grace: time.Second}
		p := w.start(t)
		<-arrived
		p.kill()
		b.exec(`UPDATE stock SET qty = 2`)
		b.exec(`INSERT INTO stock VALUES (NULL, 'new', 'B0', 1, 2, 3, true)`)

		engine, _ := b.engine(stock.Options{Timeout: w.Timeout, Grace: w.Grace})
		var pass stock.Summary
		eventually(t, func() bool { // until the database has noticed that the process is gone
			var err error
			pass, err = engine.Pass(t.Context(), t.Context())
			require.NoError(t, err)
			return pass.Busy == 0
		}, "the shard")
		requireSum(t, &pass)
		assert.Equal(t, 500, pass.Waiting, "what may still take effect is sent by nobody")
		assert.Equal(t, 1, pass.Sent, "and the others go on")
		close(release)
		eventually(t, func() bool { return b.shop.get("P7_B0").Qty != nil }, "the late effect")
		assert.Equal(t, int64(1), *b.shop.get("P7_B0").Qty)

		last := b.once(engine)
		assert.Equal(t, 500, last.Sent)
		b.requireInSync()
		assert.Zero(t, b.count("SELECT count(*) FROM linkit_inflight"))
		_, records := b.shop.counts()
		assert.Equal(t, 500+1+500, records)
	})
}

func TestALateEffectIsSetRightEvenIfTheValuesAreWhatWasAcknowledged(t *testing.T) {
	t.Parallel()
	b := newBench(t, sqliteFile(t), nil, 1, 10)
	release, arrived := make(chan struct{}), make(chan struct{}, 10)
	b.shop = newShop(t, func(r *request) effect {
		if r.number != 2 {
			return effect{}
		}
		arrived <- struct{}{}
		return effect{wait: release}
	})
	engine, state := b.engine(stock.Options{})
	b.once(engine) // quantities of 1 are acknowledged
	require.NoError(t, state.Close())
	b.exec(`UPDATE stock SET qty = 2`)
	w := worker{URL: b.shop.URL, DSN: b.dsn, Workers: 1, Shards: 4, Batch: 1000, Every: time.Hour,
		Timeout: 2 * time.Second, Grace: 100 * time.Millisecond}
	p := w.start(t)
	<-arrived
	p.kill()
	b.exec(`UPDATE stock SET qty = 1`) // as acknowledged, but quantities of 2 are on their way
	close(release)
	eventually(t, func() bool { return *b.shop.get("P7_B0").Qty == 2 }, "the late effect")
	engine, _ = b.engine(stock.Options{Timeout: w.Timeout, Grace: w.Grace})
	assert.Equal(t, 10, b.once(engine).Sent)
	b.requireInSync()
}
