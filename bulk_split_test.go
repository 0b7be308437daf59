package linkit_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestOneTooLargeRecordMakesNoOtherRequestSmall(t *testing.T) {
	t.Parallel()
	for _, huge := range []int{0, 1, 499, 500, 777, 999} {
		synctest.Test(t, func(t *testing.T) {
			key := fmt.Sprintf("P%05d", huge)
			s := &tooLargeBeyond{most: 1000, huge: []string{key}, seen: map[string]int{}}
			requests := 0
			transport := roundTrip(func(r *http.Request) (*http.Response, error) {
				response, err := s.RoundTrip(r)
				if response.StatusCode == http.StatusRequestEntityTooLarge {
					<-time.After(time.Minute) // all others begin and end while it is halved
				}
				s.mu.Lock()
				requests++
				s.mu.Unlock()
				return response, err
			})
			client := newClient(t, transport, linkit.WithAttemptTimeout(time.Hour))
			err := client.Products.BulkAll(t.Context(), linkit.BulkUpsert, products(20_000, nil), nil)
			require.ErrorIs(t, err, linkit.ErrRejected)
			assert.Len(t, s.seen, 19_999)
			whole := 0
			for _, size := range s.sizes {
				if size == 1000 {
					whole++
				}
			}
			assert.Equal(t, 19, whole)
			assert.LessOrEqual(t, requests, 19+21, "a thousand is halved ten times")
		})
	}
}

func TestManyTooLargeRecordsTakeAtMostTwoRequestsARecord(t *testing.T) {
	t.Parallel()
	for _, every := range []int{1, 2, 7, 100} {
		s := &tooLargeBeyond{most: 1000, seen: map[string]int{}}
		for i := 0; i < 1000; i += every {
			s.huge = append(s.huge, fmt.Sprintf("P%05d", i))
		}
		rejected := 0
		client := newClient(t, s)
		err := client.Products.BulkAll(t.Context(), linkit.BulkUpsert, products(5000, nil), func(r linkit.BulkResult) {
			rejected += len(r.Rejected)
		})
		require.ErrorIs(t, err, linkit.ErrRejected)
		assert.Equal(t, len(s.huge), rejected)
		assert.Len(t, s.seen, 5000-len(s.huge))
		assert.LessOrEqual(t, len(s.sizes)+len(s.large), 2*1000+4)
		assert.Equal(t, 1000, slices.Max(s.sizes))
	}
}

func TestTheSizeThatGoodRecordsNeedIsKeptBesideATooLargeRecord(t *testing.T) {
	t.Parallel()
	for _, huge := range []int{0, 333, 777, 999} {
		s := &tooLargeBeyond{most: 300, huge: []string{fmt.Sprintf("P%05d", huge)}, seen: map[string]int{}}
		client := newClient(t, s, linkit.WithMaxConcurrency(1))
		err := client.Products.BulkAll(t.Context(), linkit.BulkUpsert, products(20_000, nil), nil)
		require.ErrorIs(t, err, linkit.ErrRejected)
		assert.Len(t, s.seen, 19_999)
		assert.Equal(t, 250, slices.Max(s.sizes))
		assert.LessOrEqual(t, len(s.large), 13, "nothing is learned twice")
		assert.Less(t, len(s.sizes), 95)
	}
}

func TestASmallGroupOfLongRecordsMakesNoOtherRequestSmallerThanThoseAccepted(t *testing.T) {
	t.Parallel()
	s := newBulkServer()
	together := roundTrip(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		if bytes.Contains(body, []byte("P00600")) && bytes.Contains(body, []byte("P00601")) { // each fits alone
			return &http.Response{
				StatusCode: http.StatusRequestEntityTooLarge, Header: http.Header{}, Body: http.NoBody,
			}, nil
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		return s.RoundTrip(r)
	})
	client := newClient(t, together, linkit.WithMaxConcurrency(1))
	err := client.Products.BulkAll(t.Context(), linkit.BulkUpsert, products(10_000, nil), nil)
	require.NoError(t, err)
	assert.Equal(t, 500, slices.Max(s.sizes))
	assert.Less(t, len(s.sizes), 60)
}
