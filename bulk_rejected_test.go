package linkit_test

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestARecordThatCannotBeWrittenIsRejectedAndTheOthersAreSent(t *testing.T) {
	t.Parallel()
	nan, inf := math.NaN(), math.Inf(1)
	for name, bad := range map[string]linkit.ProductParams{
		"text that isn't UTF-8": {IvID: "B", NameAr: "\xc8\xe4\xc7\xcf\xe6\xe1"},
		"a key that isn't":      {IvID: "B\xff"},
		"NaN":                   {IvID: "B", AveragePrice: &nan},
		"infinity":              {IvID: "B", VATValue: &inf},
		"extra that isn't UTF-8": {IvID: "B", Extra: map[string]any{
			"note": "\xff",
		}},
		"extra that isn't JSON": {IvID: "B", Extra: map[string]any{"note": make(chan int)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newRecorder(t, http.StatusOK, `{"success":true,"message":"Processed 2 products"}`)
			records := []linkit.ProductParams{{IvID: "A"}, bad, {IvID: "C"}}
			var told []linkit.BulkResult
			err := w.client.Products.BulkAll(
				t.Context(),
				linkit.BulkUpsert,
				linkit.Records(records...),
				func(r linkit.BulkResult) { told = append(told, r) },
			)
			require.ErrorIs(t, err, linkit.ErrRejected)
			require.ErrorIs(t, err, linkit.ErrInvalid)
			require.Len(t, told, 1)
			assert.Equal(t, 3, told[0].Count)
			assert.Equal(t, http.StatusOK, told[0].StatusCode)
			var rejected *linkit.RejectedError
			require.ErrorAs(t, told[0].Err, &rejected)
			require.ErrorIs(t, rejected, linkit.ErrInvalid)
			assert.Equal(t, 1, rejected.Count)
			require.Len(t, told[0].Rejected, 1)
			assert.Equal(t, 1, told[0].Rejected[0].Index)
			assert.Zero(t, told[0].Rejected[0].StatusCode)
			assert.NotEmpty(t, told[0].Rejected[0].Message)
			require.Len(t, w.all(), 1)
			assert.JSONEq(t, `{"mode":"upsert","products":[{"iv_id":"A"},{"iv_id":"C"}]}`, w.all()[0].body)

			result, err := w.client.Products.Bulk(t.Context(), linkit.BulkUpsert, records)
			require.ErrorIs(t, err, linkit.ErrInvalid)
			require.NotErrorIs(t, err, linkit.ErrRejected)
			require.ErrorContains(t, err, "products[1]")
			assert.Nil(t, result)
			assert.Len(t, w.all(), 1, "nothing is sent")
		})
	}
}

func TestRejectedRecordsAreInTheOrderOfTheRequestWhoeverRejectsThem(t *testing.T) {
	t.Parallel()
	w := newRecorder(t, http.StatusOK, `{"success":false,"errors":[{"iv_id":"A","error":"bad"},{"iv_id":"D","error":"bad"}]}`)
	records := []linkit.ProductParams{{IvID: "A"}, {IvID: "B\xff"}, {IvID: "C"}, {IvID: "D"}, {IvID: "E\xff"}}
	var indexes []int
	err := w.client.Products.BulkAll(t.Context(), linkit.BulkUpsert, linkit.Records(records...), func(r linkit.BulkResult) {
		for _, record := range r.Rejected {
			indexes = append(indexes, record.Index)
		}
	})
	require.ErrorIs(t, err, linkit.ErrRejected)
	assert.Equal(t, []int{0, 1, 3, 4}, indexes)
}

