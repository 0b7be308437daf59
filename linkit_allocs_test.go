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
