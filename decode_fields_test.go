package linkit_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// field is where a model keeps a member: its names and indices.
type field struct {
	names []string
	index [][]int
	typ   reflect.Type
}

func (f field) String() string { return strings.Join(f.names, ".") }

// fieldsOf are the fields of a model, those of the objects within included.
func fieldsOf(t reflect.Type, within field) (fields []field) {
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		found := field{append(slices.Clone(within.names), name), append(slices.Clone(within.index), f.Index), f.Type}
		fields = append(fields, found)
		inner := f.Type
		if inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && inner != reflect.TypeFor[linkit.Time]() &&
			inner != reflect.TypeFor[linkit.Date]() {
			fields = append(fields, fieldsOf(inner, found)...)
		}
	}
	return fields
}

// of returns the field of a model; of a list within, that of its first member.
func (f field) of(model reflect.Value) reflect.Value {
	for _, index := range f.index {
		if model.Kind() == reflect.Slice {
			model = model.Index(0)
		}
		model = model.FieldByIndex(index)
	}
	return model
}

// set returns a record whose field has this JSON value.
func (f field) set(t *testing.T, record []byte, value string) string {
	t.Helper()
	var root any
	require.NoError(t, json.Unmarshal(record, &root))
	at := root
	for i, name := range f.names {
		if list, ok := at.([]any); ok {
			at = list[0]
		}
		object, ok := at.(map[string]any)
		require.True(t, ok, f)
		if i == len(f.names)-1 {
			object[name] = json.RawMessage(value)
		}
		at = object[name]
	}
	text, err := json.Marshal(root)
	require.NoError(t, err)
	return string(text)
}

// fullRecord is a record of a model that has every field.
func fullRecord(t *testing.T, model any) []byte {
	t.Helper()
	full := reflect.New(reflect.TypeOf(model)).Elem()
	setAll(full)
	text, err := json.Marshal(full.Interface())
	require.NoError(t, err)
	return text
}

