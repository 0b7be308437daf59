package linkit

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// set gives every field of v that can have one a value that isn't zero.
func set(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Float64:
		v.SetFloat(7.5)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		set(v.Elem())
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[json.RawMessage]() {
			v.Set(reflect.ValueOf(json.RawMessage(`{"a":1}`)))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		set(v.Index(0))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		value := reflect.New(v.Type().Elem()).Elem()
		set(value)
		v.SetMapIndex(reflect.ValueOf("x").Convert(v.Type().Key()), value)
	case reflect.Struct:
		switch v.Addr().Interface().(type) {
		case *Date:
			v.Set(reflect.ValueOf(Date{2026, 11, 25}))
			return
		case *Time:
			v.Set(reflect.ValueOf(Time{time.Unix(1e9, 0)}))
			return
		}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Name != "Raw" && !f.Anonymous {
				set(v.Field(i))
			}
		}
	}
}

func TestParamsOfARecordMadeByHandHaveAllOfIt(t *testing.T) {
	t.Parallel()
	for _, model := range []any{
		new(Branch), new(Customer), new(CustomerGroup), new(Offer), new(Product), new(SKU),
	} {
		record := reflect.ValueOf(model).Elem()
		set(record)
		params := record.MethodByName("Params").Call(nil)[0]
		compared := 0
		for i := range params.NumField() {
			field := params.Type().Field(i)
			if _, has := record.Type().FieldByName(field.Name); !has || !field.IsExported() {
				continue
			}
			compared++
			assert.False(t, params.Field(i).IsZero(), "%s.%s", params.Type(), field.Name)
		}
		assert.Greater(t, compared, 1, params.Type())
	}
}

// transportFunc is a transport in one function.
type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestEveryServicesBulkAllSendsItsRecordsAndReportsAFailure(t *testing.T) {
	t.Parallel()
	status, lines := http.StatusOK, []string{}
	client, err := NewClient(
		WithAPIKey("k3y-Zp0aQ9w8e7r6t5y4"), WithOrganization("org_9f2"), WithRetries(0),
		WithHTTPClient(&http.Client{Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
			lines = append(lines, r.Method+" "+r.URL.Path)
			return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(`{"success":true}`)), ContentLength: -1}, nil
		})}))
	require.NoError(t, err)
	defer func() { assert.NoError(t, client.Close()) }()
	broken := errors.New("the file ends early")
	for path, bulkAll := range map[string]func(context.Context, error) error{
		"branches": func(ctx context.Context, last error) error {
			return client.Branches.BulkAll(ctx, BulkUpsert, oneAnd(BranchParams{IvID: "x", NameEn: "x"}, last), nil)
		},
		"brands": func(ctx context.Context, last error) error {
			return client.Brands.BulkAll(ctx, BulkUpsert, oneAnd(BrandParams{BrandCode: "x", NameEn: "x"}, last), nil)
		},
		"generics": func(ctx context.Context, last error) error {
			return client.Generics.BulkAll(ctx, BulkUpsert, oneAnd(GenericParams{GenericCode: "x", NameEn: "x"}, last), nil)
		},
		"offers": func(ctx context.Context, last error) error {
			return client.Offers.BulkAll(ctx, oneAnd(OfferParams{Name: "x"}, last), nil)
		},
		"orders": func(ctx context.Context, last error) error {
			return client.Orders.BulkAll(ctx, oneAnd(OrderParams{}, last), nil)
		},
		"products": func(ctx context.Context, last error) error {
			return client.Products.BulkAll(ctx, BulkUpsert, oneAnd(ProductParams{IvID: "x"}, last), nil)
		},
		"skus": func(ctx context.Context, last error) error {
			return client.SKUs.BulkAll(ctx, BulkUpsert, oneAnd(SKUParams{IvID: "x", ProductIvID: "x", BranchIvID: "x"}, last), nil)
		},
	} {
		lines = nil
		status = http.StatusOK
		require.NoError(t, bulkAll(t.Context(), nil), path)
		require.Len(t, lines, 1, path)
		assert.True(t, strings.HasPrefix(lines[0], "POST /api/v1/"+path), lines[0])
		require.ErrorIs(t, bulkAll(t.Context(), broken), broken, path)
		status = http.StatusConflict
		require.ErrorIs(t, bulkAll(t.Context(), nil), ErrConflict, path)
	}
}

// oneAnd yields a record, and the error after it if there is one.
func oneAnd[T any](record T, last error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if yield(record, nil) && last != nil {
			var none T
			yield(none, last)
		}
	}
}

// What a field can't say is left out, or said as it is written: never as a text of another kind.
func TestWhatIsEmptiedInARecordIsSentAsEmptied(t *testing.T) {
	t.Parallel()
	var branch Branch
	_, err := readModel([]byte(`{"iv_id":"BR-07","name_en":"Olaya","name_ar":"x","address":"y","active":true,
		"working_hours_periods":[{"day":"sat","open":"09:00","close":"22:00"}],"color":"red","color":"blue"}`), &branch)
	require.NoError(t, err)
	branch.NameAr, branch.WorkingHoursPeriods, branch.Active = "", nil, false
	text, err := json.Marshal(branch.Params())
	require.NoError(t, err)
	var sent map[string]any
	require.NoError(t, json.Unmarshal(text, &sent))
	assert.Equal(t, "", sent["name_ar"])
	assert.Equal(t, "Olaya", sent["name_en"])
	assert.Equal(t, false, sent["active"])
	assert.NotContains(t, sent, "working_hours_periods")
	assert.Equal(t, "blue", sent["color"], "of two, the last counts")
	assert.Equal(t, 1, strings.Count(string(text), `"color"`))
}

func TestWhatIsNoJSONTextIsInvalidWhereverItIsMade(t *testing.T) {
	t.Parallel()
	_, err := json.Marshal(ProductParams{IvID: "\xff"})
	require.ErrorIs(t, err, ErrInvalid)
	client, err := NewClient(WithAPIKey("k3y-Zp0aQ9w8e7r6t5y4"))
	require.NoError(t, err)
	for name, value := range map[string]string{"\xff": "1", "search": "\xff"} {
		err = client.Do(t.Context(), "GET", "/products", url.Values{name: {value}}, nil, nil)
		require.ErrorIs(t, err, ErrInvalid)
	}
	require.EqualError(t, new(Time).Scan(5), "linkit: Time.Scan: a int can't be read")
	require.EqualError(t, new(Date).Scan(5), "linkit: Date.Scan: a int can't be read")
}
