package linkit_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// lookahead walks s in virtual time, and returns how many pages have been asked for beyond each, at
// its first record and once the window is full.
func lookahead(t *testing.T, s *listServer, prefetch int) (ahead []int) {
	t.Helper()
	n := 0
	for _, err := range newClient(t, s, linkit.WithPrefetch(prefetch)).Products.All(t.Context(), nil) {
		require.NoError(t, err)
		if n++; n%100 == 1 {
			sleep(10 * time.Second)
			ahead = append(ahead, slices.Max(s.pages())-(n/100+1))
		}
	}
	return ahead
}

// once returns a listServer.status that meets each of pages with a status the first time it is
// asked for.
func once(status int, pages ...int) func(page int) int {
	var mu sync.Mutex
	return func(page int) int {
		mu.Lock()
		defer mu.Unlock()
		i := slices.Index(pages, page)
		if i < 0 {
			return 0
		}
		pages = slices.Delete(pages, i, i+1)
		return status
	}
}

func TestPrefetchZeroAsksWhenNeeded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &listServer{ids: numbered(300)}
		n := 0
		for _, err := range newClient(t, s, linkit.WithPrefetch(0)).Products.All(t.Context(), nil) {
			require.NoError(t, err)
			n++
			synctest.Wait()
			require.Len(t, s.pages(), (n+99)/100)
		}
		assert.Equal(t, 300, n)
	})
}

func TestThrottlingNarrowsTheWindowAndCleanPagesWidenIt(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		prefetch int
		status   func(page int) int
		ahead    map[int]int // by page
	}{
		"a 429":                             {8, once(429, 20), map[int]int{11: 8, 19: 8, 24: 4, 39: 4, 40: 5, 59: 5, 60: 6, 80: 7, 100: 8, 140: 8}},
		"a burst halves it once":            {8, once(429, 20, 21, 24), map[int]int{19: 8, 24: 4, 43: 4, 44: 5}},
		"a later one halves it again":       {8, once(429, 20, 29, 34), map[int]int{28: 4, 31: 2, 33: 2, 35: 1}},
		"never to nothing":                  {8, once(429, 20, 29, 34, 37, 40, 43), map[int]int{35: 1, 37: 1, 40: 1, 43: 1, 44: 1, 62: 1, 63: 2}},
		"not where it is one":               {1, once(429, 5, 7, 9), map[int]int{5: 1, 7: 1, 9: 1, 10: 1, 50: 1}},
		"nor widened where nothing is read": {0, once(429, 5, 7, 9), map[int]int{5: 0, 7: 0, 9: 0, 10: 0, 50: 0}},
		"a retry after a failure isn't it":  {8, once(500, 20), map[int]int{19: 8, 20: 8, 24: 8, 40: 8}},
		"nor one after a lost connection":   {8, once(-1, 20), map[int]int{19: 8, 20: 8, 24: 8, 40: 8}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &listServer{ids: numbered(15_000), delay: func(int) time.Duration { return time.Second }, status: row.status}
				ahead := lookahead(t, s, row.prefetch)
				require.Len(t, ahead, 150)
				for page, want := range row.ahead {
					assert.Equal(t, want, ahead[page-1], "page %d", page)
				}
				for i := 1; i < len(ahead); i++ {
					assert.LessOrEqual(t, ahead[i]-ahead[i-1], 1, "page %d: widened by more than a page", i+1)
				}
			})
		})
	}
}

func TestTheLastPageIsReadAheadAndNothingPastIt(t *testing.T) {
	t.Parallel()
	for total, pages := range map[int][]int{100: {1}, 101: {1, 2}, 299: {1, 2, 3}, 300: {1, 2, 3}, 301: {1, 2, 3, 4}} {
		synctest.Test(t, func(t *testing.T) {
			s := &listServer{ids: numbered(total)}
			n := 0
			for _, err := range newClient(t, s, linkit.WithPrefetch(8)).Products.All(t.Context(), nil) {
				require.NoError(t, err)
				n++
				synctest.Wait()
				require.ElementsMatch(t, pages, s.pages(), "record %d of %d", n, total)
			}
			assert.Equal(t, total, n)
		})
	}
}

func TestAllReadsOnePageAheadWhereTheEndIsNotKnown(t *testing.T) {
	t.Parallel()
	for _, prefetch := range []int{1, 4} {
		synctest.Test(t, func(t *testing.T) {
			s := &listServer{ids: numbered(450), edit: func(_ int, a map[string]any) { delete(a, "total_count") }}
			assert.Equal(t, []int{1, 1, 1, 1, 0}, lookahead(t, s, prefetch))
		})
	}
}

func TestCancelIsToldBeforeAPageThatWasReadAhead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s := &listServer{ids: numbered(300)}
		n := 0
		var failure error
		for _, err := range newClient(t, s, linkit.WithPrefetch(8)).Products.All(ctx, nil) {
			require.NoError(t, failure, "something came after the error")
			if failure = err; err == nil {
				n++
			}
			if n == 50 {
				synctest.Wait()
				require.Len(t, s.pages(), 3)
				cancel()
			}
		}
		require.ErrorIs(t, failure, context.Canceled)
		var stopped *linkit.TransportError
		require.ErrorAs(t, failure, &stopped)
		assert.Equal(t, "/products", stopped.Route)
		assert.Equal(t, 100, n, "the page at hand is yielded to its end")
	})
}

func TestNothingIsAskedForOnceAnErrorIsDue(t *testing.T) {
	t.Parallel()
	for _, prefetch := range []int{0, 1, 4} {
		synctest.Test(t, func(t *testing.T) {
			s := &listServer{
				ids:   numbered(2000),
				delay: func(int) time.Duration { return time.Second },
				status: func(page int) int {
					return map[int]int{7: 403}[page]
				},
			}
			n := 0
			for _, err := range newClient(t, s, linkit.WithPrefetch(prefetch)).Products.All(t.Context(), nil) {
				if n++; err != nil {
					require.ErrorIs(t, err, linkit.ErrForbidden)
				}
				synctest.Wait()
				require.LessOrEqual(t, len(s.pages()), max(6+prefetch, 7), "record %d", n)
			}
			assert.Equal(t, 601, n)
		})
	}
}
