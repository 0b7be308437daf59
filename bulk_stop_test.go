package linkit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestBulkAllReadsNothingAfterTheSourcesError(t *testing.T) {
	t.Parallel()
	s, mine, wanted := newBulkServer(), errors.New("mine"), false
	source := func(yield func(linkit.ProductParams, error) bool) {
		_ = yield(linkit.ProductParams{IvID: "P1"}, nil) && yield(linkit.ProductParams{IvID: "P2"}, nil)
		if wanted = yield(linkit.ProductParams{IvID: "P3"}, mine); wanted {
			yield(linkit.ProductParams{IvID: "P4"}, nil)
		}
	}
	require.ErrorIs(t, newClient(t, s).Products.BulkAll(t.Context(), linkit.BulkUpsert, source, nil), mine)
	assert.False(t, wanted, "a record is wanted after the error")
	assert.Equal(t, map[int]int{1: 1, 2: 1}, s.seen)
}

func TestBulkAllStopsAtOnceWhenCancelledWhileARequestFills(t *testing.T) {
	t.Parallel()
	for name, goesOn := range map[string]bool{"and the source goes on": true, "and the source ends": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newBulkServer()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			read := 0
			source := func(yield func(linkit.ProductParams, error) bool) {
				for p, err := range products(100, nil) {
					assert.NoError(t, err)
					if read++; !yield(p, nil) {
						return
					}
					if read == 15 {
						cancel()
						if !goesOn {
							return
						}
					}
				}
			}
			told := 0
			err := newClient(
				t,
				s,
				linkit.WithBulkSize(10),
			).Products.BulkAll(
				ctx,
				linkit.BulkUpsert,
				source,
				func(linkit.BulkResult) { told++ },
			)
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorContains(t, err, "after 10 records: context canceled")
			assert.LessOrEqual(t, read, 16, "the source is read on")
			assert.Equal(t, 1, told, "the request that wasn't full was sent")
			assert.NotContains(t, s.attempts, 10)
		})
	}
}

func TestBulkAllStartsNothingOnceCancelled(t *testing.T) {
	t.Parallel()
	client := newClient(t, newBulkServer())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := client.Products.BulkAll(
		ctx,
		linkit.BulkUpsert,
		products(5000, nil),
		func(linkit.BulkResult) { t.Error("a request was started") },
	)
	require.ErrorIs(t, err, context.Canceled)

	for range 100 { // a place that comes free and the end come at once: the end is seen
		synctest.Test(t, func(t *testing.T) {
			s := newBulkServer()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s.takes = func(int) time.Duration { return time.Second } // the source waits for the place
			s.status = func(int, int) int {
				cancel()
				return 0
			}
			told := 0
			err := newClient(
				t,
				s,
				linkit.WithBulkSize(1),
				linkit.WithMaxConcurrency(1),
			).Products.BulkAll(
				ctx,
				linkit.BulkUpsert,
				products(10, nil),
				func(linkit.BulkResult) { told++ },
			)
			require.ErrorIs(t, err, context.Canceled)
			require.Equal(t, 1, told)
			require.Len(t, s.attempts, 1, "a request is started after the end")
		})
	}
}

func TestBulkAllHasEndedWhateverItRunsWhenEachPanics(t *testing.T) {
	t.Parallel()
	for name, slow := range map[string]struct{ source, transport time.Duration }{ // to heed the end of their context
		"the source ends last":    {2 * time.Second, time.Second},
		"the transport ends last": {time.Second, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var inFlight atomic.Int64
				transport := roundTrip(func(r *http.Request) (*http.Response, error) {
					body, err := io.ReadAll(r.Body)
					if err != nil || bytes.Contains(body, []byte("P00000")) {
						return nil, errors.New("the first is reported at once")
					}
					inFlight.Add(1)
					defer inFlight.Add(-1)
					<-r.Context().Done()
					<-time.After(slow.transport)
					return nil, r.Context().Err()
				})
				var ended atomic.Bool
				source := func(yield func(linkit.ProductParams, error) bool) {
					defer func() {
						<-time.After(slow.source)
						ended.Store(true)
					}()
					for p, err := range products(1000, nil) {
						assert.NoError(t, err)
						if !yield(p, nil) {
							return
						}
					}
				}
				client := newClient(t, transport, linkit.WithBulkSize(10), linkit.WithRetries(0))
				assert.PanicsWithValue(t, "mine", func() {
					_ = client.Products.BulkAll(t.Context(), linkit.BulkUpsert, source, func(linkit.BulkResult) {
						synctest.Wait()
						assert.Positive(t, inFlight.Load())
						panic("mine")
					})
				})
				assert.True(t, ended.Load(), "the source has not ended")
				assert.Zero(t, inFlight.Load(), "a request outlives the call")
			})
		})
	}
}

func TestGoexitUnderBulkAllIsAnError(t *testing.T) {
	t.Parallel()
	transport := roundTrip(func(*http.Request) (*http.Response, error) {
		runtime.Goexit()
		return nil, nil //nolint:nilnil // not reached
	})
	var lost *linkit.TransportError
	err := newClient(
		t,
		transport,
		linkit.WithMaxConcurrency(1),
		linkit.WithBulkSize(3),
	).Products.BulkAll(
		t.Context(),
		linkit.BulkUpsert,
		products(7, nil),
		func(r linkit.BulkResult) {
			require.ErrorAs(t, r.Err, &lost, "records from %d", r.Offset)
			assert.False(t, r.Success)
			require.Len(t, r.Keys, r.Count)
			assert.Equal(t, fmt.Sprintf("P%05d", r.Offset), r.Keys[0], "whoever reads the report must find the records")
		},
	)
	require.ErrorAs(t, err, &lost)
	assert.Equal(t, "POST /products/bulk", lost.Method+" "+lost.Route)
	assert.True(t, lost.Sent)
	assert.ErrorContains(t, err, "3 failures in 3 requests; records [0, 3): ")

	s := newBulkServer()
	source := func(yield func(linkit.ProductParams, error) bool) {
		yield(linkit.ProductParams{IvID: "P1"}, nil)
		runtime.Goexit()
	}
	err = newClient(t, s).Products.BulkAll(t.Context(), linkit.BulkUpsert, source, nil)
	require.ErrorContains(t, err, "after 0 records: the source ended its goroutine")
	assert.Empty(t, s.seen)
}
