package linkit

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/linkit-go/linkit/internal/retry"
)

// do makes a call that is answered with one record, bare or as {success, message, data}.
func do[T record](ctx context.Context, c *Client, op *operation) (*T, error) {
	var v *T
	op.decode = func(res *retry.Result) (err error) {
		v, err = readRecord[T](res.Body)
		return err
	}
	if err := c.send(ctx, op); err != nil {
		return nil, err
	}
	return v, nil
}

// doNoContent makes a call that need not be answered with anything.
func doNoContent(ctx context.Context, c *Client, op *operation) error {
	op.decode = func(res *retry.Result) error {
		if bytes.HasPrefix(bytes.TrimSpace(res.Body), []byte("<")) {
			return decode(res.Body, new(any)) // a proxy's page: the server has done nothing
		}
		return checkSuccess(res.Body)
	}
	return c.send(ctx, op)
}

// checkOut refuses what no answer could be read into, before anything is sent.
func checkOut(where string, out any) error {
	if v := reflect.ValueOf(out); out != nil && (v.Kind() != reflect.Pointer || v.IsNil()) {
		return invalid("%s: out is %T, and must be a pointer that isn't nil", where, out)
	}
	return nil
}

// decodeInto reads an answer into whatever the caller gave for it: nil ignores it, a *json.RawMessage takes it as it is.
func decodeInto(out any) func(*retry.Result) error {
	return func(res *retry.Result) error {
		if err := checkSuccess(res.Body); err != nil {
			return err
		}
		switch out := out.(type) {
		case nil:
			return nil
		case *json.RawMessage:
			*out = append(json.RawMessage(nil), res.Body...) // nil where there is nothing
			return nil
		}
		return decode(res.Body, out)
	}
}

// doObject makes a call that is answered with one JSON object without a key of its own. check keeps what it needs of the body
// and reports whether v is the promised object.
func doObject[T any](ctx context.Context, c *Client, op *operation, check func(v *T, body json.RawMessage) bool) (*T, error) {
	v := new(T)
	op.decode = func(res *retry.Result) error {
		if err := checkSuccess(res.Body); err != nil {
			return err
		}
		body := bytes.Clone(res.Body) // check may keep it
		forms := [][]byte{body, unwrapped(body)}
		if bytes.Contains(body, []byte(`"success"`)) {
			slices.Reverse(forms) // an envelope has a message, and so has a ping
		}
		var err error
		for _, form := range forms {
			*v = *new(T)
			if err = decode(form, v); err == nil && check(v, form) {
				return nil
			}
		}
		return cmp.Or(err, errNoRecord)
	}
	if err := c.send(ctx, op); err != nil {
		return nil, err
	}
	return v, nil
}

var (
	errNoRecord = errors.New("the answer is not the promised object: it lacks what identifies one")
	errRefused  = errors.New(`the answer says "success": false`)
)

// readRecord decodes a bare record at once; only an answer that isn't one is looked at for an envelope.
func readRecord[T record](body []byte) (*T, error) {
	if err := checkSuccess(body); err != nil {
		return nil, err
	}
	v := new(T)
	err := decode(body, v)
	if err == nil && hasKey(*v) {
		return v, nil
	}
	if inner := unwrapped(body); len(inner) != len(body) {
		v = new(T)
		err = decode(inner, v)
	}
	if err == nil && !hasKey(*v) {
		err = errNoRecord
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

// pageBody is a page as it came.
type pageBody[T any] struct {
	page      Page[T]
	counted   bool // it had a total_count
	derived   bool // it had no has_next
	attempts  int
	throttled bool // it took a 429 or the like
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
	body.derived = wire.HasNext == nil
	if wire.Limit <= 0 {
		p.Limit = p.fullSize()
	}
	switch {
	case wire.HasNext != nil:
		p.HasNext = *wire.HasNext
	case body.counted:
		p.HasNext = p.hasMore()
	default:
		p.HasNext = len(p.Data) > 0 && len(p.Data) >= p.Limit
	}
	return body, nil
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

func hasKey[T record](v T) bool {
	own, id := v.keys()
	return own != "" || id != ""
}

// unwrapped returns the data of a {success, message, data} envelope, and any other body as it is.
func unwrapped(body []byte) []byte {
	var envelope struct {
		Data json.RawMessage `json:"data"`
	}
	if json.Unmarshal(body, &envelope) == nil && len(envelope.Data) > 0 && envelope.Data[0] == '{' {
		return envelope.Data
	}
	return body
}

// checkSuccess finds a 2xx that reports a failure.
func checkSuccess(body []byte) error {
	if !bytes.Contains(body, []byte(`"success"`)) {
		return nil
	}
	var answer struct {
		Success *bool `json:"success"`
	}
	if json.Unmarshal(body, &answer) == nil && answer.Success != nil && !*answer.Success {
		return errRefused
	}
	return nil
}

// decode reads one JSON value and says what else there is instead.
func decode(body []byte, v any) error {
	err := json.Unmarshal(body, v)
	if err == nil {
		return nil
	}
	switch trimmed := bytes.TrimSpace(body); {
	case len(trimmed) == 0:
		return errors.New("the answer is empty")
	case trimmed[0] == '<':
		return errors.New("an HTML page came instead of JSON: from a proxy, or is the base URL wrong?")
	}
	var mistyped *json.UnmarshalTypeError
	if errors.As(err, &mistyped) {
		err = &mistypedError{mistyped}
	}
	return fmt.Errorf("the answer is not the promised JSON: %w", err)
}

// mistypedError is a json.UnmarshalTypeError in the words of the wire: no names of Go's.
type mistypedError struct{ *json.UnmarshalTypeError }

func (e *mistypedError) Error() string {
	if e.Field == "" {
		return "it must not be " + article(e.Value)
	}
	return fmt.Sprintf("%s must not be %s", e.Field[strings.LastIndex(e.Field, ".")+1:], article(e.Value))
}

func (e *mistypedError) Unwrap() error { return e.UnmarshalTypeError }

func article(noun string) string {
	if strings.HasPrefix(noun, "a") || strings.HasPrefix(noun, "o") {
		return "an " + noun
	}
	return "a " + noun
}
