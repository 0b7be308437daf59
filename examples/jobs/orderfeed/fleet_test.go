package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/servers/pgtest"
	"github.com/linkit-go/linkit/linkittest"
)

// told returns the webhooks of all orders but every third: three of each, of which one is old if
// there are old ones, and some forged ones, in any order.
func (f *fleet) told(old []string) (bodies []string) {
	for i := range f.orders {
		if i%3 == 0 {
			continue
		}
		now := f.body(i)
		bodies = append(bodies, now, now)
		if old == nil {
			bodies = append(bodies, now)
		} else {
			bodies = append(bodies, old[i])
		}
	}
	for i := range 5 {
		bodies = append(bodies, fmt.Sprintf(`{"id":"forged%d","status":"delivered"}`, i))
	}
	rand.Shuffle(len(bodies), func(i, j int) { bodies[i], bodies[j] = bodies[j], bodies[i] })
	return bodies
}

func (f *fleet) bodies() []string {
	bodies := make([]string, f.orders)
	for i := range bodies {
		bodies[i] = f.body(i)
	}
	return bodies
}

func (f *fleet) exec(statements ...string) {
	f.t.Helper()
	for _, statement := range statements {
		_, err := f.db.ExecContext(f.t.Context(), statement)
		require.NoError(f.t, err)
	}
}

// killBetweenStoringAndResponding kills a process when PostgreSQL has written down a webhook's
// transaction, but has not confirmed it: it waits for a standby that doesn't exist.
func (f *fleet) killBetweenStoringAndResponding(w *worker, order int) {
	f.t.Helper()
	f.exec("ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()")
	status := make(chan int, 1)
	send := func() { status <- f.webhook(w, f.body(order)) }
	go send()
	f.eventually("the webhook's commit waits", func() bool {
		select {
		case <-status: // the setting wasn't in force yet
			go send()
		default:
		}
		return f.value(`SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
			WHERE l.relation = 'linkit_order_hints'::regclass AND l.mode = 'RowExclusiveLock'
			AND a.wait_event = 'SyncRep' AND a.application_name = $1
			AND NOT EXISTS (SELECT FROM pg_locks WHERE pid = l.pid AND mode = l.mode AND relation = 'linkit_orders'::regclass)`, w.name) > 0
	})
	f.kill(w)
	assert.Zero(f.t, <-status, "there was no response")
	f.exec("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
	f.eventually("the webhook is stored", func() bool {
		return f.value("SELECT count(*) FROM linkit_order_hints WHERE order_id = $1", orderID(order)) == 1
	})
}

// killBetweenReadingAndCommitting kills a process when it has read orders, and waits to append their
// events.
func (f *fleet) killBetweenReadingAndCommitting(w *worker) {
	f.t.Helper()
	tx, err := f.db.BeginTx(f.t.Context(), nil)
	require.NoError(f.t, err)
	_, err = tx.ExecContext(f.t.Context(), "LOCK TABLE order_events IN SHARE MODE")
	require.NoError(f.t, err)
	f.eventually("a fetch waits to append", func() bool {
		return f.value(`SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted
			AND l.relation = 'order_events'::regclass AND a.query LIKE 'INSERT INTO order_events%'
			AND a.application_name = $1`, w.name) > 0
	})
	f.kill(w)
	require.NoError(f.t, tx.Rollback())
}

// killLeader kills the process that River's clients have elected.
func (f *fleet) killLeader() {
	f.t.Helper()
	var leader *worker
	f.eventually("a running process leads", func() bool {
		var id string
		err := f.db.QueryRowContext(f.t.Context(), "SELECT leader_id FROM river_leader WHERE expires_at > now()").Scan(&id)
		if err != nil {
			return false
		}
		for _, w := range f.running() {
			if strings.Contains(id, fmt.Sprintf("-%d-", w.cmd.Process.Pid)) {
				leader = w
			}
		}
		return leader != nil
	})
	f.kill(leader)
}

// linkitAway lets requests fail until a number of them did.
func (f *fleet) linkitAway(requests int64) {
	f.t.Helper()
	var failed atomic.Int64
	back := f.server.Inject(linkittest.Fault{DropBefore: true, Times: -1, Match: func(linkittest.Request) bool {
		failed.Add(1)
		return true
	}})
	f.eventually("requests fail", func() bool { return failed.Load() >= requests })
	back()
}

// metrics returns what a process serves.
func (f *fleet) metrics(w *worker) string {
	f.t.Helper()
	response, err := f.client.Get(w.url + "/metrics") //nolint:noctx // the client has a timeout
	require.NoError(f.t, err)
	defer func() { require.NoError(f.t, response.Body.Close()) }()
	body, err := io.ReadAll(response.Body)
	require.NoError(f.t, err)
	return string(body)
}

// checkMetrics checks that what docs/jobs.md says to watch is there. A process that was started last
// may have fetched nothing.
func (f *fleet) checkMetrics(served string) {
	f.t.Helper()
	for _, name := range []string{
		"orderfeed_hints_waiting", "orderfeed_events_waiting", "orderfeed_fetches_total", "http_client_request_duration_seconds",
	} {
		assert.Contains(f.t, served, "\n"+name)
	}
}

func TestEveryChangeIsHandedOnOnceInOrderThroughKillsAndOutages(t *testing.T) {
	t.Parallel()
	pg := pgtest.New(t, pgtest.WithSetting("synchronous_commit", "on"))
	f := newFleet(t, pg.Database(t), 2000)
	a, b := f.start("a"), f.start("b")
	f.open()

	f.place("pending")
	f.killBetweenStoringAndResponding(a, 1)
	f.start("c")
	wait := f.send(f.told(nil))
	f.eventually("all are seen", func() bool { return f.receiver.count() == f.orders })
	wait()

	old := f.bodies()
	f.place("confirmed")
	wait = f.send(f.told(old))
	f.killBetweenReadingAndCommitting(b)
	f.start("d")
	f.linkitAway(50)
	pg.Stop()
	pg.Start()
	f.eventually("they go on", func() bool { return f.receiver.count() > f.orders+f.orders/4 })
	f.killLeader()
	f.start("e")
	f.eventually("all are confirmed", func() bool { return f.receiver.count() == 2*f.orders })
	wait()
	f.check()
	served := ""
	for _, w := range f.running() {
		served += f.metrics(w)
		f.terminate(w)
	}
	f.checkMetrics(served)
}

func TestOneProcessOnSQLiteGoesOnAfterKills(t *testing.T) {
	t.Parallel()
	f := newFleet(t, filepath.Join(t.TempDir(), "orders.db"), 300)
	w := f.start("a")
	f.open()
	f.place("pending")
	wait := f.send(f.told(nil))
	f.eventually("some are stored", func() bool { return f.value("SELECT count(*) FROM linkit_orders") > 30 })
	f.kill(w)
	w = f.start("b")
	f.eventually("all are seen", func() bool { return f.receiver.count() == f.orders })
	wait()

	old := f.bodies()
	f.place("confirmed")
	wait = f.send(f.told(old))
	f.linkitAway(20)
	f.kill(w)
	w = f.start("c")
	f.eventually("all are confirmed", func() bool { return f.receiver.count() == 2*f.orders })
	wait()
	f.check()
	f.terminate(w)
}
