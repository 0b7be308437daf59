package stock_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/examples/jobs/internal/stock"
	"github.com/linkit-go/linkit/internal/servers/pgtest"
)

func TestOnlyWhatDiffersIsSent(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		b := newBench(t, dsn, newShop(t, nil), 7, 500)
		engine, state := b.engine(stock.Options{})
		first := b.once(engine)
		assert.Equal(t, 3500, first.Sent)
		assert.Equal(t, 3500, first.RecordsSent)
		b.requireInSync()

		second := b.once(engine)
		assert.Equal(t, 3500, second.Unchanged)
		assert.Zero(t, second.Requests, "nothing has changed")
		require.NoError(t, state.Close())
		engine, _ = b.engine(stock.Options{})
		assert.Zero(t, b.once(engine).Requests, "nor after a restart")

		b.exec(`UPDATE stock SET qty = 9 WHERE branch = 'B3' AND product LIKE 'P4_'`)
		b.exec(`UPDATE stock SET price = 0.3 WHERE product = 'P7'`)
		b.exec(`DELETE FROM stock WHERE product = 'P8'`)
		b.exec(`INSERT INTO stock VALUES (NULL, 'P8', 'new', 0, 0, 0, false)`)
		third := b.once(engine)
		assert.Equal(t, 10+7+1, third.Sent)
		assert.Equal(t, 7, third.Gone)
		b.requireInSync()
		assert.NotEmpty(t, b.shop.get("P8_B0"), "what is gone from the source isn't deleted")
	})
}

func TestALostResponseIsRetriedAndHoldsItsRecordsUntilTheFirstAttemptIsOver(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		b := newBench(t, dsn, newShop(t, func(r *request) effect { return effect{drop: r.number == 1} }), 1, 900)
		engine, _ := b.engine(stock.Options{Timeout: 2 * time.Minute})
		first := b.once(engine)
		assert.Equal(t, 900, first.Sent)
		requests, records := b.shop.counts()
		assert.Equal(t, 2, requests)
		assert.Equal(t, 1800, records)
		b.requireInSync()
		assert.Zero(t, b.once(engine).Requests)

		b.exec(`UPDATE stock SET qty = 5`)
		waiting, err := engine.Pass(t.Context(), t.Context())
		require.NoError(t, err)
		requireSum(t, &waiting)
		assert.Equal(t, 900, waiting.Waiting)
		assert.Zero(t, waiting.Requests)
		b.passDeadlines()
		assert.Equal(t, 900, b.once(engine).Sent)
		b.requireInSync()
		assert.Zero(t, b.count("SELECT count(*) FROM linkit_inflight"))
	})
}

func TestRecordsOfAnOpenRequestThatAreGoneOrUnreadableNeedNotBeSentAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t, sqliteFile(t), newShop(t, nil), 1, 10)
	engine, _ := b.engine(stock.Options{Shards: 1})
	b.once(engine)
	for id, records := range map[string]string{
		"1": `{"B0":["gone"]}`, "2": `{"B0":["P1_B0","gone"],"no branch":["gone"]}`, "3": `{"B0":["P1_B0","P2_B0"]}`, "4": `{}`,
	} {
		b.orphan(id, 0, records)
	}
	b.exec(`UPDATE stock SET qty = 'x' WHERE product = 'P2'`)
	summary := b.once(engine)
	assert.Equal(t, 1, summary.Sent, "though it is unchanged")
	assert.Equal(t, 1, summary.Rejected)
	assert.Zero(t, b.count("SELECT count(*) FROM linkit_inflight"))
	assert.Zero(t, b.once(engine).Requests)
}

