package linkit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// reading is a way to read a model. Its calls return a pointer to one, or a slice of three.
type reading struct {
	model any
	keys  string // names of the keys, of which one must be readable
	one   func(ctx context.Context, c *linkit.Client) (any, error)
	wrap  string // of a response to one; "": none
	list  func(ctx context.Context, c *linkit.Client) (any, error)
	frame string // of a list: {"data":%s}
}

const dataFrame = `{"data":%s,"has_next":false}`

// readings are all of the models that responses hold.
func readings() []reading {
	type ctx = context.Context
	type client = *linkit.Client
	return []reading{
		{model: linkit.Product{}, keys: "id iv_id", frame: dataFrame,
			one:  func(ctx ctx, c client) (any, error) { return c.Products.Get(ctx, "x") },
			list: func(ctx ctx, c client) (any, error) { return data(c.Products.List(ctx, nil)) }},
		{model: linkit.SKU{}, keys: "id iv_id", frame: `{"items":%s,"has_next":false}`,
			one:  func(ctx ctx, c client) (any, error) { return c.SKUs.Get(ctx, "x") },
			list: func(ctx ctx, c client) (any, error) { return data(c.SKUs.List(ctx, nil)) }},
		{model: linkit.Branch{}, keys: "id iv_id", frame: dataFrame,
			one:  func(ctx ctx, c client) (any, error) { return c.Branches.Get(ctx, "x") },
			list: func(ctx ctx, c client) (any, error) { return data(c.Branches.List(ctx, nil)) }},
		{model: linkit.Brand{}, keys: "id brand_code", frame: dataFrame,
			one:  func(ctx ctx, c client) (any, error) { return c.Brands.Get(ctx, "x") },
			list: func(ctx ctx, c client) (any, error) { return data(c.Brands.List(ctx, nil)) }},
		{model: linkit.Category{}, keys: "id category_code", frame: dataFrame,
			one:  func(ctx ctx, c client) (any, error) { return c.Categories.Get(ctx, "x") },
			list: func(ctx ctx, c client) (any, error) { return data(c.Categories.List(ctx, nil)) }},
		{model: linkit.Generic{}, keys: "id generic_code", frame: dataFrame,
			one:  func(ctx ctx, c client) (any, error) { return c.Generics.Get(ctx, "x") },
			list: func(ctx ctx, c client) (any, error) { return data(c.Generics.List(ctx, nil)) }},
		{model: linkit.Customer{}, keys: "id", frame: dataFrame,
			one:  func(ctx ctx, c client) (any, error) { return c.Customers.Get(ctx, "x") },
			list: func(ctx ctx, c client) (any, error) { return data(c.Customers.List(ctx, nil)) }},
		{model: linkit.CustomerGroup{}, keys: "id", frame: dataFrame,
			one: func(ctx ctx, c client) (any, error) {
				return c.CustomerGroups.Update(ctx, "x", linkit.CustomerGroupParams{Name: "x"})
			},
			list: func(ctx ctx, c client) (any, error) { return data(c.CustomerGroups.List(ctx, nil)) }},
		{model: linkit.Order{}, keys: "id", frame: dataFrame,
			one:  func(ctx ctx, c client) (any, error) { return c.Orders.Get(ctx, "x") },
			list: func(ctx ctx, c client) (any, error) { return data(c.Orders.List(ctx, nil)) }},
		{model: linkit.Offer{}, keys: "id", frame: dataFrame,
			one:  func(ctx ctx, c client) (any, error) { return c.Offers.Get(ctx, "x") },
			list: func(ctx ctx, c client) (any, error) { return data(c.Offers.List(ctx, nil)) }},
		{model: linkit.Integration{}, keys: "slug", frame: `%s`,
			list: func(ctx ctx, c client) (any, error) { return c.Integrations.List(ctx) }},
		{model: linkit.IntegrationConfig{}, keys: "slug",
			one: func(ctx ctx, c client) (any, error) { return c.Integrations.Config(ctx, "x", "x") }},
		{model: linkit.Provider{}, keys: "id", frame: `{"providers":%s,"total":3}`,
			list: func(ctx ctx, c client) (any, error) { return c.Providers.List(ctx) }},
		{model: linkit.ProviderConfig{}, one: func(ctx ctx, c client) (any, error) { return c.Providers.Config(ctx, "x") }},
		{model: linkit.PaymentOrder{}, keys: "order_id",
			one: func(ctx ctx, c client) (any, error) {
				return c.Payments.CreateOrder(ctx, linkit.PaymentOrderParams{})
			}},
		{model: linkit.PaymentStatus{}, one: func(ctx ctx, c client) (any, error) { return c.Payments.Status(ctx) }},
		{model: linkit.CredentialStatus{}, one: func(ctx ctx, c client) (any, error) { return c.Auth.Check(ctx) }},
		{model: linkit.User{}, wrap: `{"token":"t0ken-1","user":%s}`,
			one: func(ctx ctx, c client) (any, error) {
				s, err := c.Auth.Login(ctx, "user@example.com", "password")
				if err != nil {
					return nil, err
				}
				return &s.User, nil
			}},
		{model: linkit.Ping{}, one: func(ctx ctx, c client) (any, error) { return c.System.Ping(ctx) }},
		{model: linkit.Health{}, one: func(ctx ctx, c client) (any, error) { return c.System.Health(ctx) }},
		{model: linkit.SystemHealth{}, one: func(ctx ctx, c client) (any, error) { return c.System.SystemHealth(ctx) }},
		{model: linkit.Telemetry{}, one: func(ctx ctx, c client) (any, error) { return c.System.Telemetry(ctx) }},
	}
}

