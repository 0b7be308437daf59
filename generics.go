package linkit

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
)

// Generic is an active ingredient or the like, under which products of several brands stand.
type Generic struct {
	ID             string          `json:"id"`
	GenericCode    string          `json:"generic_code"` // your own identifier
	OrganizationID string          `json:"organization_id"`
	NameEn         string          `json:"name_en"`
	NameAr         string          `json:"name_ar"`
	Products       []string        `json:"products"` // products' IDs
	ProductCount   int             `json:"product_count"`
	CommonBrands   []string        `json:"common_brands"` // names
	Created        Time            `json:"created"`
	Updated        Time            `json:"updated"`
	Raw            json.RawMessage `json:"-"` // the record as it came. Not written.
}

func (g Generic) keys() (key, id string) { return g.GenericCode, g.ID }

func (g Generic) organization() string { return g.OrganizationID }

func (g *Generic) setRaw(text json.RawMessage) { g.Raw = text }

// GenericParams is a generic to write. An empty string is left out of the request.
type GenericParams struct {
	GenericCode string `json:"generic_code,omitempty"`
	NameEn      string `json:"name_en,omitempty"`
	NameAr      string `json:"name_ar,omitempty"`

	// Extra is sent beside the fields: what has no field, "" to clear a text, nil for null. An entry replaces the field of its name.
	Extra map[string]any `json:"-"`
}

type plainGenericParams GenericParams // without methods

// MarshalJSON writes the fields that are set, and Extra.
func (p GenericParams) MarshalJSON() ([]byte, error) {
	return mergeParams(plainGenericParams(p), p.Extra, nil)
}

func (p GenericParams) recordKey() string {
	return memberKey("generic_code", p.GenericCode, p.Extra, nil)
}

// GenericListParams selects generics. The zero value, like nil, selects all.
type GenericListParams struct {
	ListParams
	Search      string // free text
	HasProducts *bool
}

func (p *GenericListParams) query() (ListParams, url.Values) {
	if p == nil {
		return ListParams{}, nil
	}
	q := url.Values{}
	setText(q, "search", p.Search)
	setBool(q, "has_products", p.HasProducts)
	return p.ListParams, q
}

// GenericsService reads and adds generics. Use it as Client.Generics.
type GenericsService service

// List returns one page of generics.
//
//	GET /generics
func (s *GenericsService) List(ctx context.Context, params *GenericListParams) (*Page[Generic], error) {
	return list[Generic](ctx, s.client, "/generics", params)
}

// All walks every generic from params.Page on; see ListParams for what a list that changes meanwhile may do.
//
//	GET /generics
func (s *GenericsService) All(ctx context.Context, params *GenericListParams) iter.Seq2[Generic, error] {
	return all[Generic](ctx, s.client, "/generics", params)
}

// Count returns how many generics params selects. It reads one record.
//
//	GET /generics
func (s *GenericsService) Count(ctx context.Context, params *GenericListParams) (int, error) {
	return count[Generic](ctx, s.client, "/generics", params)
}

// Get returns the generic with this code; ErrNotFound when there is none.
//
//	GET /generics/code/{generic_code}
func (s *GenericsService) Get(ctx context.Context, genericCode string) (*Generic, error) {
	op := &operation{method: http.MethodGet, route: "/generics/code/{generic_code}", ids: ids{genericCode}}
	return do[Generic](ctx, s.client, op)
}

// Create adds a generic. A GenericCode in use is ErrConflict. It is not sent again once it may have taken effect.
//
//	POST /generics   (inferred)
func (s *GenericsService) Create(ctx context.Context, params GenericParams) (*Generic, error) {
	return do[Generic](ctx, s.client, &operation{method: http.MethodPost, route: "/generics", body: params})
}

// Bulk writes up to 1,000 generics in one request. One bad record doesn't undo the others: read the result's Raw. With
// BulkCreate it is not sent again once it may have taken effect. The name of the list in the body, "generics", is inferred.
//
//	POST /generics/bulk
func (s *GenericsService) Bulk(ctx context.Context, mode BulkMode, generics []GenericParams) (*BulkResult, error) {
	return bulk(ctx, s.client, "/generics/bulk", "generics", mode, generics)
}

// BulkAll writes any number of generics, several requests in flight. ProductsService.BulkAll says what records, each and the
// error are.
//
//	POST /generics/bulk
func (s *GenericsService) BulkAll(
	ctx context.Context, mode BulkMode, records iter.Seq2[GenericParams, error], each func(BulkResult),
) error {
	return bulkAllOf(ctx, s.client, "/generics/bulk", "generics", mode, records, each)
}
