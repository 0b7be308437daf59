package linkit

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"strings"

	"github.com/linkit-go/linkit/internal/lenient"
	"github.com/linkit-go/linkit/internal/retry"
)

var (
	errNoRecord = errors.New("the response is not the promised object: it lacks what identifies one")
	errRefused  = errors.New("the response reports a failure")
	errNotAsked = errors.New("the response belongs to another request: it names another record of another organization")
)

// do makes a call whose response is one record, bare or as {success, message, data}.
func do[T record](ctx context.Context, c *Client, op *operation) (*T, error) {
	var v *T
	op.decode = func(res *retry.Result) error {
		read, unread, err := readRecord[T](bytes.Clone(res.Body))
		if err != nil {
			return err
		}
		organization := cmp.Or(op.tenant, c.organization)
		if owned, ok := any(read).(tenantRecord); ok && organization != "" && organization != owned.organization() &&
			op.misdirected(owned) {
			return errNotAsked
		}
		if len(unread) > 0 {
			c.core.warnUnread(ctx, op.route, unread)
		}
		v = read
		return nil
	}
	if err := c.send(ctx, op); err != nil {
		return nil, err
	}
	return v, nil
}

// doNoContent makes a call whose response need not have a body.
func doNoContent(ctx context.Context, c *Client, op *operation) error {
	op.decode = func(res *retry.Result) error {
		if bytes.HasPrefix(trimmed(res.Body), []byte("<")) {
			return unreadable(res.Body, nil) // a proxy's page: the server has done nothing
		}
		return checkResponse(res.Body)
	}
	return c.send(ctx, op)
}

// doObject makes a call whose response is one JSON object without a key of its own, bare or as
// {success, message, data}. check reports whether v, read from the object o, is the promised one.
func doObject[T any](
	ctx context.Context,
	c *Client,
	op *operation,
	check func(v *T, o lenient.Object) bool,
) (*T, error) {
	var v *T
	op.decode = func(res *retry.Result) error {
		body := trimmed(bytes.Clone(res.Body)) // Raw keeps it
		outer, err := readEnvelope(body)
		if err != nil {
			return err
		}
		if outer.failed() {
			return errRefused
		}
		for _, form := range objectForms[T](body, outer) {
			read := new(T)
			unread, err := readModel(form, read)
			members, _ := lenient.ReadObject(form)
			if err == nil && check(read, members) {
				c.core.warnUnread(ctx, op.route, unread)
				v = read
				return nil
			}
		}
		if outer.reportsError("error", "errors") {
			return errRefused
		}
		return errNoRecord
	}
	if err := c.send(ctx, op); err != nil {
		return nil, err
	}
	return v, nil
}

// objectForms returns where an object without a key may stand: in the body, in its data, or in
// either. An envelope has a message and a status, and so have some objects.
func objectForms[T any](body []byte, outer envelope) [][]byte {
	data := outer.object()
	if data == nil {
		return [][]byte{body}
	}
	inner, _ := lenient.ReadObject(data)
	if outer.Has("success") || namesOf[T](inner) > namesOf[T](outer.Object) {
		return [][]byte{data, body}
	}
	return [][]byte{body, data}
}

// namesOf counts the names of an object that T has a field for; "status" doesn't count, which
// wrappers have too.
func namesOf[T any](o lenient.Object) (n int) {
	for _, field := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name != "status" && o.Has(name) {
			n++
		}
	}
	return n
}

// checkOut refuses an out that can't be decoded into, before anything is sent.
func checkOut(where string, out any) error {
	if v := reflect.ValueOf(out); out != nil && (v.Kind() != reflect.Pointer || v.IsNil()) {
		return invalid("%s: out is %T, and must be a pointer that isn't nil", where, out)
	}
	return nil
}

