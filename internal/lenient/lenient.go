// Package lenient reads JSON into Go values whatever form a scalar came in, and writes JSON that
// keeps what it doesn't know.
//
// A value is read strictly first. Only one that doesn't fit is read again, by rules that take a
// number in a text, a text in a number, 1 for true, and so on. A value whose meaning isn't clear is
// left zero and named in the result: it costs nothing around it. Names match exactly, case
// included. Duplicate names (the last one counts) and invalid UTF-8 are tolerated.
package lenient

import (
	stdjson "encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// tolerant is how every text is read.
var tolerant = json.JoinOptions(
	json.DefaultOptionsV2(),
	jsontext.AllowDuplicateNames(true),
	jsontext.AllowInvalidUTF8(true),
)

// A Reader reads JSON values. It is safe for concurrent use.
type Reader struct {
	keepers []Keeper
	strict  json.Options
	calls   sync.Pool // of *call
}

// A Keeper makes values of one type keep the text that they were read from.
type Keeper struct {
	strict  *json.Unmarshalers
	lenient func(*call) *json.Unmarshalers
}

// Keep returns the Keeper of T. fields returns v as a type of the same fields without methods of
// its own, and kept is called with each value after it was read, whatever its JSON type; text is
// valid during the call only.
func Keep[T any](fields func(v *T) any, kept func(v *T, text []byte)) Keeper {
	return keeper(fields, func(text []byte) []byte { return text }, kept)
}

// Rewrite returns a Keeper of T that reads what rewrite makes of each text.
func Rewrite[T any](fields func(v *T) any, rewrite func(text []byte) []byte) Keeper {
	return keeper(fields, rewrite, func(*T, []byte) {})
}

func keeper[T any](fields func(v *T) any, rewrite func(text []byte) []byte, kept func(v *T, text []byte)) Keeper {
	return Keeper{
		strict: json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *T) error {
			text, err := dec.ReadValue()
			if err != nil {
				return err
			}
			if err := json.Unmarshal(rewrite(text), fields(v), tolerant); err != nil {
				return err
			}
			kept(v, text)
			return nil
		}),
		lenient: func(c *call) *json.Unmarshalers {
			return json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *T) error {
				text, err := dec.ReadValue()
				if err != nil {
					return err
				}
				outer := c.within
				c.within = append(slices.Clip(outer), fieldNames(dec.StackPointer())...)
				err = json.Unmarshal(rewrite(text), fields(v), c.options)
				c.within = outer
				kept(v, text)
				return err
			})
		},
	}
}

// New returns a Reader.
func New(keepers ...Keeper) *Reader {
	funcs := make([]*json.Unmarshalers, len(keepers))
	for i, k := range keepers {
		funcs[i] = k.strict
	}
	strict := json.JoinOptions(tolerant, json.WithUnmarshalers(json.JoinUnmarshalers(funcs...)))
	return &Reader{keepers: keepers, strict: strict}
}

// Read reads one JSON value into v, a pointer that isn't nil. It returns the names of the fields
// that were left zero because they couldn't be read, "location.lat" for one of an object within. An
// error means that text isn't JSON.
func (r *Reader) Read(text []byte, v any) (unread []string, err error) {
	err = json.Unmarshal(text, v, r.strict)
	if err == nil {
		return nil, nil
	}
	if syntactic := new(jsontext.SyntacticError); errors.As(err, &syntactic) {
		return nil, textError(err)
	}
	reflect.ValueOf(v).Elem().SetZero()
	c, _ := r.calls.Get().(*call)
	if c == nil {
		c = r.newCall()
	}
	err = json.Unmarshal(text, v, c.options)
	unread = c.unread
	c.unread, c.within = nil, nil
	r.calls.Put(c)
	return unread, textError(err)
}

// call is one lenient reading.
type call struct {
	options json.Options
	within  []string // the names of the fields around
	unread  []string
}

