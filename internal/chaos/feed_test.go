package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

const (
	webhookSecret = "s3cret-of-the-webhooks"
	liveOrders    = 40
)

// life is the statuses of an order.
var life = []linkit.OrderStatus{
	linkit.OrderStatusPending, linkit.OrderStatusConfirmed, linkit.OrderStatusPreparing, linkit.OrderStatusReady,
	linkit.OrderStatusShipped, linkit.OrderStatusDelivered,
}

// feed is orderfeed, the orders that it follows, and the endpoint that it hands events on to.
type feed struct {
	*jobs
	processes []*job
	webhooks  []string // URLs
	receiver  string   // likewise
	client    *http.Client
	orders    map[string]int // the place of each in its life
	live      []string

	mu        sync.Mutex
	confirmed map[string]int // webhooks, by order
	received  map[string][]int64
	seen      map[int64]bool
	again     int
}

func startFeed(t *testing.T, j *jobs) *feed {
	t.Helper()
	f := &feed{
		jobs: j, client: &http.Client{Timeout: 3 * time.Second, Transport: new(http.Transport)}, orders: map[string]int{},
		confirmed: map[string]int{}, received: map[string][]int64{}, seen: map[int64]bool{},
	}
	t.Cleanup(f.client.CloseIdleConnections)
	receiver := httptest.NewServer(f)
	t.Cleanup(receiver.Close)
	f.receiver = receiver.URL
	for range 2 {
		p := j.start(t, "orderfeed", f.args()...)
		f.processes = append(f.processes, p)
		f.webhooks = append(f.webhooks, "http://"+p.addr+"/webhooks/"+webhookSecret)
	}
	return f
}

func (f *feed) args(more ...string) []string {
	return append([]string{"-dsn", f.dsn, "-live", "-yes", "-post", f.receiver, "-every", "1s", "-workers", "4"}, more...)
}

// ServeHTTP takes an event. It refuses some, and loses some of its responses.
func (f *feed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var e struct {
		ID      int64  `json:"id"`
		OrderID string `json:"order_id"`
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &e) != nil || rand.N(100) == 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	f.take(e.OrderID, e.ID)
	if rand.N(100) == 0 {
		panic(http.ErrAbortHandler)
	}
}

func (f *feed) take(order string, id int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen[id] {
		f.again++
		return
	}
	f.seen[id] = true
	f.received[order] = append(f.received[order], id)
}

// change moves orders on until ctx ends, and lets webhooks tell of most of that.
func (f *feed) change(ctx context.Context) {
	var sending sync.WaitGroup
	defer sending.Wait()
	slots := make(chan struct{}, 4)
	for wait(ctx, rand.N(50*time.Millisecond)) {
		id := f.move()
		if rand.N(3) == 0 {
			continue
		}
		_, body := f.service.Peek(linkittest.OrganizationID, "/orders/"+id)
		select {
		case slots <- struct{}{}:
			sending.Go(func() {
				f.tell(ctx, id, string(body))
				<-slots
			})
		default: // the processes are away: polling finds it
		}
	}
}

// move gives an order its next status, or makes a new one.
func (f *feed) move() (id string) {
	if len(f.live) < liveOrders {
		id = fmt.Sprintf("o%06d", len(f.orders))
		f.orders[id], f.live = 0, append(f.live, id)
	} else {
		i := rand.N(len(f.live))
		id = f.live[i]
		if f.orders[id]++; f.orders[id] == len(life)-1 {
			f.live[i] = f.live[len(f.live)-1]
			f.live = f.live[:len(f.live)-1]
		}
	}
	f.service.AddOrders(linkit.Order{ID: id, OrderStatus: life[f.orders[id]], TotalAmount: 10})
	return id
}

// tell sends a webhook.
func (f *feed) tell(ctx context.Context, id, body string) {
	target := f.webhooks[rand.N(len(f.webhooks))]
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(body))
	if err != nil {
		panic(err) // the test's own values
	}
	response, err := f.client.Do(request)
	if err != nil {
		return
	}
	_ = response.Body.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	if response.StatusCode == http.StatusNoContent {
		f.confirmed[id]++
	}
}

// event is a row of order_events.
type event struct {
	id, version      int64
	change, from, to string
}

