package linkit_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func sampleSKU() linkit.SKU {
	return linkit.SKU{
		ID:             "s1k9u3h5j7l2m4n",
		IvID:           "ITEM-4410_BR-07",
		OrganizationID: "org_9f2",
		ProductIvID:    "ITEM-4410",
		BranchIvID:     "BR-07",
		Qty:            linkit.Ptr(0),
		Price:          7.5,
		Cost:           4.1,
		Available:      false,
		Created:        created,
		Updated:        updated,
	}
}

// stockOut has every value that can be written, and zero where zero says something.
var stockOut = linkit.SKUParams{
	IvID: "ITEM-4410_BR-07", ProductIvID: "ITEM-4410", BranchIvID: "BR-07", Barcode: "6291100350012",
	Qty: linkit.Ptr(0), Price: linkit.Ptr(0.0), Cost: linkit.Ptr(0.0), Available: linkit.Ptr(false),
}

func TestSKUsOnTheWire(t *testing.T) {
	t.Parallel()
	want := sampleSKU()
	exchanges(t, []exchange{
		{
			name: "get", line: "GET /skus/ITEM-4410_BR-07", response: sample(t, "sku.json"), record: true, want: &want,
			call: func(ctx context.Context, c *linkit.Client) (any, error) { return c.SKUs.Get(ctx, "ITEM-4410_BR-07") },
		},
		{
			name:     "create",
			line:     "POST /skus",
			body:     "sku.json",
			status:   http.StatusCreated,
			response: sample(t, "sku.json"),
			record:   true,
			want:     &want,
			call:     func(ctx context.Context, c *linkit.Client) (any, error) { return c.SKUs.Create(ctx, stockOut) },
		},
		{
			name: "update", line: "PUT /skus/a%2Fb", body: "sku.json", response: sample(t, "sku.json"), record: true, want: &want,
			call: func(ctx context.Context, c *linkit.Client) (any, error) { return c.SKUs.Update(ctx, "a/b", stockOut) },
		},
		{
			name: "delete", line: "DELETE /skus/ITEM-4410_BR-07", status: http.StatusNoContent,
			call: func(ctx context.Context, c *linkit.Client) (any, error) {
				return nil, c.SKUs.Delete(ctx, "ITEM-4410_BR-07")
			},
		},
		{
			name: "bulk", line: "POST /skus/bulk", body: "skus-bulk.json", response: sample(t, "bulk.json"),
			want: &linkit.BulkResult{
				Success:    true,
				StatusCode: 200,
				Message:    "Processed 3 products",
				Count:      2,
				Keys:       []string{"ITEM-4410_BR-07", "ITEM-4411_BR-07"},
				Raw:        json.RawMessage(sample(t, "bulk.json")),
			},
			call: func(ctx context.Context, c *linkit.Client) (any, error) {
				return c.SKUs.Bulk(ctx, linkit.BulkUpdate, []linkit.SKUParams{
					{
						IvID:        "ITEM-4410_BR-07",
						BranchIvID:  "BR-07",
						ProductIvID: "ITEM-4410",
						Qty:         linkit.Ptr(0),
						Price:       linkit.Ptr(0.0),
						Available:   linkit.Ptr(false),
					},
					{IvID: "ITEM-4411_BR-07", Qty: linkit.Ptr(12)},
				})
			},
		},
	})
}

func TestSKUListsSendTheirParametersAndReadWhatComes(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]listing[linkit.SKU, *linkit.SKUListParams]{
		"nil": {record: sample(t, "sku.json"), want: sampleSKU()},
		"every parameter, zeros among them": {
			params: &linkit.SKUListParams{
				ProductIvID: "ITEM-4410", BranchIvID: "BR-07", Available: linkit.Ptr(false), MinQty: linkit.Ptr(0), MaxQty: linkit.Ptr(5),
			},
			query:  "product_iv_id=ITEM-4410&branch_iv_id=BR-07&available=false&min_qty=0&max_qty=5",
			record: `{"id":"s2","qty":null,"barcode":"629","available":true,"created":"","updated":null,"new":{"a":1}}`,
			want:   linkit.SKU{ID: "s2", Barcode: "629", Available: true},
		},
	} {
		row.line = "GET /skus"
		row.service = func(c *linkit.Client) lister[linkit.SKU, *linkit.SKUListParams] { return c.SKUs }
		t.Run(name, row.check)
	}
}

func TestASKUWithoutAStockFigureIsToldFromOneThatIsOut(t *testing.T) {
	t.Parallel()
	page, err := newRecorder(t, http.StatusOK, sample(t, "sku-list-items.json")).client.SKUs.List(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, page.Data, 2)
	assert.Equal(t, sampleSKU(), withoutRaw(page.Data[0]))
	assert.Nil(t, page.Data[1].Qty)
	assert.Equal(t, 2, page.TotalCount)
	assert.False(t, page.HasNext)
}

func TestSKUParamsAreEverythingThatCanBeWritten(t *testing.T) {
	t.Parallel()
	sku := sampleSKU()
	sku.Barcode, sku.Price, sku.Cost, sku.Available = "6291100350012", 7.25, 0, true
	params := sku.Params()
	assert.Equal(t, linkit.SKUParams{
		IvID: stockOut.IvID, ProductIvID: stockOut.ProductIvID, BranchIvID: stockOut.BranchIvID, Barcode: "6291100350012",
		Qty: linkit.Ptr(0), Price: linkit.Ptr(7.25), Available: linkit.Ptr(true),
	}, params, "of a record made by hand a zero is none")
	*params.Qty, *params.Price, *params.Available = 9, 9, false
	assert.Zero(t, *sku.Qty, "changing params must not change the model")
	assert.InDelta(t, 7.25, sku.Price, 0)
	assert.True(t, sku.Available)
	assert.Nil(t, linkit.SKU{}.Params().Qty)
}
