package linkit

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"

	"github.com/linkit-go/linkit/internal/retry"
)

// maxPasses is how often a walk reads a list: once, and up to three times more while it shifts.
const maxPasses = 4

// all walks every page from params.Page on and reads ahead of the one in use. It yields an error
// at most once, last.
func all[T record](ctx context.Context, c *Client, route string, f filter) iter.Seq2[T, error] {
	params, query := f.query() // copied here: later changes by the caller don't matter
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
		w := &walk[T]{client: c, route: route, params: params, query: query, seen: newSeenSet()}
		w.run(ctx, yield)
	}
}

// walk is one use of All. The caller's goroutine owns it; goroutines of its own only fetch.
type walk[T record] struct {
	client *Client
	route  string
	params ListParams // Page: the first to ask for
	query  url.Values
	seen   *seenSet // the records that were yielded
	pass   pass     // over the list
}

// run reads the list to its end, and again while it shifts. Whatever pass a record is met in, it
// is yielded once.
func (w *walk[T]) run(ctx context.Context, yield func(T, error) bool) {
	var zero T
	for n := range maxPasses {
		last := w.pass
		w.seen.pass, w.pass = uint64(n), pass{}
		left, err := w.readList(ctx, n, yield)
		switch {
		case left:
			return
		case err != nil:
			yield(zero, err)
			return
		case !w.pass.shifted(), n > 0 && w.pass.settled(&last):
			return
		}
		if w.pass.circular(&last) {
			break
		}
	}
	yield(zero, w.changedError())
}

// readList reads the list once, from its first page to its last, and yields the records that
// weren't yielded yet. It reports whether the caller left.
func (w *walk[T]) readList(ctx context.Context, n int, yield func(T, error) bool) (left bool, err error) {
	f := w.newFetcher(n)
	ctx, stop := context.WithCancelCause(withoutResponse(ctx))
	defer f.fetching.Wait()
	defer stop(errAbandoned)
	for {
		page := f.next(ctx)
		fresh, more, err := w.checkPage(ctx, page)
		if more {
			f.follow(ctx, page, w.pass.pageSize)
		}
		for _, item := range fresh {
			if !yield(item, nil) {
				return true, nil
			}
		}
		if err != nil || !more {
			return false, err
		}
	}
}

// newFetcher returns what fetches the pages of pass n. Only the first reads more than a page
// ahead: pages that are read one after another show whether the list shifted between them.
func (w *walk[T]) newFetcher(n int) *fetcher[T] {
	ahead := w.client.core.prefetch
	if n > 0 {
		ahead = min(ahead, 1)
	}
	return &fetcher[T]{
		window: newWindow(ahead), nextPage: w.params.Page, exited: goexited(w.client, http.MethodGet, w.route),
		read: func(ctx context.Context, number int, arrived func()) (*pageBody[T], error) {
			params := w.params
			params.Page = number
			return readPage[T](ctx, w.client, w.route, params, w.query, arrived)
		},
	}
}

// checkPage returns the records of a page that weren't yielded yet, and whether more pages follow.
func (w *walk[T]) checkPage(ctx context.Context, f *fetched[T]) (fresh []T, more bool, err error) {
	if f.err != nil {
		return nil, false, f.err
	}
	page := &f.body.page
	switch {
	case ctx.Err() != nil: // pages that were read ahead aren't wanted any more
		op := &operation{method: http.MethodGet, route: w.route, organization: w.client.organization}
		return nil, false, op.transportError(&retry.Result{}, contextError(ctx))
	case page.Page != f.number: // no server can lead All in a circle
		return nil, false, w.protocolError(f, "page %d came where page %d was asked for", page.Page, f.number)
	}
	if w.pass.pageSize == 0 {
		w.pass.pageSize = w.pageSize(f.body)
	}
	more = page.HasNext
	if f.body.derived && f.body.counted {
		more = f.number < lastPage(page.TotalCount, w.pass.pageSize)
	}
	fresh, circular := w.dedupe(f)
	if !more || !circular && len(page.Data) > 0 {
		return fresh, more, nil
	}
	err = w.protocolError(f, "page %d has no new record, and the server says that there are more", f.number)
	if circular { // or the list was shifted by a whole page: the next pass shows which
		w.pass.circle, err = err, nil
	}
	return nil, false, err
}

// pageSize is how many records a full page has, as the first one shows: never more than were asked
// for or came.
func (w *walk[T]) pageSize(body *pageBody[T]) int {
	size := body.page.Limit
	if body.derived {
		size = body.page.fullSize() // a server may put fewer on a page, and not say so
	}
	return min(size, max(w.params.Limit, len(body.page.Data)))
}

// dedupe returns the records of a page that weren't yielded yet, and whether the page has only
// records that this pass has met before, and no growth of the list explains it.
func (w *walk[T]) dedupe(f *fetched[T]) (fresh []T, circular bool) {
	page := &f.body.page
	fresh = page.Data[:0]
	w.pass.begin(page.TotalCount, f.body.counted)
	for i := range page.Data {
		hash := w.seen.hash(page.Data[i].keys())
		yielded, repeated := w.seen.add(hash)
		w.pass.add(hash, repeated)
		if !yielded {
			fresh = append(fresh, page.Data[i])
		}
	}
	clear(page.Data[len(fresh):])
	return fresh, w.pass.end()
}

// changedError is the error of a list that still shifted in the last pass.
func (w *walk[T]) changedError() error {
	if w.pass.circle != nil {
		return &listChangedError{w.pass.circle}
	}
	return &listChangedError{
		fmt.Errorf("linkit: GET %s: the list changed each time it was read: records may have been missed", w.route),
	}
}

// listChangedError is an ErrListChanged with a reason of its own.
type listChangedError struct{ err error }

func (e *listChangedError) Error() string        { return e.err.Error() }
func (e *listChangedError) Unwrap() error        { return e.err }
func (e *listChangedError) Is(target error) bool { return target == ErrListChanged }

// protocolError is the error of a page that no server should have sent.
func (w *walk[T]) protocolError(f *fetched[T], format string, args ...any) error {
	return unusablePage(w.client, w.route, f.body.attempts, fmt.Errorf(format, args...))
}
