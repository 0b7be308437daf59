package linkit_test

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// rewritten is a model: a record that came, and what a change of one field through Params and
// Update sends.
type rewritten struct {
	name, came, sent string
	rewrite          func(ctx context.Context, c *linkit.Client) error
}

// rewrite reads a record, changes its params and writes them back.
func rewrite[T interface{ Params() P }, P any](
	ctx context.Context,
	get func(context.Context, string) (*T, error),
	change func(*P),
	update func(context.Context, string, P) (*T, error),
) error {
	record, err := get(ctx, "r1")
	if err != nil {
		return err
	}
	params := (*record).Params()
	change(&params)
	_, err = update(ctx, "r1", params)
	return err
}

// group reads a customer group, which has no Get, from its list.
func group(c *linkit.Client) func(context.Context, string) (*linkit.CustomerGroup, error) {
	return func(ctx context.Context, _ string) (*linkit.CustomerGroup, error) {
		page, err := c.CustomerGroups.List(ctx, nil)
		if err != nil {
			return nil, err
		}
		return &page.Data[0], nil
	}
}

var rewrites = []rewritten{
	{
		"product",
		`{"id":"r1","organization_id":"org_9f2","iv_id":"A","name_en":"Thing","barcode":"","vat_value":"n/a","average_price":0,"image_url":"https://img.example/a.png?a=1&b=<2>","tags":["new"],"Barcode":7,"is_deleted":false,"created":"2026-01-01T00:00:00Z","collectionId":"x","collectionName":"products","expand":{}}`,
		`{"iv_id":"A","name_en":"Thing 2","barcode":"","vat_value":"n/a","average_price":0,"image_url":"https://img.example/a.png?a=1&b=<2>","tags":["new"],"Barcode":7}`,
		func(ctx context.Context, c *linkit.Client) error {
			return rewrite(ctx, c.Products.Get, func(p *linkit.ProductParams) { p.NameEn = "Thing 2" }, c.Products.Update)
		},
	},
	{
		"sku",
		`{"id":"r1","iv_id":"RICE_2","product_iv_id":"RICE","branch_iv_id":"2","qty":2.5,"cost":null,"shelf":{"row":4}}`,
		`{"iv_id":"RICE_2","product_iv_id":"RICE","branch_iv_id":"2","qty":2.5,"cost":null,"shelf":{"row":4},"price":7}`,
		func(ctx context.Context, c *linkit.Client) error {
			return rewrite(ctx, c.SKUs.Get, func(p *linkit.SKUParams) { p.Price = linkit.Ptr(7.0) }, c.SKUs.Update)
		},
	},
	{
		"branch",
		`{"id":"r1","iv_id":"B","active":"maybe","location":{"lat":24.7,"lon":"east","floor":2},"working_hours_periods":[{"WeekDay":1,"OpenHour":"noon","CloseHour":"022","note":{"a":1}},{"WeekDay":"Friday"}],"manager":"Noura"}`,
		`{"iv_id":"B","name_en":"Olaya","active":"maybe","location":{"lat":24.7,"lon":"east","floor":2},"working_hours_periods":[{"WeekDay":1,"OpenHour":"noon","CloseHour":22,"note":{"a":1}},{"WeekDay":"Friday"}],"manager":"Noura"}`,
		func(ctx context.Context, c *linkit.Client) error {
			return rewrite(ctx, c.Branches.Get, func(p *linkit.BranchParams) { p.NameEn = "Olaya" }, c.Branches.Update)
		},
	},
	{
		"customer",
		`{"id":"r1","first_name":"Noura","birthdate":"31/05/1990","phone":966550001122,"email":null,"loyalty":{"points":12345678901234567890}}`,
		`{"first_name":"Noura","last_name":"Salem","birthdate":"31/05/1990","phone":"966550001122","email":null,"loyalty":{"points":12345678901234567890}}`,
		func(ctx context.Context, c *linkit.Client) error {
			return rewrite(ctx, c.Customers.Get, func(p *linkit.CustomerParams) { p.LastName = "Salem" }, c.Customers.Update)
		},
	},
	{
		"customer group", `{"id":"r1","name":"VIP","description":{"en":"best"},"color":"gold"}`,
		`{"name":"VIP 2","description":{"en":"best"},"color":"gold"}`,
		func(ctx context.Context, c *linkit.Client) error {
			return rewrite(ctx, group(c), func(p *linkit.CustomerGroupParams) { p.Name = "VIP 2" }, c.CustomerGroups.Update)
		},
	},
	{
		"offer",
		`{"id":"r1","name":"10%","offer_type":"direct_discount","is_active":false,"discount_value":"a tenth","buy_qty":0,"start_at":"31/05/2026","end_at":"","meta":{"a":1.50},"stacking":[1]}`,
		`{"name":"10%","offer_type":"direct_discount","status":"draft","is_active":false,"discount_value":"a tenth","buy_qty":0,"start_at":"31/05/2026","end_at":"","meta":{"a":1.50},"stacking":[1]}`,
		func(ctx context.Context, c *linkit.Client) error {
			return rewrite(ctx, c.Offers.Get, func(p *linkit.OfferParams) { p.Status = "draft" }, c.Offers.Update)
		},
	},
}

