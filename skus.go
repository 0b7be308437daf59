package linkit

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"strconv"
)

// SKU is a product at a branch: its stock and its price there. Linkit makes one for every product at every branch.
type SKU struct {
	ID             string          `json:"id"`
	IvID           string          `json:"iv_id"` // the key of every call on one SKU; usually "<product's>_<branch's>"
	OrganizationID string          `json:"organization_id"`
	ProductIvID    string          `json:"product_iv_id"`
	BranchIvID     string          `json:"branch_iv_id"`
	Barcode        string          `json:"barcode"` // can be written; answers are not documented to show it
	Qty            *int            `json:"qty"`     // nil: the server gave none
	Price          float64         `json:"price"`
	Cost           float64         `json:"cost"`
	Available      bool            `json:"available"`
	Created        Time            `json:"created"`
	Updated        Time            `json:"updated"`
	Raw            json.RawMessage `json:"-"` // the record as it came. Not written.
}

func (s SKU) keys() (key, id string) { return s.IvID, s.ID }

func (s SKU) organization() string { return s.OrganizationID }

func (s *SKU) setRaw(text json.RawMessage) { s.Raw = text }

// Params returns everything of s that can be written. Change what should change, then Update: a PUT loses what is left out. Set
// Barcode where s has none: answers are not documented to show it, so that what Linkit keeps may be lost.
func (s SKU) Params() SKUParams {
	p := SKUParams{
		IvID: s.IvID, ProductIvID: s.ProductIvID, BranchIvID: s.BranchIvID, Barcode: s.Barcode,
		Price: &s.Price, Cost: &s.Cost, Available: &s.Available,
	}
	p.Extra, p.carried = carry(s.Raw, (*plainSKUParams)(&p))
	if s.Qty != nil { // the model tells none from 0
		p.Qty = Ptr(*s.Qty)
	}
	return p
}

// SKUParams is a SKU to write. An empty string and a nil pointer are left out of the request; a pointer sets its value
// even when that is zero: Qty: linkit.Ptr(0) says that the stock is out.
type SKUParams struct {
	IvID        string   `json:"iv_id,omitempty"`
	ProductIvID string   `json:"product_iv_id,omitempty"`
	BranchIvID  string   `json:"branch_iv_id,omitempty"`
	Barcode     string   `json:"barcode,omitempty"`
	Qty         *int     `json:"qty,omitzero"`
	Price       *float64 `json:"price,omitzero"`
	Cost        *float64 `json:"cost,omitzero"`
	Available   *bool    `json:"available,omitzero"`

	// Extra is sent beside the fields: what has no field, "" to clear a text, nil for null. An entry replaces the field of its name.
	Extra map[string]any `json:"-"`

	carried carried
}

type plainSKUParams SKUParams // without methods

// MarshalJSON writes the fields that are set, what Params carried over, and Extra.
func (p SKUParams) MarshalJSON() ([]byte, error) {
	return mergeParams(plainSKUParams(p), p.Extra, p.carried)
}

func (p SKUParams) recordKey() string { return memberKey("iv_id", p.IvID, p.Extra, p.carried) }

// SKUListParams selects SKUs. The zero value, like nil, selects all.
type SKUListParams struct {
	ListParams
	ProductIvID string
	BranchIvID  string
	Available   *bool
	MinQty      *int
	MaxQty      *int
}

func (p *SKUListParams) query() (ListParams, url.Values) {
	if p == nil {
		return ListParams{}, nil
	}
	q := url.Values{}
	setText(q, "product_iv_id", p.ProductIvID)
	setText(q, "branch_iv_id", p.BranchIvID)
	setBool(q, "available", p.Available)
	if p.MinQty != nil {
		q.Set("min_qty", strconv.Itoa(*p.MinQty))
	}
	if p.MaxQty != nil {
		q.Set("max_qty", strconv.Itoa(*p.MaxQty))
	}
	return p.ListParams, q
}

// SKUsService reads and writes stock and prices per branch. Use it as Client.SKUs.
type SKUsService service

// List returns one page of SKUs.
//
//	GET /skus
func (s *SKUsService) List(ctx context.Context, params *SKUListParams) (*Page[SKU], error) {
	return list[SKU](ctx, s.client, "/skus", params)
}

// All walks every SKU from params.Page on; see ListParams for what a list that changes meanwhile may do.
//
//	GET /skus
func (s *SKUsService) All(ctx context.Context, params *SKUListParams) iter.Seq2[SKU, error] {
	return all[SKU](ctx, s.client, "/skus", params)
}

// Count returns how many SKUs params selects. It reads one record.
//
//	GET /skus
func (s *SKUsService) Count(ctx context.Context, params *SKUListParams) (int, error) {
	return count[SKU](ctx, s.client, "/skus", params)
}

// Get returns one SKU; ErrNotFound when there is none.
//
//	GET /skus/{iv_id}   (inferred)
func (s *SKUsService) Get(ctx context.Context, ivID string) (*SKU, error) {
	return do[SKU](ctx, s.client, &operation{method: http.MethodGet, route: "/skus/{iv_id}", ids: ids{ivID}})
}

// Create adds a SKU; rarely needed, as Linkit makes them with products and branches. An IvID in use is ErrConflict. It is
// not sent again once it may have taken effect.
//
//	POST /skus   (inferred)
func (s *SKUsService) Create(ctx context.Context, params SKUParams) (*SKU, error) {
	return do[SKU](ctx, s.client, &operation{method: http.MethodPost, route: "/skus", body: params})
}

// Update replaces a SKU: what params leaves out is lost, so start from SKU.Params. For many SKUs see Bulk.
//
//	PUT /skus/{iv_id}   (inferred)
func (s *SKUsService) Update(ctx context.Context, ivID string, params SKUParams) (*SKU, error) {
	return do[SKU](ctx, s.client, &operation{method: http.MethodPut, route: "/skus/{iv_id}", ids: ids{ivID}, body: params})
}

// Delete removes a SKU; ErrNotFound when there is none.
//
//	DELETE /skus/{iv_id}   (inferred)
func (s *SKUsService) Delete(ctx context.Context, ivID string) error {
	return doNoContent(ctx, s.client, &operation{method: http.MethodDelete, route: "/skus/{iv_id}", ids: ids{ivID}})
}

// Bulk writes up to 1,000 SKUs in one request. With BulkUpdate it is the way to push stock and prices. One bad record
// doesn't undo the others: read the result's Raw. With BulkCreate it is not sent again once it may have taken effect.
//
//	POST /skus/bulk
func (s *SKUsService) Bulk(ctx context.Context, mode BulkMode, skus []SKUParams) (*BulkResult, error) {
	return bulk(ctx, s.client, "/skus/bulk", "skus", mode, skus)
}

// BulkAll writes any number of SKUs, several requests in flight; with BulkUpdate it is the way to push the stock and prices of a
// whole chain. ProductsService.BulkAll says what records, each and the error are.
//
//	POST /skus/bulk
func (s *SKUsService) BulkAll(
	ctx context.Context, mode BulkMode, records iter.Seq2[SKUParams, error], each func(BulkResult),
) error {
	return bulkAllOf(ctx, s.client, "/skus/bulk", "skus", mode, records, each)
}
