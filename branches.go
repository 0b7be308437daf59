package linkit

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"

	"github.com/linkit-go/linkit/internal/lenient"
)

// Branch is a place that sells: a pharmacy, a shop, a warehouse. Creating one creates a SKU there
// for every product.
type Branch struct {
	ID                  string               `json:"id"`
	IvID                string               `json:"iv_id"` // your own identifier, the key of every call on one branch
	OrganizationID      string               `json:"organization_id"`
	NameEn              string               `json:"name_en"`
	NameAr              string               `json:"name_ar"`
	Active              bool                 `json:"active"`
	Location            Location             `json:"location"`
	WorkingHours        json.RawMessage      `json:"working_hours,omitempty"` // an object or an array, as it came
	WorkingHoursPeriods []WorkingHoursPeriod `json:"working_hours_periods"`
	Created             Time                 `json:"created"`
	Updated             Time                 `json:"updated"`
	Raw                 json.RawMessage      `json:"-"` // the record as it came. Not written.
}

func (b Branch) keys() (key, id string) { return b.IvID, b.ID }

func (b Branch) organization() string { return b.OrganizationID }

func (b *Branch) setRaw(text json.RawMessage) { b.Raw = text }

// Params returns the parameters that write b as it is. Change what should change, then pass them to
// [BranchesService.Update], which replaces the whole record. For a record that was read they lose
// nothing: what the response left out stays unset, members without a field are in Extra as
// json.RawMessage, and a value that couldn't be read is sent as it came unless its field or an
// entry of Extra is set. For a record made by hand, without Raw, they hold every field that isn't
// zero.
func (b Branch) Params() BranchParams {
	p := BranchParams{
		IvID: b.IvID, NameEn: b.NameEn, NameAr: b.NameAr, Active: &b.Active, Location: &b.Location,
		WorkingHours: bytes.Clone(b.WorkingHours), WorkingHoursPeriods: slices.Clone(b.WorkingHoursPeriods),
	}
	p.Extra, p.carried = carry(b.Raw, (*plainBranchParams)(&p))
	return p
}

// Location is a point on the map, in degrees.
type Location struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}

// WorkingHoursPeriod is a time of one day in the week during which a branch is open.
type WorkingHoursPeriod struct {
	WeekDay     string `json:"WeekDay"` // as the server writes it: a number or a name
	OpenHour    int    `json:"OpenHour"`
	OpenMinute  int    `json:"OpenMinute"`
	CloseHour   int    `json:"CloseHour"`
	CloseMinute int    `json:"CloseMinute"`
}

type plainPeriod WorkingHoursPeriod // without methods

var paddedHour = regexp.MustCompile(`("(?:Open|Close)(?:Hour|Minute)"\s*:\s*")[ 0]+(\d)`)

// plainHours takes the zeros off hours and minutes in texts, which JSON's numbers don't have: "08".
func plainHours(text []byte) []byte {
	return paddedHour.ReplaceAll(text, []byte("$1$2"))
}

// UnmarshalJSON reads numbers and numeric text alike.
func (p *WorkingHoursPeriod) UnmarshalJSON(b []byte) error {
	_, err := models.Read(b, p)
	return err
}

// MarshalJSON writes numbers, but for a WeekDay that is a name.
func (p WorkingHoursPeriod) MarshalJSON() ([]byte, error) {
	var day any = p.WeekDay
	if n, err := strconv.Atoi(p.WeekDay); err == nil {
		day = n
	}
	return lenient.Marshal(periodBody{day, p.OpenHour, p.OpenMinute, p.CloseHour, p.CloseMinute})
}

// periodBody is a WorkingHoursPeriod on the wire.
type periodBody struct {
	WeekDay     any `json:"WeekDay"`
	OpenHour    int `json:"OpenHour"`
	OpenMinute  int `json:"OpenMinute"`
	CloseHour   int `json:"CloseHour"`
	CloseMinute int `json:"CloseMinute"`
}

// BranchParams is a branch to write. An empty string, a nil pointer and a nil slice are left out of
// the request; a pointer sets its value even when that is zero, and an empty slice says "none".
type BranchParams struct {
	IvID                string               `json:"iv_id,omitempty"`
	NameEn              string               `json:"name_en,omitempty"`
	NameAr              string               `json:"name_ar,omitempty"`
	Active              *bool                `json:"active,omitzero"`
	Location            *Location            `json:"location,omitzero"`
	WorkingHours        json.RawMessage      `json:"working_hours,omitzero"` // any JSON; Linkit doesn't document its form
	WorkingHoursPeriods []WorkingHoursPeriod `json:"working_hours_periods,omitzero"`

	// Extra holds further members by their JSON names: ones without a field, "" to clear a text,
	// nil for null. An entry replaces the field of that name. Values are encoded as by
	// [json.Marshal].
	Extra map[string]any `json:"-"`

	carried carried
}

type plainBranchParams BranchParams // without methods

// MarshalJSON encodes the fields that are set, what Params has kept of the record, and Extra.
func (p BranchParams) MarshalJSON() ([]byte, error) {
	if len(p.WorkingHours) == 0 {
		p.WorkingHours = nil
	}
	return mergeParams((*plainBranchParams)(&p), p.Extra, p.carried)
}

func (p BranchParams) recordKey() string { return memberKey("iv_id", p.IvID, p.Extra, p.carried) }

