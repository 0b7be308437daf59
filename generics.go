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

	// Extra holds further members by their JSON names: ones without a field, "" to clear a text,
	// nil for null. An entry replaces the field of that name. Values are encoded as by
	// [json.Marshal].
	Extra map[string]any `json:"-"`
}

type plainGenericParams GenericParams // without methods

// MarshalJSON encodes the fields that are set, and Extra.
func (p GenericParams) MarshalJSON() ([]byte, error) {
	return mergeParams((*plainGenericParams)(&p), p.Extra, nil)
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

// List returns one page of generics. Nil params select the first page of all, 20 of them
// unless the server decides otherwise.
//
//	GET /generics
func (s *GenericsService) List(ctx context.Context, params *GenericListParams) (*Page[Generic], error) {
	return list[Generic](ctx, s.client, "/generics", params)
}

// All returns a sequence of every generic from params.Page on, which reads pages of
// params.Limit, 100 by default, as it goes and [WithPrefetch] of them ahead. It yields each
// generic once, and an error at most once, last: after the generics of the pages before it.
// Leaving the loop stops the requests. See [ListParams] for a list that changes meanwhile,
// which may end with [ErrListChanged]. The sequence can be ranged over again, and starts
// anew.
//
//	GET /generics
func (s *GenericsService) All(ctx context.Context, params *GenericListParams) iter.Seq2[Generic, error] {
	return all[Generic](ctx, s.client, "/generics", params)
}

// Count returns how many generics params selects, as the total_count of a page of one record
// says. A response without one is an error.
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

// Create adds a generic. A GenericCode in use is ErrConflict. It is not retried once it may have taken
// effect.
//
//	POST /generics   (inferred)
func (s *GenericsService) Create(ctx context.Context, params GenericParams) (*Generic, error) {
	return do[Generic](ctx, s.client, &operation{method: http.MethodPost, route: "/generics", body: params})
}

// Bulk writes up to 1,000 generics in one request. No records, more than 1,000, or one that
// can't be written (text that isn't UTF-8, NaN) is [ErrInvalid], and nothing is sent. With
// [BulkCreate] the request is not retried once it may have taken effect, see [ErrUncertain];
// with [BulkUpdate] and [BulkUpsert] it is. A 413 means that the records are too large for
// one request: send fewer. The name of the list in the body, "generics", is inferred.
//
// One rejected record doesn't undo the others. Linkit documents only that, and the success
// and message of the response, not how it reports single records. Any recognisable report
// makes the records that it rejects [BulkResult.Rejected] and the error a [*RejectedError];
// result and error are then both non-nil. Anything else is left to [BulkResult.Raw], with
// one warning in the log per client and route.
//
// Whether an update may leave fields out is not known: send whole records, made by the
// Params of a generic that was read, unless you have found out that fields left out keep
// their values.
//
//	POST /generics/bulk
func (s *GenericsService) Bulk(ctx context.Context, mode BulkMode, generics []GenericParams) (*BulkResult, error) {
	return bulk(ctx, s.client, "/generics/bulk", "generics", mode, generics)
}

// BulkAll writes any number of generics, in requests of [WithBulkSize] records and up to
// [WithMaxConcurrency] at a time: the rows of a database, the All of another list, or
// [Records] of a slice. The generics must be distinct, since requests run side by side. Each
// is encoded as it is yielded, so records may reuse its variable. With [BulkCreate] a
// request is not retried once it may have taken effect, see [ErrUncertain]; with
// [BulkUpdate] and [BulkUpsert] it is. The name of the list in the body, "generics", is
// inferred.
//
// If each is not nil, it is called once per request, in order, on the calling goroutine. The
// records run on one other goroutine and have ended on return; a source that waits should
// watch ctx itself. A request that isn't full waits for more records, or for
// [WithBulkLinger].
//
// BulkAll goes on after a failed request, and after a generic that can't be written, which
// is in [BulkResult.Rejected] of its request. A 413 halves the request until it fits. It
// ends early when ctx does, at an error of records, and at [ErrUnauthorized], [ErrLogin],
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
// Params of a generic that was read, unless you have found out that fields left out keep
// their values.
//
//	POST /generics/bulk
func (s *GenericsService) BulkAll(
	ctx context.Context, mode BulkMode, records iter.Seq2[GenericParams, error], each func(BulkResult),
) error {
	return bulkAllOf(ctx, s.client, "/generics/bulk", "generics", mode, records, each)
}
