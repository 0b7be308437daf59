package linkit_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestErrorComesAfterTheRecordsBeforeIt(t *testing.T) {
	t.Parallel()
	for _, prefetch := range []int{0, 1, 8} {
		synctest.Test(t, func(t *testing.T) {
			s := &listServer{
				ids:    numbered(1000),
				status: func(page int) int { return map[int]int{7: 403}[page] },
				delay: func(page int) time.Duration { // page 7 is the quickest
					return map[bool]time.Duration{true: time.Millisecond, false: time.Second}[page == 7]
				},
			}
			got, err := walked(t.Context(), newClient(t, s, linkit.WithPrefetch(prefetch)))
			require.ErrorIs(t, err, linkit.ErrForbidden)
			assert.Equal(t, numbered(600), got)
		})
	}
}

func TestReadingAheadNeverReordersAndStaysInItsWindow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &listServer{
			ids:   numbered(5000),
			delay: func(int) time.Duration { return time.Duration(rand.N(100)) * time.Millisecond },
		}
		client := newClient(t, s, linkit.WithPrefetch(4))
		n := 0
		for p, err := range client.Products.All(t.Context(), nil) {
			require.NoError(t, err)
			require.Equal(t, fmt.Sprintf("P%05d", n), p.IvID)
			if n++; n%100 == 1 {
				time.Sleep(time.Second) //nolint:forbidigo // virtual time: a slow reader
				synctest.Wait()
				assert.LessOrEqual(t, len(s.pages()), n/100+1+4, "more than the window was asked for")
			}
		}
		assert.Equal(t, 5000, n)
		assert.LessOrEqual(t, s.most, 5)
	})
}

func TestBreakingOffStopsTheRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // a goroutine left behind fails the bubble
		s := &listServer{ids: numbered(100_000), delay: func(page int) time.Duration {
			return map[bool]time.Duration{true: 0, false: time.Hour}[page <= 2]
		}}
		client := newClient(t, s, linkit.WithPrefetch(5))
		began := time.Now()
		n := 0
		for _, err := range client.Products.All(t.Context(), nil) {
			require.NoError(t, err)
			if n++; n == 150 {
				break
			}
		}
		assert.Zero(t, time.Since(began))
		s.mu.Lock()
		assert.Zero(t, s.inFlight, "a request outlives the loop")
		s.mu.Unlock()
		asked := len(s.pages())
		time.Sleep(2 * time.Hour) //nolint:forbidigo // virtual time
		assert.Len(t, s.pages(), asked)

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		got, err := walked(ctx, client)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Len(t, got, 200)
	})
}

func TestPanicInATransportReachesTheReader(t *testing.T) {
	t.Parallel()
	s := &listServer{ids: numbered(500), status: func(page int) int {
		if page == 3 {
			panic("mine")
		}
		return 0
	}}
	client := newClient(t, s, linkit.WithPrefetch(4))
	assert.PanicsWithValue(t, "mine", func() { _, _ = walked(t.Context(), client) })
}

func TestGoexitInATransportIsAnErrorOfTheWalk(t *testing.T) {
	t.Parallel()
	for _, prefetch := range []int{0, 1, 8} {
		s := &listServer{ids: numbered(500), status: func(page int) int {
			if page == 3 {
				runtime.Goexit()
			}
			return 0
		}}
		client := newClient(t, s, linkit.WithPrefetch(prefetch), linkit.WithMaxConcurrency(1))
		for range 2 { // the first gave its slot back
			got, err := walked(t.Context(), client)
			var lost *linkit.TransportError
			require.ErrorAs(t, err, &lost)
			assert.Equal(t, "GET /products", lost.Method+" "+lost.Route)
			assert.True(t, lost.Sent)
			assert.Equal(t, numbered(200), got)
		}
	}
}

// TestAllAgainstAModel walks lists of random size that change and fail at random, and compares with
// what must be yielded.
func TestAllAgainstAModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 7))
			n, limit, prefetch := rnd.IntN(400), 1+rnd.IntN(30), rnd.IntN(9)
			kind := []string{"still", "appended to", "inserted into", "deleted from", "failing"}[rnd.IntN(5)]
			failsAt := 0
			if kind == "failing" {
				failsAt = 1 + rnd.IntN(n/limit+1)
			}
			breakAt := -1
			if rnd.IntN(4) == 0 {
				breakAt = rnd.IntN(n + 1)
			}
			var mu sync.Mutex
			s := &listServer{ids: numbered(n)}
			added := 0
			s.status = func(page int) int { // under s.mu: the list changes between two responses
				mu.Lock()
				defer mu.Unlock()
				if page == failsAt {
					return 404
				}
				at := rnd.IntN(len(s.ids) + 1)
				switch {
				case rnd.IntN(3) > 0:
				case kind == "appended to" && added < 200:
					added++
					s.ids = append(s.ids, fmt.Sprintf("Q%05d", added))
				case kind == "inserted into" && added < 200:
					added++
					s.ids = slices.Insert(s.ids, at, fmt.Sprintf("Q%05d", added))
				case kind == "deleted from" && at < len(s.ids):
					s.ids = slices.Delete(s.ids, at, at+1)
				}
				return 0
			}
			s.delay = func(int) time.Duration { return time.Duration(rnd.IntN(50)) * time.Millisecond }
			s.delay = locked(&mu, s.delay)

			client := newClient(t, s, linkit.WithPrefetch(prefetch))
			var got []string
			var failure error
			for p, err := range client.Products.All(t.Context(), &linkit.ProductListParams{ListParams: linkit.ListParams{Limit: limit}}) {
				require.NoError(t, failure, "something came after the error")
				if failure = err; err == nil {
					got = append(got, p.IvID)
				}
				if len(got) == breakAt {
					break
				}
			}

			original := slices.DeleteFunc(slices.Clone(got), func(id string) bool { return id[0] == 'Q' })
			if kind != "inserted into" && kind != "deleted from" { // pages read side by side then show different moments
				assert.True(t, slices.IsSorted(original), "%s: out of order", kind)
			}
			assert.Len(t, slices.Compact(slices.Sorted(slices.Values(got))), len(got), "%s: a record was repeated", kind)
			switch {
			case breakAt >= 0 && len(got) == breakAt:
			case kind == "failing" && (failsAt-1)*limit < max(n, 1):
				require.ErrorIs(t, failure, linkit.ErrNotFound)
				assert.Equal(t, numbered(n)[:(failsAt-1)*limit], append([]string{}, got...))
			case kind == "still" || kind == "failing":
				require.NoError(t, failure)
				assert.Equal(t, numbered(n), append([]string{}, got...))
			case kind == "deleted from" && failure != nil:
				require.ErrorIs(t, failure, linkit.ErrListChanged)
			default: // nothing that is still there was missed in silence
				require.NoError(t, failure, kind)
				yielded := map[string]bool{}
				for _, id := range got {
					yielded[id] = true
				}
				for _, id := range s.ids {
					assert.True(t, yielded[id] || id[0] == 'Q', "%s: %s was missed", kind, id)
				}
			}
		})
	}
}

func locked(mu *sync.Mutex, f func(int) time.Duration) func(int) time.Duration {
	return func(page int) time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return f(page)
	}
}
