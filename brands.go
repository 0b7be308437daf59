package linkit

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"unicode/utf8"
)

// Brand is a maker's or a trade name that products belong to.
type Brand struct {
	ID             string          `json:"id"`
	BrandCode      string          `json:"brand_code"` // your own identifier, unique in the organization
	OrganizationID string          `json:"organization_id"`
	NameEn         string          `json:"name_en"`
	NameAr         string          `json:"name_ar"`
	ProductCount   int             `json:"product_count"`
	Created        Time            `json:"created"`
	Updated        Time            `json:"updated"`
	Raw            json.RawMessage `json:"-"` // the record as it came. Not written.
}

func (b Brand) keys() (key, id string) { return b.BrandCode, b.ID }

func (b Brand) organization() string { return b.OrganizationID }

func (b *Brand) setRaw(text json.RawMessage) { b.Raw = text }

// BrandParams is a brand to write. An empty string is left out of the request.
type BrandParams struct {
	BrandCode string `json:"brand_code,omitempty"` // required; 50 characters at most
	NameEn    string `json:"name_en,omitempty"`    // 255 characters at most
	NameAr    string `json:"name_ar,omitempty"`    // 255 characters at most

	// Extra is sent beside the fields: what has no field, "" to clear a text, nil for null. An entry replaces the field of its name.
	Extra map[string]any `json:"-"`
}

type plainBrandParams BrandParams // without methods

// MarshalJSON writes the fields that are set, and Extra.
func (p BrandParams) MarshalJSON() ([]byte, error) {
	return mergeParams(plainBrandParams(p), p.Extra, nil)
}

func (p BrandParams) recordKey() string {
	return memberKey("brand_code", p.BrandCode, p.Extra, nil)
}

// check finds what the documentation rules out, and names it after where.
func (p *BrandParams) check(where string) error {
	if p.recordKey() == "" {
		return invalid("%s: BrandCode is empty", where)
	}
	for _, text := range []struct {
		name, value string
		most        int
	}{{"BrandCode", p.BrandCode, 50}, {"NameEn", p.NameEn, 255}, {"NameAr", p.NameAr, 255}} {
		if err := checkLength(where, text.name, text.value, text.most); err != nil {
			return err
		}
	}
	return nil
}

// checkLength holds a field to a documented limit, in characters.
func checkLength(where, field, value string, most int) error {
	if n := utf8.RuneCountInString(value); n > most {
		return invalid("%s: %s has %d characters, and Linkit takes %d at most", where, field, n, most)
	}
	return nil
}

// BrandListParams selects brands. The zero value, like nil, selects all.
type BrandListParams struct {
	ListParams
	Search      string // free text
	HasProducts *bool
}

func (p *BrandListParams) query() (ListParams, url.Values) {
	if p == nil {
		return ListParams{}, nil
	}
	q := url.Values{}
	setText(q, "search", p.Search)
	setBool(q, "has_products", p.HasProducts)
	return p.ListParams, q
}

// BrandsService reads and adds brands. Use it as Client.Brands.
type BrandsService service

// List returns one page of brands.
//
//	GET /brands
func (s *BrandsService) List(ctx context.Context, params *BrandListParams) (*Page[Brand], error) {
	return list[Brand](ctx, s.client, "/brands", params)
}

// All walks every brand from params.Page on; see ListParams for what a list that changes meanwhile may do.
//
//	GET /brands
func (s *BrandsService) All(ctx context.Context, params *BrandListParams) iter.Seq2[Brand, error] {
	return all[Brand](ctx, s.client, "/brands", params)
}

// Count returns how many brands params selects. It reads one record.
//
//	GET /brands
func (s *BrandsService) Count(ctx context.Context, params *BrandListParams) (int, error) {
	return count[Brand](ctx, s.client, "/brands", params)
}

// Get returns the brand with this code; ErrNotFound when there is none.
//
//	GET /brands/code/{brand_code}
func (s *BrandsService) Get(ctx context.Context, brandCode string) (*Brand, error) {
	op := &operation{method: http.MethodGet, route: "/brands/code/{brand_code}", ids: ids{brandCode}}
	return do[Brand](ctx, s.client, op)
}

// Create adds a brand. A BrandCode in use is ErrConflict; one that is empty or too long, like a name too long, is
// ErrInvalid before anything is sent. It is not sent again once it may have taken effect.
//
//	POST /brands
func (s *BrandsService) Create(ctx context.Context, params BrandParams) (*Brand, error) {
	if err := params.check("BrandParams"); err != nil {
		return nil, err
	}
	return do[Brand](ctx, s.client, &operation{method: http.MethodPost, route: "/brands", body: params})
}

// Bulk writes up to 1,000 brands in one request; one that Create would call ErrInvalid keeps all from being sent. One bad
// record doesn't undo the others: read the result's Raw. With BulkCreate it is not sent again once it may have taken
// effect. The name of the list in the body, "brands", is inferred.
//
//	POST /brands/bulk
func (s *BrandsService) Bulk(ctx context.Context, mode BulkMode, brands []BrandParams) (*BulkResult, error) {
	return bulk(ctx, s.client, "/brands/bulk", "brands", mode, brands)
}

// BulkAll writes any number of brands, several requests in flight. ProductsService.BulkAll says what records, each and the error
// are; one that Create would call ErrInvalid fails its whole request.
//
//	POST /brands/bulk
func (s *BrandsService) BulkAll(
	ctx context.Context, mode BulkMode, records iter.Seq2[BrandParams, error], each func(BulkResult),
) error {
	return bulkAllOf(ctx, s.client, "/brands/bulk", "brands", mode, records, each)
}
