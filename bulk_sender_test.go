package linkit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

func TestBulkAllStopsAtWhatCanNotGetBetterAndSaysWhatWasNotSent(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		status int
		body   string
		is     error
	}{
		"a revoked key":            {401, `{"code":401}`, linkit.ErrUnauthorized},
		"a suspended organization": {403, `{"code":"BILLING_SERVICE_SUSPENDED"}`, linkit.ErrServiceSuspended},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sent, read, told := 0, 0, 0
				var mu sync.Mutex
				transport := roundTrip(func(*http.Request) (*http.Response, error) {
					mu.Lock()
					sent++
					mu.Unlock()
					<-time.After(time.Second)
					return &http.Response{
						StatusCode: row.status,
						Header:     http.Header{},
						Body:       io.NopCloser(strings.NewReader(row.body)),
					}, nil
				})
				source := func(yield func(linkit.ProductParams, error) bool) {
					for p, err := range products(1000, nil) {
						assert.NoError(t, err)
						if read++; !yield(p, nil) {
							return
						}
					}
				}
				err := newClient(
					t,
					transport,
					linkit.WithBulkSize(1),
					linkit.WithMaxConcurrency(4),
				).Products.BulkAll(
					t.Context(),
					linkit.BulkUpsert,
					source,
					func(linkit.BulkResult) { told++ },
				)
				require.ErrorIs(t, err, row.is)
				assert.Equal(t, 4, sent, "only requests in flight finish")
				assert.Equal(t, sent, told)
				assert.LessOrEqual(t, read, 6)
				assert.ErrorContains(t, err, "records [4, ")
				assert.ErrorContains(t, err, "were read and not sent")
			})
		})
	}
}

func TestBulkAllGoesOnAfterAForbiddenRequest(t *testing.T) {
	t.Parallel()
	s := newBulkServer()
	s.status = func(int, int) int { return 403 }
	err := newClient(t, s, linkit.WithBulkSize(1)).Products.BulkAll(t.Context(), linkit.BulkUpsert, products(30, nil), nil)
	require.ErrorIs(t, err, linkit.ErrForbidden)
	assert.Len(t, s.attempts, 30)
}

func TestASlowRequestHoldsBackNeitherOthersNorTheOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newBulkServer()
		s.takes = func(first int) time.Duration {
			if first%50 == 0 {
				return time.Second
			}
			return 20 * time.Millisecond
		}
		began, next := time.Now(), 0
		err := newClient(
			t,
			s,
			linkit.WithBulkSize(1),
		).Products.BulkAll(
			t.Context(),
			linkit.BulkUpsert,
			products(500, nil),
			func(r linkit.BulkResult) {
				assert.Equal(t, next, r.Offset)
				next += r.Count
			},
		)
		require.NoError(t, err)
		assert.Equal(t, 500, next)
		assert.LessOrEqual(t, time.Since(began), 3*time.Second, "ten at a time take 2 s at best")
	})
}

func TestABoundedNumberOfResultsWaitsForItsTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newBulkServer()
		s.takes = func(first int) time.Duration { return map[bool]time.Duration{true: time.Hour}[first == 0] }
		begun := 0
		s.status = func(int, int) int { begun++; return 0 }
		held := 0
		err := newClient(
			t,
			s,
			linkit.WithBulkSize(1),
			linkit.WithAttemptTimeout(2*time.Hour),
		).Products.BulkAll(
			t.Context(),
			linkit.BulkUpsert,
			products(2000, nil),
			func(r linkit.BulkResult) {
				if r.Offset == 0 {
					held = begun
				}
			},
		)
		require.NoError(t, err)
		assert.Greater(t, held, 500)
		assert.Less(t, held, 600)
	})
}

func TestEachRecordIsSentAsItWasYielded(t *testing.T) {
	t.Parallel()
	w := newRecorder(t, http.StatusOK, `{"success":true}`)
	var row struct {
		key string
		qty int
	}
	source := func(yield func(linkit.SKUParams, error) bool) {
		for i, qty := range []int{11, 22, 33} {
			row.key, row.qty = fmt.Sprint("K", i), qty
			if !yield(linkit.SKUParams{IvID: row.key, Qty: &row.qty}, nil) {
				return
			}
		}
	}
	require.NoError(t, w.client.SKUs.BulkAll(t.Context(), linkit.BulkUpdate, source, nil))
	require.Len(t, w.all(), 1)
	assert.JSONEq(
		t,
		`{"mode":"update","skus":[{"iv_id":"K0","qty":11},{"iv_id":"K1","qty":22},{"iv_id":"K2","qty":33}]}`,
		w.all()[0].body,
	)
}

