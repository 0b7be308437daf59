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

	// Extra holds further members by their JSON names: ones without a field, "" to clear a text,
	// nil for null. An entry replaces the field of that name. Values are encoded as by
	// [json.Marshal].
	Extra map[string]any `json:"-"`
}

type plainBrandParams BrandParams // without methods

// MarshalJSON encodes the fields that are set, and Extra.
func (p BrandParams) MarshalJSON() ([]byte, error) {
	return mergeParams((*plainBrandParams)(&p), p.Extra, nil)
}

func (p BrandParams) recordKey() string {
	return memberKey("brand_code", p.BrandCode, p.Extra, nil)
}

// check finds what the documentation rules out, and names it after where.
func (p BrandParams) check(where string) error {
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

// List returns one page of brands. Nil params select the first page of all, 20 of them
// unless the server decides otherwise.
//
//	GET /brands
func (s *BrandsService) List(ctx context.Context, params *BrandListParams) (*Page[Brand], error) {
	return list[Brand](ctx, s.client, "/brands", params)
}

// All returns a sequence of every brand from params.Page on, which reads pages of
// params.Limit, 100 by default, as it goes and [WithPrefetch] of them ahead. It yields each
// brand once, and an error at most once, last: after the brands of the pages before it.
// Leaving the loop stops the requests. See [ListParams] for a list that changes meanwhile,
// which may end with [ErrListChanged]. The sequence can be ranged over again, and starts
// anew.
//
//	GET /brands
func (s *BrandsService) All(ctx context.Context, params *BrandListParams) iter.Seq2[Brand, error] {
	return all[Brand](ctx, s.client, "/brands", params)
}

// Count returns how many brands params selects, as the total_count of a page of one record
// says. A response without one is an error.
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

// Create adds a brand. A BrandCode in use is ErrConflict; one that is empty or too long, like a
// name too long, is ErrInvalid before anything is sent. It is not retried once it may have taken
// effect.
//
//	POST /brands
func (s *BrandsService) Create(ctx context.Context, params BrandParams) (*Brand, error) {
	if err := params.check("BrandParams"); err != nil {
		return nil, err
	}
	return do[Brand](ctx, s.client, &operation{method: http.MethodPost, route: "/brands", body: params})
}

// Bulk writes up to 1,000 brands in one request. No records, more than 1,000, or one that
// can't be written (text that isn't UTF-8, NaN) is [ErrInvalid], and nothing is sent. With
// [BulkCreate] the request is not retried once it may have taken effect, see [ErrUncertain];
// with [BulkUpdate] and [BulkUpsert] it is. A 413 means that the records are too large for
// one request: send fewer. The name of the list in the body, "brands", is inferred.
//
// One rejected record doesn't undo the others. Linkit documents only that, and the success
// and message of the response, not how it reports single records. Any recognisable report
// makes the records that it rejects [BulkResult.Rejected] and the error a [*RejectedError];
// result and error are then both non-nil. Anything else is left to [BulkResult.Raw], with
// one warning in the log per client and route.
//
// Whether an update may leave fields out is not known: send whole records, made by the
// Params of a brand that was read, unless you have found out that fields left out keep their
// values.
//
//	POST /brands/bulk
func (s *BrandsService) Bulk(ctx context.Context, mode BulkMode, brands []BrandParams) (*BulkResult, error) {
	return bulk(ctx, s.client, "/brands/bulk", "brands", mode, brands)
}

// BulkAll writes any number of brands, in requests of [WithBulkSize] records and up to
// [WithMaxConcurrency] at a time: the rows of a database, the All of another list, or
// [Records] of a slice. The brands must be distinct, since requests run side by side. Each
// is encoded as it is yielded, so records may reuse its variable. With [BulkCreate] a
// request is not retried once it may have taken effect, see [ErrUncertain]; with
// [BulkUpdate] and [BulkUpsert] it is. The name of the list in the body, "brands", is
// inferred.
//
// If each is not nil, it is called once per request, in order, on the calling goroutine. The
// records run on one other goroutine and have ended on return; a source that waits should
// watch ctx itself. A request that isn't full waits for more records, or for
// [WithBulkLinger].
//
// BulkAll goes on after a failed request, and after a brand that can't be written, which is
// in [BulkResult.Rejected] of its request. A 413 halves the request until it fits. It ends
// early when ctx does, at an error of records, and at [ErrUnauthorized], [ErrLogin],
// [ErrServiceSuspended] and [ErrClosed]. The error joins each failed request with its range,
// the [*RejectedError] of requests with rejected records, and the reason for an early end
// with the range of records read and not sent.
//
// One rejected record doesn't undo the others. Linkit documents only that, and the success
// and message of the response, not how it reports single records. Any recognisable report
// makes the records that it rejects [BulkResult.Rejected] and the error a [*RejectedError].
// Anything else is left to [BulkResult.Raw], with one warning in the log per client and
// route.
//
// Whether an update may leave fields out is not known: send whole records, made by the
// Params of a brand that was read, unless you have found out that fields left out keep their
// values.
//
//	POST /brands/bulk
func (s *BrandsService) BulkAll(
	ctx context.Context, mode BulkMode, records iter.Seq2[BrandParams, error], each func(BulkResult),
) error {
	return bulkAllOf(ctx, s.client, "/brands/bulk", "brands", mode, records, each)
}
