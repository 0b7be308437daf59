package linkit_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestProductSampleDecodesFieldByField(t *testing.T) {
	t.Parallel()
	client := newClient(t, &replies{responses: []reply{{status: 200, body: sample(t, "product.json")}}})
	got, err := client.Products.Get(t.Context(), "ITEM-4410")
	require.NoError(t, err)
	assert.Equal(t, linkit.Product{
		ID:             "k7m2p9q4x1c8v5b",
		IvID:           "ITEM-4410",
		OrganizationID: "org_9f2",
		NameEn:         "Adol 500 mg",
		NameAr:         "أدول ٥٠٠ ملغ",
		AveragePrice:   7.25,
		VATValue:       15,
		Barcode:        "6291100350012",
		BrandID:        "brand_jlp",
		CategoryID:     "cat_otc",
		GenericID:      "gen_apap",
		IsEnabled:      true,
		Created:        linkit.Time{Time: time.Date(2026, 3, 2, 8, 15, 0, 0, time.UTC)},
		Updated:        linkit.Time{Time: time.Date(2026, 4, 11, 17, 40, 30, 0, time.UTC)},
	}, withoutRaw(*got))
	assert.JSONEq(t, sample(t, "product.json"), string(got.Raw))
}

func TestProductPageDecodesWithEveryFormOfDate(t *testing.T) {
	t.Parallel()
	client := newClient(t, &replies{responses: []reply{{status: 200, body: sample(t, "product-list.json")}}})
	page, err := client.Products.List(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, page.Data, 2)
	assert.True(t, page.Data[0].Created.Equal(page.Data[1].Created.Time), "PocketBase's form")
	assert.True(t, page.Data[1].Updated.IsZero())
	page.Data = nil
	assert.Equal(
		t,
		linkit.Page[linkit.Product]{Count: 2, TotalCount: 41, Page: 1, Limit: 2, HasNext: true, Meta: json.RawMessage("{}")},
		*page,
	)
}

func TestProductRequestsAreAsDocumented(t *testing.T) {
	t.Parallel()
	full := linkit.ProductParams{
		IvID:         "ITEM-1",
		NameEn:       "Adol",
		NameAr:       "أدول",
		AveragePrice: linkit.Ptr(7.1),
		VATValue:     linkit.Ptr(15.0),
		Barcode:      "629",
		BrandID:      "b",
		CategoryID:   "c",
		GenericID:    "g",
		IsEnabled:    linkit.Ptr(true),
	}
	const fullBody = `{"iv_id":"ITEM-1","name_en":"Adol","name_ar":"أدول","average_price":7.1,"vat_value":15,"barcode":"629","brand_id":"b","category_id":"c","generic_id":"g","is_enabled":true}`
	for name, row := range map[string]struct {
		call         func(c *linkit.Client) error
		method, path string
		query        url.Values
		body         string
	}{
		"list": {
			func(c *linkit.Client) error {
				_, err := c.Products.List(t.Context(), &linkit.ProductListParams{
					ListParams: linkit.ListParams{Page: 2, Limit: 50, Sort: "-created"}, Search: "a&b", BrandID: "b", CategoryID: "c", IsEnabled: linkit.Ptr(false),
				})
				return err
			}, "GET", "/products",
			url.Values{"page": {"2"}, "limit": {"50"}, "sort": {"-created"}, "search": {"a&b"}, "brand_id": {"b"}, "category_id": {"c"}, "is_enabled": {"false"}}, "",
		},
		"plain list": {func(c *linkit.Client) error { _, err := c.Products.List(t.Context(), nil); return err }, "GET", "/products", url.Values{}, ""},
		"get":        {func(c *linkit.Client) error { _, err := c.Products.Get(t.Context(), "a b"); return err }, "GET", "/products/a%20b", url.Values{}, ""},
		"create":     {func(c *linkit.Client) error { _, err := c.Products.Create(t.Context(), full); return err }, "POST", "/products", url.Values{}, fullBody},
		"zeros are sendable": {
			func(c *linkit.Client) error {
				_, err := c.Products.Create(t.Context(), linkit.ProductParams{IvID: "x", AveragePrice: linkit.Ptr(0.0), IsEnabled: linkit.Ptr(false)})
				return err
			}, "POST", "/products", url.Values{}, `{"iv_id":"x","average_price":0,"is_enabled":false}`,
		},
		"update": {func(c *linkit.Client) error { _, err := c.Products.Update(t.Context(), "ITEM-1", full); return err }, "PUT", "/products/ITEM-1", url.Values{}, fullBody},
		"delete": {func(c *linkit.Client) error { return c.Products.Delete(t.Context(), "ITEM-1") }, "DELETE", "/products/ITEM-1", url.Values{}, ""},
		"bulk": {
			func(c *linkit.Client) error {
				_, err := c.Products.Bulk(t.Context(), linkit.BulkCreate, []linkit.ProductParams{{IvID: "x"}, full})
				return err
			}, "POST", "/products/bulk", url.Values{}, `{"mode":"create","products":[{"iv_id":"x"},` + fullBody + `]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := map[string]string{"list": `{"data":[]}`, "plain list": `{"data":[]}`}[name]
			if body == "" {
				body = product1
			}
			rs := &replies{responses: []reply{{status: http.StatusOK, body: body}}}
			require.NoError(t, row.call(newClient(t, rs)))
			require.Len(t, rs.requests, 1)
			r := rs.requests[0]
			assert.Equal(t, row.method, r.Method)
			assert.Equal(t, "/api/v1"+row.path, r.URL.EscapedPath())
			assert.Equal(t, row.query, r.URL.Query())
			if row.body == "" {
				assert.Empty(t, rs.bodies[0])
			} else {
				assert.JSONEq(t, row.body, rs.bodies[0])
			}
		})
	}
}

func TestProductParamsHoldEverythingThatCanBeWritten(t *testing.T) {
	t.Parallel()
	var p linkit.Product
	require.NoError(t, json.Unmarshal([]byte(sample(t, "product.json")), &p))
	written, err := json.Marshal(p.Params())
	require.NoError(t, err)
	var got, want map[string]any
	require.NoError(t, json.Unmarshal(written, &got))
	require.NoError(t, json.Unmarshal([]byte(sample(t, "product.json")), &want))
	for _, servers := range []string{"id", "organization_id", "created", "updated", "is_deleted"} {
		delete(want, servers)
	}
	assert.Equal(t, want, got)

	params := p.Params()
	*params.AveragePrice = 1
	assert.InDelta(t, 7.25, p.AveragePrice, 0, "the params are a copy")
}

func TestMoneyRoundTripsExactly(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"0.1", "7.25", "1234567.89", "0.30000000000000004", "99999999.99"} {
		var p linkit.Product
		require.NoError(t, json.Unmarshal([]byte(`{"average_price":`+text+`}`), &p))
		b, err := json.Marshal(linkit.ProductParams{AveragePrice: &p.AveragePrice})
		require.NoError(t, err)
		assert.Equal(t, `{"average_price":`+text+`}`, string(b))
	}
}
