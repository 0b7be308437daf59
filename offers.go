package linkit

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"

	"github.com/linkit-go/linkit/internal/retry"
)

// Offer is a promotion. Which of its fields matter depends on its OfferType.
type Offer struct {
	ID                 string          `json:"id"`
	OrganizationID     string          `json:"organization_id"`
	OrganizationAppID  string          `json:"organization_app_id"`
	Name               string          `json:"name"`
	OfferType          OfferType       `json:"offer_type"`
	Status             string          `json:"status"`
	IsActive           bool            `json:"is_active"`
	TargetScope        string          `json:"target_scope"`
	TargetIvID         string          `json:"target_iv_id"`
	TargetBarcode      string          `json:"target_barcode"`
	DiscountType       string          `json:"discount_type"`
	DiscountValue      float64         `json:"discount_value"`
	StartAt            Time            `json:"start_at"`
	EndAt              Time            `json:"end_at"`
	Meta               json.RawMessage `json:"meta,omitempty"` // an object; what it may hold is not documented
	BuyQty             int             `json:"buy_qty"`
	GetQty             int             `json:"get_qty"`
	BuyIvID            string          `json:"buy_iv_id"`
	GetIvID            string          `json:"get_iv_id"`
	GetDiscountPercent float64         `json:"get_discount_percent"`
	Raw                json.RawMessage `json:"-"` // the record as it came. Not written.
}

func (o Offer) keys() (key, id string) { return "", o.ID }

func (o Offer) organization() string { return o.OrganizationID }

func (o *Offer) setRaw(text json.RawMessage) { o.Raw = text }

// Params returns the parameters that write o as it is. Change what should change, then pass them to
// [OffersService.Update], which replaces the whole record. For a record that was read they lose
// nothing: what the response left out stays unset, members without a field are in Extra as
// json.RawMessage, and a value that couldn't be read is sent as it came unless its field or an
// entry of Extra is set. For a record made by hand, without Raw, they hold every field that isn't
// zero.
func (o Offer) Params() OfferParams {
	p := OfferParams{
		OrganizationAppID: o.OrganizationAppID, Name: o.Name, OfferType: o.OfferType, Status: o.Status, IsActive: &o.IsActive,
		TargetScope: o.TargetScope, TargetIvID: o.TargetIvID, TargetBarcode: o.TargetBarcode,
		DiscountType: o.DiscountType, DiscountValue: &o.DiscountValue, StartAt: o.StartAt, EndAt: o.EndAt,
		Meta: bytes.Clone(o.Meta), BuyQty: &o.BuyQty, GetQty: &o.GetQty, BuyIvID: o.BuyIvID, GetIvID: o.GetIvID,
		GetDiscountPercent: &o.GetDiscountPercent,
	}
	p.Extra, p.carried = carry(o.Raw, (*plainOfferParams)(&p))
	return p
}

// OfferType is the kind of an offer. Values that are not listed here pass through.
type OfferType string

// The documented types.
const (
	OfferTypeDirectDiscount  OfferType = "direct_discount"
	OfferTypePackageDeal     OfferType = "package_deal"
	OfferTypeBundleDeal      OfferType = "bundle_deal"
	OfferTypeBOGO            OfferType = "bogo" // buy some, get some
	OfferTypeBTGO            OfferType = "btgo"
	OfferTypeBuyXGetDiscount OfferType = "buy_x_get_discount"
)

// OfferParams is an offer to write. An empty string, a nil pointer and a zero Time are left out of
// the request; a pointer sets its value even when that is zero. Beside Name, OfferType and Status,
// the documented offers give:
//
//	OfferTypeDirectDiscount   TargetScope, TargetIvID, DiscountType, DiscountValue
//	OfferTypeBOGO             BuyQty, GetQty, BuyIvID, GetIvID
//	OfferTypeBuyXGetDiscount  BuyQty, BuyIvID, GetDiscountPercent
type OfferParams struct {
	OrganizationAppID  string          `json:"organization_app_id,omitempty"`
	Name               string          `json:"name,omitempty"`
	OfferType          OfferType       `json:"offer_type,omitempty"`
	Status             string          `json:"status,omitempty"`
	IsActive           *bool           `json:"is_active,omitzero"`
	TargetScope        string          `json:"target_scope,omitempty"`
	TargetIvID         string          `json:"target_iv_id,omitempty"`
	TargetBarcode      string          `json:"target_barcode,omitempty"`
	DiscountType       string          `json:"discount_type,omitempty"`
	DiscountValue      *float64        `json:"discount_value,omitzero"`
	StartAt            Time            `json:"start_at,omitzero"`
	EndAt              Time            `json:"end_at,omitzero"`
	Meta               json.RawMessage `json:"meta,omitzero"` // an object; what it may hold is not documented
	BuyQty             *int            `json:"buy_qty,omitzero"`
	GetQty             *int            `json:"get_qty,omitzero"`
	BuyIvID            string          `json:"buy_iv_id,omitempty"`
	GetIvID            string          `json:"get_iv_id,omitempty"`
	GetDiscountPercent *float64        `json:"get_discount_percent,omitzero"`

	// Extra holds further members by their JSON names: ones without a field, "" to clear a text,
	// nil for null. An entry replaces the field of that name. Values are encoded as by
	// [json.Marshal].
	Extra map[string]any `json:"-"`

	carried carried
}