func data[T any](page *linkit.Page[T], err error) ([]T, error) {
	if err != nil {
		return nil, err
	}
	return page.Data, nil
}

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

// check reads records of which one has an odd value, alone and in a list.
func (r reading) check(t *testing.T, f field, record []byte, value string, want any) {
	t.Helper()
	odd := f.set(t, record, value)
	plain := reflect.New(reflect.TypeOf(r.model))
	require.NoError(t, json.Unmarshal(record, plain.Interface()))
	inspect := func(read reflect.Value, log string) {
		got := reflect.New(read.Type()).Elem()
		got.Set(read)
		assert.EqualExportedValues(
			t,
			holder{readsAs(f.typ, want)},
			holder{withoutRaw(f.of(got).Interface())},
			"%s: %s",
			f,
			value,
		)
		if raw := got.FieldByName("Raw"); raw.IsValid() {
			assert.Equal(t, odd, string(raw.Bytes()), "%s: %s", f, value)
		}
		if want == nil {
			assert.Equal(t, 1, strings.Count(log, "WARN"), "%s: %s: %s", f, value, log)
			assert.Contains(t, log, "field="+f.String())
		} else {
			assert.Empty(t, log, "%s: %s", f, value)
		}
		before := reflect.New(read.Type()).Elem()
		before.Set(plain.Elem())
		f.clear(before)
		f.clear(got)
		assert.Equal(t, withoutRaw(before.Interface()), withoutRaw(got.Interface()), "%s: %s", f, value)
	}
	if r.one != nil {
		read, log, err := r.read(t, r.one, frame(r.wrap, odd))
		require.NoError(t, err, "%s: %s", f, value)
		if r.wrap != "" {
			log = ""
			if want == nil {
				log = "WARN field=" + f.String() // a sign-in is no call of the client's: it logs nothing
			}
		}
		inspect(reflect.ValueOf(read).Elem(), log)
	}
	if r.list != nil {
		read, log, err := r.read(t, r.list, fmt.Sprintf(r.frame, "["+string(record)+","+odd+","+string(record)+"]"))
		require.NoError(t, err, "%s: %s", f, value)
		list := reflect.ValueOf(read)
		require.Equal(t, 3, list.Len())
		inspect(list.Index(1), log)
		assert.Equal(t, withoutRaw(plain.Elem().Interface()), withoutRaw(list.Index(0).Interface()))
		assert.Equal(t, withoutRaw(plain.Elem().Interface()), withoutRaw(list.Index(2).Interface()))
	}
}

// holder lets values of any type be compared.
type holder struct{ V any }

func frame(form, text string) string {
	if form == "" {
		return text
	}
	return fmt.Sprintf(form, text)
}

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

// read makes a call that gets this body, and returns its log, too.
func (r reading) read(
	t *testing.T,
	call func(context.Context, *linkit.Client) (any, error),
	body string,
) (any, string, error) {
	t.Helper()
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	client := newClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: http.StatusOK,
			Header:     http.Header{},
			Body:       io.NopCloser(strings.NewReader(body)),
			Request:    req,
		}, nil
	}), linkit.WithLogger(logger))
	read, err := call(t.Context(), client)
	return read, log.String(), err
}

func modelName(r reading) string { return reflect.TypeOf(r.model).Name() }
