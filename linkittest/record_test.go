package linkittest_test

import (
	"encoding/json"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

// unknown are members that no model has, at every depth.
const unknown = `"tags":["new"],"image_url":"https://img.example/a.png","dims":{"w":1.50,"box":{"of":[null,{"x":12345678901234567890}]}},"gone":null`

// contains reports whether the object got has all members of want, with the same values.
func contains(t *testing.T, want string, got any) {
	t.Helper()
	var members map[string]any
	require.NoError(t, json.Unmarshal([]byte(want), &members))
	object, ok := got.(map[string]any)
	require.True(t, ok, "%v", got)
	for name, value := range members {
		assert.Contains(t, object, name)
		assert.Equal(t, value, object[name], name)
	}
}

func TestUnknownMembersAreKeptAndReturned(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		collection, one string
		record          string // less its closing brace
	}{
		"product":  {"/products", "/products/A", `{"iv_id":"A","name_en":"Adol","Barcode":{"format":"EAN-13"},"IV_ID":"LEGACY-9"`},
		"SKU":      {"/skus", "/skus/A", `{"iv_id":"A","qty":4,"shelf":"3b"`},
		"branch":   {"/branches", "/branches/A", `{"iv_id":"A","location":{"lat":24.7,"lon":46.6,"alt":612},"working_hours_periods":[{"WeekDay":"0","OpenHour":8,"OpenMinute":0,"CloseHour":23,"CloseMinute":0,"note":"x"}],"working_hours":[{"any":1}]`},
		"brand":    {"/brands", "/brands/code/A", `{"brand_code":"A","name_en":"Julphar"`},
		"category": {"/categories", "/categories/code/A", `{"category_code":"A"`},
		"generic":  {"/generics", "/generics/code/A", `{"generic_code":"A"`},
		"customer": {"/customers", "", `{"first_name":"Sara","birthdate":"1988-11-03"`},
		"group":    {"/customer-groups", "", `{"name":"VIP"`},
		"offer":    {"/offers", "", `{"name":"Summer","meta":{"campaign":{"deep":[1]}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			record := row.record + "," + unknown + "}"
			created := send(t, server, "POST", row.collection, record)
			require.Equal(t, 201, created.status, created.body)
			body := created.at(t)
			if data := created.at(t, "data"); data != nil {
				body = data
			}
			contains(t, record, body)
			if row.one == "" {
				id, _ := created.at(t, "id").(string)
				row.one = row.collection + "/" + id
			}
			if row.collection != "/customer-groups" {
				contains(t, record, send(t, server, "GET", row.one, "").at(t))
			}
			list := send(t, server, "GET", row.collection, "", "X-Organization-ID", linkittest.OrganizationID)
			contains(t, record, list.at(t, "data", 0))
		})
	}
}

func TestAReplacedRecordKeepsNothingThatIsLeftOut(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	created := send(
		t,
		server,
		"POST",
		"/products",
		`{"iv_id":"A","name_en":"Adol","barcode":"1","is_enabled":true,`+unknown+`}`,
	)
	replaced := send(
		t,
		server,
		"PUT",
		"/products/A",
		`{"name_ar":"أدول","tags":["old"],"id":"mine","created":"2020-01-01T00:00:00Z","is_deleted":true}`,
	)
	require.Equal(t, 200, replaced.status)
	body := replaced.object(t)
	contains(
		t,
		`{"iv_id":"A","name_en":"","name_ar":"أدول","barcode":"","is_enabled":false,"is_deleted":false,"tags":["old"]}`,
		body,
	)
	assert.NotContains(t, body, "image_url")
	assert.NotContains(t, body, "dims")
	for _, name := range []string{"id", "organization_id", "created"} {
		assert.Equal(t, created.at(t, name), body[name], name)
	}
}

func TestABulkUpdateEmptiesWithATextAndClearsWithNull(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	send(
		t,
		server,
		"POST",
		"/products",
		`{"iv_id":"A","name_en":"Adol","barcode":"1","average_price":7.25,"is_enabled":true,`+unknown+`}`,
	)
	for _, row := range []struct{ sent, want string }{
		{`{"barcode":""}`, `{"barcode":"","name_en":"Adol","tags":["new"]}`},
		{`{"average_price":null,"is_enabled":null}`, `{"average_price":0,"is_enabled":false,"name_en":"Adol"}`},
		{`{"name_en":null,"tags":null}`, `{"name_en":"","tags":null,"image_url":"https://img.example/a.png"}`},
		{`{"tags":{"a":1},"image_url":""}`, `{"tags":{"a":1},"image_url":""}`},
		{`{"IV_ID":"B","Name_en":"other"}`, `{"iv_id":"A","IV_ID":"B","Name_en":"other","name_en":""}`},
	} {
		var members map[string]any
		require.NoError(t, json.Unmarshal([]byte(row.sent), &members))
		members["iv_id"] = "A"
		body, err := json.Marshal(map[string]any{"mode": "update", "products": []any{members}})
		require.NoError(t, err)
		res := send(t, server, "POST", "/products/bulk", string(body))
		require.EqualValues(t, 200, res.at(t, "records", 0, "status"), res.body)
		contains(t, row.want, send(t, server, "GET", "/products/A", "").at(t))
	}
}

func TestBulkWritesKeepUnknownMembers(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	record := `{"iv_id":"B","location":{"lat":1,"lon":2,"alt":3},` + unknown + `}`
	for _, mode := range []string{"create", "update", "upsert"} {
		send(t, server, "POST", "/branches/bulk", `{"mode":"`+mode+`","branches":[`+record+`]}`)
		contains(t, record, send(t, server, "GET", "/branches/B", "").at(t))
	}
	send(t, server, "POST", "/branches/bulk", `{"mode":"update","branches":[{"iv_id":"B","location":{"lat":5,"lon":6}}]}`)
	contains(t, `{"location":{"lat":5,"lon":6},"tags":["new"]}`, send(t, server, "GET", "/branches/B", "").at(t))

	order := `{"external_id":"M-1","discount":2,"loyalty":{"points":[7]},"products":[{"product_id":"A","quantity":1,"price":2,"total":2,"gift":true}]}`
	send(t, server, "POST", "/orders/bulk", `[`+order+`]`)
	contains(
		t,
		`{"source_reference":"M-1","discounts_amount":2,"loyalty":{"points":[7]}}`,
		send(t, server, "GET", "/orders", "").at(t, "data", 0, "order"),
	)
	assert.Equal(t, true, send(t, server, "GET", "/orders", "").at(t, "data", 0, "order", "products", 0, "gift"))
}

func TestARenamedProductsSKUsKeepUnknownMembers(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddBranches(linkit.Branch{IvID: "B"})
	server.AddProducts(linkit.Product{IvID: "P"})
	send(t, server, "PUT", "/skus/P_B", `{"product_iv_id":"P","branch_iv_id":"B","shelf":"3b"}`)
	send(t, server, "PUT", "/products/P", `{"iv_id":"Q"}`)
	contains(t, `{"iv_id":"Q_B","product_iv_id":"Q","shelf":"3b"}`, send(t, server, "GET", "/skus/Q_B", "").at(t))
}

func TestFixturesKeepValuesOfAnyType(t *testing.T) {
	t.Parallel()
	odd := `{"iv_id":"A","average_price":"12.50","barcode":false,"name_en":{"en":"x"},"created":"2026-03-02T08:15:00Z","product_count":"many","tags":[1]}`
	server := newServer(t, linkittest.WithFixtures(fstest.MapFS{
		"products.json": {Data: []byte(`[` + odd + `, {"iv_id":"B","name_en":"Fevadol"}]`)},
		"skus.json":     {Data: []byte(`[{"iv_id":"S","qty":2.5}]`)},
		"branches.json": {Data: []byte(`[{"iv_id":"L","location":[]}]`)},
	}))
	contains(t, odd, send(t, server, "GET", "/products/A", "").at(t))
	contains(t, `{"qty":2.5}`, send(t, server, "GET", "/skus/S", "").at(t))
	contains(t, `{"location":[]}`, send(t, server, "GET", "/branches/L", "").at(t))
	assert.EqualValues(t, 2, send(t, server, "GET", "/products?sort=average_price", "").at(t, "total_count"))

	same := `{"name_ar":"أدول","average_price":"12.50","barcode":false,"name_en":{"en":"x"},"tags":[1]}`
	assert.Equal(t, 200, send(t, server, "PUT", "/products/A", same).status, "an odd value that is there already")
	contains(
		t,
		`{"average_price":"12.50","name_ar":"أدول","created":"2026-03-02T08:15:00Z"}`,
		send(t, server, "GET", "/products/A", "").at(t),
	)
	assert.Equal(t, 400, send(t, server, "PUT", "/products/A", `{"average_price":"13"}`).status)
	assert.Equal(t, 400, send(t, server, "PUT", "/products/B", `{"average_price":"12.50"}`).status)
	assert.Equal(t, 200, send(t, server, "PUT", "/products/A", `{"average_price":13}`).status)
	contains(t, `{"average_price":13,"barcode":""}`, send(t, server, "GET", "/products/A", "").at(t))
}

func TestServerOwnedMembersOfARequestAreIgnoredWhateverTheirType(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	created := send(
		t,
		server,
		"POST",
		"/generics",
		`{"generic_code":"G","id":7,"created":false,"products":"none","product_count":{},"common_brands":1,"organization_id":[]}`,
	)
	require.Equal(t, 201, created.status, created.body)
	contains(t, `{"products":[],"product_count":0,"common_brands":[],"organization_id":"org_123"}`, created.at(t))
	assert.Regexp(t, `^g[a-z0-9]{14}$`, created.at(t, "id"))
}

func TestDatesMustBeReadable(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for body, status := range map[string]int{
		`{"first_name":"A","birthdate":"1990-05-31"}`: 201,
		`{"first_name":"A","birthdate":""}`:           201,
		`{"first_name":"A","birthdate":null}`:         201,
		`{"first_name":"A","birthdate":"31/05/1990"}`: 400,
		`{"first_name":"A","birthdate":"0000-00-00"}`: 400,
		`{"first_name":"A","birthdate":{"y":1990}}`:   400,
	} {
		assert.Equal(t, status, send(t, server, "POST", "/customers", body).status, body)
	}
}
