package linkit

import (
	"context"
	"errors"
	"sync"
)

// errAbandoned is why a page that was read ahead is cancelled when its walk ends: nothing has
// failed.
var errAbandoned = errors.New("linkit: the page is no longer needed")

// abandoned reports whether a call failed because its walk had ended.
func abandoned(ctx context.Context, err error) bool {
	return err != nil && errors.Is(context.Cause(ctx), errAbandoned) && errors.Is(err, context.Canceled)
}

// fetcher asks for the pages of a list, in order and ahead of the one in use. Its goroutines only
// fetch.
type fetcher[T record] struct {
	// read reads one page. It calls arrived when the response is here, before it is decoded.
	read     func(ctx context.Context, page int, arrived func()) (*pageBody[T], error)
	exited   error // of a read that ends its goroutine
	window   window
	nextPage int           // the page to ask for next
	lastPage int           // the last page of the list, as far as known
	queue    []*fetched[T] // pages asked for and not yet in use, in order
	fetching sync.WaitGroup
}

// fetched is one page. Its goroutine owns the last three fields until done is closed.
type fetched[T record] struct {
	number   int
	arrived  chan struct{} // closed when the response is here, before it is decoded
	done     chan struct{}
	body     *pageBody[T]
	err      error
	panicked any
}

// ask begins to fetch the next page.
func (f *fetcher[T]) ask(ctx context.Context) {
	page := &fetched[T]{number: f.nextPage, arrived: make(chan struct{}), done: make(chan struct{}), err: f.exited}
	f.nextPage++
	f.queue = append(f.queue, page)
	f.fetching.Go(func() {
		defer func() {
			page.panicked = recover()
			close(page.done)
		}()
		page.body, page.err = f.read(ctx, page.number, func() { close(page.arrived) })
	})
}

// next returns the next page, once it is here. The one behind it is asked for before this one is
// decoded, so that the link is never idle.
func (f *fetcher[T]) next(ctx context.Context) *fetched[T] {
	if len(f.queue) == 0 {
		f.ask(ctx)
	}
	page := f.queue[0]
	f.queue[0] = nil // the queue's array lives on
	f.queue = f.queue[1:]
	select {
	case <-page.arrived:
		f.readAhead(ctx)
		<-page.done
	case <-page.done:
	}
	if page.panicked != nil {
		panic(page.panicked) // on the goroutine of the caller, who may recover
	}
	return page
}

// follow asks for what follows a page, before its records are yielded.
func (f *fetcher[T]) follow(ctx context.Context, page *fetched[T], pageSize int) {
	f.window.observe(page.number, f.nextPage, page.body.throttled)
	f.updateLastPage(&page.body.page, pageSize)
	f.readAhead(ctx)
	if len(f.queue) == 0 && f.window.size > 0 {
		f.ask(ctx) // the end isn't known, or it has moved
	}
}

// readAhead asks for what the window and the end of the list allow.
func (f *fetcher[T]) readAhead(ctx context.Context) {
	for len(f.queue) < f.window.size && f.nextPage <= f.lastPage {
		f.ask(ctx)
	}
}

// updateLastPage notes where the list ends, as far as page tells.
func (f *fetcher[T]) updateLastPage(page *Page[T], pageSize int) {
	if last := lastPage(page.TotalCount, pageSize); last > 0 {
		f.lastPage = last
	}
}
