package linkit

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fakePages is what a fetcher reads: each page waits until it is released, unless released is nil.
type fakePages struct {
	mu       sync.Mutex
	asked    []int
	released map[int]chan struct{}
}

func (p *fakePages) read(ctx context.Context, page int, arrived func()) (*pageBody[plainRecord], error) {
	p.mu.Lock()
	p.asked = append(p.asked, page)
	p.mu.Unlock()
	if p.released != nil {
		select {
		case <-p.released[page]:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	arrived()
	return &pageBody[plainRecord]{page: Page[plainRecord]{Page: page}}, nil
}

func (p *fakePages) pages() []int {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(slices.Values(p.asked))
}

func TestAFetcherReadsAheadWithinItsWindowAndTheList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &fakePages{}
		f := &fetcher[plainRecord]{read: source.read, window: newWindow(3), nextPage: 1}
		f.ask(t.Context())
		assert.Equal(t, []int{1}, source.pages(), "the end isn't known")
		assert.Equal(t, 1, f.next(t.Context()).number)
		f.updateLastPage(&Page[plainRecord]{TotalCount: 60}, 10)
		f.readAhead(t.Context())
		assert.Equal(t, []int{1, 2, 3, 4}, source.pages())
		assert.Equal(t, 2, f.next(t.Context()).number)
		f.readAhead(t.Context())
		assert.Equal(t, []int{1, 2, 3, 4, 5}, source.pages())
		f.updateLastPage(&Page[plainRecord]{}, 10)
		f.window.size = 10
		f.readAhead(t.Context())
		assert.Equal(
			t,
			[]int{1, 2, 3, 4, 5, 6},
			source.pages(),
			"nothing beyond the end, which a page without a total leaves as it is",
		)
		for want := 3; want <= 6; want++ {
			assert.Equal(t, want, f.next(t.Context()).number)
		}
		assert.Empty(t, f.queue)
	})
}

func TestAFetcherKeepsTheOrderWhateverArrivesFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &fakePages{
			released: map[int]chan struct{}{1: make(chan struct{}), 2: make(chan struct{}), 3: make(chan struct{})},
		}
		f := &fetcher[plainRecord]{read: source.read, window: newWindow(2), nextPage: 1, lastPage: 3}
		f.ask(t.Context())
		f.readAhead(t.Context())
		assert.Equal(t, []int{1, 2}, source.pages())
		close(source.released[2])
		synctest.Wait()
		close(source.released[1])
		assert.Equal(t, 1, f.next(t.Context()).number)
		assert.Equal(t, []int{1, 2, 3}, source.pages(), "the place of page 1 is free once it has arrived")
		assert.Equal(t, 2, f.next(t.Context()).number)
		close(source.released[3])
		assert.Equal(t, 3, f.next(t.Context()).number)
	})
}

func TestAnAbandonedPageIsNoFailure(t *testing.T) {
	t.Parallel()
	left, leave := context.WithCancelCause(t.Context())
	leave(errAbandoned)
	below, cancel := context.WithCancel(left)
	defer cancel()
	mine, stop := context.WithCancelCause(t.Context())
	stop(errors.New("mine"))
	failed := &TransportError{Err: context.Canceled}
	assert.True(t, abandoned(left, failed))
	assert.True(t, abandoned(below, failed))
	assert.False(t, abandoned(left, nil))
	assert.False(t, abandoned(left, &APIError{StatusCode: 500}), "it failed before")
	assert.False(t, abandoned(mine, failed))
	assert.False(t, abandoned(t.Context(), failed))
	require.NoError(t, t.Context().Err())
}
