package linkit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"sync"

	"github.com/linkit-go/linkit/internal/retry"
)

const maxPage = 100 // the most records that Linkit puts on a page

// ListParams says which page of a list, and in which order.
//
// Lists are pages over live data: a record added or removed while All walks on shifts those behind it, so that one may be
// missed. Sort "created" keeps new records at the end, out of the way.
type ListParams struct {
	Page  int    // from 1; 0: the first
	Limit int    // records a page, 100 at most; 0: the server's default of 20 for List, 100 for All
	Sort  string // a field's JSON name, with "-" before it for descending; documented for products and offers, elsewhere it may be ignored
}

func (p *ListParams) query() (ListParams, url.Values) {
	if p == nil {
		return ListParams{}, nil
	}
	return *p, nil
}

// Page is one page of a list.
type Page[T any] struct {
	Data       []T
	Count      int // records on this page
	TotalCount int // records in all; 0 also when the server didn't say
	Page       int
	Limit      int // as the server applied it
	HasNext    bool
	Meta       json.RawMessage // the answer's "meta", as it came
}

// filter is a service's list params.
type filter interface {
	query() (ListParams, url.Values)
}

// list reads one page.
func list[T record](ctx context.Context, c *Client, route string, f filter) (*Page[T], error) {
	params, query := f.query()
	body, err := readPage[T](ctx, c, route, params, query, func() {})
	if err != nil {
		return nil, err
	}
	return &body.page, nil
}

// count reads total_count.
func count[T record](ctx context.Context, c *Client, route string, f filter) (int, error) {
	params, query := f.query()
	params.Page, params.Limit = 1, 1
	body, err := readPage[T](ctx, c, route, params, query, func() {})
	if err != nil {
		return 0, err
	}
	if !body.counted {
		return 0, unusablePage(c, route, body.attempts, errors.New("the answer has no total_count"))
	}
	return body.page.TotalCount, nil
}

// unusablePage is a page that was read and can't be made use of.
func unusablePage(c *Client, route string, attempts int, err error) error {
	return (&call{method: http.MethodGet, route: route}).unusable(&retry.Result{Attempts: attempts}, c.organization, err)
}

// pageBody is a page as it came.
type pageBody[T any] struct {
	page      Page[T]
	counted   bool // it had a total_count
	attempts  int
	throttled bool // it took a 429 or the like
}

// readPage reads one page. arrived is called when the answer is here, and before it is decoded.
func readPage[T record](ctx context.Context, c *Client, route string, params ListParams, query url.Values, arrived func()) (*pageBody[T], error) {
	if params.Page < 0 || params.Limit < 0 {
		return nil, invalid("GET %s: Page and Limit must not be negative", route)
	}
	query = maps.Clone(query)
	if query == nil {
		query = url.Values{}
	}
	setInt(query, "page", params.Page)
	setInt(query, "limit", params.Limit)
	setText(query, "sort", params.Sort)
	var body *pageBody[T]
	cl := &call{method: http.MethodGet, route: route, query: query}
	cl.accept = func(res *retry.Result) (err error) {
		arrived()
		body, err = decodePage[T](res.Body, params)
		if body != nil {
			body.attempts, body.throttled = res.Attempts, res.Throttled
		}
		return err
	}
	if err := c.send(ctx, cl); err != nil {
		return nil, err
	}
	return body, nil
}