func TestARejectedRecordIsKeptUntilItsValuesChange(t *testing.T) {
	t.Parallel()
	for name, manner := range map[string]effect{
		"named":   {body: `{"success":true,"errors":[{"key":"P77_B0","error":"the branch is closed"}]}`},
		"counted": {body: `{"success":true,"message":"Processed","failed":1}`},
		"whole":   {status: http.StatusUnprocessableEntity, body: `{"error":"the branch is closed"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, dsn string) {
				b := newBench(t, dsn, nil, 1, 1000)
				b.shop = newShop(t, func(r *request) effect {
					for _, i := range r.items {
						if i.IvID == "P77_B0" && *i.Qty < 100 {
							e := manner
							e.refuse = map[string]bool{"P77_B0": true}
							return e
						}
					}
					return effect{}
				})
				engine, _ := b.engine(stock.Options{})
				first := b.once(engine)
				assert.Equal(t, 999, first.Sent)
				assert.Equal(t, 1, first.Rejected)
				assert.LessOrEqual(t, first.Requests, 21)
				assert.LessOrEqual(t, first.RecordsSent, 3*1000)
				assert.Equal(t, []string{"P77_B0"}, b.differing())
				assert.Zero(t, b.count("SELECT count(*) FROM linkit_inflight"))
				assert.Equal(t, 1, b.count(`SELECT count(*) FROM linkit_rejected WHERE sku = 'P77_B0' AND reason <> ''
					AND record LIKE '%"qty":1,%'`))

				second := b.once(engine)
				assert.Zero(t, second.Requests, "not sent again as it is")
				assert.Equal(t, 1, second.Rejected)
				b.exec(`UPDATE stock SET qty = 2 WHERE product = 'P77'`)
				third := b.once(engine)
				assert.Equal(t, 1, third.Rejected)
				assert.Positive(t, third.Requests, "its values have changed")
				b.exec(`UPDATE stock SET qty = 100 WHERE product = 'P77'`)
				assert.Equal(t, 1, b.once(engine).Sent)
				b.requireInSync()
				assert.Zero(t, b.count("SELECT count(*) FROM linkit_rejected"))
			})
		})
	}
}

func TestRowsThatCannotBeReadAreRejectedAndTheOthersGoOn(t *testing.T) {
	t.Parallel()
	b := newBench(t, sqliteFile(t), newShop(t, nil), 2, 100)
	b.exec(`DROP TABLE stock`)
	b.exec(`CREATE TABLE stock (sku, product, branch, qty, price, cost, available)`)
	b.exec(`INSERT INTO stock VALUES (NULL, 'P1', 'B', 1, 2, 3, 1), (NULL, 'P2', 'B', '12,5', 2, 3, 1),
		('S3', NULL, NULL, 1, 'NaN', 3, 1), (NULL, 'P4', NULL, 1, 2, 3, 1), (NULL, NULL, NULL, 1, 2, 3, 1),
		('S5', NULL, NULL, 1, 2, 3, 1), ('S5', NULL, NULL, 2, 2, 3, 1), ('S6', NULL, NULL, 1, 2, 3, 1),
		('S6', NULL, NULL, 1, 2, 3, 1), ('S7', NULL, NULL, NULL, 2, 3, NULL), (8, 9, 10, '5', '6.5', 7, 'no')`)
	engine, _ := b.engine(stock.Options{})
	first := b.once(engine)
	assert.Equal(t, 11, first.Rows)
	assert.Equal(t, 8, first.Records)
	assert.Equal(t, 4, first.Sent)
	assert.Equal(t, 4, first.Rejected)
	assert.Equal(t, 4, b.count("SELECT count(*) FROM linkit_rejected"))
	assert.Equal(t, item{
		IvID: "8", Product: "9", Branch: "10", Qty: new(int64(5)), Price: new(6.5), Cost: new(7.0), Available: new(false),
	}, b.shop.get("8"))
	assert.Equal(t, item{IvID: "S7", Price: new(2.0), Cost: new(3.0)}, b.shop.get("S7"))
	assert.Zero(t, b.once(engine).Requests)
	b.exec(`UPDATE stock SET qty = 12 WHERE product = 'P2'`)
	b.exec(`DELETE FROM stock WHERE sku = 'S3' OR product IS NULL AND sku IS NULL`)
	last := b.once(engine)
	assert.Equal(t, 1, last.Sent)
	assert.Equal(t, 2, last.Rejected)
	assert.Equal(t, 2, b.count("SELECT count(*) FROM linkit_rejected"), "rejections of rows that are gone go too")
}

func TestValuesThatChangeDuringAPushAreRightInTheEnd(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		b := newBench(t, dsn, nil, 4, 500)
		b.shop = newShop(t, func(r *request) effect {
			if r.number <= 6 { // of the very records that are on their way, and of others
				b.exec(fmt.Sprintf(`UPDATE stock SET qty = %d WHERE product LIKE 'P%%%d'`, r.number*1000, r.number))
			}
			return effect{}
		})
		engine, _ := b.engine(stock.Options{BatchSize: 100})
		sent := 0
		for range 3 {
			sent += b.once(engine).Sent
		}
		b.requireInSync()
		assert.GreaterOrEqual(t, sent, 2000)
		assert.Zero(t, b.once(engine).Requests)
	})
}

func TestAnErrorThatNeedsAPersonEndsTheRunAndLosesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		effect effect
		want   error
	}{
		"suspended":    {effect{status: 403, body: `{"error":"past due","code":"BILLING_SERVICE_SUSPENDED"}`}, linkit.ErrServiceSuspended},
		"unauthorized": {effect{status: 401, body: `{"error":"no"}`}, linkit.ErrUnauthorized},
		"forbidden":    {effect{status: 403, body: `{"error":"no"}`}, linkit.ErrForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var well atomic.Bool
			b := newBench(t, sqliteFile(t), newShop(t, func(r *request) effect {
				if r.number > 3 && !well.Load() {
					return c.effect
				}
				return effect{}
			}), 5, 200)
			engine, _ := b.engine(stock.Options{BatchSize: 50, Workers: 2})
			passes := 0
			err := engine.Run(t.Context(), t.Context(), time.Millisecond, func(s stock.Summary, _ error) {
				passes++
				requireSum(t, &s)
				assert.Equal(t, 150, s.Sent)
			})
			require.ErrorIs(t, err, c.want)
			assert.Equal(t, 1, strings.Count(err.Error(), "shard "), "it is told once: %v", err)
			assert.Equal(t, 1, passes, "it isn't tried again")
			assert.Len(t, b.differing(), 850)
			assert.Zero(t, b.count("SELECT count(*) FROM linkit_inflight"), "nothing was taken, which is known")
			assert.Equal(t, 150, b.count("SELECT count(*) FROM linkit_sent"))
			requests, _ := b.shop.counts()
			assert.LessOrEqual(t, requests, 3+2*2, "no request is begun afterwards")

			well.Store(true)
			assert.Equal(t, 850, b.once(engine).Sent)
			b.requireInSync()
		})
	}
}

func TestAFullDiskEndsThePassAndLosesNothing(t *testing.T) {
	t.Parallel()
	options := stock.Options{BatchSize: 200, Workers: 2, Timeout: time.Second, Grace: 100 * time.Millisecond}
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, sqliteFile(t), newShop(t, nil), 4, 1000)
		engine, state := b.engine(options)
		require.NoError(t, state.LimitPages(t.Context(), 30))
		requireFull(b, engine, "full")
		require.NoError(t, state.LimitPages(t.Context(), 0))
		requireRecovered(b, engine)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		server := pgtest.New(t)
		b := newBench(t, server.Database(t), newShop(t, nil), 4, 4000)
		b.db.SetMaxIdleConns(0) // none survives a restart
		server.LimitFiles(1 << 20)
		engine, _ := b.engine(options)
		requireFull(b, engine, "could not extend file")
		server.LimitFiles(0)
		engine, _ = b.engine(options)
		requireRecovered(b, engine)
	})
}

// requireFull runs a pass that ends for want of space, with nothing taken for sent that wasn't.
func requireFull(b *bench, engine *stock.Engine, reason string) {
	b.t.Helper()
	failed, err := engine.Pass(b.t.Context(), b.t.Context())
	require.ErrorContains(b.t, err, reason)
	requireSum(b.t, &failed)
	assert.Less(b.t, b.count("SELECT count(*) FROM linkit_sent"), b.count("SELECT count(*) FROM stock"))
	keys, err := json.Marshal(b.differing())
	require.NoError(b.t, err)
	list := "json_each($1)"
	if b.db.Postgres {
		list = "json_array_elements_text($1) AS list (value)"
	}
	assert.Zero(b.t, b.count("SELECT count(*) FROM linkit_sent JOIN "+list+" ON value = sku", string(keys)))
}

// requireRecovered runs to the end once there is space.
func requireRecovered(b *bench, engine *stock.Engine) {
	b.t.Helper()
	b.exec(`UPDATE stock SET qty = qty + 1`)
	b.once(engine)
	b.requireInSync()
}

func TestStoppingFinishesWhatIsInFlight(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		release, arrived := make(chan struct{}), make(chan struct{}, 100)
		b := newBench(t, dsn, newShop(t, func(*request) effect {
			arrived <- struct{}{}
			return effect{wait: release}
		}), 4, 300)
		engine, _ := b.engine(stock.Options{BatchSize: 100, Workers: 2})
		begin, stop := context.WithCancelCause(t.Context())
		reason := errors.New("told to stop")
		ended := make(chan stock.Summary)
		go func() {
			s, err := engine.Pass(begin, t.Context())
			assert.ErrorIs(t, err, reason)
			ended <- s
		}()
		<-arrived
		<-arrived
		stop(reason)
		close(release)
		summary := <-ended
		requireSum(t, &summary)
		assert.Equal(t, 200, summary.Sent)
		requests, _ := b.shop.counts()
		assert.Equal(t, 2, requests, "no request is begun afterwards")
		assert.Zero(t, b.count("SELECT count(*) FROM linkit_inflight"))
	})
}

func TestStoppingAtOnceLeavesOpenWhatMayHaveTakenEffect(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		release, arrived := make(chan struct{}), make(chan struct{}, 100)
		b := newBench(t, dsn, newShop(t, func(r *request) effect {
			if r.number > 2 {
				return effect{}
			}
			arrived <- struct{}{}
			return effect{wait: release}
		}), 4, 300)
		engine, _ := b.engine(stock.Options{BatchSize: 100, Workers: 2, Timeout: 3 * time.Second, Grace: time.Second})
		finish, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() {
			_, err := engine.Pass(finish, finish)
			ended <- err
		}()
		<-arrived
		<-arrived
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
		assert.Equal(t, 2, b.count("SELECT count(*) FROM linkit_inflight"))
		b.exec(`UPDATE stock SET qty = 2`)
		close(release) // now the requests take effect
		summary := b.once(engine)
		assert.Equal(t, 1200, summary.Sent)
		b.requireInSync()
		assert.Zero(t, b.count("SELECT count(*) FROM linkit_inflight"))
	})
}
