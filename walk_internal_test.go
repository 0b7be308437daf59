package linkit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pagesOf is a transport: a list of so many pages, whose records are what records says.
type pagesOf struct {
	count   int
	records func(page int) []string
	mu      sync.Mutex
	asked   map[int]time.Time // the first time, by page
}

func (p *pagesOf) RoundTrip(r *http.Request) (*http.Response, error) {
	page := 0
	if _, err := fmt.Sscan(r.URL.Query().Get("page"), &page); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked == nil {
		p.asked = map[int]time.Time{}
	}
	p.asked[page] = time.Now()
	records := p.records(page)
	body, err := json.Marshal(map[string]any{
		"data":        records,
		"page":        page,
		"limit":       len(records),
		"total_count": p.count * len(records),
		"has_next":    page < p.count,
	})
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body))}, err
}

// over returns a client of the list.
func (p *pagesOf) newClient(t *testing.T, opts ...Option) *Client {
	t.Helper()
	client, err := NewClient(
		append(opts, WithAPIKey("k3y-Zp0aQ9w8e7r6t5y4"), WithHTTPClient(&http.Client{Transport: p}))...)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, client.Close()) })
	return client
}

// countedRecord is a record that is a string; liveRecords are those that are still reachable.
type countedRecord struct{ own *string }

var liveRecords atomic.Int64

func (r *countedRecord) UnmarshalJSON(b []byte) error {
	r.own = new(string)
	liveRecords.Add(1)
	runtime.AddCleanup(r.own, func(n *atomic.Int64) { n.Add(-1) }, &liveRecords)
	return json.Unmarshal(b, r.own)
}

func (r countedRecord) keys() (key, id string) { return *r.own, "" }

func TestAllHoldsNoMorePagesThanItReadsAhead(t *testing.T) {
	t.Parallel()
	const prefetch = 8
	synctest.Test(t, func(t *testing.T) {
		list := &pagesOf{
			count:   30,
			records: func(page int) []string { return []string{fmt.Sprintf("record-%d-that-is-no-tiny-object", page)} },
		}
		n := 0
		for _, err := range all[countedRecord](t.Context(), list.newClient(t, WithPrefetch(prefetch)), "/products", &ListParams{}) {
			require.NoError(t, err)
			n++
			synctest.Wait()
			for tries := 0; liveRecords.Load() > prefetch+2 && tries < 50; tries++ {
				runtime.GC()
				runtime.Gosched()
			}
			require.LessOrEqual(t, liveRecords.Load(), int64(prefetch+2), "page %d", n)
		}
		assert.Equal(t, 30, n)
	})
}

func TestAllRemembersOnlyThePagesOfItsWindow(t *testing.T) { // not in parallel: it measures the heap
	const pages = 120
	list := &pagesOf{count: pages, records: func(page int) []string {
		ids := make([]string, 100)
		for i := range ids {
			ids[i] = fmt.Sprintf("%d-%d-%s", page, i, strings.Repeat("x", 4000))
		}
		return ids
	}}
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	n, before, after := 0, int64(0), int64(0)
	for _, err := range all[plainRecord](t.Context(), list.newClient(t), "/products", &ListParams{}) {
		require.NoError(t, err)
		switch n++; n {
		case 10 * 100:
			before = heap()
		case pages * 100:
			after = heap()
		}
	}
	assert.Equal(t, pages*100, n)
	assert.Less(t, after-before, int64(12<<20), "all ids are %d MB", pages*100*4000>>20)
}

// plainRecord is a record that is a string.
type plainRecord string

func (r plainRecord) keys() (key, id string) { return string(r), "" }

// slowRecord is a record that takes a second to decode.
type slowRecord struct{ own string }

func (r *slowRecord) UnmarshalJSON(b []byte) error {
	time.Sleep(time.Second) //nolint:forbidigo // virtual time
	return json.Unmarshal(b, &r.own)
}

func (r slowRecord) keys() (key, id string) { return r.own, "" }

func TestTheNextPageIsAskedForBeforeTheOneAtHandIsDecoded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		list := &pagesOf{count: 4, records: func(page int) []string { return []string{fmt.Sprint(page)} }}
		began := time.Now()
		records, err := Collect(all[slowRecord](t.Context(), list.newClient(t, WithPrefetch(1)), "/products", &ListParams{}))
		require.NoError(t, err)
		assert.Len(t, records, 4)
		for page, want := range map[int]time.Duration{1: 0, 2: time.Second, 3: time.Second, 4: 2 * time.Second} {
			assert.Equal(t, want, list.asked[page].Sub(began), "page %d", page)
		}
	})
}