// decodePage reads {data, count, total_count, page, limit, has_next, meta}, and items for data. What is missing is reckoned.
func decodePage[T record](b []byte, asked ListParams) (*pageBody[T], error) {
	var wire struct {
		Data       []T             `json:"data"`
		Items      []T             `json:"items"`
		Count      *int            `json:"count"`
		TotalCount *int            `json:"total_count"`
		Page       int             `json:"page"`
		Limit      int             `json:"limit"`
		HasNext    *bool           `json:"has_next"`
		Meta       json.RawMessage `json:"meta"`
		Success    *bool           `json:"success"`
	}
	wire.Data = make([]T, 0, min(max(asked.Limit, 20), maxPage)) // one allocation for the records
	if err := decode(b, &wire); err != nil {
		if refused(b) != nil {
			return nil, errRefused
		}
		return nil, err
	}
	if wire.Success != nil && !*wire.Success {
		return nil, errRefused
	}
	if len(wire.Data) == 0 {
		wire.Data = wire.Items
	}
	if len(wire.Data) == 0 && !hasList(b) {
		return nil, errors.New("the answer is not the promised page: it has no data")
	}
	for i := range wire.Data {
		if !identified(wire.Data[i]) {
			return nil, fmt.Errorf("%w (record %d of the page)", errNoRecord, i+1)
		}
	}
	body := &pageBody[T]{page: Page[T]{Data: wire.Data, Count: len(wire.Data), Page: wire.Page, Limit: wire.Limit, Meta: wire.Meta}}
	p := &body.page
	if wire.Count != nil {
		p.Count = *wire.Count
	}
	if p.Page == 0 {
		p.Page = max(asked.Page, 1)
	}
	if p.Limit <= 0 {
		p.Limit = max(asked.Limit, len(p.Data))
	}
	if wire.TotalCount != nil && *wire.TotalCount >= 0 {
		p.TotalCount, body.counted = *wire.TotalCount, true
	}
	switch {
	case wire.HasNext != nil:
		p.HasNext = *wire.HasNext
	case body.counted:
		p.HasNext = p.Page*p.Limit < p.TotalCount
	default:
		p.HasNext = len(p.Data) > 0 && len(p.Data) >= p.Limit
	}
	return body, nil
}

// hasList reports whether a page's list is there, but null.
func hasList(b []byte) bool {
	var keys map[string]json.RawMessage
	if json.Unmarshal(b, &keys) != nil {
		return false
	}
	_, data := keys["data"]
	_, items := keys["items"]
	return data || items
}