// check waits until every order is known as it is, ends the processes, and checks every event.
func (f *feed) check(t *testing.T) string {
	t.Helper()
	eventually(t, "orderfeed settled", func() bool { return f.settled(t, false) })
	f.checkHints(t)
	// An order that was delivered before anybody saw it is in no list of open ones.
	f.processes = append(f.processes, f.start(t, "orderfeed", f.args("-backfill")...))
	eventually(t, "all orders were seen", func() bool { return f.settled(t, true) })
	for _, p := range f.processes {
		p.terminate(t)
	}
	events := f.events(t)
	total := 0
	for id, at := range f.orders {
		list := events[id]
		require.NotEmpty(t, list, id)
		status := ""
		var ids []int64
		for i, e := range list {
			assert.EqualValues(t, i+1, e.version, id)
			assert.Equal(t, status, e.from, id)
			assert.Equal(t, i == 0, e.change == "new", id)
			assert.Less(t, place(status), place(e.to), "%s: from %s to %s", id, status, e.to)
			status = e.to
			ids = append(ids, e.id)
		}
		assert.EqualValues(t, life[at], status, id)
		assert.Equal(t, ids, f.received[id], "the events of %s that were handed on, in order", id)
		total += len(list)
	}
	assert.Len(t, events, len(f.orders))
	assert.Len(t, f.received, len(f.orders))
	webhooks := 0
	for _, n := range f.confirmed {
		webhooks += n
	}
	return fmt.Sprintf("orders: %d with %d events, %d handed on again, %d webhooks confirmed",
		len(f.orders), total, f.again, webhooks)
}

// place returns where in its life an order with a status is.
func place(status string) int {
	for i, s := range life {
		if string(s) == status {
			return i
		}
	}
	return -1
}

// settled reports whether the tables hold the statuses of all orders, and everything is handed on.
// An order that nobody has seen, and that no webhook told of, may be missing unless all is true.
func (f *feed) settled(t *testing.T, all bool) bool {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	var waiting int
	err := f.db.QueryRow(ctx, `SELECT (SELECT count(*) FROM linkit_order_hints WHERE fetched < hints) +
		(SELECT count(*) FROM order_events WHERE handed_on IS NULL)`).Scan(&waiting)
	if err != nil || waiting > 0 {
		return false
	}
	statuses, err := f.statuses(ctx)
	if err != nil {
		return false
	}
	for id, at := range f.orders {
		status, seen := statuses[id]
		if status != string(life[at]) && (seen || all || f.confirmed[id] > 0) {
			return false
		}
	}
	return true
}

// statuses returns the orders that are stored.
func (f *feed) statuses(ctx context.Context) (map[string]string, error) {
	rows, err := f.db.Query(ctx, "SELECT id, status FROM linkit_orders")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	statuses := map[string]string{}
	for rows.Next() {
		var id, status string
		if err := rows.Scan(&id, &status); err != nil {
			return nil, err
		}
		statuses[id] = status
	}
	return statuses, rows.Err()
}

// events returns the events by order.
func (f *feed) events(t *testing.T) map[string][]event {
	t.Helper()
	rows, err := f.db.Query(t.Context(),
		"SELECT order_id, id, version, change, from_value, to_value FROM order_events ORDER BY id")
	require.NoError(t, err)
	defer rows.Close()
	events := map[string][]event{}
	for rows.Next() {
		var id string
		var e event
		require.NoError(t, rows.Scan(&id, &e.id, &e.version, &e.change, &e.from, &e.to))
		events[id] = append(events[id], e)
	}
	require.NoError(t, rows.Err())
	return events
}

// checkHints checks that no webhook that was confirmed is lost.
func (f *feed) checkHints(t *testing.T) {
	t.Helper()
	rows, err := f.db.Query(t.Context(), "SELECT order_id, hints FROM linkit_order_hints")
	require.NoError(t, err)
	defer rows.Close()
	hints := map[string]int{}
	for rows.Next() {
		var id string
		var n int
		require.NoError(t, rows.Scan(&id, &n))
		hints[id] = n
	}
	require.NoError(t, rows.Err())
	for id, n := range f.confirmed {
		assert.GreaterOrEqual(t, hints[id], n, "webhooks of %s", id)
	}
}