// BranchListParams selects branches. The zero value, like nil, selects all.
type BranchListParams struct {
	ListParams
	Search string // free text
	Active *bool
}

func (p *BranchListParams) query() (ListParams, url.Values) {
	if p == nil {
		return ListParams{}, nil
	}
	q := url.Values{}
	setText(q, "search", p.Search)
	setBool(q, "active", p.Active)
	return p.ListParams, q
}

// BranchesService reads and writes branches. Use it as Client.Branches.
type BranchesService service

// List returns one page of branches. Nil params select the first page of all, 20 of them
// unless the server decides otherwise.
//
//	GET /branches
func (s *BranchesService) List(ctx context.Context, params *BranchListParams) (*Page[Branch], error) {
	return list[Branch](ctx, s.client, "/branches", params)
}

// All returns a sequence of every branch from params.Page on, which reads pages of
// params.Limit, 100 by default, as it goes and [WithPrefetch] of them ahead. It yields each
// branch once, and an error at most once, last: after the branches of the pages before it.
// Leaving the loop stops the requests. See [ListParams] for a list that changes meanwhile,
// which may end with [ErrListChanged]. The sequence can be ranged over again, and starts
// anew.
//
//	GET /branches
func (s *BranchesService) All(ctx context.Context, params *BranchListParams) iter.Seq2[Branch, error] {
	return all[Branch](ctx, s.client, "/branches", params)
}

// Count returns how many branches params selects, as the total_count of a page of one record
// says. A response without one is an error.
//
//	GET /branches
func (s *BranchesService) Count(ctx context.Context, params *BranchListParams) (int, error) {
	return count[Branch](ctx, s.client, "/branches", params)
}

// Get returns one branch; ErrNotFound when there is none.
//
//	GET /branches/{iv_id}
func (s *BranchesService) Get(ctx context.Context, ivID string) (*Branch, error) {
	return do[Branch](ctx, s.client, &operation{method: http.MethodGet, route: "/branches/{iv_id}", ids: ids{ivID}})
}

// Create adds a branch, and with it one SKU for every product. An IvID in use is ErrConflict. It is
// not retried once it may have taken effect.
//
//	POST /branches   (inferred)
func (s *BranchesService) Create(ctx context.Context, params BranchParams) (*Branch, error) {
	return do[Branch](ctx, s.client, &operation{method: http.MethodPost, route: "/branches", body: params})
}

// Update replaces a branch: what params leaves out may be lost, so start from [Branch.Params]. To
// clear a text, set it to "" in Extra.
//
//	PUT /branches/{iv_id}
func (s *BranchesService) Update(ctx context.Context, ivID string, params BranchParams) (*Branch, error) {
	op := &operation{method: http.MethodPut, route: "/branches/{iv_id}", ids: ids{ivID}, body: params}
	return do[Branch](ctx, s.client, op)
}

// Delete removes a branch; ErrNotFound when there is none.
//
//	DELETE /branches/{iv_id}   (inferred)
func (s *BranchesService) Delete(ctx context.Context, ivID string) error {
	return doNoContent(ctx, s.client, &operation{method: http.MethodDelete, route: "/branches/{iv_id}", ids: ids{ivID}})
}

// Bulk writes up to 1,000 branches in one request. No records, more than 1,000, or one that
// can't be written (text that isn't UTF-8, NaN) is [ErrInvalid], and nothing is sent. With
// [BulkCreate] the request is not retried once it may have taken effect, see [ErrUncertain];
// with [BulkUpdate] and [BulkUpsert] it is. A 413 means that the records are too large for
// one request: send fewer.
//
// One rejected record doesn't undo the others. Linkit documents only that, and the success
// and message of the response, not how it reports single records. Any recognisable report
// makes the records that it rejects [BulkResult.Rejected] and the error a [*RejectedError];
// result and error are then both non-nil. Anything else is left to [BulkResult.Raw], with
// one warning in the log per client and route.
//
// Whether an update may leave fields out is not known: send whole records, made by the
// Params of a branch that was read, unless you have found out that fields left out keep
// their values.
//
//	POST /branches/bulk
func (s *BranchesService) Bulk(ctx context.Context, mode BulkMode, branches []BranchParams) (*BulkResult, error) {
	return bulk(ctx, s.client, "/branches/bulk", "branches", mode, branches)
}

// BulkAll writes any number of branches, in requests of [WithBulkSize] records and up to
// [WithMaxConcurrency] at a time: the rows of a database, the All of another list, or
// [Records] of a slice. The branches must be distinct, since requests run side by side. Each
// is encoded as it is yielded, so records may reuse its variable. With [BulkCreate] a
// request is not retried once it may have taken effect, see [ErrUncertain]; with
// [BulkUpdate] and [BulkUpsert] it is.
//
// If each is not nil, it is called once per request, in order, on the calling goroutine. The
// records run on one other goroutine and have ended on return; a source that waits should
// watch ctx itself. A request that isn't full waits for more records, or for
// [WithBulkLinger].
//
// BulkAll goes on after a failed request, and after a branch that can't be written, which is
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
// Params of a branch that was read, unless you have found out that fields left out keep
// their values.
//
//	POST /branches/bulk
func (s *BranchesService) BulkAll(
	ctx context.Context, mode BulkMode, records iter.Seq2[BranchParams, error], each func(BulkResult),
) error {
	return bulkAllOf(ctx, s.client, "/branches/bulk", "branches", mode, records, each)
}
