package linkit

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"strconv"

	"github.com/linkit-go/linkit/internal/retry"
)

const (
	defaultPage = 20  // records on a page where no limit is asked for
	maxPage     = 100 // the most records on a page
)

// ListParams selects a page of a list, and its order. The zero value selects the first page.
//
// Lists are pages over live data: a record that is added or removed while All reads on shifts
// those behind it. Where the responses show that (total_count fell, a page repeats without
// growth), All reads the list again, up to three times, and yields the records that it hasn't
// yielded; [ErrListChanged] comes last if the list still shifts. What the responses don't show,
// such as one record removed and another added between two pages, may hide a record. Sort
// "created" keeps new records at the end, where they shift nothing.
type ListParams struct {
	Page int // from 1; 0: the first. Negative: [ErrInvalid]
	// records a page, 100 at most; 0: the server's default of 20 for List, 100 for All. Negative:
	// [ErrInvalid]
	Limit int
	// a field's JSON name, with "-" before it for descending; documented for products and offers,
	// elsewhere it may be ignored
	Sort string
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
	TotalCount int // records in all; 0 also where the server doesn't say
	Page       int
	Limit      int             // as the server applied it
	HasNext    bool            // where the server doesn't say, it follows from the other figures
	Meta       json.RawMessage // the response's "meta", as it came
}

// filter is a service's list parameters.
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

// count returns total_count.
func count[T record](ctx context.Context, c *Client, route string, f filter) (int, error) {
	params, query := f.query()
	params.Page, params.Limit = 1, 1
	body, err := readPage[T](ctx, c, route, params, query, func() {})
	if err != nil {
		return 0, err
	}
	if !body.counted {
		return 0, unusablePage(c, route, body.attempts, errors.New("the response has no total_count"))
	}
	return body.page.TotalCount, nil
}

// unusablePage is the error of a page that was read and can't be used.
func unusablePage(c *Client, route string, attempts int, err error) error {
	return (&operation{method: http.MethodGet, route: route, organization: c.organization}).decodeError(
		&retry.Result{Attempts: attempts},
		err,
	)
}

// readPage reads one page. It calls arrived when the response is here, before it is decoded.
func readPage[T record](
	ctx context.Context,
	c *Client,
	route string,
	params ListParams,
	query url.Values,
	arrived func(),
) (*pageBody[T], error) {
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
			c.core.warnUnread(ctx, route, body.unread)
		}
		return err
	}
	if err := c.send(ctx, op); err != nil {
		return nil, err
	}
	return body, nil
}

// fullSize is how many records a full page has: fewer than Limit where a page that isn't the last
// has fewer. Like hasMore, it copes with any figures.
func (p *Page[T]) fullSize() int {
	if n := len(p.Data); n > 0 && n < p.Limit && p.Page <= lastPage(p.TotalCount-n, p.Limit) {
		return n
	}
	return p.Limit
}

// hasMore reports whether the figures of p say that pages follow it.
func (p *Page[T]) hasMore() bool { return p.Page < lastPage(p.TotalCount, p.Limit) }

// Collect reads a sequence to its end. On an error it returns the items before it, too.
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