func TestARecordThatItsCreateWouldCallInvalidIsRejectedAlone(t *testing.T) {
	t.Parallel()
	w := newRecorder(t, http.StatusOK, `{"success":true}`)
	var told linkit.BulkResult
	err := w.client.Brands.BulkAll(
		t.Context(),
		linkit.BulkUpsert,
		linkit.Records(linkit.BrandParams{BrandCode: "A"}, linkit.BrandParams{}),
		func(r linkit.BulkResult) { told = r },
	)
	require.ErrorIs(t, err, linkit.ErrInvalid)
	require.Len(t, told.Rejected, 1)
	assert.Equal(t, 1, told.Rejected[0].Index)
	require.Len(t, w.all(), 1)
	assert.JSONEq(t, `{"mode":"upsert","brands":[{"brand_code":"A"}]}`, w.all()[0].body)
}

func TestA2xxThatRefusesABulkRequestIsAnAPIErrorInAnyForm(t *testing.T) {
	t.Parallel()
	for response, code := range map[string]string{
		`{"code":422,"error":"Validation error","details":"mode is not allowed here"}`: "422",
		`{"success":false,"code":"E7","error":"no"}`:                                   "E7",
		`{"error":"Validation error"}`:                                                 "",
		`{"error":{"code":"x","message":"no"}}`:                                        "x",
	} {
		result, err, told, joined := bulked(t, response)
		for _, err := range []error{err, told.Err, joined} {
			var refusal *linkit.APIError
			require.ErrorAs(t, err, &refusal, response)
			require.NotErrorIs(t, err, linkit.ErrRejected, response)
			if code != "x" {
				assert.Equal(t, code, refusal.Code, response)
			}
		}
		require.NotNil(t, result)
		assert.False(t, result.Success)
		assert.False(t, told.Success)
		assert.Empty(t, told.Rejected)
	}
}

func TestARefusalThatReportsItsRecordsIsBothErrors(t *testing.T) {
	t.Parallel()
	const response = `{"success":false,"message":"2 of 3","records":[{"key":"B","status":422,"error":"bad"}]}`
	w := newRecorder(t, http.StatusOK, response)
	result, err := w.client.Products.Bulk(
		t.Context(),
		linkit.BulkUpsert,
		[]linkit.ProductParams{{IvID: "A"}, {IvID: "B"}, {IvID: "C"}},
	)
	require.ErrorIs(t, err, linkit.ErrRejected)
	var rejected *linkit.RejectedError
	require.ErrorAs(t, err, &rejected)
	var refusal *linkit.APIError
	require.ErrorAs(t, err, &refusal)
	assert.Equal(t, "2 of 3", refusal.Message)
	want := []linkit.RejectedRecord{{Index: 1, Key: "B", StatusCode: 422, Message: "bad"}}
	assert.Equal(t, want, rejected.Records)
	require.NotNil(t, result)
	assert.Equal(t, want, result.Rejected)
	assert.Equal(t, response, string(result.Raw))
}

func TestABulkResultAndItsRejectedErrorAgree(t *testing.T) {
	t.Parallel()
	w := newRecorder(
		t,
		http.StatusMultiStatus,
		`{"success":true,"results":[{"iv_id":"C","status":409},{"iv_id":"A","status":404,"error":"gone"}]}`,
	)
	result, err := w.client.Products.Bulk(
		t.Context(),
		linkit.BulkUpdate,
		[]linkit.ProductParams{{IvID: "A"}, {IvID: "B"}, {IvID: "C"}},
	)
	var rejected *linkit.RejectedError
	require.ErrorAs(t, err, &rejected)
	require.NotNil(t, result)
	assert.Equal(t, []string{"A", "B", "C"}, result.Keys)
	assert.Equal(t, http.StatusMultiStatus, result.StatusCode)
	assert.Equal(t, 2, rejected.Count)
	assert.Equal(t, rejected.Records, result.Rejected)
	assert.Equal(t, []linkit.RejectedRecord{
		{Index: 0, Key: "A", StatusCode: 404, Message: "gone"}, {Index: 2, Key: "C", StatusCode: 409},
	}, result.Rejected)
	assert.EqualError(
		t,
		err,
		"linkit: POST /products/bulk: 2 records were rejected; record 0 (A): 404 gone; record 2 (C): 409",
	)
}

