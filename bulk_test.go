package linkit_test

import (
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

func TestBulkRefusesWhatLinkitWould(t *testing.T) {
	t.Parallel()
	client, mt := newMockedClient(t)
	one := []linkit.ProductParams{{IvID: "a"}}
	for hint, call := range map[string]func() (*linkit.BulkResult, error){
		"1001 records": func() (*linkit.BulkResult, error) {
			return client.Products.Bulk(t.Context(), linkit.BulkUpsert, make([]linkit.ProductParams, 1001))
		},
		"no records": func() (*linkit.BulkResult, error) { return client.Products.Bulk(t.Context(), linkit.BulkUpsert, nil) },
		`mode ""`:    func() (*linkit.BulkResult, error) { return client.Products.Bulk(t.Context(), "", one) },
		`mode "x"`:   func() (*linkit.BulkResult, error) { return client.Products.Bulk(t.Context(), "x", one) },
	} {
		_, err := call()
		require.ErrorIs(t, err, linkit.ErrInvalid)
		assert.ErrorContains(t, err, hint)
	}
	require.ErrorIs(t, client.Products.BulkAll(t.Context(), "x", products(1, nil), nil), linkit.ErrInvalid)
	require.ErrorIs(t, client.Products.BulkAll(t.Context(), linkit.BulkCreate, nil, nil), linkit.ErrInvalid)
	unread := func(func(linkit.BrandParams, error) bool) { t.Error("the source is read before the mode") }
	require.EqualError(
		t,
		client.Brands.BulkAll(t.Context(), "x", unread, nil),
		`linkit: POST /brands/bulk: the mode "x" is not one of create, update and upsert`,
	)
	for _, size := range []int{0, -1, 1001} {
		_, err := linkit.NewClient(linkit.WithAPIKey(testKey), linkit.WithBulkSize(size))
		require.ErrorIs(t, err, linkit.ErrInvalid)
		assert.ErrorContains(t, err, "WithBulkSize")
	}
	assert.Zero(t, mt.GetTotalCallCount())
}

func TestBulkIsRepeatedOnlyWhenThatIsHarmless(t *testing.T) {
	t.Parallel()
	for mode, want := range map[linkit.BulkMode]int{linkit.BulkCreate: 1, linkit.BulkUpdate: 2, linkit.BulkUpsert: 2} {
		s := newBulkServer()
		s.status = func(_, attempt int) int { return map[int]int{1: -1}[attempt] }
		result, err := newClient(t, s).Products.Bulk(t.Context(), mode, []linkit.ProductParams{{IvID: "P1"}})
		assert.Equal(t, want, s.attempts[1], mode)
		if mode == linkit.BulkCreate {
			var te *linkit.TransportError
			require.ErrorAs(t, err, &te)
			assert.True(t, te.Sent)
			assert.Nil(t, result)
			continue
		}
		require.NoError(t, err)
		assert.True(t, result.Success)
		assert.Equal(t, "Processed 1 products", result.Message)
		assert.JSONEq(t, `{"success":true,"message":"Processed 1 products"}`, string(result.Raw))
	}
}

func TestBulkAllSendsEveryRecordOnceAndReportsInOrder(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 999, 1000, 1001, 5500} {
		for _, size := range []int{1000, 300} {
			synctest.Test(t, func(t *testing.T) {
				s := newBulkServer()
				// the last is the quickest
				s.takes = func(first int) time.Duration { return time.Duration(6000-first) * time.Millisecond }
				next := 0
				err := newClient(
					t,
					s,
					linkit.WithBulkSize(size),
				).Products.BulkAll(
					t.Context(),
					linkit.BulkUpsert,
					products(n, nil),
					func(r linkit.BulkResult) {
						assert.Equal(t, next, r.Offset)
						assert.Equal(t, min(size, n-next), r.Count)
						assert.True(t, r.Success)
						assert.NoError(t, r.Err)
						next += r.Count
					},
				)
				require.NoError(t, err)
				assert.Equal(t, n, next)
				assert.Len(t, s.seen, n)
				assert.LessOrEqual(t, s.most, 10)
				for i, times := range s.seen {
					assert.Equal(t, 1, times, i)
				}
			})
		}
	}
}

func TestBulkAllKeepsTheLinkBusy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newBulkServer()
		s.takes = func(int) time.Duration { return 50 * time.Millisecond }
		began := time.Now()
		require.NoError(t, newClient(t, s).Products.BulkAll(t.Context(), linkit.BulkUpsert, products(100_000, nil), nil))
		assert.Equal(t, 10, s.most)
		assert.LessOrEqual(t, time.Since(began), 550*time.Millisecond, "100 requests of 50 ms, ten at a time")
	})
}

func TestBulkAllGoesOnAfterAFailureAndLosesNone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newBulkServer()
		s.status = func(first, _ int) int { return map[int]int{200: 422, 500: -1, 900: 403}[first] }
		mine := errors.New("the rows ended badly")
		var bad []int
		err := newClient(
			t,
			s,
			linkit.WithBulkSize(100),
		).Products.BulkAll(
			t.Context(),
			linkit.BulkCreate,
			products(1050, mine),
			func(r linkit.BulkResult) {
				if r.Err != nil {
					bad = append(bad, r.Offset)
				}
			},
		)
		assert.Equal(t, []int{200, 500, 900}, bad)
		assert.Len(t, s.seen, 750)
		require.ErrorIs(t, err, linkit.ErrValidation)
		require.ErrorIs(t, err, linkit.ErrForbidden)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.ErrorIs(t, err, mine)
		var te *linkit.TransportError
		require.ErrorAs(t, err, &te)
		assert.True(t, te.Sent)
		assert.ErrorContains(t, err, "4 failures in 11 requests; records [200, 300): linkit: POST /products/bulk: 422")
		assert.NotContains(t, err.Error(), "\n")
	})
}