// oddValues are JSON values of other types than documented, and what a field of a kind reads them
// as; nil: its zero value, and a Warn line.
func oddValues(typ reflect.Type) map[string]any {
	day := linkit.Date{Year: 2024, Month: 1, Day: 15}
	at := func(h, m int) linkit.Time { return linkit.Time{Time: time.Date(2024, 1, 15, h, m, 0, 0, time.UTC)} }
	switch typ {
	case reflect.TypeFor[json.RawMessage]():
		return map[string]any{}
	case reflect.TypeFor[linkit.Time]():
		return map[string]any{
			`"2024-01-15T10:30:00"`:           at(10, 30),
			`"2024-01-15 10:30:00"`:           at(10, 30),
			`"2024-01-15T13:30:00+0300"`:      at(10, 30),
			`1705314600`:                      at(10, 30),
			`1705314600000`:                   at(10, 30),
			`"1705314600"`:                    at(10, 30),
			`1.7053146e9`:                     at(10, 30),
			`"2024-01-15"`:                    at(0, 0),
			`"2024/01/15 10:30"`:              at(10, 30),
			`"2024-01-15 10:30:00 +0000 UTC"`: at(10, 30),
			`"2024-01-15T10:30:00 +00:00"`: at(
				10,
				30,
			),
			`"0000-00-00 00:00:00"`:       nil,
			`"N/A"`:                       nil,
			`"2024-02-30T00:00:00Z"`:      nil,
			`"31/05/1990"`:                nil,
			`false`:                       nil,
			`true`:                        nil,
			`{"date":"2024-01-15"}`:       nil,
			`[]`:                          nil,
			`["2024-01-15"]`:              nil,
			`-5`:                          nil,
			`7`:                           nil,
			`"0000-01-01T00:00:00Z"`:      nil,
			`"2024-01-15T10:30:00+24:00"`: nil,
			`20240115103000`:              nil,
		}
	case reflect.TypeFor[linkit.Date]():
		return map[string]any{
			`"2024-01-15T10:30:00Z"`: day,
			`"2024-01-15 10:30:00"`:  day,
			`"2024/01/15"`:           day,
			`1705314600`:             day,
			`"1705314600000"`:        day,
			`"0000-00-00"`:           nil,
			`"31/05/1990"`:           nil,
			`"1990"`:                 nil,
			`1990`:                   nil,
			`false`:                  nil,
			`true`:                   nil,
			`{}`:                     nil,
			`[]`:                     nil,
			`"2023-02-29"`:           nil,
		}
	}
	switch typ.Kind() {
	case reflect.String:
		return map[string]any{
			`7`:          "7",
			`-1.50`:      "-1.50",
			`1e3`:        "1e3",
			`false`:      nil,
			`true`:       nil,
			`{}`:         nil,
			`{"en":"x"}`: nil,
			`[]`:         nil,
			`["x"]`:      nil,
		}
	case reflect.Bool:
		return map[string]any{
			`1`: true, `"true"`: true, `"1"`: true, `"True"`: true, `1.0`: true, `0`: false, `"0"`: false, `"FALSE"`: false,
			`2`: nil, `"yes"`: nil, `"N/A"`: nil, `"2026-04-01 10:00:00.000Z"`: nil, `{}`: nil, `[]`: nil, `[true]`: nil,
		}
	case reflect.Float64:
		return map[string]any{
			`"12.50"`: 12.5,
			`" 12 "`:  12.0,
			`"1e3"`:   1000.0,
			`"-0.5"`:  -0.5,
			`""`:      0.0,
			`false`:   nil,
			`true`:    nil,
			`"0x10"`:  nil,
			`"١٢"`:    nil,
			`"1,5"`:   nil,
			`"1_000"`: nil,
			`"+5"`:    nil,
			`".5"`:    nil,
			`"5."`:    nil,
			`"05"`:    nil,
			`"NaN"`:   nil,
			`"Inf"`:   nil,
			`1e999`:   nil,
			`"SAR 5"`: nil,
			`{}`:      nil,
			`[]`:      nil,
			`[5]`:     nil,
		}
	case reflect.Int, reflect.Int64, reflect.Pointer:
		exact := int64(9007199254740993) // more digits than a float64 has
		return map[string]any{
			`"250"`:                    250,
			`2.0`:                      2,
			`1e3`:                      1000,
			`" 12 "`:                   12,
			`"-3"`:                     -3,
			`2.5`:                      nil,
			`"2.5"`:                    nil,
			`0.9999999999999999999999`: nil,
			`9007199254740993.0`:       int(exact),
			`1e99`:                     nil,
			`9223372036854775808`:      nil,
			`false`:                    nil,
			`true`:                     nil,
			`"0x10"`:                   nil,
			`"١٢"`:                     nil,
			`"N/A"`:                    nil,
			`{}`:                       nil,
			`[]`:                       nil,
			`[5]`:                      nil,
		}
	case reflect.Struct:
		return map[string]any{`[]`: nil, `[{}]`: nil, `"x"`: nil, `7`: nil, `true`: nil, `false`: nil}
	case reflect.Slice:
		return map[string]any{`{}`: nil, `{"0":"x"}`: nil, `"x"`: nil, `7`: nil, `true`: nil, `false`: nil}
	}
	return map[string]any{}
}

// readsAs returns what a field must hold for a row of oddValues.
func readsAs(typ reflect.Type, want any) any {
	if want == nil {
		return reflect.Zero(typ).Interface()
	}
	if typ.Kind() == reflect.Pointer {
		p := reflect.New(typ.Elem())
		p.Elem().Set(reflect.ValueOf(want).Convert(typ.Elem()))
		return p.Interface()
	}
	return reflect.ValueOf(want).Convert(typ).Interface()
}

func TestOddValueOfAnyFieldOfAnyModelCostsNothingBesideIt(t *testing.T) {
	t.Parallel()
	for _, r := range readings() {
		record := fullRecord(t, r.model)
		for _, f := range fieldsOf(reflect.TypeOf(r.model), field{}) {
			t.Run(fmt.Sprintf("%T/%s", r.model, f), func(t *testing.T) {
				t.Parallel()
				odd := oddValues(f.typ)
				if slices.Contains(strings.Fields(r.keys), f.String()) && strings.Count(r.keys, " ") == 0 {
					odd = map[string]any{`7`: "7", `-1.50`: "-1.50"} // the one key
				}
				for value, want := range odd {
					r.check(t, f, record, value, want)
				}
			})
		}
	}
}

// holder lets values of any type be compared.
type holder struct{ V any }

// clear sets a field to zero, in a copy of the list that holds it.
func (f field) clear(model reflect.Value) {
	for i, index := range f.index {
		if model.Kind() == reflect.Slice {
			copied := reflect.MakeSlice(model.Type(), model.Len(), model.Len())
			reflect.Copy(copied, model)
			model.Set(copied)
			model = model.Index(0)
		}
		model = model.FieldByIndex(index)
		if i == len(f.index)-1 {
			model.SetZero()
		}
	}
}