type plainOfferParams OfferParams // without methods

// MarshalJSON encodes the fields that are set, what Params has kept of the record, and Extra.
func (p OfferParams) MarshalJSON() ([]byte, error) {
	if len(p.Meta) == 0 {
		p.Meta = nil
	}
	return mergeParams((*plainOfferParams)(&p), p.Extra, p.carried)
}

func (p OfferParams) recordKey() string { return memberKey("name", p.Name, p.Extra, p.carried) }

// OfferStatusParams is what SetStatus sets: either, or both.
type OfferStatusParams struct {
	Status   string `json:"status,omitempty"`
	IsActive *bool  `json:"is_active,omitzero"`

	// Extra holds further members by their JSON names: ones without a field, "" to clear a text,
	// nil for null. An entry replaces the field of that name. Values are encoded as by
	// [json.Marshal].
	Extra map[string]any `json:"-"`
}

type plainOfferStatusParams OfferStatusParams // without methods

// MarshalJSON encodes the fields that are set, and Extra.
func (p OfferStatusParams) MarshalJSON() ([]byte, error) {
	return mergeParams((*plainOfferStatusParams)(&p), p.Extra, nil)
}

// OfferListParams selects offers. The zero value, like nil, selects all.
type OfferListParams struct {
	ListParams               // Sort is documented for offers
	Search            string // free text
	Status            string
	OfferType         OfferType
	TargetScope       string
	OrganizationAppID string
	TargetIvID        string
	TargetBarcode     string
	IsActive          *bool
	Synced            *bool
}

func (p *OfferListParams) query() (ListParams, url.Values) {
	if p == nil {
		return ListParams{}, nil
	}
	q := url.Values{}
	setText(q, "search", p.Search)
	setText(q, "status", p.Status)
	setText(q, "offer_type", string(p.OfferType))
	setText(q, "target_scope", p.TargetScope)
	setText(q, "organization_app_id", p.OrganizationAppID)
	setText(q, "target_iv_id", p.TargetIvID)
	setText(q, "target_barcode", p.TargetBarcode)
	setBool(q, "is_active", p.IsActive)
	setBool(q, "synced", p.Synced)
	return p.ListParams, q
}

// OffersService reads and writes offers. Use it as Client.Offers.
type OffersService service

// List returns one page of offers. Nil params select the first page of all, 20 of them
// unless the server decides otherwise.
//
//	GET /offers
func (s *OffersService) List(ctx context.Context, params *OfferListParams) (*Page[Offer], error) {
	return list[Offer](ctx, s.client, "/offers", params)
}

// All returns a sequence of every offer from params.Page on, which reads pages of
// params.Limit, 100 by default, as it goes and [WithPrefetch] of them ahead. It yields each
// offer once, and an error at most once, last: after the offers of the pages before it.
// Leaving the loop stops the requests. See [ListParams] for a list that changes meanwhile,
// which may end with [ErrListChanged]. The sequence can be ranged over again, and starts
// anew.
//
//	GET /offers
func (s *OffersService) All(ctx context.Context, params *OfferListParams) iter.Seq2[Offer, error] {
	return all[Offer](ctx, s.client, "/offers", params)
}

// Count returns how many offers params selects, as the total_count of a page of one record
// says. A response without one is an error.
//
//	GET /offers
func (s *OffersService) Count(ctx context.Context, params *OfferListParams) (int, error) {
	return count[Offer](ctx, s.client, "/offers", params)
}

// Get returns one offer; ErrNotFound when there is none.
//
//	GET /offers/{id}
func (s *OffersService) Get(ctx context.Context, id string) (*Offer, error) {
	return do[Offer](ctx, s.client, &operation{method: http.MethodGet, route: "/offers/{id}", ids: ids{id}})
}

