package linkit

import (
	"context"
	"fmt"
	"hash/maphash"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"github.com/linkit-go/linkit/internal/retry"
)

// all walks every page from params.Page on, and reads ahead of the one in use. It yields an error at most once, last.
func all[T record](ctx context.Context, c *Client, route string, f filter) iter.Seq2[T, error] {
	params, query := f.query() // copied here: later changes of the caller's don't matter
	params.Page = max(params.Page, 1)
	if params.Limit == 0 {
		params.Limit = maxPage
	}
	return func(yield func(T, error) bool) {
		if err := c.usable(ctx, &operation{method: http.MethodGet, route: route}); err != nil {
			var zero T
			yield(zero, err)
			return
		}
		ctx, cancel := context.WithCancel(ctx)
		w := &walk[T]{
			client: c, route: route, params: params, query: query,
			most: c.core.prefetch, window: c.core.prefetch, seen: map[recordKey]struct{}{}, pages: map[uint64]int{}, seed: maphash.MakeSeed(),
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
	size     int           // records on a full page, as the first one shows
	most     int           // pages to read ahead
	window   int           // ... for now: a 429 halves it, 20 clean pages widen it by one
	halved   int           // pages before this one were asked for before the window was last halved
	clean    int
	total    int                    // total_count, as the page before said
	seen     map[recordKey]struct{} // the records of recent
	recent   [][]recordKey          // what was yielded last, by page: as much as a window of pages holds
	held     int                    // records in recent
	pages    map[uint64]int         // every page so far, by a hash of its keys: total_count at the time
	seed     maphash.Seed
}

// recordKey tells the records of a list apart.
type recordKey struct{ key, id string } // one of them

func keyOf[T record](v T) recordKey {
	own, id := v.keys()
	if own != "" {
		id = ""
	}
	return recordKey{own, id}
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
		f := w.next(ctx)
		fresh, more, err := w.take(ctx, f)
		if more {
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
		if err != nil {
			var zero T
			yield(zero, err)
			return
		}
		if !more {
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
		err: goexited(w.client, http.MethodGet, w.route), // unless it returns
	}
	w.queue = append(w.queue, f)
	w.fetching.Go(func() {
		defer func() {
			f.panicked = recover()
			close(f.done)
		}()
		f.body, f.err = readPage[T](ctx, w.client, w.route, params, w.query, func() { close(f.arrived) })
	})
}

// next waits for the next page. The one behind it is asked for before this one is decoded, so that the link is never idle.
func (w *walk[T]) next(ctx context.Context) *fetched[T] {
	f := w.queue[0]
	w.queue[0] = nil // the queue's array lives on
	w.queue = w.queue[1:]
	select {
	case <-f.arrived:
		w.readAhead(ctx)
		<-f.done
	case <-f.done:
	}
	if f.panicked != nil {
		panic(f.panicked) // on the goroutine of the caller, who may recover
	}
	return f
}

// learn notes where the list ends, as far as p tells.
func (w *walk[T]) learn(p *Page[T]) {
	if p.TotalCount > 0 && w.size > 0 {
		w.last = (p.TotalCount + w.size - 1) / w.size
	}
}

// readAhead asks for what the window and the end of the list allow.
func (w *walk[T]) readAhead(ctx context.Context) {
	for len(w.queue) < w.window && w.params.Page <= w.last {
		w.ask(ctx)
	}
}

// take checks a page, and returns the records that those before it didn't have, and whether more pages follow.
func (w *walk[T]) take(ctx context.Context, f *fetched[T]) (fresh []T, more bool, err error) {
	if f.err != nil {
		return nil, false, f.err
	}
	page := &f.body.page
	switch {
	case ctx.Err() != nil: // pages that were read ahead are not wanted any more
		return nil, false, (&operation{method: http.MethodGet, route: w.route}).transportError(&retry.Result{}, w.client.organization, ctx.Err())
	case page.Page != f.number: // no server can lead All in a circle
		return nil, false, w.odd(f, "page %d came where page %d was asked for", page.Page, f.number)
	}
	if w.size == 0 {
		w.size = page.Limit
		if f.body.derived {
			w.size = page.fullSize() // a server may put fewer on a page, and not say so
		}
	}
	more = page.HasNext
	if f.body.derived && f.body.counted {
		more = f.number*w.size < page.TotalCount
	}
	fresh, known := w.sift(f)
	if known && more {
		return nil, false, w.odd(f, "page %d has no new record, and the server says that there are more", f.number)
	}
	w.adapt(f)
	return fresh, more, nil
}

// sift leaves out the records that were yielded last: one added meanwhile moves others to a later page. known means that no
// record is new, without as many having been added as that takes: then the server leads in a circle.
func (w *walk[T]) sift(f *fetched[T]) (fresh []T, known bool) {
	page := &f.body.page
	keys := make([]recordKey, 0, len(page.Data))
	fresh = page.Data[:0]
	var hash maphash.Hash
	hash.SetSeed(w.seed)
	for i := range page.Data {
		key := keyOf(page.Data[i])
		maphash.WriteComparable(&hash, key)
		if _, known := w.seen[key]; known {
			continue
		}
		w.seen[key] = struct{}{}
		keys = append(keys, key)
		fresh = append(fresh, page.Data[i])
	}
	before, again := w.pages[hash.Sum64()]
	switch {
	case again: // the very page of before, which may lie behind the window
		fresh = nil
	case len(fresh) == 0:
		before = w.total
	}
	known = len(page.Data) == 0 || len(fresh) == 0 && page.TotalCount-before < len(page.Data)
	w.total, w.pages[hash.Sum64()] = page.TotalCount, page.TotalCount
	w.recent, w.held = append(w.recent, keys), w.held+len(keys)
	for w.held-len(w.recent[0]) >= (w.most+1)*max(w.size, len(page.Data)) { // a page of repetitions pushes nothing out
		for _, key := range w.recent[0] {
			delete(w.seen, key)
		}
		w.held -= len(w.recent[0])
		w.recent = slices.Delete(w.recent, 0, 1)
	}
	return fresh, known
}

// adapt narrows the window after a 429, once for all the pages that were under way then, and widens it again.
func (w *walk[T]) adapt(f *fetched[T]) {
	switch {
	case f.body.throttled && f.number >= w.halved:
		w.window, w.clean, w.halved = max(w.window/2, min(w.most, 1)), 0, w.params.Page
	case f.body.throttled:
		w.clean = 0
	default:
		if w.clean++; w.clean == 20 {
			w.window, w.clean = min(w.window+1, w.most), 0
		}
	}
}

func (w *walk[T]) odd(f *fetched[T], format string, args ...any) error {
	return unusablePage(w.client, w.route, f.body.attempts, fmt.Errorf(format, args...))
}
