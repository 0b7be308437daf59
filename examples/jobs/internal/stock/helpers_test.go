package stock_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/examples/jobs/internal/database"
	"github.com/linkit-go/linkit/examples/jobs/internal/stock"
	"github.com/linkit-go/linkit/internal/servers/pgtest"
)

// item is a SKU as it is on the wire.
type item struct {
	IvID      string   `json:"iv_id"`
	Product   string   `json:"product_iv_id,omitempty"`
	Branch    string   `json:"branch_iv_id,omitempty"`
	Qty       *int64   `json:"qty,omitempty"`
	Price     *float64 `json:"price,omitempty"`
	Cost      *float64 `json:"cost,omitempty"`
	Available *bool    `json:"available,omitempty"`
}

// request is a bulk request that the shop got.
type request struct {
	number int // from 1
	mode   string
	items  []item
}

// effect is what the shop does with a request; the zero value takes all records.
type effect struct {
	wait   <-chan struct{} // before it takes effect
	status int             // refuse the whole request
	body   string          // of the response
	refuse map[string]bool // records that aren't taken
	drop   bool            // close the connection after it took effect
}

// shop is a service that keeps SKUs. A request takes effect even if the client has gone.
type shop struct {
	*httptest.Server
	delay  time.Duration
	decide func(*request) effect // must not be changed while requests are served

	mu       sync.Mutex
	skus     map[string]item
	requests int
	records  int
	listFail int // the page of the list that fails
}