// all walks every page from params.Page on, and reads ahead of the one in use. It yields an error at most once, last.
func all[T record](ctx context.Context, c *Client, route string, f filter) iter.Seq2[T, error] {
	params, query := f.query() // copied here: later changes of the caller's don't matter
	params.Page = max(params.Page, 1)
	if params.Limit == 0 {
		params.Limit = maxPage
	}
	return func(yield func(T, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		w := &walk[T]{
			client: c, route: route, params: params, query: query,
			most: c.core.prefetch, window: c.core.prefetch, seen: map[[2]string]struct{}{},
		}
		defer w.fetching.Wait()
		defer cancel()
		w.run(ctx, yield)
	}
}

// walk is one use of All. Its goroutines only fetch; the caller's goroutine owns the rest.
type walk[T record] struct {
	client   *Client
	route    string
	params   ListParams // Page: the next to ask for
	query    url.Values
	fetching sync.WaitGroup
	queue    []*fetched[T] // pages asked for and not yet in use, in order
	last     int           // the last page, as far as known
	most     int           // pages to read ahead
	window   int           // ... for now: a 429 halves it, 20 clean pages widen it by one
	clean    int
	seen     map[[2]string]struct{} // the records of recent, by key
	recent   [][][2]string          // the pages within the window
}

// fetched is one page. Its goroutine owns the last three until done is closed.
type fetched[T record] struct {
	number   int
	arrived  chan struct{} // closed when the answer is here, and before it is decoded
	done     chan struct{}
	body     *pageBody[T]
	err      error
	panicked any
}

func (w *walk[T]) run(ctx context.Context, yield func(T, error) bool) {
	w.ask(ctx)
	for {
		f := w.queue[0]
		<-f.arrived
		w.queue = w.queue[1:]
		w.readAhead(ctx) // before the page is decoded: the link is never idle meanwhile
		<-f.done
		if f.panicked != nil {
			panic(f.panicked) // on the goroutine of the caller, who may recover
		}
		var fresh []T
		if f.err == nil {
			fresh, f.err = w.take(f)
		}
		if f.err == nil && f.body.page.HasNext {
			w.learn(&f.body.page)
			w.readAhead(ctx)
			if len(w.queue) == 0 && w.window > 0 {
				w.ask(ctx) // the end isn't known, or it has moved
			}
		}
		for _, item := range fresh {
			if !yield(item, nil) {
				return
			}
		}
		if f.err != nil {
			var zero T
			yield(zero, f.err)
			return
		}
		if !f.body.page.HasNext {
			return
		}
		if len(w.queue) == 0 {
			w.ask(ctx)
		}
	}
}

// ask begins to fetch the next page.
func (w *walk[T]) ask(ctx context.Context) {
	params := w.params
	w.params.Page++
	f := &fetched[T]{
		number: params.Page, arrived: make(chan struct{}), done: make(chan struct{}),
		err: errors.New("the transport ended its goroutine"), // unless it returns
	}
	w.queue = append(w.queue, f)
	w.fetching.Go(func() {
		arrived := sync.OnceFunc(func() { close(f.arrived) })
		defer func() {
			f.panicked = recover()
			arrived()
			close(f.done)
		}()
		f.body, f.err = readPage[T](ctx, w.client, w.route, params, w.query, arrived)
	})
}

// learn notes where the list ends, as far as p tells.
func (w *walk[T]) learn(p *Page[T]) {
	if p.TotalCount > 0 && p.Limit > 0 {
		w.last = (p.TotalCount + p.Limit - 1) / p.Limit
	}
}

// readAhead asks for what the window and the end of the list allow.
func (w *walk[T]) readAhead(ctx context.Context) {
	for len(w.queue) < w.window && w.params.Page <= w.last {
		w.ask(ctx)
	}
}

// take checks that f is the page that was asked for, so that no server can lead All in a circle, and returns the records that
// the pages before it didn't have: one added meanwhile moves others to a later page.
func (w *walk[T]) take(f *fetched[T]) ([]T, error) {
	page := &f.body.page
	if page.Page != f.number {
		return nil, w.odd(f, "page %d came where page %d was asked for", page.Page, f.number)
	}
	keys := make([][2]string, 0, len(page.Data))
	fresh := page.Data[:0]
	for i := range page.Data {
		own, id := page.Data[i].keys()
		key := [2]string{own, id}
		if _, known := w.seen[key]; known {
			continue
		}
		w.seen[key] = struct{}{}
		keys = append(keys, key)
		fresh = append(fresh, page.Data[i])
	}
	if len(fresh) == 0 && page.HasNext {
		return nil, w.odd(f, "page %d has no new record, and the server says that there are more", f.number)
	}
	w.recent = append(w.recent, keys)
	if len(w.recent) > w.most+1 {
		for _, key := range w.recent[0] {
			delete(w.seen, key)
		}
		w.recent = w.recent[1:]
	}
	if f.body.throttled {
		w.window, w.clean = max(w.window/2, min(w.most, 1)), 0
	} else if w.clean++; w.clean == 20 {
		w.window, w.clean = min(w.window+1, w.most), 0
	}
	return fresh, nil
}

func (w *walk[T]) odd(f *fetched[T], format string, args ...any) error {
	return unusablePage(w.client, w.route, f.body.attempts, fmt.Errorf(format, args...))
}

// Collect reads a sequence to its end. On an error it returns what came before it, too.
func Collect[T any](seq iter.Seq2[T, error]) ([]T, error) {
	var items []T
	for item, err := range seq {
		if err != nil {
			return items, err
		}
		items = append(items, item)
	}
	return items, nil
}

func setText(q url.Values, name, value string) {
	if value != "" {
		q.Set(name, value)
	}
}

func setInt(q url.Values, name string, value int) {
	if value != 0 {
		q.Set(name, strconv.Itoa(value))
	}
}

func setBool(q url.Values, name string, value *bool) {
	if value != nil {
		q.Set(name, strconv.FormatBool(*value))
	}
}
