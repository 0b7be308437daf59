package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertest"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/examples/jobs/internal/database/failing"
)

// work runs a job as River does, on this goroutine.
func work[A river.JobArgs](r *rig, worker river.Worker[A], args A) error {
	job := &river.Job[A]{JobRow: &rivertype.JobRow{ID: 1 << 40, State: rivertype.JobStateRunning}, Args: args}
	return worker.Work(rivertest.WorkContext(r.t.Context(), r.river), job)
}

// taken returns the first job of a kind that waits, as River takes it. It returns nil if none does.
func taken[A river.JobArgs](r *rig) *river.Job[A] {
	r.t.Helper()
	var args A
	found, err := r.river.JobList(r.t.Context(),
		river.NewJobListParams().Kinds(args.Kind()).States(rivertype.JobStateAvailable).First(1))
	require.NoError(r.t, err)
	if len(found.Jobs) == 0 {
		return nil
	}
	row := found.Jobs[0]
	row.State = rivertype.JobStateRunning
	_, err = r.DB.ExecContext(r.t.Context(), "UPDATE river_job SET state = 'running' WHERE id = $1", row.ID)
	require.NoError(r.t, err)
	require.NoError(r.t, json.Unmarshal(row.EncodedArgs, &args))
	return &river.Job[A]{JobRow: row, Args: args}
}

// fetched reads an order without a fault.
func (r *rig) fetched(id string) {
	r.t.Helper()
	require.NoError(r.t, work(r, &fetchWorker{feed: r.Feed}, fetchArgs{OrderID: id}))
}

// failingWork is a job, or a webhook, each of whose statements fails once.
type failingWork struct {
	receiver bool
	prepare  func(r *rig, n int) // leaves something to do
	run      func(r *rig, n int) error
	after    func(r *rig, n int) // checks that it was done, and once
}

// statusOf returns another status of an open order for each n.
func statusOf(n int) linkit.OrderStatus { return linkit.OrderStatus(open[n%len(open)]) }

var failingWorks = map[string]failingWork{
	"an order is read": {
		prepare: func(r *rig, n int) {
			r.add("o1", statusOf(n))
			r.tell("o1")
		},
		run: func(r *rig, _ int) error { return work(r, &fetchWorker{feed: r.Feed}, fetchArgs{OrderID: "o1"}) },
		after: func(r *rig, n int) {
			assert.EqualValues(r.t, n, r.value("SELECT count(*) FROM order_events"), "each change once")
			assert.Zero(r.t, r.value("SELECT count(*) FROM linkit_order_hints WHERE fetched < hints"))
		},
	},
	"an order is missing": {
		prepare: func(r *rig, _ int) {
			assert.Equal(r.t, http.StatusNoContent, post(r.t, "POST", r.url, orderBody("none", "ready")))
		},
		run: func(r *rig, _ int) error {
			err := work(r, &fetchWorker{feed: r.Feed}, fetchArgs{OrderID: "none"})
			if cancelled := new(river.JobCancelError); errors.As(err, &cancelled) {
				return nil
			}
			return err
		},
		after: func(r *rig, _ int) { assert.Zero(r.t, r.value("SELECT count(*) FROM linkit_order_hints")) },
	},
	"orders are compared": {
		prepare: func(r *rig, n int) {
			id := fmt.Sprint("o", n)
			r.add(id, "pending")
			r.fetched(id)
			r.add(id, "delivered") // no walk of the open ones lists it
			r.add("new", statusOf(n))
			for _, table := range []string{"linkit_order_hints", "river_job"} {
				_, err := r.DB.ExecContext(r.t.Context(), "DELETE FROM "+table)
				require.NoError(r.t, err)
			}
			r.fetched("new")
			r.add("new", statusOf(n+1))
			r.add("hinted", "pending")
			_, err := r.DB.ExecContext(r.t.Context(), "INSERT INTO linkit_order_hints (order_id, hints, fetched) VALUES ('hinted', 1, 0)")
			require.NoError(r.t, err)
		},
		run: func(r *rig, _ int) error { return work(r, &walkWorker{feed: r.Feed}, walkArgs{Scope: scopeOpen}) },
		after: func(r *rig, n int) {
			for _, id := range []string{fmt.Sprint("o", n), "new"} {
				assert.EqualValues(r.t, 1, r.value("SELECT count(*) FROM linkit_order_hints WHERE fetched < hints AND order_id = $1", id), id)
			}
			assert.EqualValues(r.t, 3, r.value("SELECT count(*) FROM river_job WHERE kind = 'linkit_fetch_order'"), "also for a hint without a job")
			r.fetched(fmt.Sprint("o", n))
		},
	},
	"events are handed on": {
		receiver: true,
		prepare: func(r *rig, n int) {
			r.add("o1", statusOf(n))
			r.fetched("o1")
		},
		run: func(r *rig, _ int) error { return work(r, &deliverWorker{feed: r.Feed}, deliverArgs{}) },
		after: func(r *rig, n int) {
			assert.Zero(r.t, r.value(waitingForTheReceiver))
			assert.Contains(r.t, r.ledger.lines("")[len(r.ledger.lines(""))-1], " "+string(statusOf(n)))
		},
	},
	"a webhook comes": {
		prepare: func(*rig, int) {},
		run: func(r *rig, n int) error {
			if status := post(r.t, "POST", r.url, orderBody(fmt.Sprint("o", n), "ready")); status != http.StatusNoContent {
				assert.Equal(r.t, http.StatusServiceUnavailable, status)
				return failing.Err
			}
			return nil
		},
		after: func(r *rig, n int) {
			assert.EqualValues(r.t, n, r.value("SELECT count(*) FROM river_job WHERE kind = 'linkit_fetch_order'"))
			assert.EqualValues(r.t, n, r.value("SELECT count(*) FROM linkit_order_hints"))
		},
	},
}

func TestWhicheverStatementFailsTheJobFailsAndTheNextOneMendsIt(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		for name, w := range failingWorks {
			t.Run(name, func(t *testing.T) {
				const most = 200
				faults := new(failing.Faults)
				r := newRig(t, dsn, func(c *Config) {
					c.DB.DB = faults.Wrap(c.DB.DB)
					if !w.receiver {
						c.Receiver = nil
					}
				})
				r.empty()
				n := 1
				for ; n < most; n++ {
					w.prepare(r, n)
					faults.Arm(n)
					err := w.run(r, n)
					hit := faults.Disarm()
					if hit != "" {
						require.ErrorIs(t, err, failing.Err, "statement %d: %s", n, hit)
						err = w.run(r, n)
					}
					require.NoError(t, err)
					w.after(r, n)
					if hit == "" {
						break
					}
				}
				assert.Greater(t, n, 4, "statements")
				assert.Less(t, n, most)
				r.release()
			})
		}
	})
}

// empty empties the tables.
func (r *rig) empty() {
	r.t.Helper()
	for _, table := range []string{"order_events", "linkit_orders", "linkit_order_hints", "river_job"} {
		_, err := r.DB.ExecContext(context.WithoutCancel(r.t.Context()), "DELETE FROM "+table)
		require.NoError(r.t, err)
	}
}