func newShop(t *testing.T, decide func(*request) effect) *shop {
	t.Helper()
	s := &shop{skus: map[string]item{}, decide: decide}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/skus/bulk", s.bulk)
	mux.HandleFunc("GET /api/v1/skus", s.list)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (s *shop) bulk(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Mode string `json:"mode"`
		SKUs []item `json:"skus"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return // the client was killed
	}
	s.mu.Lock()
	s.requests++
	s.records += len(body.SKUs)
	req := &request{number: s.requests, mode: body.Mode, items: body.SKUs}
	s.mu.Unlock()
	var e effect
	if s.decide != nil {
		e = s.decide(req)
	}
	if e.wait != nil {
		<-e.wait
	}
	if s.delay > 0 {
		<-time.After(s.delay)
	}
	if e.status == 0 {
		s.apply(req.items, e.refuse)
	}
	if e.drop {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(cmp.Or(e.status, http.StatusOK))
	_, _ = w.Write([]byte(cmp.Or(e.body, `{"success":true,"message":"Processed"}`)))
}

func (s *shop) apply(items []item, refuse map[string]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range items {
		if !refuse[i.IvID] {
			s.skus[i.IvID] = i
		}
	}
}

func (s *shop) list(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	page, limit := number(r, "page", 1), number(r, "limit", 20)
	if page == s.listFail {
		http.Error(w, `{"error":"away"}`, http.StatusNotImplemented)
		return
	}
	var keys []string
	for key := range s.skus {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	from, to := min((page-1)*limit, len(keys)), min(page*limit, len(keys))
	data := make([]item, 0, limit)
	for _, key := range keys[from:to] {
		data = append(data, s.skus[key])
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"data": data, "count": len(data), "total_count": len(keys), "page": page, "limit": limit, "has_next": to < len(keys),
	})
}

func number(r *http.Request, name string, standard int) int {
	n, err := strconv.Atoi(r.URL.Query().Get(name))
	if err != nil {
		return standard
	}
	return n
}

func (s *shop) counts() (requests, records int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests, s.records
}

func (s *shop) get(key string) item {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.skus[key]
}

// client is a client of a shop.
func client(url string) (*linkit.Client, error) {
	return linkit.NewClient(linkit.WithBaseURL(url+"/api/v1"), linkit.WithAPIKey("key"),
		linkit.WithRetryWait(10*time.Millisecond, 50*time.Millisecond))
}

// bench is a database with a table stock, and the state in it.
type bench struct {
	t    *testing.T
	dsn  string
	db   *database.DB // to change the source
	shop *shop
}

// onEach runs a test on SQLite and on PostgreSQL.
func onEach(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, sqliteFile(t))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		test(t, pgtest.Shared(t).Database(t))
	})
}

func sqliteFile(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "stock.db")
}

// newBench makes branches times products records, with quantities of 1.
func newBench(t *testing.T, dsn string, shop *shop, branches, products int) *bench {
	t.Helper()
	db, err := database.Open(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	b := &bench{t: t, dsn: dsn, db: db, shop: shop}
	b.exec(`CREATE TABLE stock (sku text, product text, branch text, qty bigint, price double precision,
		cost double precision, available boolean, PRIMARY KEY (branch, product))`)
	series := func(name string, n int) string {
		return fmt.Sprintf("%s(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM %[1]s WHERE i < %[2]d)", name, n-1)
	}
	b.exec("WITH RECURSIVE " + series("b", branches) + ", " + series("p", products) +
		` INSERT INTO stock SELECT NULL, 'P' || p.i, 'B' || b.i, 1, 7.25 + p.i * 0.01, 0.1, true FROM b, p`)
	return b
}

func (b *bench) exec(statement string, args ...any) int {
	b.t.Helper()
	res, err := b.db.ExecContext(context.WithoutCancel(b.t.Context()), statement, args...)
	require.NoError(b.t, err)
	n, err := res.RowsAffected()
	require.NoError(b.t, err)
	return int(n)
}

func (b *bench) count(query string, args ...any) (n int) {
	b.t.Helper()
	require.NoError(b.t, b.db.QueryRowContext(b.t.Context(), query, args...).Scan(&n))
	return n
}

// engine opens everything anew, as another process would.
func (b *bench) engine(options stock.Options) (*stock.Engine, *stock.State) {
	b.t.Helper()
	state, err := stock.OpenState(b.t.Context(), b.dsn)
	require.NoError(b.t, err)
	b.t.Cleanup(func() { _ = state.Close() })
	return b.engineOn(state, options), state
}

func (b *bench) engineOn(state *stock.State, options stock.Options) *stock.Engine {
	b.t.Helper()
	return b.engineOf(b.source(stock.DefaultQuery), state, options)
}

func (b *bench) engineOf(source *stock.Source, state *stock.State, options stock.Options) *stock.Engine {
	b.t.Helper()
	if options.SKUs == nil {
		c, err := client(b.shop.URL)
		require.NoError(b.t, err)
		options.SKUs = c.SKUs
	}
	options.Shards = cmp.Or(options.Shards, 4)
	options.Timeout = cmp.Or(options.Timeout, 20*time.Second)
	engine, err := stock.New(b.t.Context(), source, state, options)
	require.NoError(b.t, err)
	return engine
}

func (b *bench) source(query string) *stock.Source {
	b.t.Helper()
	db, err := database.OpenReadOnly(b.t.Context(), b.dsn)
	require.NoError(b.t, err)
	b.t.Cleanup(func() { _ = db.Close() })
	source, err := stock.OpenSource(b.t.Context(), db, query)
	require.NoError(b.t, err)
	return source
}

// once runs an engine until everything is in sync, and checks that its figures add up.
func (b *bench) once(engine *stock.Engine) stock.Summary {
	b.t.Helper()
	summary, err := engine.Once(b.t.Context(), b.t.Context())
	require.NoError(b.t, err)
	requireSum(b.t, &summary)
	return summary
}

// requireSum checks that each record is in one of the figures.
func requireSum(t *testing.T, s *stock.Summary) {
	t.Helper()
	require.Equal(t, s.Records, s.Unchanged+s.Sent+s.Rejected+s.Waiting+s.Failed, "%+v", s)
}

// differing returns the keys whose values the shop doesn't have.
func (b *bench) differing() []string {
	b.t.Helper()
	rows, err := b.db.QueryContext(b.t.Context(), `SELECT product, branch, qty, price, cost, available FROM stock`)
	require.NoError(b.t, err)
	defer func() { _ = rows.Close() }()
	b.shop.mu.Lock()
	defer b.shop.mu.Unlock()
	var keys []string
	for rows.Next() {
		var i item
		require.NoError(b.t, rows.Scan(&i.Product, &i.Branch, &i.Qty, &i.Price, &i.Cost, &i.Available))
		i.IvID = i.Product + "_" + i.Branch
		if !assert.ObjectsAreEqual(i, b.shop.skus[i.IvID]) {
			keys = append(keys, i.IvID)
		}
	}
	require.NoError(b.t, rows.Err())
	return keys
}

// requireInSync checks that the shop has every record, and that no request is left open.
func (b *bench) requireInSync() {
	b.t.Helper()
	require.Empty(b.t, b.differing())
	require.Zero(b.t, b.count("SELECT count(*) FROM linkit_inflight WHERE NOT acknowledged"))
}

// passDeadlines makes the deadlines of open requests pass.
func (b *bench) passDeadlines() {
	b.t.Helper()
	if b.db.Postgres {
		b.exec("UPDATE linkit_inflight SET deadline = deadline - interval '1 hour'")
		return
	}
	b.exec("UPDATE linkit_inflight SET deadline = deadline - 3600")
}

// eventually waits for a condition.
func eventually(t *testing.T, condition func() bool, what string) {
	t.Helper()
	require.Eventually(t, condition, 90*time.Second, 10*time.Millisecond, what)
}

// worker is how a process of the tests is told what to do.
type worker struct {
	URL, DSN               string
	Workers, Shards, Batch int
	Timeout, Grace         time.Duration
	Every                  time.Duration
}

const workerVariable = "STOCK_TEST_WORKER"

// TestMain runs the tests or, in a process that a test has started, a worker.
func TestMain(m *testing.M) {
	if text := os.Getenv(workerVariable); text != "" {
		os.Exit(work(text))
	}
	os.Exit(pgtest.Main(m))
}
