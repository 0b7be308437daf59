package feed

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/examples/jobs/internal/database"
	"github.com/linkit-go/linkit/examples/jobs/internal/program"
	"github.com/linkit-go/linkit/internal/servers/pgtest"
	"github.com/linkit-go/linkit/linkittest"
)

// TestMain lets more tests run at once than there are processors: they mostly wait.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "12"); err != nil {
		panic(err)
	}
	os.Exit(pgtest.Main(m))
}

const (
	secret  = "s3cret-of-the-path"
	patient = 45 * time.Second // less than the minute after which events are handed on anyway
)

// onBoth runs a test on a new database of each kind.
func onBoth(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Helper()
	t.Parallel()
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		test(t, pgtest.Shared(t).Database(t))
	})
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, filepath.Join(t.TempDir(), "orders.db"))
	})
}

// emptyFile returns a SQLite file whose tables are made and empty: to copy it is faster than to make them.
var emptyFile = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "orderfeed")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	path := filepath.Join(folder, "orders.db")
	db, err := database.Open(context.Background(), path)
	if err != nil {
		return nil, err
	}
	f, err := New(context.Background(), Config{DB: db, Client: new(linkit.Client)})
	if err != nil {
		return nil, err
	}
	f.release()
	if err := db.Close(); err != nil { // which writes the WAL back
		return nil, err
	}
	return os.ReadFile(path)
})

// sqlite returns the path of a new SQLite file with the feed's tables: for what is the same on PostgreSQL.
func sqlite(t *testing.T) string {
	t.Helper()
	file, err := emptyFile()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "orders.db")
	require.NoError(t, os.WriteFile(path, file, 0o600))
	return path
}

// ledger is a receiver that keeps what it accepts.
type ledger struct {
	mu     sync.Mutex
	events []Event
	refuse func(Event) error // nil accepts all
}

func (l *ledger) HandOn(_ context.Context, events []Event, _ time.Time) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, e := range events {
		if l.refuse != nil {
			if err := l.refuse(e); err != nil {
				return i, err
			}
		}
		l.events = append(l.events, e)
	}
	return len(events), nil
}

// lines returns the accepted events, of one order or of all, as "order change from to".
func (l *ledger) lines(order string) (lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		if order == "" || e.OrderID == order {
			lines = append(lines, strings.Join([]string{e.OrderID, e.Change, e.From, e.To}, " "))
		}
	}
	return lines
}

// rig is a feed with the server that it reads from and the receiver that it hands on to.
type rig struct {
	*Feed
	t      *testing.T
	server *linkittest.Server
	ledger *ledger
	url    string // of the webhooks
	stop   func() error
}

func newRig(t *testing.T, dsn string, change func(*Config), opts ...linkittest.Option) *rig {
	t.Helper()
	r := &rig{t: t, server: linkittest.New(t, opts...), ledger: new(ledger)}
	db, err := database.Open(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	config := Config{
		DB: db, DSN: dsn, Client: r.server.Client(), Receiver: r.ledger, Every: time.Hour,
		JobTimeout: 40 * time.Second, RescueAfter: time.Minute, MaxBackoff: 100 * time.Millisecond,
		Log: slog.New(slog.NewTextHandler(testLog{t}, nil)),
	}
	if change != nil {
		change(&config)
	}
	r.Feed, err = New(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(r.release)
	mux := http.NewServeMux()
	mux.Handle("POST /webhooks/{secret}", r.Webhooks(secret))
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	r.url = web.URL + "/webhooks/" + secret
	return r
}

type testLog struct{ t *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

// start runs the feed until the end of the test, or until r.stop.
func (r *rig) start() {
	finish := context.WithoutCancel(r.t.Context()) // the test's ends before its cleanup
	begin, halt := context.WithCancel(finish)
	ended := make(chan error, 1)
	go func() { ended <- r.Run(program.Stop{Begin: begin, Finish: finish}) }() //nolint:contextcheck // they are in the Stop
	r.stop = sync.OnceValue(func() error {
		halt()
		return <-ended
	})
	r.t.Cleanup(func() { _ = r.stop() })
}

func (r *rig) add(ids string, status linkit.OrderStatus) {
	for id := range strings.FieldsSeq(ids) {
		r.server.AddOrders(linkit.Order{ID: id, OrderStatus: status})
	}
}

// tell sends an order's webhook, and checks that it was taken.
func (r *rig) tell(id string) {
	r.t.Helper()
	response, err := r.server.SendOrder(r.t.Context(), r.url, id)
	require.NoError(r.t, err)
	assert.Equal(r.t, http.StatusNoContent, response.StatusCode)
	require.NoError(r.t, response.Body.Close())
}

// append appends the event of a new order, for n orders.
func (r *rig) append(n int) {
	r.t.Helper()
	require.NoError(r.t, r.inTx(r.t.Context(), func(tx *sql.Tx) error {
		for i := range n {
			appendTo(r.t, tx, fmt.Sprintf("o%03d", i+1))
		}
		return nil
	}))
}

// hinted returns the orders with a hint that nobody has fetched.
func (r *rig) hinted() []string {
	r.t.Helper()
	ids, err := waitingHints(r.t.Context(), r.DB, "", 10_000)
	require.NoError(r.t, err)
	return ids
}

// snoozed checks that a job is to run again after a time, which is no failed attempt.
func snoozed(t *testing.T, err error, want time.Duration) {
	t.Helper()
	snooze := new(river.JobSnoozeError)
	require.ErrorAs(t, err, &snooze)
	assert.Equal(t, want, snooze.Duration)
}

// eventually waits for a condition.
func (r *rig) eventually(condition func() bool, what string) {
	r.t.Helper()
	require.Eventually(r.t, condition, patient, 25*time.Millisecond, what)
}

// handed waits until an order's events were handed on as they should be.
func (r *rig) handed(order string, lines ...string) {
	r.t.Helper()
	ok := assert.Eventually(r.t, func() bool { return len(r.ledger.lines(order)) >= len(lines) }, patient, 25*time.Millisecond)
	if assert.Equal(r.t, lines, r.ledger.lines(order)); !ok {
		r.t.FailNow()
	}
}

// value returns what a query yields.
func (r *rig) value(query string, args ...any) (value int64) {
	r.t.Helper()
	require.NoError(r.t, r.DB.QueryRowContext(r.t.Context(), query, args...).Scan(&value))
	return value
}

// idle waits until no job of a kind is unfinished.
func (r *rig) idle(kind string) {
	r.t.Helper()
	r.eventually(func() bool {
		return r.value("SELECT count(*) FROM river_job WHERE kind = $1 AND finalized_at IS NULL", kind) == 0
	}, "idle: "+kind)
}

func orderBody(id, status string) string {
	return fmt.Sprintf(`{"spec_version":"2026-04-01","order":{"id":%q,"order_status":%q}}`, id, status)
}
