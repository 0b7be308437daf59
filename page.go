package linkit

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"strconv"

	"github.com/linkit-go/linkit/internal/retry"
)

const (
	defaultPage = 20  // records that Linkit puts on a page when it isn't told
	maxPage     = 100 // ... and the most
)

// ListParams says which page of a list, and in which order.
//
// Lists are pages over live data: a record added or removed while All walks on shifts those behind it, so that one may be
// missed. Sort "created" keeps new records at the end, out of the way.
type ListParams struct {
	Page  int    // from 1; 0: the first
	Limit int    // records a page, 100 at most; 0: the server's default of 20 for List, 100 for All
	Sort  string // a field's JSON name, with "-" before it for descending; documented for products and offers, elsewhere it may be ignored
}

func (p *ListParams) query() (ListParams, url.Values) {
	if p == nil {
		return ListParams{}, nil
	}
	return *p, nil
}

// Page is one page of a list.
type Page[T any] struct {
	Data       []T
	Count      int // records on this page
	TotalCount int // records in all; 0 also when the server didn't say
	Page       int
	Limit      int // as the server applied it
	HasNext    bool
	Meta       json.RawMessage // the answer's "meta", as it came
}

// filter is a service's list params.
type filter interface {
	query() (ListParams, url.Values)
}

// list reads one page.
func list[T record](ctx context.Context, c *Client, route string, f filter) (*Page[T], error) {
	params, query := f.query()
	body, err := readPage[T](ctx, c, route, params, query, func() {})
	if err != nil {
		return nil, err
	}
	return &body.page, nil
}

// count reads total_count.
func count[T record](ctx context.Context, c *Client, route string, f filter) (int, error) {
	params, query := f.query()
	params.Page, params.Limit = 1, 1
	body, err := readPage[T](ctx, c, route, params, query, func() {})
	if err != nil {
		return 0, err
	}
	if !body.counted {
		return 0, unusablePage(c, route, body.attempts, errors.New("the answer has no total_count"))
	}
	return body.page.TotalCount, nil
}

// unusablePage is a page that was read and can't be made use of.
func unusablePage(c *Client, route string, attempts int, err error) error {
	return (&operation{method: http.MethodGet, route: route}).decodeError(&retry.Result{Attempts: attempts}, c.organization, err)
}

// pageBody is a page as it came.
type pageBody[T any] struct {
	page      Page[T]
	counted   bool // it had a total_count
	reckoned  bool // it had no has_next
	attempts  int
	throttled bool // it took a 429 or the like
}

// readPage reads one page. arrived is called when the answer is here, and before it is decoded.
func readPage[T record](ctx context.Context, c *Client, route string, params ListParams, query url.Values, arrived func()) (*pageBody[T], error) {
	if params.Page < 0 || params.Limit < 0 {
		return nil, invalid("GET %s: Page and Limit must not be negative", route)
	}
	query = maps.Clone(query)
	if query == nil {
		query = url.Values{}
	}
	setInt(query, "page", params.Page)
	setInt(query, "limit", params.Limit)
	setText(query, "sort", params.Sort)
	var body *pageBody[T]
	op := &operation{method: http.MethodGet, route: route, query: query}
	op.decode = func(res *retry.Result) (err error) {
		arrived()
		body, err = decodePage[T](res.Body, params)
		if body != nil {
			body.attempts, body.throttled = res.Attempts, res.Throttled
		}
		return err
	}
	if err := c.send(ctx, op); err != nil {
		return nil, err
	}
	return body, nil
}

// decodePage reads {data, count, total_count, page, limit, has_next, meta}, and items for data. What is missing is reckoned.
func decodePage[T record](b []byte, asked ListParams) (*pageBody[T], error) {
	var wire struct {
		Data       []T             `json:"data"`
		Items      []T             `json:"items"`
		Count      *int            `json:"count"`
		TotalCount *int            `json:"total_count"`
		Page       int             `json:"page"`
		Limit      int             `json:"limit"`
		HasNext    *bool           `json:"has_next"`
		Meta       json.RawMessage `json:"meta"`
		Success    *bool           `json:"success"`
	}
	wire.Data = make([]T, 0, min(max(asked.Limit, defaultPage), maxPage)) // one allocation for the records
	if err := decode(b, &wire); err != nil {
		if checkSuccess(b) != nil {
			return nil, errRefused
		}
		return nil, err
	}
	if wire.Success != nil && !*wire.Success {
		return nil, errRefused
	}
	if len(wire.Data) == 0 {
		wire.Data = wire.Items
	}
	if len(wire.Data) == 0 && !hasList(b) {
		return nil, errors.New("the answer is not the promised page: it has no data")
	}
	for i := range wire.Data {
		if !hasKey(wire.Data[i]) {
			return nil, fmt.Errorf("%w (record %d of the page)", errNoRecord, i+1)
		}
	}
	body := &pageBody[T]{page: Page[T]{Data: wire.Data, Count: len(wire.Data), Page: wire.Page, Limit: wire.Limit, Meta: wire.Meta}}
	p := &body.page
	if wire.Count != nil {
		p.Count = *wire.Count
	}
	if p.Page == 0 {
		p.Page = max(asked.Page, 1)
	}
	if p.Limit <= 0 {
		p.Limit = max(cmp.Or(asked.Limit, defaultPage), len(p.Data))
	}
	if wire.TotalCount != nil && *wire.TotalCount >= 0 {
		p.TotalCount, body.counted = *wire.TotalCount, true
	}
	body.reckoned = wire.HasNext == nil
	if wire.Limit <= 0 {
		p.Limit = p.fullSize()
	}
	switch {
	case wire.HasNext != nil:
		p.HasNext = *wire.HasNext
	case body.counted:
		p.HasNext = p.Page*p.Limit < p.TotalCount
	default:
		p.HasNext = len(p.Data) > 0 && len(p.Data) >= p.Limit
	}
	return body, nil
}

// fullSize is how many records a full page has: fewer than Limit where a page that isn't the last has fewer.
func (p *Page[T]) fullSize() int {
	if n := len(p.Data); n > 0 && n < p.Limit && (p.Page-1)*p.Limit+n < p.TotalCount {
		return n
	}
	return p.Limit
}

// hasList reports whether a page's list is there, but null.
func hasList(b []byte) bool {
	var keys map[string]json.RawMessage
	if json.Unmarshal(b, &keys) != nil {
		return false
	}
	_, data := keys["data"]
	_, items := keys["items"]
	return data || items
}

// Collect reads a sequence to its end. On an error it returns what came before it, too.
func Collect[T any](seq iter.Seq2[T, error]) ([]T, error) {
	var items []T
	for item, err := range seq {
		if err != nil {
			return items, err
		}
		items = append(items, item)
	}
	return items, nil
}

func setText(q url.Values, name, value string) {
	if value != "" {
		q.Set(name, value)
	}
}

func setInt(q url.Values, name string, value int) {
	if value != 0 {
		q.Set(name, strconv.Itoa(value))
	}
}

func setBool(q url.Values, name string, value *bool) {
	if value != nil {
		q.Set(name, strconv.FormatBool(*value))
	}
}