func TestRejectionsOfAnyContentPrint(t *testing.T) {
	t.Parallel()
	assert.NotPanics(t, func() {
		assert.Equal(
			t,
			"linkit:  : 0 records were rejected, and the response doesn't say which",
			new(linkit.RejectedError).Error(),
		)
		assert.Nil(t, errors.Unwrap(new(linkit.RejectedError)))
		require.ErrorIs(t, new(linkit.RejectedError), linkit.ErrRejected)
		require.NotErrorIs(t, new(linkit.RejectedError), linkit.ErrInvalid)
	})
	long := strings.Repeat("x\r\n", 10_000)
	err := &linkit.RejectedError{Method: "POST", Route: long, Count: 7, Records: []linkit.RejectedRecord{
		{}, {Key: long, Code: long, Message: long}, {Index: 2, Fields: map[string]string{"b": long, "a": "1"}}, {Index: 3},
	}}
	assert.Less(t, len(err.Error()), 2000)
	assert.NotContains(t, err.Error(), "\n")
	assert.Contains(t, err.Error(), "record 0: rejected; ")
	assert.Contains(t, err.Error(), "; and 4 more")
}

func TestBulkAllStopsAtARefusedSignInAndAtClose(t *testing.T) {
	t.Parallel()
	read := 0
	source := func(yield func(linkit.ProductParams, error) bool) {
		for p, err := range products(1000, nil) {
			assert.NoError(t, err)
			if read++; !yield(p, nil) {
				return
			}
		}
	}
	signIn := roundTrip(func(r *http.Request) (*http.Response, error) {
		assert.Contains(t, r.URL.Path, "/auth/login")
		return &http.Response{
			StatusCode: http.StatusBadRequest,
			Header:     http.Header{},
			Body:       io.NopCloser(strings.NewReader(`{"code":400}`)),
		}, nil
	})
	client := newClient(
		t,
		signIn,
		linkit.WithLogin("a@b.test", "wrong"),
		linkit.WithBulkSize(1),
		linkit.WithMaxConcurrency(2),
	)
	told := 0
	err := client.Products.BulkAll(t.Context(), linkit.BulkUpsert, source, func(linkit.BulkResult) { told++ })
	require.ErrorIs(t, err, linkit.ErrLogin)
	assert.LessOrEqual(t, read, 20)
	assert.LessOrEqual(t, told, 20)
	assert.ErrorContains(t, err, "no further request can succeed")

	read = 0
	server := newBulkServer()
	client = newClient(t, server, linkit.WithBulkSize(1), linkit.WithMaxConcurrency(1))
	err = client.Products.BulkAll(t.Context(), linkit.BulkUpsert, source, func(linkit.BulkResult) { _ = client.Close() })
	require.ErrorIs(t, err, linkit.ErrClosed)
	assert.ErrorContains(t, err, "no further request can succeed")
	assert.Less(t, read, 1000)
}

func TestEachBatchIsReportedOrNamedByTheError(t *testing.T) {
	t.Parallel()
	s := newBulkServer()
	s.status = func(first, _ int) int { return map[bool]int{true: 401}[first >= 40] }
	read := 0
	source := func(yield func(linkit.ProductParams, error) bool) {
		for p, err := range products(500, nil) {
			assert.NoError(t, err)
			if read++; !yield(p, nil) {
				return
			}
		}
	}
	told := 0
	err := newClient(
		t,
		s,
		linkit.WithBulkSize(10),
		linkit.WithMaxConcurrency(3),
	).Products.BulkAll(
		t.Context(),
		linkit.BulkUpsert,
		source,
		func(r linkit.BulkResult) {
			assert.Equal(t, told, r.Offset)
			told += r.Count
		},
	)
	require.ErrorIs(t, err, linkit.ErrUnauthorized)
	assert.Less(t, told, 500)
	if told < read {
		assert.Regexp(t, `records \[\d+, \d+\) were read and not sent`, err.Error())
		assert.ErrorContains(t, err, fmt.Sprintf("records [%d, %d) were read and not sent", told, read))
	}
}
