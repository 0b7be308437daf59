package linkit_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// served returns a client whose every response is this body.
func served(t *testing.T, body string) *linkit.Client {
	t.Helper()
	return newClient(t, canned{body: body})
}

func TestQuantityIsNeverRounded(t *testing.T) {
	t.Parallel()
	c := served(
		t,
		`{"data":[{"id":"s1","iv_id":"RICE_1","qty":4},{"id":"s2","iv_id":"RICE_2","qty":2.5},{"id":"s3","iv_id":"RICE_3","qty":6}],"has_next":false}`,
	)
	skus, err := linkit.Collect(c.SKUs.All(t.Context(), nil))
	require.NoError(t, err)
	require.Len(t, skus, 3)
	assert.Equal(t, linkit.Ptr(4), skus[0].Qty)
	assert.Nil(t, skus[1].Qty)
	assert.Equal(t, linkit.Ptr(6), skus[2].Qty)
	assert.Contains(t, string(skus[1].Raw), `"qty":2.5`)
}

func TestNumbersAndBlanksInTextsAreRead(t *testing.T) {
	t.Parallel()
	page, err := served(t, `{"data":[{"id":"r1","average_price":"12.50","vat_value":"15"},{"id":"r2","average_price":""},`+
		`{"id":"r3","barcode":false,"brand_id":false,"created":false,"average_price":false}],"has_next":false}`).Products.List(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, page.Data, 3)
	assert.InDelta(t, 12.5, page.Data[0].AveragePrice, 0)
	assert.InDelta(t, 15, page.Data[0].VATValue, 0)
	assert.Zero(t, page.Data[1].AveragePrice)
	assert.Equal(t, linkit.Product{ID: "r3"}, withoutRaw(page.Data[2]))
	categories, err := served(t, `{"data":[{"id":"c1","parent_id":false}]}`).Categories.List(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, categories.Data[0].ParentID)
	branches, err := served(
		t,
		`{"data":[{"id":"b1","location":[]},{"id":"b2","location":""}]}`,
	).Branches.List(
		t.Context(),
		nil,
	)
	require.NoError(t, err)
	require.Len(t, branches.Data, 2)
	assert.Zero(t, branches.Data[0].Location)
	assert.Zero(t, branches.Data[1].Location)
}

func TestBirthdateThatCannotBeReadCostsNoCustomer(t *testing.T) {
	t.Parallel()
	for _, odd := range []string{`"0000-00-00"`, `"31/05/1990"`, `"1990"`, `false`} {
		customers, err := linkit.Collect(
			served(
				t,
				`{"data":[{"id":"c1"},{"id":"c2","birthdate":`+odd+`},{"id":"c3","birthdate":"1990-05-31"}],"has_next":false}`,
			).
				Customers.All(
				t.Context(),
				nil,
			),
		)
		require.NoError(t, err)
		require.Len(t, customers, 3)
		assert.Zero(t, customers[1].Birthdate)
		assert.Equal(t, linkit.Date{Year: 1990, Month: time.May, Day: 31}, customers[2].Birthdate)
	}
}

func TestFieldsKnownByNameOnlyMayHoldAnything(t *testing.T) {
	t.Parallel()
	for _, frozen := range []string{`"2026-04-01 10:00:00.000Z"`, `{}`} {
		apps, err := served(t, `[{"slug":"salla"},{"slug":"zid","billing_frozen":`+frozen+`}]`).Integrations.List(t.Context())
		require.NoError(t, err)
		require.Len(t, apps, 2)
		assert.Equal(t, "zid", apps[1].Slug)
		assert.Contains(t, string(apps[1].Raw), frozen)
	}
	status, err := served(t, `{"service_operational":true,"billing_mode":{"name":"prepaid"}}`).Payments.Status(t.Context())
	require.NoError(t, err)
	assert.True(t, status.ServiceOperational)
	assert.Contains(t, string(status.Raw), "prepaid")
	for _, body := range []string{`{"note":["a"]}`, `{"endpoints":["/a"]}`, `{"endpoints":{"list_providers":{"path":"/a"}}}`} {
		config, err := served(t, body).Providers.Config(t.Context(), "paypal")
		require.NoError(t, err)
		assert.JSONEq(t, body, string(config.Raw))
	}
}