func TestBulkAllErrorIsBounded(t *testing.T) {
	t.Parallel()
	s := newBulkServer()
	s.status = func(int, int) int { return 422 }
	told := 0
	err := newClient(
		t,
		s,
		linkit.WithBulkSize(1),
	).Products.BulkAll(
		t.Context(),
		linkit.BulkCreate,
		products(3000, nil),
		func(linkit.BulkResult) { told++ },
	)
	assert.Equal(t, 3000, told)
	assert.Less(t, len(err.Error()), 2000)
	assert.ErrorContains(t, err, "3000 failures in 3000 requests")
	assert.ErrorContains(t, err, "and 2997 more")
	joined, ok := err.(interface{ Unwrap() []error })
	require.True(t, ok)
	assert.Len(t, joined.Unwrap(), 20)
}

func TestBulkAllStopsOnCancelAndHasToldOfEverythingSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newBulkServer()
		s.takes = func(int) time.Duration { return time.Second }
		ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		ended := false
		source := func(yield func(linkit.ProductParams, error) bool) {
			defer func() { ended = true }()
			for i := 0; yield(linkit.ProductParams{IvID: fmt.Sprintf("P%05d", i)}, nil); i++ {
			}
		}
		began := time.Now()
		told := map[int]bool{}
		err := newClient(
			t,
			s,
			linkit.WithBulkSize(10),
		).Products.BulkAll(
			ctx,
			linkit.BulkCreate,
			source,
			func(r linkit.BulkResult) { told[r.Offset] = r.Err == nil },
		)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 2500*time.Millisecond, time.Since(began))
		assert.True(t, ended, "the source has ended on return")
		for first := range s.attempts {
			assert.Contains(t, told, first)
		}
		done := 0
		for _, ok := range told {
			if ok {
				done++
			}
		}
		assert.Equal(t, 20, done)
		assert.Len(t, s.seen, 200)
	})
}

func TestBulkAllSourceErrorComesAfterWhatCameBeforeIt(t *testing.T) {
	t.Parallel()
	s, mine := newBulkServer(), errors.New("mine")
	err := newClient(t, s).Products.BulkAll(t.Context(), linkit.BulkUpdate, products(7, mine), nil)
	require.ErrorIs(t, err, mine)
	assert.ErrorContains(t, err, "after 7 records: mine")
	assert.Len(t, s.seen, 7)
}

func TestBulkAllPanicsPassAndLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(ctx context.Context, c *linkit.Client) error{
		"in each": func(ctx context.Context, c *linkit.Client) error {
			return c.Products.BulkAll(ctx, linkit.BulkUpsert, products(1000, nil), func(linkit.BulkResult) { panic("mine") })
		},
		"in the source": func(ctx context.Context, c *linkit.Client) error {
			return c.Products.BulkAll(ctx, linkit.BulkUpsert, func(yield func(linkit.ProductParams, error) bool) {
				yield(linkit.ProductParams{IvID: "P1"}, nil)
				panic("mine")
			}, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // a goroutine left behind fails the bubble
				s := newBulkServer()
				s.takes = func(int) time.Duration { return time.Second }
				client := newClient(t, s, linkit.WithBulkSize(10))
				assert.PanicsWithValue(t, "mine", func() { _ = run(t.Context(), client) })
			})
		})
	}
	client := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) { panic("transport") }))
	assert.PanicsWithValue(
		t,
		"transport",
		func() { _ = client.Products.BulkAll(t.Context(), linkit.BulkUpsert, products(5, nil), nil) },
	)
}

func TestAListCanFeedBulkAll(t *testing.T) {
	t.Parallel()
	from, to := newClient(t, &listServer{ids: numbered(2345)}), newBulkServer()
	source := func(yield func(linkit.ProductParams, error) bool) {
		for p, err := range from.Products.All(t.Context(), nil) {
			if !yield(p.Params(), err) {
				return
			}
		}
	}
	require.NoError(t, newClient(t, to).Products.BulkAll(t.Context(), linkit.BulkUpsert, source, nil))
	assert.Len(t, to.seen, 2345)
	require.NoError(
		t,
		newClient(
			t,
			to,
		).Products.BulkAll(
			t.Context(),
			linkit.BulkUpdate,
			linkit.Records(linkit.ProductParams{IvID: "P99999"}),
			nil,
		),
	)
	assert.Equal(t, map[string]int{"upsert": 3, "update": 1}, to.modes)
}

func TestBulkAllHoldsOnlyWhatIsInFlight(t *testing.T) {
	t.Parallel()
	var read, most atomic.Int64
	s := newBulkServer()
	s.status = func(int, int) int { // under s.mu, before the records of the request count as seen
		ahead := read.Load() - int64(len(s.seen))
		most.Store(max(most.Load(), ahead))
		return 0
	}
	source := func(yield func(linkit.ProductParams, error) bool) {
		for i := range 20_000 {
			read.Add(1)
			if !yield(linkit.ProductParams{IvID: fmt.Sprintf("P%05d", i)}, nil) {
				return
			}
		}
	}
	err := newClient(
		t,
		s,
		linkit.WithBulkSize(100),
		linkit.WithMaxConcurrency(3),
	).Products.BulkAll(
		t.Context(),
		linkit.BulkUpsert,
		source,
		func(linkit.BulkResult) {
			runtime.Gosched()
		},
	)
	require.NoError(t, err)
	assert.LessOrEqual(t, most.Load(), int64(5*100), "records were read far ahead of the requests")
	assert.LessOrEqual(t, s.most, 3)
}
