package linkit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// writable reads the record that a server has, and returns its params.
type writable struct {
	name string
	read func(ctx context.Context, c *linkit.Client) (json.Marshaler, error)
}

func writableOf[T interface{ Params() P }, P json.Marshaler](
	name string, get func(*linkit.Client) func(context.Context, string) (*T, error),
) writable {
	return writable{name, func(ctx context.Context, c *linkit.Client) (json.Marshaler, error) {
		record, err := get(c)(ctx, "x")
		if err != nil {
			return nil, err
		}
		return (*record).Params(), nil
	}}
}

var writables = []writable{
	writableOf("product", func(c *linkit.Client) func(context.Context, string) (*linkit.Product, error) { return c.Products.Get }),
	writableOf("SKU", func(c *linkit.Client) func(context.Context, string) (*linkit.SKU, error) { return c.SKUs.Get }),
	writableOf("branch", func(c *linkit.Client) func(context.Context, string) (*linkit.Branch, error) { return c.Branches.Get }),
	writableOf("customer", func(c *linkit.Client) func(context.Context, string) (*linkit.Customer, error) { return c.Customers.Get }),
	writableOf("customer group", group),
	writableOf("offer", func(c *linkit.Client) func(context.Context, string) (*linkit.Offer, error) { return c.Offers.Get }),
}

// params reads the record that a server has.
func (w writable) params(t *testing.T, record []byte) (json.Marshaler, error) {
	t.Helper()
	client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/customer-groups") {
			return httpmock.NewStringResponse(http.StatusOK, `{"data":[`+string(record)+`]}`), nil
		}
		return httpmock.NewStringResponse(http.StatusOK, string(record)), nil
	}), linkit.WithRetries(0))
	return w.read(t.Context(), client)
}

// serverMembers are those that only the server writes.
var serverMembers = map[string]bool{
	"id": true, "organization_id": true, "created": true, "updated": true, "is_deleted": true, "product_count": true, "depth": true,
	"path": true, "common_brands": true, "last_sync": true, "collectionId": true, "collectionName": true, "expand": true,
}

// FuzzParams gives a record of each model, and holds its Params to all that came and nothing else.
func FuzzParams(f *testing.F) {
	for i, row := range rewrites {
		f.Add(uint8(i), []byte(row.came))
		f.Add(uint8(i), []byte(strings.ReplaceAll(row.came, `":"`, `":7,"odd":"`)))
	}
	for i := range writables {
		for _, record := range []string{
			`{"id":"r1","iv_id":"A","qty":"07","price":1e400,"price":2,"Price":null,"available":"yes"}`, `{"id":"r1","iv_id":"A","meta":{"meta":[1.0,{"a":[]}]}}`,
			`{"id":"r1","iv_id":"\ud800","name_en":"\u0000","tags":[null],"location":[]}`, `{"id":"r1","iv_id":7,"name":{},"is_active":1,"phone":1.5e300}`,
		} {
			f.Add(uint8(i), []byte(record))
		}
	}
	f.Fuzz(func(t *testing.T, model uint8, record []byte) {
		w := writables[int(model)%len(writables)]
		var came map[string]json.RawMessage
		if json.Unmarshal(record, &came) != nil || came["success"] != nil || came["data"] != nil || !utf8.Valid(record) {
			t.Skip("not one record, bare, in UTF-8")
		}
		params, err := w.params(t, record)
		if err != nil {
			checkFuzzed(t, err)
			t.Skip("no record")
		}
		written, err := params.MarshalJSON()
		if err != nil { // half a character
			require.ErrorIs(t, err, linkit.ErrInvalid)
			return
		}
		var sent map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(written, &sent))
		for name := range came {
			require.Equal(t, !serverMembers[name], sent[name] != nil, "%s: %q: %s", w.name, name, written)
		}
		for name := range sent {
			require.NotNil(t, came[name], "%s: %q was not there: %s", w.name, name, written)
		}
		requireStable(t, w, sent, written)
	})
}

// requireStable checks that a server which takes what was sent, and returns it, is sent the same.
func requireStable(t *testing.T, w writable, sent map[string]json.RawMessage, written []byte) {
	t.Helper()
	sent["id"] = json.RawMessage(`"r1"`)
	record, err := json.Marshal(sent)
	require.NoError(t, err)
	params, err := w.params(t, record)
	require.NoError(t, err)
	again, err := params.MarshalJSON()
	require.NoError(t, err)
	require.Equal(t, exactly(t, written), exactly(t, again))
}

// exactly decodes JSON with its numbers as they are written.
func exactly(t *testing.T, text []byte) (value any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&value))
	return value
}