// decodeInto decodes a response into the caller's own type: nil ignores it, a *json.RawMessage
// takes it as it is.
func decodeInto(out any) func(*retry.Result) error {
	return func(res *retry.Result) error {
		if err := checkResponse(res.Body); err != nil {
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

// decode reads one JSON value into a type of the caller's, by the rules of encoding/json.
func decode(body []byte, v any) error {
	err := json.Unmarshal(trimmed(body), v)
	if err == nil {
		return nil
	}
	if mistyped := new(json.UnmarshalTypeError); errors.As(err, &mistyped) {
		err = &mistypedError{mistyped}
	}
	return unreadable(body, err)
}

// models reads the types of this package.
var models = lenient.New(
	lenient.Keep(func(l *LineItem) any { return (*plainLineItem)(l) }, (*LineItem).keep),
	lenient.Rewrite(func(p *WorkingHoursPeriod) any { return (*plainPeriod)(p) }, plainHours),
	lenient.Keep(func(c *IntegrationCustomConfig) any { return (*plainCustomConfig)(c) }, (*IntegrationCustomConfig).keep),
)

// readModel reads one JSON object into v, a pointer to a type of this package, which may keep the
// text. unread names the fields that couldn't be read.
func readModel(text []byte, v any) (unread []string, err error) {
	if len(text) == 0 || text[0] != '{' {
		text = trimmed(text)
	}
	if own, ok := v.(interface {
		readFrom([]byte) ([]string, error)
	}); ok {
		return own.readFrom(text)
	}
	unread, err = models.Read(text, v)
	if slices.Contains(unread, "") { // the whole of it
		err = errNotObject
	}
	if err != nil {
		return nil, unreadable(text, err)
	}
	if model, ok := v.(interface{ setRaw(json.RawMessage) }); ok {
		model.setRaw(text)
	}
	return unread, nil
}

// readRecord reads a record that may be wrapped. A wrapper's own id is never the record's.
func readRecord[T record](body []byte) (v *T, unread []string, err error) {
	v = new(T)
	unread, err = readModel(body, v)
	own, id := (*v).keys()
	has := func(name []byte) bool { return bytes.Contains(body, name) }
	if err == nil && (own != "" || id != "") && !slices.ContainsFunc(wrapperNames, has) {
		return v, unread, nil
	}
	if err != nil && !errors.Is(err, errNotObject) {
		return nil, nil, err
	}
	if isNull(body) {
		return nil, nil, errNoRecord
	}
	outer, err := readEnvelope(body)
	if err != nil {
		return nil, nil, err
	}
	if outer.failed() {
		return nil, nil, errRefused
	}
	if inner, unread := readWrapped(outer, v); inner != nil {
		return inner, unread, nil
	}
	switch {
	case own != "", id != "" && !isWrapper[T](outer):
		return v, unread, nil
	case outer.reportsError("error", "errors"):
		return nil, nil, errRefused
	}
	return nil, nil, errNoRecord
}

// wrapperNames begin names that a wrapper or an error has, and few records.
var wrapperNames = [][]byte{
	[]byte(`"data"`),
	[]byte(`"success"`),
	[]byte(`"error`),
	[]byte(`"message"`),
	[]byte(`"detail`),
}

// readWrapped returns the record under data, where it is that rather than v, which was read from
// the whole.
func readWrapped[T record](outer envelope, v *T) (*T, []string) {
	data := outer.object()
	if data == nil {
		return nil, nil
	}
	inner := new(T)
	unread, err := readModel(data, inner)
	if err != nil || !hasKey(*inner) {
		return nil, nil
	}
	if own, id := (*v).keys(); !outer.Has("success") && (own != "" || id != "" && !outer.Has("message")) {
		names, _ := lenient.ReadObject(data)
		if own != "" || namesOf[T](names) < namesOf[T](outer.Object) {
			return nil, nil
		}
	}
	return inner, unread
}

// isWrapper reports whether an object with an id is what should hold a record, and doesn't.
func isWrapper[T record](outer envelope) bool {
	if outer.Has("success") || outer.reportsError("error") {
		return true
	}
	return outer.Has("data", "errors", "details", "message") && namesOf[T](outer.Object) <= 1 && !outer.Has(recordNames...)
}

func hasKey[T record](v T) bool {
	own, id := v.keys()
	return own != "" || id != ""
}

// tenantRecord is a record of one organization.
type tenantRecord interface {
	record
	organization() string
}

// misdirected reports whether v, a record of another organization, belongs to another request: the
// call and v both name a record, too, and it differs. One that differs alone may be a key that the
// server spells in its own way.
func (op *operation) misdirected(v tenantRecord) bool {
	key, id := v.keys()
	if v.organization() == "" || key == "" && id == "" {
		return false
	}
	named := op.ids[:]
	if op.tenant != "" {
		named = op.ids[1:]
	}
	if params, ok := op.body.(interface{ recordKey() string }); ok && !isOffer(op.body) {
		named = append(slices.Clone(named), params.recordKey())
	}
	named = slices.DeleteFunc(slices.Clone(named), func(name string) bool { return name == "" })
	same := func(name string) bool { return strings.EqualFold(name, key) || strings.EqualFold(name, id) }
	return len(named) > 0 && !slices.ContainsFunc(named, same)
}

// isOffer reports whether a body is an offer's, whose name is no key: other offers may have it.
func isOffer(body any) bool {
	_, ok := body.(OfferParams)
	return ok
}

// warnUnread logs the fields of a route that couldn't be read, each once.
func (c *core) warnUnread(ctx context.Context, route string, fields []string) {
	for _, field := range fields {
		if _, logged := c.unread.LoadOrStore(route+" "+field, true); !logged {
			c.log(ctx, slog.LevelWarn, "linkit: a field has a value that can't be read: it is zero, and only in Raw",
				slog.String("route", route), slog.String("field", field))
		}
	}
}

func isNull(text []byte) bool { return string(bytes.TrimSpace(text)) == "null" }

// trimmed returns body without a byte order mark and the blanks before it.
func trimmed(body []byte) []byte {
	return bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\ufeff")), " \t\r\n")
}