// Create adds an offer. It is not retried once it may have taken effect.
//
//	POST /offers
func (s *OffersService) Create(ctx context.Context, params OfferParams) (*Offer, error) {
	return do[Offer](ctx, s.client, &operation{method: http.MethodPost, route: "/offers", body: params})
}

// Update replaces an offer: what params leaves out may be lost, so start from [Offer.Params]. To
// clear a text, set it to "" in Extra.
//
//	PUT /offers/{id}
func (s *OffersService) Update(ctx context.Context, id string, params OfferParams) (*Offer, error) {
	return do[Offer](ctx, s.client, &operation{method: http.MethodPut, route: "/offers/{id}", ids: ids{id}, body: params})
}

// Delete removes an offer; ErrNotFound when there is none.
//
//	DELETE /offers/{id}
func (s *OffersService) Delete(ctx context.Context, id string) error {
	return doNoContent(ctx, s.client, &operation{method: http.MethodDelete, route: "/offers/{id}", ids: ids{id}})
}

// Bulk writes up to 1,000 offers in one request, each created or, where it exists, updated.
// No records, more than 1,000, or one that can't be written (text that isn't UTF-8, NaN) is
// [ErrInvalid], and nothing is sent. The request may be retried after an ambiguous failure,
// since an upsert is idempotent. A 413 means that the records are too large for one request:
// send fewer. The name of the list in the body, "offers", is inferred.
//
// One rejected record doesn't undo the others. Linkit documents only that, and the success
// and message of the response, not how it reports single records. Any recognisable report
// makes the records that it rejects [BulkResult.Rejected] and the error a [*RejectedError];
// result and error are then both non-nil. Anything else is left to [BulkResult.Raw], with
// one warning in the log per client and route.
//
// Whether an update may leave fields out is not known: send whole records, made by the
// Params of an offer that was read, unless you have found out that fields left out keep
// their values.
//
//	POST /offers/bulk
func (s *OffersService) Bulk(ctx context.Context, offers []OfferParams) (*BulkResult, error) {
	return bulkTo(ctx, s.client, offersBulk, offers)
}

// BulkAll writes any number of offers, each created or, where it exists, updated, in
// requests of [WithBulkSize] records and up to [WithMaxConcurrency] at a time: the rows of a
// database, the All of another list, or [Records] of a slice. The offers must be distinct,
// since requests run side by side. Each is encoded as it is yielded, so records may reuse
// its variable. A request may be retried after an ambiguous failure, since an upsert is
// idempotent. The name of the list in the body, "offers", is inferred.
//
// If each is not nil, it is called once per request, in order, on the calling goroutine. The
// records run on one other goroutine and have ended on return; a source that waits should
// watch ctx itself. A request that isn't full waits for more records, or for
// [WithBulkLinger].
//
// BulkAll goes on after a failed request, and after an offer that can't be written, which is
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
// Params of an offer that was read, unless you have found out that fields left out keep
// their values.
//
//	POST /offers/bulk
func (s *OffersService) BulkAll(
	ctx context.Context, records iter.Seq2[OfferParams, error], each func(BulkResult),
) error {
	return bulkAll(ctx, s.client, offersBulk, records, each)
}

// SetStatus sets an offer's status, or whether it is active, or both, and leaves the rest as it is.
// Neither is ErrInvalid. It is not retried once it may have taken effect.
//
//	PATCH /offers/{id}/status
func (s *OffersService) SetStatus(ctx context.Context, id string, params OfferStatusParams) (*Offer, error) {
	if params.Status == "" && params.IsActive == nil && len(params.Extra) == 0 {
		return nil, invalid("OfferStatusParams: neither Status nor IsActive is set")
	}
	op := &operation{method: http.MethodPatch, route: "/offers/{id}/status", ids: ids{id}, body: params}
	return do[Offer](ctx, s.client, op)
}

// Report returns Linkit's report on offers as it came: its form isn't documented.
//
//	GET /reports/offers
func (s *OffersService) Report(ctx context.Context) (json.RawMessage, error) {
	var report json.RawMessage
	op := &operation{method: http.MethodGet, route: "/reports/offers"}
	op.decode = func(res *retry.Result) error {
		if err := checkResponse(res.Body); err != nil {
			return err
		}
		return decode(res.Body, &report)
	}
	if err := s.client.send(ctx, op); err != nil {
		return nil, err
	}
	return report, nil
}

var offersBulk = bulkTarget{route: "/offers/bulk", list: "offers", idempotent: true}