func (r *Reader) newCall() *call {
	c := new(call)
	funcs := make([]*json.Unmarshalers, 0, len(r.keepers)+1)
	for _, k := range r.keepers {
		funcs = append(funcs, k.lenient(c))
	}
	// The types of most fields have functions of their own, which cost no memory. One for any type
	// knows the others.
	funcs = append(funcs, scalarFunc(c, Text), scalarFunc(c, Float), scalarFunc(c, Bool), json.UnmarshalFromFunc(c.read))
	c.options = json.JoinOptions(tolerant, json.WithUnmarshalers(json.JoinUnmarshalers(funcs...)))
	return c
}

// scalarFunc reads values of one type.
func scalarFunc[T any](c *call, parse func(text []byte) (T, bool)) *json.Unmarshalers {
	return json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *T) error {
		text, err := dec.ReadValue()
		if err != nil {
			return err
		}
		*v = *new(T)
		if isNone(text) {
			return nil
		}
		if value, ok := parse(text); ok {
			*v = value
		} else {
			c.leave(dec, reflect.ValueOf(v).Elem())
		}
		return nil
	})
}

// read reads the next value into v, which may point to anything; [errors.ErrUnsupported] leaves it
// to the JSON package.
func (c *call) read(dec *jsontext.Decoder, v any) error {
	kind := dec.PeekKind()
	switch v := v.(type) {
	case *stdjson.RawMessage:
		return errors.ErrUnsupported
	case stdjson.Unmarshaler:
		text, err := dec.ReadValue()
		if err != nil {
			return err
		}
		if v.UnmarshalJSON(text) != nil {
			c.leave(dec, reflect.ValueOf(v).Elem())
		}
		return nil
	}
	to := reflect.ValueOf(v).Elem()
	switch to.Kind() {
	case reflect.Struct:
		return c.container(dec, to, kind, jsontext.KindBeginObject)
	case reflect.Pointer:
		if to.Type().Elem().Kind() == reflect.Struct {
			return c.container(dec, to, kind, jsontext.KindBeginObject)
		}
	case reflect.Slice:
		return c.container(dec, to, kind, jsontext.KindBeginArray)
	case reflect.Interface, reflect.Map:
		return errors.ErrUnsupported
	}
	text, err := dec.ReadValue()
	if err != nil {
		return err
	}
	if to.Kind() == reflect.Pointer {
		c.pointer(dec, to, text)
	} else if !setScalar(to, text) {
		c.leave(dec, to)
	}
	return nil
}

// container leaves to zero where the value is of another kind than wanted.
func (c *call) container(dec *jsontext.Decoder, to reflect.Value, kind, want jsontext.Kind) error {
	switch kind {
	case want, jsontext.KindNull, jsontext.KindInvalid:
		return errors.ErrUnsupported
	}
	if err := dec.SkipValue(); err != nil {
		return err
	}
	c.leave(dec, to)
	return nil
}

// pointer reads what a pointer points to; one to nothing stands for none.
func (c *call) pointer(dec *jsontext.Decoder, to reflect.Value, text []byte) {
	to.SetZero()
	if isNone(text) {
		return
	}
	elem := reflect.New(to.Type().Elem())
	if setScalar(elem.Elem(), text) {
		to.Set(elem)
		return
	}
	c.leave(dec, to)
}

func (c *call) leave(dec *jsontext.Decoder, to reflect.Value) {
	to.SetZero()
	names := append(slices.Clip(c.within), fieldNames(dec.StackPointer())...)
	if name := strings.Join(names, "."); !slices.Contains(c.unread, name) {
		c.unread = append(c.unread, name)
	}
}

// fieldNames are the names in a pointer, without the indices of lists.
func fieldNames(p jsontext.Pointer) (names []string) {
	for token := range p.Tokens() {
		if strings.Trim(token, "0123456789") != "" {
			names = append(names, token)
		}
	}
	return names
}

// Error is a text that isn't JSON, or not the JSON that is expected.
type Error struct {
	text string
	err  error
}

// Error says what is wrong, and where in the text.
func (e *Error) Error() string { return e.text }

// Unwrap returns the JSON package's error.
func (e *Error) Unwrap() error { return e.err }

// textError says what is wrong with a text without the words of the JSON package.
func textError(err error) error {
	if err == nil {
		return nil
	}
	text := strings.TrimPrefix(strings.TrimPrefix(err.Error(), "jsontext: "), "json: ")
	return &Error{text: text, err: err}
}
