package lenient

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	v1 "github.com/go-json-experiment/json/v1"
)

// written is how this SDK's own types are written: the same bytes each time, and with every version
// of Go. Raw parts keep their form.
var written = json.JoinOptions(json.DefaultOptionsV2(), json.Deterministic(true),
	jsontext.AllowDuplicateNames(true), jsontext.PreserveRawStrings(true))

// foreign is how values of any type are written: as by encoding/json, but that text has to be
// UTF-8.
var foreign = json.JoinOptions(v1.DefaultOptionsV1(), v1.ReportErrorsWithLegacySemantics(false),
	jsontext.AllowInvalidUTF8(false), jsontext.EscapeForHTML(false), jsontext.EscapeForJS(false))

// A FieldError says which field can't be written, and why.
type FieldError struct {
	Name   string // in JSON: "location.lat"
	GoName string // "Location.Lat"; "" where it has none
	Reason string // "is not valid UTF-8"
}

func (e *FieldError) Error() string {
	name := e.Name
	if e.GoName != "" && e.GoName != e.Name {
		name = fmt.Sprintf("%s (%s)", e.GoName, e.Name)
	}
	return strings.TrimSpace(name + " " + e.Reason)
}

// Marshal writes v, which is of this SDK's own types. Text that isn't UTF-8, and a number that JSON
// has no form for, is a [*FieldError].
func Marshal(v any) ([]byte, error) { return marshal(v, written) }

// MarshalAny writes v as encoding/json does, but that its errors are those of [Marshal].
func MarshalAny(v any) ([]byte, error) { return marshal(v, foreign) }

func marshal(v any, options json.Options) ([]byte, error) {
	b, err := json.Marshal(v, options)
	if err != nil {
		return nil, fieldError(reflect.TypeOf(v), err)
	}
	return b, nil
}

// Check reports what is wrong with a JSON text that is to be written as it is.
func Check(text []byte) error {
	value := jsontext.Value(text)
	if value.IsValid(jsontext.AllowDuplicateNames(true)) {
		return nil
	}
	if len(text) == 0 {
		return &FieldError{Reason: "is not valid JSON: it is empty"}
	}
	_, err := json.Marshal(value, written)
	if err == nil {
		return nil
	}
	return fieldError(nil, err)
}

// Readable returns a JSON text with U+FFFD for what isn't UTF-8, or text itself where it isn't JSON.
func Readable(text []byte) []byte {
	value := jsontext.Value(bytes.Clone(text))
	if value.Format(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) != nil {
		return text
	}
	return value
}

// fieldError names the field of a t that err is about.
func fieldError(t reflect.Type, err error) *FieldError {
	var pointer jsontext.Pointer
	cause := err
	inner := new(FieldError)
	semantic, syntactic := new(json.SemanticError), new(jsontext.SyntacticError)
	found := errors.As(err, &inner)
	if errors.As(err, &semantic) {
		pointer = semantic.JSONPointer
		switch {
		case semantic.Err != nil:
			cause = semantic.Err
		case semantic.GoType != nil:
			cause = errors.New("unsupported value: a " + semantic.GoType.String())
		}
	}
	if !found && errors.As(err, &syntactic) {
		pointer = syntactic.JSONPointer
	}
	e := &FieldError{Reason: reason(cause)}
	e.Name, e.GoName = fieldPath(t, pointer)
	if found {
		e.Reason = inner.Reason
		e.Name = JoinNames(e.Name, inner.Name)
		if e.GoName != "" {
			e.GoName = JoinNames(e.GoName, inner.GoName)
		}
	}
	return e
}

// JoinNames joins the names of a field and of one within it.
func JoinNames(outer, inner string) string {
	if outer == "" || inner == "" || inner[0] == '[' {
		return outer + inner
	}
	return outer + "." + inner
}

// Article returns a kind of JSON value, as encoding/json calls it, with its article: "an array".
func Article(kind string) string {
	if strings.HasPrefix(kind, "a") || strings.HasPrefix(kind, "o") {
		return "an " + kind
	}
	return "a " + kind
}

// reason says what is wrong without the words of the JSON package.
func reason(err error) string {
	text := err.Error()
	syntactic := new(jsontext.SyntacticError)
	switch value, unsupported := strings.CutPrefix(text, "unsupported value: "); {
	case strings.Contains(text, "invalid UTF-8"), strings.Contains(text, "invalid surrogate pair"):
		return "is not valid UTF-8"
	case unsupported:
		return "is " + value + ", which JSON has no form for"
	case errors.As(err, &syntactic):
		return "is not valid JSON"
	}
	return "can't be written as JSON: " + strings.TrimPrefix(strings.TrimPrefix(text, "json: "), "linkit: ")
}

// fieldPath returns the names that lead to what p points to: those of JSON and, as far as t has
// fields, those of Go.
func fieldPath(t reflect.Type, p jsontext.Pointer) (name, goName string) {
	for token := range p.Tokens() {
		for t != nil && t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		step, goStep := token, ""
		switch {
		case t == nil:
			if _, err := strconv.Atoi(token); err == nil {
				step = "[" + token + "]"
			}
		case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8 || t.Kind() == reflect.Array:
			step = "[" + token + "]"
			goStep, t = step, t.Elem()
		case t.Kind() == reflect.Struct:
			goStep, t = structField(t, token)
		default:
			t = nil
		}
		if goStep == "" {
			goName = ""
		} else if goName != "" || name == "" {
			goName = JoinNames(goName, goStep)
		}
		name = JoinNames(name, step)
	}
	return name, goName
}

// structField returns the name and type of the field that JSON calls name.
func structField(t reflect.Type, name string) (string, reflect.Type) {
	for _, f := range reflect.VisibleFields(t) {
		if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); f.IsExported() && (tag == name || tag == "" && f.Name == name) {
			return f.Name, f.Type
		}
	}
	return "", nil
}
