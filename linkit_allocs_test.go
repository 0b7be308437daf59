//go:build !race

// The race detector makes sync.Pool forget at random, and so the counts here.

package linkit_test

import (
	"context"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// usage is what a call takes of the heap.
type usage struct{ allocations, bytes float64 }

// measured runs call often enough for pools to be filled. None of these tests is parallel: they
// count for the whole process.
func measured(t *testing.T, call func(context.Context) error) usage {
	t.Helper()
	const runs = 200
	ctx := t.Context()
	var failed error
	once := func() {
		if err := call(ctx); err != nil {
			failed = err
		}
	}
	for range 20 {
		once()
	}
	var before, after runtime.MemStats
	allocations := testing.AllocsPerRun(runs, once)
	runtime.ReadMemStats(&before)
	for range runs {
		once()
	}
	runtime.ReadMemStats(&after)
	require.NoError(t, failed)
	return usage{allocations, float64(after.TotalAlloc-before.TotalAlloc) / runs}
}

// beside measures a call of the SDK and the same by hand, bounded as any careful program does it,
// over the same canned response.
func beside(
	t *testing.T,
	body string,
	sdk func(context.Context, *linkit.Client) error,
	method, path string,
	in any,
	out func() any,
) (own, byHand usage) {
	t.Helper()
	client := overCanned(t, canned{body: body}, linkit.WithAPIKey(testKey))
	hc := &http.Client{Transport: canned{body: body}}
	own = measured(t, func(ctx context.Context) error { return sdk(ctx, client) })
	byHand = measured(t, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		return handWrittenCall(ctx, hc, method, testBase+path, in, out())
	})
	t.Logf("SDK %+v, by hand %+v", own, byHand)
	return own, byHand
}

func newProduct() any { return new(linkit.Product) }

func TestASmallGetTakesFewAllocations(t *testing.T) {
	own, byHand := beside(t, fullProduct(1), getOne,
		http.MethodGet, "/products/ITEM-1", nil, newProduct)
	assert.LessOrEqual(t, own.allocations, byHand.allocations+8)
	assert.Less(t, own.bytes, byHand.bytes*1.25)
}

func TestAPageTakesFewAllocationsAndLessMemory(t *testing.T) {
	own, byHand := beside(t, pageOfProducts(), func(ctx context.Context, c *linkit.Client) error {
		_, err := c.Products.List(ctx, nil)
		return err
	}, http.MethodGet, "/products", nil, func() any { return new(linkit.Page[linkit.Product]) })
	assert.LessOrEqual(t, own.allocations, byHand.allocations+8)
	assert.Less(t, own.bytes, byHand.bytes)
}

func TestACreateTakesFewAllocations(t *testing.T) {
	params := linkit.Product{IvID: "ITEM-1", NameEn: "Adol", AveragePrice: 7.25}.Params()
	own, byHand := beside(t, fullProduct(1), func(ctx context.Context, c *linkit.Client) error {
		_, err := c.Products.Create(ctx, params)
		return err
	}, http.MethodPost, "/products", params, newProduct)
	assert.LessOrEqual(t, own.allocations, byHand.allocations+14, "a write is traced, to tell whether it was sent")
}

func TestDatesAsPocketBaseWritesThemTakeNoMoreMemory(t *testing.T) {
	usual, asPocketBase := []byte(`"2026-03-02T08:15:00.123Z"`), []byte(`"2026-03-02 08:15:00.123Z"`)
	var read linkit.Time
	for _, text := range [][]byte{usual, asPocketBase} {
		used := measured(t, func(context.Context) error { return read.UnmarshalJSON(text) })
		assert.Zero(t, used.allocations, "%s", text)
		assert.Equal(t, time.Date(2026, 3, 2, 8, 15, 0, 123e6, time.UTC), read.Time)
	}
}

func TestARecordOfABulkRequestIsHeldOnce(t *testing.T) {
	const records = 20_000
	client := overCanned(t, canned{body: `{"success":true}`}, linkit.WithAPIKey(testKey))
	params := linkit.SKUParams{
		IvID: "ITEM-1_BR-1", ProductIvID: "ITEM-1", BranchIvID: "BR-1", Qty: linkit.Ptr(7), Price: linkit.Ptr(7.25),
	}
	text, err := params.MarshalJSON()
	require.NoError(t, err)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	require.NoError(t, client.SKUs.BulkAll(t.Context(), linkit.BulkUpsert,
		func(yield func(linkit.SKUParams, error) bool) {
			for range records {
				if !yield(params, nil) {
					return
				}
			}
		}, nil))
	runtime.ReadMemStats(&after)
	// The text by itself, in its request and in the first request's growth; the parameters.
	assert.LessOrEqual(t, float64(after.Mallocs-before.Mallocs)/records, 2.5)
	assert.LessOrEqual(t, float64(after.TotalAlloc-before.TotalAlloc)/records, 5.5*float64(len(text)))
}