func TestARecordThatCannotBeWrittenKeepsItsPlaceAndTheOthersAreSent(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	records := []linkit.ProductParams{
		{IvID: "A"},
		{IvID: "B", AveragePrice: &nan},
		{IvID: "C"},
		{IvID: "D", AveragePrice: &nan},
	}
	w := newRecorder(
		t,
		http.StatusOK,
		`{"results":[{"status":200},{"status":409,"error":"taken"}]}`,
		linkit.WithBulkSize(3),
	)
	var told []linkit.BulkResult
	err := w.client.Products.BulkAll(
		t.Context(),
		linkit.BulkUpsert,
		linkit.Records(records...),
		func(r linkit.BulkResult) { told = append(told, r) },
	)
	require.ErrorIs(t, err, linkit.ErrRejected)
	require.ErrorIs(t, err, linkit.ErrInvalid)
	require.Len(t, told, 2)
	assert.Equal(t, []string{"A", "B", "C"}, told[0].Keys)
	assert.Equal(t, 3, told[0].Count)
	require.Len(t, told[0].Rejected, 2)
	assert.Equal(t, 1, told[0].Rejected[0].Index)
	assert.Equal(t, "B", told[0].Rejected[0].Key)
	assert.Zero(t, told[0].Rejected[0].StatusCode)
	assert.Equal(t, linkit.RejectedRecord{Index: 2, Key: "C", StatusCode: 409, Message: "taken"}, told[0].Rejected[1])
	assert.Equal(t, 3, told[1].Offset)
	assert.Zero(t, told[1].StatusCode, "a request without a good record isn't sent")
	require.ErrorIs(t, told[1].Err, linkit.ErrInvalid)
	require.Len(t, told[1].Rejected, 1)
	assert.Equal(t, "D", told[1].Rejected[0].Key)
	require.Len(t, w.all(), 1)
	assert.JSONEq(t, `{"mode":"upsert","products":[{"iv_id":"A"},{"iv_id":"C"}]}`, w.all()[0].body)

	_, err = w.client.Products.Bulk(t.Context(), linkit.BulkUpsert, records)
	require.ErrorIs(t, err, linkit.ErrInvalid)
	require.ErrorContains(t, err, "products[1]")
	assert.Len(t, w.all(), 1)
}

func TestUnknownSKUsAreRejectedByBulkAndBulkAll(t *testing.T) {
	t.Parallel()
	server := linkittest.NewServer()
	t.Cleanup(server.Close)
	client := server.Client()
	skus := make([]linkit.SKUParams, 2000)
	for i := range skus {
		skus[i] = linkit.SKUParams{IvID: fmt.Sprint("none-", i), Qty: linkit.Ptr(1)}
	}
	count := 0
	err := client.SKUs.BulkAll(t.Context(), linkit.BulkUpdate, linkit.Records(skus...), func(r linkit.BulkResult) {
		assert.False(t, r.Success)
		count += len(r.Rejected)
	})
	require.ErrorIs(t, err, linkit.ErrRejected)
	assert.Equal(t, 2000, count)
	result, err := client.SKUs.Bulk(t.Context(), linkit.BulkUpdate, skus[:3])
	var rejected *linkit.RejectedError
	require.ErrorAs(t, err, &rejected)
	assert.Equal(t, 3, rejected.Count)
	require.NotNil(t, result)
	assert.Equal(t, rejected.Records, result.Rejected)
	assert.Equal(t, 404, result.Rejected[2].StatusCode)
	assert.Equal(t, "none-2", result.Rejected[2].Key)
}

func TestASlowSourcesRequestsGoAfterTheLinger(t *testing.T) {
	t.Parallel()
	for linger, sizes := range map[time.Duration][]int{0: nil, time.Second: {3, 3}} {
		synctest.Test(t, func(t *testing.T) {
			s := newBulkServer()
			ctx, cancel := context.WithTimeout(t.Context(), 3800*time.Millisecond)
			defer cancel()
			source := func(yield func(linkit.ProductParams, error) bool) {
				for p, err := range products(100, nil) {
					assert.NoError(t, err)
					<-time.After(490 * time.Millisecond)
					if !yield(p, nil) {
						return
					}
				}
			}
			err := newClient(t, s, linkit.WithBulkLinger(linger)).Products.BulkAll(ctx, linkit.BulkUpsert, source, nil)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, sizes, s.sizes)
			assert.ErrorContains(t, err, "were read and not sent")
		})
	}
}

func TestAnUnclearReportIsLoggedOncePerClientAndRoute(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	client := newRecorder(
		t,
		http.StatusOK,
		`{"success":true,"data":{"job":"secret-value"}}`,
		linkit.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
	).client
	for range 3 {
		result, err := client.Products.Bulk(t.Context(), linkit.BulkUpsert, []linkit.ProductParams{{IvID: "A"}})
		require.NoError(t, err)
		assert.True(t, result.Success)
	}
	_, err := client.ForOrganization("other").SKUs.Bulk(t.Context(), linkit.BulkUpdate, []linkit.SKUParams{{IvID: "A"}})
	require.NoError(t, err)
	assert.Equal(t, 2, strings.Count(log.String(), "level=WARN"))
	assert.NotContains(t, log.String(), "secret-value")
}

func TestAHookSeesHowManyRecordsAResponseRejects(t *testing.T) {
	t.Parallel()
	var events []linkit.Event
	hook := func(ctx context.Context, _ *linkit.Event) (context.Context, func(*linkit.Event)) {
		return ctx, func(e *linkit.Event) { events = append(events, *e) }
	}
	client := newRecorder(t, http.StatusMultiStatus, `{"failed":1}`, linkit.WithHooks(linkit.Hooks{Call: hook})).client
	_, err := client.Products.Bulk(t.Context(), linkit.BulkUpsert, []linkit.ProductParams{{IvID: "A"}, {IvID: "B"}})
	require.ErrorIs(t, err, linkit.ErrRejected)
	require.Len(t, events, 1)
	assert.Equal(t, 1, events[0].Rejected)
	assert.NoError(t, events[0].Err)
}

func TestASourcesErrorIsKeptBesideManyFailures(t *testing.T) {
	t.Parallel()
	s, mine := newBulkServer(), errors.New("mine")
	s.status = func(int, int) int { return 422 }
	err := newClient(
		t,
		s,
		linkit.WithBulkSize(1),
	).Products.BulkAll(
		t.Context(),
		linkit.BulkUpsert,
		products(50, mine),
		nil,
	)
	require.ErrorIs(t, err, mine)
	assert.ErrorContains(t, err, "mine")
}
