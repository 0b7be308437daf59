package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/examples/jobs/internal/database"
	"github.com/linkit-go/linkit/examples/jobs/internal/feed"
	"github.com/linkit-go/linkit/examples/jobs/internal/program"
	"github.com/linkit-go/linkit/linkittest"
)

const (
	asWorker = "ORDERFEED_TEST_WORKER"
	secret   = "s3cret-of-the-webhooks"
	patient  = 90 * time.Second // for what takes River's lease of the leader and a rescue, on a busy machine
)

// TestMain lets the test binary be the program, with shorter times, where the tests kill it.
func TestMain(m *testing.M) {
	if os.Getenv(asWorker) == "" {
		os.Exit(m.Run())
	}
	os.Exit(run(context.Background(), os.Args[1:], program.NewOutput(os.Stdout), os.Stderr, func(c *feed.Config) {
		c.JobTimeout, c.RescueAfter, c.MaxBackoff = 5*time.Second, 6*time.Second, time.Second
	}))
}

// fleet is processes of the program on one database, with the server that they read from and the
// endpoint that they hand events on to.
type fleet struct {
	t        *testing.T
	dsn      string
	db       *database.DB
	server   *linkittest.Server
	receiver *receiver
	client   *http.Client // of the webhooks' sender
	orders   int

	mu      sync.Mutex
	workers []*worker
}

type worker struct {
	name  string
	url   string // of its listener
	cmd   *exec.Cmd
	log   string
	ended chan error
}

func newFleet(t *testing.T, dsn string, orders int) *fleet {
	t.Helper()
	f := &fleet{
		t: t, dsn: dsn, orders: orders, server: linkittest.New(t, linkittest.WithoutRecording()), receiver: newReceiver(t),
		client: &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 8}},
	}
	t.Cleanup(f.client.CloseIdleConnections)
	t.Cleanup(func() {
		for _, w := range f.running() {
			f.kill(w)
		}
	})
	return f
}

// open opens the database for the test's own looks at it, once a worker has made it.
func (f *fleet) open() {
	f.t.Helper()
	open := database.OpenReadOnly
	if database.IsPostgres(f.dsn) {
		open = database.Open
	}
	var err error
	f.db, err = open(f.t.Context(), f.dsn)
	require.NoError(f.t, err)
	f.t.Cleanup(func() { assert.NoError(f.t, f.db.Close()) })
}

// start starts a process, and returns when it takes webhooks.
func (f *fleet) start(name string) *worker {
	f.t.Helper()
	listener, err := new(net.ListenConfig).Listen(f.t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(f.t, err)
	addr := listener.Addr().String()
	require.NoError(f.t, listener.Close())
	dsn := f.dsn
	if database.IsPostgres(dsn) {
		dsn += "&application_name=" + name
	}
	w := &worker{name: name, url: "http://" + addr, log: filepath.Join(f.t.TempDir(), name), ended: make(chan error, 1)}
	log, err := os.Create(w.log)
	require.NoError(f.t, err)
	defer func() { _ = log.Close() }()
	w.cmd = exec.CommandContext(context.WithoutCancel(f.t.Context()), os.Args[0],
		"-live", "-yes", "-dsn", dsn, "-listen", addr, "-post", f.receiver.url, "-every", "1s", "-workers", "20")
	w.cmd.Env = append(os.Environ(), asWorker+"=1", "WEBHOOK_SECRET="+secret, "LINKIT_BASE_URL="+f.server.URL,
		"LINKIT_API_KEY="+linkittest.APIKey, "LINKIT_ORGANIZATION_ID="+linkittest.OrganizationID,
		"LINKIT_TOKEN=", "LINKIT_EMAIL=", "LINKIT_PASSWORD=", "LINKIT_LOG=")
	w.cmd.Stdout, w.cmd.Stderr = log, log
	require.NoError(f.t, w.cmd.Start())
	go func() { w.ended <- w.cmd.Wait() }()
	f.mu.Lock()
	f.workers = append(f.workers, w)
	f.mu.Unlock()
	f.eventually(name+" is healthy", func() bool {
		response, err := f.client.Get(w.url + "/healthz") //nolint:noctx // the client has a timeout
		return err == nil && response.Body.Close() == nil && response.StatusCode == http.StatusOK
	})
	return w
}

func (f *fleet) running() []*worker {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.workers)
}

func (f *fleet) remove(w *worker) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.workers = slices.DeleteFunc(f.workers, func(other *worker) bool { return other == w })
}

// kill ends a process as a power cut does.
func (f *fleet) kill(w *worker) {
	f.remove(w)
	_ = w.cmd.Process.Kill()
	if err := <-w.ended; err == nil {
		f.t.Errorf("%s ended by itself", w.name)
	}
	if f.t.Failed() {
		text, _ := os.ReadFile(w.log)
		f.t.Logf("%s: %s", w.name, text[max(0, len(text)-3000):])
	}
}

