package linkittest

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// record is a stored record. It is never changed once stored, so that it can be read without the
// lock.
type record[T any] struct {
	value T

	// extra holds the members that value can't: unknown ones, and those with a value that the field
	// doesn't reproduce, such as an object with an unknown member. They are returned as they came.
	extra members
}

// members are the members of a JSON object.
type members map[string]json.RawMessage

// readMembers reads a body or a record that must be a single JSON object.
func readMembers(b []byte) (members, *problem) {
	trimmed := bytes.TrimLeft(b, " \t\r\n")
	switch {
	case len(trimmed) == 0:
		return nil, badRequest("the body is empty")
	case trimmed[0] != '{':
		return nil, badRequest("the body must be a JSON object")
	}
	var m members
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, unreadable(err)
	}
	return m, nil
}

// with returns the JSON value v with these members added or replaced.
func (m members) with(v any) any {
	if len(m) == 0 {
		return v
	}
	b, err := json.Marshal(v)
	all := members{}
	if err == nil {
		err = json.Unmarshal(b, &all)
	}
	if err != nil {
		panic("linkittest: " + err.Error()) // v is one of this package's own types
	}
	maps.Copy(all, m)
	return all
}

// schema maps the JSON names of a record's fields to their indexes.
type schema struct {
	once   sync.Once
	fields map[string][]int
	raw    []int // of a field Raw, if any
}

func (d *resource[T]) schema() *schema {
	s := &d.cachedSchema
	s.once.Do(func() {
		s.fields = map[string][]int{}
		for _, f := range reflect.VisibleFields(reflect.TypeFor[T]()) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			switch {
			case !f.IsExported() || f.Anonymous:
			case f.Name == "Raw":
				s.raw = f.Index
			case name != "" && name != "-":
				s.fields[name] = f.Index
			}
		}
	})
	return s
}

// serverOwned reports whether only the server sets the member, so that it is ignored in a request.
func (d *resource[T]) serverOwned(name string) bool {
	switch name {
	case "id", "organization_id", "created", "updated":
		return true
	}
	return slices.Contains(d.serverMembers, name)
}

// decode reads a record of a request. A value of the wrong type is an error, unless old has the
// same one. On error, what could be read is returned as well.
func (d *resource[T]) decode(m members, old *record[T]) (*record[T], *problem) {
	r := new(record[T])
	if old != nil {
		for name, raw := range old.extra {
			if d.serverOwned(name) {
				r.setExtra(name, raw)
			}
		}
	}
	return r, d.apply(r, m, old)
}

// patch returns a copy of old with the members of a request applied: null resets a member.
func (d *resource[T]) patch(old *record[T], m members) (*record[T], *problem) {
	r := &record[T]{value: *d.clone(&old.value), extra: maps.Clone(old.extra)}
	return r, d.apply(r, m, old)
}

// decodeFixture reads a record in the form of a response. A value of the wrong type is kept as it
// is.
func (d *resource[T]) decodeFixture(b []byte) (*record[T], error) {
	m, p := readMembers(b)
	if p != nil {
		return nil, errors.New(p.Error)
	}
	r := new(record[T])
	v := reflect.ValueOf(&r.value).Elem()
	for name, raw := range m {
		index, known := d.schema().fields[name]
		if !known || setField(v.FieldByIndex(index), raw) != nil || !reproduces(v.FieldByIndex(index), raw) {
			r.setExtra(name, raw)
		}
	}
	return r, nil
}

// apply sets the members of a request. It reports the first error in the order of names.
func (d *resource[T]) apply(r *record[T], m members, old *record[T]) (first *problem) {
	if d.rename != nil {
		m = d.rename(m)
	}
	v := reflect.ValueOf(&r.value).Elem()
	for _, name := range slices.Sorted(maps.Keys(m)) {
		raw := m[name]
		index, known := d.schema().fields[name]
		switch {
		case d.serverOwned(name):
		case !known:
			r.setExtra(name, raw)
		default:
			field := v.FieldByIndex(index)
			err := setField(field, raw)
			switch {
			case err == nil && reproduces(field, raw):
				delete(r.extra, name)
			case err == nil || old != nil && sameJSON(old.extra[name], raw):
				r.setExtra(name, raw)
			case first == nil:
				first = mistyped(name, err)
			}
		}
	}
	return first
}

func (r *record[T]) setExtra(name string, raw json.RawMessage) {
	if r.extra == nil {
		r.extra = members{}
	}
	r.extra[name] = raw
}

// setField sets a field to a JSON value, and to zero if that is null or can't be read.
func setField(field reflect.Value, raw json.RawMessage) error {
	field.SetZero()
	if string(raw) == "null" {
		return nil
	}
	err := json.Unmarshal(raw, field.Addr().Interface())
	date, ok := reflect.TypeAssert[interface{ IsZero() bool }](field)
	if err == nil && ok && date.IsZero() && string(raw) != `""` {
		err = errors.New("is not a date")
	}
	if err != nil {
		field.SetZero()
	}
	return err
}

// reproduces reports whether an object or a list that was read into a field is complete there.
func reproduces(field reflect.Value, raw json.RawMessage) bool {
	if raw[0] != '{' && raw[0] != '[' {
		return true
	}
	b, err := json.Marshal(field.Interface())
	return err == nil && sameJSON(b, raw)
}

func sameJSON(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// mistyped describes a member with a value that can't be read.
func mistyped(name string, err error) *problem {
	var wrong *json.UnmarshalTypeError
	if !errors.As(err, &wrong) {
		return badRequest("%s: %s", name, err)
	}
	if wrong.Field != "" {
		name += "." + wrong.Field
	}
	return wrongKind(name, wrong.Value)
}

// newRecord returns a copy of a record given to an Add method. If it has a Raw, that supplies what
// the other fields can't hold.
func (d *resource[T]) newRecord(given *T) *record[T] {
	r := &record[T]{value: *d.clone(given)}
	s := d.schema()
	if s.raw == nil || d.keepsRaw {
		return r
	}
	v := reflect.ValueOf(&r.value).Elem()
	raw := v.FieldByIndex(s.raw)
	read, err := d.decodeFixture(raw.Bytes())
	raw.SetZero()
	if err != nil {
		return r
	}
	was := reflect.ValueOf(&read.value).Elem()
	for name, value := range read.extra {
		index, known := s.fields[name]
		if !known || reflect.DeepEqual(v.FieldByIndex(index).Interface(), was.FieldByIndex(index).Interface()) {
			r.setExtra(name, value)
		}
	}
	return r
}