func TestNameThatDiffersInCaseIsAnotherName(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"id":"r1","iv_id":"A","IV_ID":"LEGACY-9"}`,
		`{"id":"r1","iv_id":"A","barcode":"0062","Barcode":{"format":"EAN-13"},"ID":7}`,
		`{"id":"r1","iv_id":"A","Iv_Id":[],"Id":null,"Created":"x","AVERAGE_PRICE":"x"}`,
		`{"success":true,"Success":false,"data":{"id":"r1","iv_id":"A"},"Data":{"id":"r2"}}`,
	} {
		product, err := served(t, body).Products.Get(t.Context(), "A")
		require.NoError(t, err, body)
		assert.Equal(t, "r1", product.ID)
		assert.Equal(t, "A", product.IvID)
	}
	page, err := served(
		t,
		`{"data":[{"id":"r1","iv_id":"A","barcode":"1"}],"has_next":false,"Data":[{"id":"r2"}],"Page":{"size":1}}`,
	).Products.List(
		t.Context(),
		nil,
	)
	require.NoError(t, err)
	require.Len(t, page.Data, 1)
	assert.Equal(t, "r1", page.Data[0].ID)
	branch, err := served(
		t,
		`{"id":"b1","iv_id":"B","location":{"lat":1,"LAT":{"x":2},"Lon":"y"}}`,
	).Branches.Get(
		t.Context(),
		"B",
	)
	require.NoError(t, err)
	assert.Equal(t, linkit.Location{Lat: 1}, branch.Location)
}

func TestWrappersOwnIdIsNeverTheRecords(t *testing.T) {
	t.Parallel()
	const thing = `{"id":"r1","iv_id":"A","name_en":"Thing"}`
	for _, body := range []string{
		`{"success":true,"message":"Created","id":"req_9","data":` + thing + `}`,
		`{"id":"req_9","data":` + thing + `}`,
		`{"data":` + thing + `,"message":"Created","id":"req_9"}`,
		`{"id":"req_9","organization_id":"org_1","created":"2026-01-01T00:00:00Z","message":"Created","data":` + thing + `}`,
		`{"id":"req_9","success":"true","data":` + thing + `,"error":null}`,
		`{"id":7,"success":1,"data":` + thing + `}`,
		"\ufeff" + ` {"id":"req_9","status":"ok","code":201,"data":` + thing + `}`,
	} {
		product, err := served(t, body).Products.Create(t.Context(), linkit.ProductParams{IvID: "A"})
		require.NoError(t, err, body)
		assert.Equal(t, linkit.Product{ID: "r1", IvID: "A", NameEn: "Thing"}, withoutRaw(*product), body)
	}
	for _, body := range []string{
		`{"success":true,"message":"Created","id":"req_9"}`, `{"success":true,"id":"req_9","data":null}`, `{"success":true,"id":"req_9","data":[]}`,
		`{"id":"req_9","message":"Created","data":[` + thing + `]}`, `{"id":"req_9","data":"r1","message":"Created"}`, `{"id":"req_9","data":{},"success":true}`,
		`{"message":"Created","id":"req_9"}`, `{"id":"req_9","message":"Created","data":null}`,
	} {
		_, err := served(t, body).Products.Create(t.Context(), linkit.ProductParams{IvID: "A"})
		var useless *linkit.TransportError
		require.ErrorAs(t, err, &useless, body)
		assert.ErrorContains(t, err, "the write was accepted")
	}
	// A record may have names of a wrapper's itself.
	for _, body := range []string{
		`{"id":"r1","iv_id":"A","data":{"id":"x","iv_id":"B"}}`, `{"id":"r1","iv_id":"A","message":"m","errors":[1],"error":"e","details":{}}`,
		`{"id":"r1","iv_id":"A","code":450,"details":"d","status":500}`,
	} {
		product, err := served(t, body).Products.Get(t.Context(), "A")
		require.NoError(t, err, body)
		assert.Equal(t, "A", product.IvID, body)
	}
	group, err := served(
		t,
		`{"id":"g1","name":"VIP","data":{"id":"zzz"}}`,
	).CustomerGroups.Update(
		t.Context(),
		"g1",
		linkit.CustomerGroupParams{Name: "VIP"},
	)
	require.NoError(t, err)
	assert.Equal(t, "g1", group.ID)
}

func TestWhatIsNoRecordIsNamedByNumberKeyAndPage(t *testing.T) {
	t.Parallel()
	page := func(odd string) string {
		records := make([]string, 100)
		for i := range records {
			records[i] = fmt.Sprintf(`{"id":"r%d","iv_id":"ITEM-%d"}`, i+1, i+1)
		}
		records[57] = odd
		return `{"data":[` + strings.Join(records, ",") + `],"page":3,"has_next":false}`
	}
	list, err := served(t, page(`{"id":"r58","iv_id":"ITEM-58","name_ar":{"ar":"x"}}`)).Products.List(t.Context(), nil)
	require.NoError(t, err)
	assert.Len(t, list.Data, 100)
	for odd, key := range map[string]string{
		`null`: "", `7`: "", `"ITEM-58"`: "", `[]`: "", `true`: "", `{}`: "", `[{"id":"r58"}]`: "", `{"name_en":"x"}`: "", `{"id":null,"iv_id":""}`: "",
		`{"id":["r58"],"slug":"s-58"}`: "slug s-58", `{"Id":"r58","order_id":58}`: "order_id 58", `{"id":{},"generic_code":"g"}`: "generic_code g",
	} {
		_, err := served(t, page(odd)).Products.List(t.Context(), nil)
		var useless *linkit.TransportError
		require.ErrorAs(t, err, &useless, odd)
		assert.True(t, useless.Sent)
		require.ErrorContains(t, err, "record 58", odd)
		require.ErrorContains(t, err, "of page 3", odd)
		if key != "" {
			name, value, _ := strings.Cut(key, " ")
			require.ErrorContains(t, err, fmt.Sprintf("(%s %q)", name, value))
		}
		assertOneLine(t, err)
	}
	_, err = served(t, page(`{"id":"r58",`)).Products.List(t.Context(), nil)
	require.ErrorContains(t, err, "record 58 of page 1")
}

func TestFieldThatCannotBeReadIsLoggedOncePerRoute(t *testing.T) {
	t.Parallel()
	r := reading{}
	_, log, err := r.read(t, func(ctx context.Context, c *linkit.Client) (any, error) {
		for range 3 {
			if _, err := c.Products.List(ctx, nil); err != nil {
				return nil, err
			}
			if _, err := c.ForOrganization("org_1").Products.List(ctx, nil); err != nil {
				return nil, err
			}
		}
		_, _ = c.SKUs.List(ctx, nil)
		return nil, nil
	}, `{"data":[{"id":"r1","is_enabled":"PRIVATE","created":"PRIVATE"},{"id":"r2","is_enabled":["PRIVATE"]}],"has_next":"PRIVATE"}`)
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(log, "route=/products field=is_enabled"))
	assert.Equal(t, 1, strings.Count(log, "route=/products field=created"))
	assert.Equal(t, 1, strings.Count(log, "route=/skus field=created"))
	assert.Equal(t, 3, strings.Count(log, "\n"))
	assert.NotContains(t, log, "PRIVATE")
}

func TestResponseToAnotherRequestIsNotReturned(t *testing.T) {
	t.Parallel()
	product := func(iv, id, org string) string {
		return fmt.Sprintf(`{"iv_id":%q,"id":%q,"organization_id":%q}`, iv, id, org)
	}
	for name, row := range map[string]struct {
		body     string
		another  bool
		noTenant bool
	}{
		"both differ":              {body: product("P-2", "r2", "org_2"), another: true},
		"both differ, only an id":  {body: product("", "r2", "org_2"), another: true},
		"both differ, wrapped":     {body: `{"success":true,"data":` + product("P-2", "r2", "org_2") + `}`, another: true},
		"only the key differs":     {body: product("P-2", "r2", "org_1")},
		"only the tenant differs":  {body: product("P-1", "r2", "org_2")},
		"another case of the key":  {body: product("p-1", "r2", "org_2")},
		"the id is what was named": {body: product("P-2", "P-1", "org_2")},
		"no tenant in the record":  {body: `{"iv_id":"P-2","id":"r2"}`},
		"an odd tenant":            {body: `{"iv_id":"P-2","id":"r2","organization_id":{"id":"org_2"}}`},
		"no tenant was named":      {body: product("P-2", "r2", "org_2"), noTenant: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := served(t, row.body)
			if !row.noTenant {
				c = c.ForOrganization("org_1")
			}
			_, get := c.Products.Get(t.Context(), "P-1")
			_, create := c.Products.Create(t.Context(), linkit.ProductParams{IvID: "P-1"})
			_, update := c.Products.Update(t.Context(), "P-1", linkit.ProductParams{IvID: "P-1"})
			for call, err := range map[string]error{"get": get, "create": create, "update": update} {
				if !row.another {
					require.NoError(t, err, call)
					continue
				}
				var useless *linkit.TransportError
				require.ErrorAs(t, err, &useless, call)
				assert.True(t, useless.Sent)
				assert.ErrorContains(t, err, "another request")
				assert.Equal(t, call != "get", strings.Contains(err.Error(), "the write was accepted"))
			}
			_, err := c.Products.Create(t.Context(), linkit.ProductParams{NameEn: "no key"})
			require.NoError(t, err, "no key was named or sent")
		})
	}
}

func TestEveryCallThatReturnsOneRecordKnowsItsOwn(t *testing.T) {
	t.Parallel()
	for _, r := range readings() {
		record := fullRecord(t, r.model)
		if r.one == nil || !strings.Contains(string(record), `"organization_id"`) || r.wrap != "" {
			continue
		}
		other := string(record)
		for key := range strings.FieldsSeq(r.keys) {
			other = strings.Replace(other, `"`+key+`":"x"`, `"`+key+`":"y"`, 1)
		}
		c := newClient(
			t,
			roundTrip(func(req *http.Request) (*http.Response, error) { return canned{body: other}.RoundTrip(req) }),
		)
		_, err := r.one(t.Context(), c.ForOrganization("x"))
		require.NoError(t, err, "%T: the tenant is the right one", r.model)
		other = strings.Replace(other, `"organization_id":"x"`, `"organization_id":"z"`, 1)
		_, err = r.one(t.Context(), c.ForOrganization("x"))
		require.ErrorContains(t, err, "another request", "%T", r.model)
	}
}
