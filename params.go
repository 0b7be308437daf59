package linkit

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/linkit-go/linkit/internal/lenient"
	"github.com/linkit-go/linkit/internal/redact"
)

// carried is what the params of a record that was read keep beside their fields and Extra. It is
// never changed, so that copies of the params may share it.
type carried []carriedMember

// carriedMember is a member whose field doesn't say all of it.
type carriedMember struct {
	name  string
	value json.RawMessage // as it came
	read  json.RawMessage // what the field was read as; nil: the field is unset, and the value is sent until it is set
}

// serverOwned are the members that only the server writes.
func serverOwned(name string) bool {
	switch name {
	case "id",
		"organization_id",
		"created",
		"updated",
		"is_deleted",
		"product_count",
		"depth",
		"path",
		"common_brands",
		"last_sync",
		"collectionId",
		"collectionName",
		"expand":
		return true
	}
	return false
}

// carry completes the params p of a model, which have its fields, by what came with the record:
// raw. What wasn't there is unset again, what has no field is returned as extra, and what a field
// can't say as kept. A record without raw was made by hand: of it, zeros are left out.
func carry[P any](raw json.RawMessage, p *P) (extra map[string]any, kept carried) {
	params := reflect.ValueOf(p).Elem()
	fields := jsonFields(params.Type())
	read := new(P)
	members, err := lenient.ReadObject(trimmed(raw))
	if err == nil {
		_, err = models.Read(trimmed(raw), read)
	}
	was := reflect.ValueOf(read).Elem()
	if err != nil {
		members = nil
	} else {
		extra = map[string]any{}
	}
	for _, index := range fields {
		unsetZero(params.Field(index), was.Field(index))
	}
	for i := range members {
		m := &members[i]
		if members.Member(m.Name) != m { // an earlier one of that name
			continue
		}
		index, known := fields[m.Name]
		switch {
		case known:
			kept = carryField(kept, m, params.Field(index), was.Field(index))
		case !serverOwned(m.Name):
			extra[m.Name] = json.RawMessage(bytes.Clone(m.Value))
		}
	}
	return extra, kept
}

// unsetZero leaves out a zero that nothing was read for: the model has no other way to say so.
func unsetZero(field, was reflect.Value) {
	switch {
	case field.Kind() == reflect.Pointer && !field.IsNil() && field.Elem().IsZero() && was.IsNil():
		field.SetZero()
	case isRaw(field) && isNull(field.Bytes()):
		field.SetZero()
	}
}

// carryField sets a field of params to what came in m, unless the model's was changed since, and
// adds what it can't say.
func carryField(kept carried, m *lenient.Member, field, was reflect.Value) carried {
	if isRaw(was) && isNull(was.Bytes()) {
		was.SetZero()
	}
	changed := !reflect.DeepEqual(field.Interface(), was.Interface()) && (!isUnset(field) || !isUnset(was))
	if !changed {
		field.Set(was)
		if lenient.Check(m.Value) != nil { // the field has replacement characters
			field.SetZero()
		}
	}
	value := bytes.Clone(m.Value)
	switch {
	case !isUnset(field):
		return carryPart(kept, m.Name, value, was)
	case !changed:
		return append(kept, carriedMember{name: m.Name, value: value})
	case field.Kind() == reflect.String: // emptied in the model
		return append(kept, carriedMember{name: m.Name, value: json.RawMessage(`""`)})
	}
	return kept
}

// carryPart adds an object, a list or a long number where that has more than the field that was
// read from it.
func carryPart(kept carried, name string, value json.RawMessage, was reflect.Value) carried {
	container := value[0] == '{' || value[0] == '['
	if isUnset(was) || isRaw(was) || was.Kind() == reflect.String || !container && !lenient.Inexact(value) {
		return kept
	}
	read, err := lenient.Marshal(was.Interface())
	if err == nil && !bytes.Equal(lenient.Reconcile(value, read, read), read) {
		kept = append(kept, carriedMember{name: name, value: value, read: read})
	}
	return kept
}

func isRaw(v reflect.Value) bool { return v.Type() == reflect.TypeFor[json.RawMessage]() }

// isUnset reports whether a field of params is left out of the request.
func isUnset(v reflect.Value) bool {
	if zero, ok := reflect.TypeAssert[interface{ IsZero() bool }](v); ok {
		return zero.IsZero()
	}
	return v.IsZero() || isRaw(v) && v.Len() == 0
}

var fieldsByType sync.Map // reflect.Type -> map[string]int

// jsonFields returns the indexes of the fields of a params type by their JSON names.
func jsonFields(t reflect.Type) map[string]int {
	if known, ok := fieldsByType.Load(t); ok {
		fields, _ := known.(map[string]int) // nothing else is stored
		return fields
	}
	fields := map[string]int{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			fields[name] = i
		}
	}
	fieldsByType.Store(t, fields)
	return fields
}