// terminate ends a process as an administrator does, and checks its exit code.
func (f *fleet) terminate(w *worker) {
	f.t.Helper()
	f.remove(w)
	require.NoError(f.t, w.cmd.Process.Signal(syscall.SIGTERM))
	if err := <-w.ended; !assert.NoError(f.t, err, "exit code") {
		text, _ := os.ReadFile(w.log)
		f.t.Logf("%s: %s", w.name, text)
	}
}

func (f *fleet) eventually(what string, condition func() bool) {
	f.t.Helper()
	began := time.Now()
	require.Eventually(f.t, condition, patient, 20*time.Millisecond, what)
	f.t.Logf("%s: %v", what, time.Since(began).Round(time.Millisecond))
}

// value returns what a query yields, or -1 while the database is away.
func (f *fleet) value(query string, args ...any) (value int64) {
	if f.db.QueryRowContext(context.WithoutCancel(f.t.Context()), query, args...).Scan(&value) != nil {
		return -1
	}
	return value
}

func orderID(i int) string { return fmt.Sprintf("o%05d", i) }

// place gives all orders a status.
func (f *fleet) place(status linkit.OrderStatus) {
	for i := range f.orders {
		f.server.AddOrders(linkit.Order{ID: orderID(i), OrderStatus: status, TotalAmount: float64(i)})
	}
}

func (f *fleet) body(i int) string {
	_, body := f.server.Peek(linkittest.OrganizationID, "/orders/"+orderID(i))
	return string(body)
}

// webhook posts a body as Linkit would, and returns the status, or 0 if there was no response.
func (f *fleet) webhook(w *worker, body string) int {
	request, err := http.NewRequestWithContext(
		context.WithoutCancel(f.t.Context()), http.MethodPost, w.url+"/webhooks/"+secret, strings.NewReader(body),
	)
	if err != nil {
		panic(err) // the test's own values
	}
	response, err := f.client.Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// send posts bodies to the processes that are there, once each whether it is taken or not. The
// function that it returns waits for the end.
func (f *fleet) send(bodies []string) (wait func()) {
	queue := make(chan string)
	var senders sync.WaitGroup
	for sender := range 4 {
		senders.Go(func() {
			for body := range queue {
				if workers := f.running(); len(workers) > 0 {
					f.webhook(workers[sender%len(workers)], body)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, body := range bodies {
			queue <- body
		}
		close(queue)
		senders.Wait()
	}()
	return func() { <-done }
}

// receiver is the endpoint of -post. It confirms every event but the first, of which the response is
// lost.
type receiver struct {
	url   string
	mu    sync.Mutex
	seen  map[int64]bool
	lines map[string][]string // by order, each event once, as "change from to"
	again int
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{seen: map[int64]bool{}, lines: map[string][]string{}}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.url = server.URL + "/events"
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	var e feed.Event
	body, err := io.ReadAll(request.Body)
	if err != nil || json.Unmarshal(body, &e) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen[e.ID] {
		r.again++
		return
	}
	r.seen[e.ID] = true
	r.lines[e.OrderID] = append(r.lines[e.OrderID], strings.Join([]string{e.Change, e.From, e.To}, " "))
	if len(r.seen) == 1 {
		panic(http.ErrAbortHandler)
	}
}

func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.seen)
}

// check accounts for every order and event at the end, when all orders went from pending to
// confirmed.
func (f *fleet) check() {
	f.t.Helper()
	f.eventually("every event is marked", func() bool {
		return f.value("SELECT count(*) FROM order_events WHERE handed_on IS NULL") == 0
	})
	f.receiver.mu.Lock()
	defer f.receiver.mu.Unlock()
	want := []string{"new  pending", "order_status pending confirmed"}
	for i := range f.orders {
		require.Equal(f.t, want, f.receiver.lines[orderID(i)], orderID(i))
	}
	assert.Len(f.t, f.receiver.lines, f.orders, "of other orders")
	assert.Positive(f.t, f.receiver.again, "the event whose response was lost")
	assert.EqualValues(f.t, 2*f.orders, f.value("SELECT count(*) FROM order_events"))
	assert.EqualValues(f.t, f.orders, f.value(`SELECT count(*) FROM order_events a JOIN order_events b
		ON a.order_id = b.order_id AND a.id < b.id AND a.change = 'new' AND b.to_value = 'confirmed'`), "in order")
	assert.EqualValues(f.t, f.orders, f.value("SELECT count(*) FROM linkit_orders WHERE status = 'confirmed'"))
	assert.Zero(f.t, f.value("SELECT count(*) FROM linkit_order_hints WHERE order_id LIKE 'forged%'"))
}
