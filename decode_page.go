package linkit

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"

	"github.com/linkit-go/linkit/internal/lenient"
)

// pageBody is a page as it came.
type pageBody[T any] struct {
	page      Page[T]
	counted   bool // it had a total_count
	derived   bool // it had no has_next
	attempts  int
	throttled bool     // it took a 429 or the like
	unread    []string // fields of records that couldn't be read
}

// decodePage reads {data, count, total_count, page, limit, has_next, meta}, or items for data.
// Missing figures are derived.
func decodePage[T record](b []byte, asked ListParams) (*pageBody[T], error) {
	b = bytes.Clone(b) // the records keep their parts of it
	e, err := readEnvelope(b, "data", "items")
	number := max(asked.Page, 1)
	if err != nil {
		return nil, pageError(e, number, err)
	}
	if e.failed() {
		return nil, errRefused
	}
	elements, err := e.list()
	if err != nil {
		return nil, err
	}
	body := new(pageBody[T])
	p := &body.page
	if n, ok := e.figure("page"); ok && n != 0 {
		number = n
	}
	if body.page.Data, body.unread, err = readRecords[T](elements, "page", number); err != nil {
		return nil, err
	}
	limit, _ := e.figure("limit")
	hasNext, ok := lenient.Bool(e.Get("has_next"))
	count, hasCount := e.figure("count")
	total, hasTotal := e.figure("total_count")

	body.derived = !ok
	if body.counted = hasTotal && total >= 0; body.counted {
		p.TotalCount = total
	}
	p.Meta = e.Get("meta")
	p.Page = number
	p.Count = len(p.Data)
	if hasCount && count >= 0 {
		p.Count = count
	}
	if p.Limit = limit; limit <= 0 {
		p.Limit = max(cmp.Or(asked.Limit, defaultPage), len(p.Data))
		p.Limit = p.fullSize()
	}
	switch {
	case ok:
		p.HasNext = hasNext
	case body.counted:
		p.HasNext = p.hasMore()
	default:
		p.HasNext = len(p.Data) > 0 && len(p.Data) >= p.Limit
	}
	return body, nil
}

// list returns the elements of data, or of items where data has none.
func (e envelope) list() ([][]byte, error) {
	var elements [][]byte
	found := false
	for _, name := range []string{"data", "items"} {
		switch m := e.Member(name); {
		case m == nil:
		case m.Elements != nil:
			found = true
			if len(elements) == 0 {
				elements = m.Elements
			}
		case string(m.Value) == "null":
			found = true
		case e.reportsError("error", "errors"):
			return nil, errRefused
		default:
			return nil, fmt.Errorf("the response is not the promised page: its %s is not a list", name)
		}
	}
	switch {
	case len(elements) == 0 && e.reportsError("error", "errors"):
		return nil, errRefused
	case found:
		return elements, nil
	}
	return nil, errors.New("the response is not the promised page: it has no data")
}

// figure is a number of a page's frame, where it has one that can be read.
func (e envelope) figure(name string) (int, bool) {
	n, ok := lenient.Int(e.Get(name))
	return int(n), ok && int64(int(n)) == n
}

// readRecords reads the records of a page or list. An error names the record's number, its key and
// the page.
func readRecords[T record](elements [][]byte, of string, number int) (records []T, unread []string, err error) {
	if elements == nil {
		return nil, nil, nil
	}
	records = make([]T, len(elements))
	for i, text := range elements {
		fields, err := readModel(text, &records[i])
		if err == nil && !hasKey(records[i]) {
			err = errNoRecord
		}
		if err != nil {
			return nil, nil, recordError(i+1, of, number, text, err)
		}
		unread = append(unread, fields...)
	}
	return records, unread, nil
}

// recordError is the error of one of the records of a page or list.
func recordError(n int, of string, number int, text []byte, err error) error {
	where := fmt.Sprintf("record %d", n)
	if key := shownKey(text); key != "" {
		where += " (" + key + ")"
	}
	if number > 0 {
		of = fmt.Sprintf("%s %d", of, number)
	}
	return fmt.Errorf("%s of %s: %w", where, of, err)
}

// pageError says in which record a page stops being JSON, where it is in one.
func pageError(e envelope, number int, err error) error {
	if len(e.Object) == 0 {
		return err
	}
	last := e.Object[len(e.Object)-1]
	if last.Elements == nil {
		return err
	}
	return recordError(len(last.Elements)+1, "page", number, nil, err)
}

// shownKey returns the name and value of what identifies a record, as far as it can be read.
func shownKey(text []byte) string {
	o, _ := lenient.ReadObject(text)
	for _, name := range []string{"iv_id", "brand_code", "category_code", "generic_code", "slug", "order_id", "id"} {
		if key, ok := lenient.Text(o.Get(name)); ok && key != "" {
			return name + " " + excerpt(key)
		}
	}
	return ""
}