// mergeParams writes params. fields are those that are set, a struct without methods of its own;
// members of extra replace and follow them, and what was carried over stands for a field that isn't
// set.
func mergeParams(fields any, extra map[string]any, kept carried) ([]byte, error) {
	text, err := lenient.Marshal(fields)
	if err != nil {
		return nil, invalidField(err)
	}
	if len(extra) == 0 && len(kept) == 0 {
		return text, nil
	}
	members, err := lenient.ReadObject(text)
	if err != nil {
		return nil, err // lenient.Marshal makes objects
	}
	if members, err = kept.merge(members, extra); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		value, err := encodeValue(extra[name])
		if err != nil {
			return nil, invalidMember("Extra."+name, err)
		}
		if m := members.Member(name); m != nil {
			m.Value = value
		} else {
			members = append(members, lenient.Member{Name: name, Value: value})
		}
	}
	text, err = members.JSON()
	if err != nil {
		return nil, invalid("Extra: a name is not valid UTF-8")
	}
	return text, nil
}

// merge puts what was carried over in its place, except for what extra replaces.
func (kept carried) merge(members lenient.Object, extra map[string]any) (lenient.Object, error) {
	for _, k := range kept {
		if _, replaced := extra[k.name]; replaced {
			continue
		}
		value := k.value
		switch m := members.Member(k.name); {
		case k.read != nil && m != nil:
			value = lenient.Reconcile(k.value, k.read, m.Value)
			m.Value = value
		case k.read == nil && m == nil:
			members = append(members, lenient.Member{Name: k.name, Value: value})
		default:
			continue
		}
		if err := lenient.Check(value); err != nil {
			return nil, invalidMember(k.name, err)
		}
	}
	return members, nil
}

// encodeValue returns a value of a caller's as JSON; raw JSON as it is.
func encodeValue(v any) ([]byte, error) {
	switch raw, ok := v.(json.RawMessage); {
	case ok && raw == nil:
		return []byte("null"), nil
	case ok:
		return raw, lenient.Check(raw)
	}
	return lenient.MarshalAny(v)
}

// fieldError is a [lenient.FieldError] as [ErrInvalid].
type fieldError struct{ *lenient.FieldError }

func (e fieldError) Error() string {
	return "linkit: " + redact.Line(e.FieldError.Error(), maxInvalidText)
}
func (e fieldError) Is(target error) bool { return target == ErrInvalid }
func (e fieldError) Unwrap() error        { return e.FieldError }

// invalidField is the ErrInvalid of a field that can't be written.
func invalidField(err error) error {
	field := new(lenient.FieldError)
	switch {
	case errors.Is(err, ErrInvalid):
		return err
	case errors.As(err, &field):
		return fieldError{field}
	}
	return invalid("it can't be written as JSON: %s", reason(err))
}

// invalidMember is invalidField for an error about a member of that name.
func invalidMember(name string, err error) error {
	if field := new(lenient.FieldError); errors.As(err, &field) {
		return fieldError{&lenient.FieldError{Name: lenient.JoinNames(name, field.Name), Reason: field.Reason}}
	}
	return invalidField(err)
}

// memberKey is the key that a record is written with: its field, unless Extra or what was carried
// over says otherwise.
func memberKey(name, field string, extra map[string]any, kept carried) string {
	if value, ok := extra[name]; ok {
		text, err := encodeValue(value)
		if err != nil {
			return field
		}
		key, _ := lenient.Text(text)
		return key
	}
	if field != "" {
		return field
	}
	for _, k := range kept {
		if key, ok := lenient.Text(k.value); k.name == name && ok && lenient.Check(k.value) == nil {
			return key
		}
	}
	return field
}

// encodeBody returns v as JSON: params by their own method, other values as encoding/json writes
// them. The error is ErrInvalid, and names the field.
func encodeBody(v any) ([]byte, error) {
	var text []byte
	var err error
	value := reflect.ValueOf(v)
	if params, ok := v.(json.Marshaler); ok && (value.Kind() != reflect.Pointer || !value.IsNil()) {
		if text, err = params.MarshalJSON(); err == nil {
			err = lenient.Check(text)
		}
	} else {
		text, err = encodeAny(v)
	}
	if err != nil {
		return nil, invalidField(err)
	}
	return text, nil
}

// encodeAny returns a value of a caller's type as encoding/json writes it. Text that isn't UTF-8 is
// an error.
func encodeAny(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if marshaler := new(json.MarshalerError); errors.As(err, &marshaler) { // without the names of Go's types around it
		err = marshaler.Err
	}
	if err == nil &&
		(!utf8.Valid(text) || bytes.Contains(text, []byte(`\ufffd`)) || bytes.Contains(text, []byte("\ufffd"))) {
		// encoding/json has replaced what isn't UTF-8, unless v itself holds that character.
		if _, strict := lenient.MarshalAny(v); strict != nil && strings.Contains(strict.Error(), "UTF-8") {
			err = strict
		}
	}
	return text, err
}