func TestAnUpdateThroughParamsChangesOneFieldAlone(t *testing.T) {
	t.Parallel()
	for _, row := range rewrites {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var body string
			client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
				switch {
				case r.Method == http.MethodPut:
					b, err := io.ReadAll(r.Body)
					body = string(b)
					return httpmock.NewStringResponse(http.StatusOK, row.came), err
				case strings.HasSuffix(r.URL.Path, "/customer-groups"):
					return httpmock.NewStringResponse(http.StatusOK, `{"data":[`+row.came+`]}`), nil
				}
				return httpmock.NewStringResponse(http.StatusOK, row.came), nil
			}), linkit.WithOrganization(testOrganization))
			require.NoError(t, row.rewrite(t.Context(), client))
			assert.JSONEq(t, row.sent, body)
			var sent map[string]json.RawMessage
			require.NoError(t, json.Unmarshal([]byte(body), &sent))
			var want map[string]json.RawMessage
			require.NoError(t, json.Unmarshal([]byte(row.sent), &want))
			for name, value := range want {
				assert.Equal(t, string(value), string(sent[name]), name)
			}
		})
	}
}

// bodyOf returns the body that a call sends.
func bodyOf(t *testing.T, call func(ctx context.Context, c *linkit.Client) error) string {
	t.Helper()
	w := newRecorder(t, http.StatusOK, `{"id":"r1","iv_id":"A"}`)
	require.NoError(t, call(t.Context(), w.client))
	require.Len(t, w.all(), 1)
	return w.all()[0].body
}

func TestExtraWinsOverAFieldAndAFieldOverWhatWasCarried(t *testing.T) {
	t.Parallel()
	came := linkit.Product{
		Raw:  json.RawMessage(`{"iv_id":"A","vat_value":"n/a","average_price":"free","barcode":false,"color":"red"}`),
		IvID: "A",
	}
	params := came.Params()
	params.AveragePrice = linkit.Ptr(0.0)
	params.NameEn = "Thing"
	params.Extra["vat_value"] = 15
	params.Extra["name_en"] = ""
	params.Extra["color"] = nil
	body := bodyOf(t, func(ctx context.Context, c *linkit.Client) error {
		_, err := c.Products.Update(ctx, "A", params)
		return err
	})
	assert.JSONEq(t, `{"iv_id":"A","vat_value":15,"average_price":0,"barcode":false,"name_en":"","color":null}`, body)
}

func TestTextThatIsNotUTF8AndNumbersThatJSONLacksAreInvalidWithTheFieldsName(t *testing.T) {
	t.Parallel()
	const broken = "\xc8\xe4\xc7\xcf\xe6\xe1"
	for name, row := range map[string]struct {
		call func(ctx context.Context, c *linkit.Client) error
		says []string
	}{
		"a field": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Products.Create(ctx, linkit.ProductParams{IvID: "A", NameAr: broken})
			return err
		}, []string{"NameAr", "name_ar", "UTF-8"}},
		"extra": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Products.Create(ctx, linkit.ProductParams{IvID: "A", Extra: map[string]any{"tags": []string{"a", broken}}})
			return err
		}, []string{"Extra.tags[1]", "UTF-8"}},
		"a number": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.SKUs.Update(ctx, "A", linkit.SKUParams{Price: linkit.Ptr(math.NaN())})
			return err
		}, []string{"Price", "NaN"}},
		"a nested number": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Branches.Update(ctx, "A", linkit.BranchParams{Location: &linkit.Location{Lat: math.Inf(-1)}})
			return err
		}, []string{"Location.Lat", "location.lat", "-Inf"}},
		"a name in a period": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Branches.Update(ctx, "A", linkit.BranchParams{WorkingHoursPeriods: []linkit.WorkingHoursPeriod{{}, {WeekDay: broken}}})
			return err
		}, []string{"working_hours_periods[1].WeekDay", "UTF-8"}},
		"raw JSON": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Branches.Update(ctx, "A", linkit.BranchParams{WorkingHours: json.RawMessage(`{"open":"` + broken + `"}`)})
			return err
		}, []string{"working_hours.open", "UTF-8"}},
		"a record that came so": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Products.Update(ctx, "A", linkit.Product{Raw: json.RawMessage(`{"barcode":"` + broken + `"}`), Barcode: "\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd"}.Params())
			return err
		}, []string{"barcode", "UTF-8"}},
		"a line item": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Orders.Bulk(ctx, []linkit.OrderParams{{}, {Products: []linkit.LineItem{{Name: broken}}}})
			return err
		}, []string{"[1]", "products[0].name", "UTF-8"}},
		"a payment": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Payments.CreateOrder(ctx, linkit.PaymentOrderParams{Order: linkit.PaymentOrderDetails{LineItems: []linkit.PaymentLineItem{{SKU: broken}}}})
			return err
		}, []string{"Order.LineItems[0].SKU", "UTF-8"}},
		"a body of Do": {func(ctx context.Context, c *linkit.Client) error {
			return c.Do(ctx, http.MethodPost, "/x", nil, map[string]any{"a": []string{broken}}, nil)
		}, []string{"a[0]", "UTF-8"}},
		"a raw body of Do": {func(ctx context.Context, c *linkit.Client) error {
			return c.Do(ctx, http.MethodPost, "/x", nil, json.RawMessage(`{"a":"`+broken+`"}`), nil)
		}, []string{"a is not valid UTF-8"}},
		"a body of Execute": {func(ctx context.Context, c *linkit.Client) error {
			return c.Integrations.Execute(ctx, "org_1", "salla", struct {
				Note string `json:"note"`
			}{broken}, nil)
		}, []string{"note", "UTF-8"}},
		"a path": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Products.Get(ctx, broken)
			return err
		}, []string{"iv_id", "UTF-8"}},
		"a query": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Products.List(ctx, &linkit.ProductListParams{Search: broken})
			return err
		}, []string{"search", "UTF-8"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			invalidBefore(t, row.call, row.says)
		})
	}
}
