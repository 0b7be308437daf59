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
	"strings"
	"testing"

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

func frame(form, text string) string {
	if form == "" {
		return text
	}
	return fmt.Sprintf(form, text)
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
