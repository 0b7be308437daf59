package linkittest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

func TestDocumentedLimitsApplyAlways(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	long := func(n int) string { return strings.Repeat("ع", n) }
	for _, row := range []struct {
		path, body string
		status     int
	}{
		{"/brands", fmt.Sprintf(`{"brand_code":%q,"name_en":%q}`, long(50), long(255)), 201},
		{"/brands", fmt.Sprintf(`{"brand_code":%q}`, long(51)), 422},
		{"/brands", fmt.Sprintf(`{"brand_code":"A","name_en":%q}`, long(256)), 422},
		{"/brands", fmt.Sprintf(`{"brand_code":"A","name_ar":%q}`, long(256)), 422},
		{"/categories", fmt.Sprintf(`{"category_code":%q}`, long(51)), 422},
		{"/categories", fmt.Sprintf(`{"category_code":"A","name_en":%q}`, long(256)), 422},
		{"/generics", fmt.Sprintf(`{"generic_code":%q}`, long(51)), 422},
		{"/generics", fmt.Sprintf(`{"generic_code":"A","name_ar":%q}`, long(256)), 422},
		{"/customer-groups", `{"name":""}`, 422},
		{"/customer-groups", fmt.Sprintf(`{"name":%q,"description":%q}`, long(100), long(500)), 201},
		{"/customer-groups", fmt.Sprintf(`{"name":%q}`, long(101)), 422},
		{"/customer-groups", fmt.Sprintf(`{"name":"A","description":%q}`, long(501)), 422},
	} {
		assert.Equal(t, row.status, send(t, server, "POST", row.path, row.body).status, row)
	}
}

func TestStrictRejectsWhatAnyServiceWould(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 5000)
	for name, row := range map[string]struct {
		path, body string
	}{
		"negative price":     {"/products", `{"iv_id":"N","average_price":-1}`},
		"negative VAT":       {"/products", `{"iv_id":"N","vat_value":-0.5}`},
		"unknown brand":      {"/products", `{"iv_id":"N","brand_id":"nobody"}`},
		"unknown category":   {"/products", `{"iv_id":"N","category_id":"nobody"}`},
		"unknown generic":    {"/products", `{"iv_id":"N","generic_id":"nobody"}`},
		"long iv_id":         {"/products", `{"iv_id":"` + long + `"}`},
		"long name":          {"/products", `{"iv_id":"N","name_ar":"` + long + `"}`},
		"negative quantity":  {"/skus", `{"iv_id":"N","qty":-1}`},
		"negative SKU price": {"/skus", `{"iv_id":"N","price":-1}`},
		"negative cost":      {"/skus", `{"iv_id":"N","cost":-1}`},
		"SKU of no product":  {"/skus", `{"product_iv_id":"nobody","branch_iv_id":"B"}`},
		"SKU at no branch":   {"/skus", `{"product_iv_id":"P","branch_iv_id":"nobody"}`},
		"long SKU iv_id":     {"/skus", `{"iv_id":"` + long + `"}`},
		"long branch iv_id":  {"/branches", `{"iv_id":"` + long + `"}`},
		"long branch name":   {"/branches", `{"iv_id":"N","name_en":"` + long + `"}`},
		"too far north":      {"/branches", `{"iv_id":"N","location":{"lat":90.1,"lon":0}}`},
		"too far south":      {"/branches", `{"iv_id":"N","location":{"lat":-90.1,"lon":0}}`},
		"too far east":       {"/branches", `{"iv_id":"N","location":{"lat":0,"lon":180.1}}`},
		"too far west":       {"/branches", `{"iv_id":"N","location":{"lat":0,"lon":-180.1}}`},
		"long email":         {"/customers", `{"email":"` + long + `"}`},
		"long phone":         {"/customers", `{"phone":"` + long + `"}`},
		"long last name":     {"/customers", `{"last_name":"` + long + `"}`},
		"long barcode":       {"/products", `{"iv_id":"N","barcode":"` + long + `"}`},
		"long English name":  {"/products", `{"iv_id":"N","name_en":"` + long + `"}`},
		"long Arabic branch": {"/branches", `{"iv_id":"N","name_ar":"` + long + `"}`},
		"long offer name":    {"/offers", `{"name":"` + long + `"}`},
		"buy below zero":     {"/offers", `{"name":"N","buy_qty":-1}`},
		"get below zero":     {"/offers", `{"name":"N","get_qty":-1}`},
		"negative percent":   {"/offers", `{"name":"N","get_discount_percent":-1}`},
		"customer type":      {"/customers", `{"type":"alien"}`},
		"customer status":    {"/customers", `{"status":"alien"}`},
		"customer gender":    {"/customers", `{"gender":"alien"}`},
		"customer name":      {"/customers", `{"first_name":"` + long + `"}`},
		"negative discount":  {"/offers", `{"name":"N","discount_value":-1}`},
		"offer ends first":   {"/offers", `{"name":"N","start_at":"2026-03-02T00:00:00Z","end_at":"2026-03-01T00:00:00Z"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for status, opts := range map[int][]linkittest.Option{422: {linkittest.WithStrict()}, 201: nil} {
				server := newServer(t, opts...)
				server.AddProducts(linkit.Product{IvID: "P"})
				server.AddBranches(linkit.Branch{IvID: "B"})
				res := send(t, server, "POST", row.path, row.body)
				assert.Equal(t, status, res.status, res.body)
			}
		})
	}
}

func TestStrictRejectsSingleRecordsOfABulkRequest(t *testing.T) {
	t.Parallel()
	server := newServer(t, linkittest.WithStrict())
	server.AddSKUs(
		linkit.SKU{IvID: "A_1", ProductIvID: "A", BranchIvID: "1"},
		linkit.SKU{IvID: "B_1", ProductIvID: "B", BranchIvID: "1"},
	)
	res := send(
		t,
		server,
		"POST",
		"/skus/bulk",
		`{"mode":"update","skus":[{"iv_id":"A_1","qty":-3},{"iv_id":"B_1","qty":3}]}`,
	)
	assert.Equal(t, map[string]any{
		"key": "A_1", "status": 422.0, "error": "Validation error", "details": "qty must not be negative",
	}, res.at(t, "records", 0))
	assert.EqualValues(t, 200, res.at(t, "records", 1, "status"), "a reference that doesn't change isn't checked")
	assert.EqualValues(t, 3, send(t, server, "GET", "/skus/B_1", "").at(t, "qty"))
	res = send(
		t,
		server,
		"POST",
		"/orders/bulk",
		`[{"external_id":"1","total_amount":-1},{"external_id":"2","products":[{"quantity":-1}]},{"external_id":"3"}]`,
	)
	for i, status := range []int{422, 422, 201} {
		assert.EqualValues(t, status, res.at(t, "records", i, "status"), i)
	}
}

func TestStrictGenericsHaveNamesThatAreUniqueInAllOrganizations(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"generic_code":"N","name_en":"Paracetamol"}`, `{"generic_code":"N","name_ar":"باراسيتامول"}`} {
		for status, opts := range map[int][]linkittest.Option{409: {linkittest.WithStrict()}, 201: nil} {
			server := newServer(t, opts...)
			server.AddGenerics(
				linkit.Generic{GenericCode: "G", OrganizationID: "org_b", NameEn: "Paracetamol", NameAr: "باراسيتامول"},
			)
			assert.Equal(t, status, send(t, server, "POST", "/generics", body).status, body)
		}
	}
}

func TestStrictAcceptsWhatDiffersOrIsLeftOut(t *testing.T) {
	t.Parallel()
	server := newServer(t, linkittest.WithStrict())
	server.AddBrands(linkit.Brand{ID: "b1"})
	server.AddGenerics(linkit.Generic{GenericCode: "G", NameEn: "Paracetamol", NameAr: "باراسيتامول"})
	for _, row := range []struct{ method, path, body string }{
		{"POST", "/generics", `{"generic_code":"H","name_en":"Ibuprofen","name_ar":"ايبوبروفين"}`},
		{"POST", "/generics", `{"generic_code":"I"}`},
		{"POST", "/generics", `{"generic_code":"J"}`},
		{"POST", "/products", `{"iv_id":"P","brand_id":"b1","average_price":0,"name_en":"` + strings.Repeat("ص", 255) + `"}`},
		{"PUT", "/products/P", `{"iv_id":"P"}`}, // no brand any more
		{"PUT", "/products/P", `{"iv_id":"P","brand_id":"b1"}`},
		{"POST", "/branches", `{"iv_id":"S","location":{"lat":-90,"lon":180}}`},
		{"POST", "/branches", `{"iv_id":"N","location":{"lat":90,"lon":-180}}`},
		{"POST", "/skus", `{"iv_id":"own","qty":0}`},
		{"POST", "/skus", `{"iv_id":"both","product_iv_id":"P","branch_iv_id":"S"}`},
		{"POST", "/customers", `{"gender":"","type":"vip","status":"blocked"}`},
		{"POST", "/offers", `{"name":"day","start_at":"2026-03-01T00:00:00Z","end_at":"2026-03-01T00:00:00Z"}`},
		{"POST", "/offers", `{"name":"open","end_at":"2026-03-01T00:00:00Z"}`},
		{"POST", "/offers", `{"name":"endless","start_at":"2026-03-01T00:00:00Z"}`},
	} {
		res := send(t, server, row.method, row.path, row.body)
		assert.Contains(t, []int{200, 201}, res.status, "%s %s", row.body, res.body)
	}
}

func TestStrictAcceptsAnOrdinaryCatalogue(t *testing.T) {
	t.Parallel()
	server := newServer(t, linkittest.WithStrict())
	client := server.Client(linkit.WithOrganization(linkittest.OrganizationID))
	brand, err := client.Brands.Create(t.Context(), linkit.BrandParams{BrandCode: "JLP"})
	require.NoError(t, err)
	parent, err := client.Categories.Create(t.Context(), linkit.CategoryParams{CategoryCode: "HEALTH"})
	require.NoError(t, err)
	category, err := client.Categories.Create(
		t.Context(),
		linkit.CategoryParams{CategoryCode: "PAIN", ParentID: parent.ID},
	)
	require.NoError(t, err)
	generic, err := client.Generics.Create(t.Context(), linkit.GenericParams{GenericCode: "APAP", NameEn: "Paracetamol"})
	require.NoError(t, err)
	product := linkit.ProductParams{
		IvID:         "P",
		BrandID:      brand.ID,
		CategoryID:   category.ID,
		GenericID:    generic.ID,
		AveragePrice: linkit.Ptr(0.0),
	}
	_, err = client.Products.Create(t.Context(), product)
	require.NoError(t, err)
	_, err = client.Branches.Create(
		t.Context(),
		linkit.BranchParams{IvID: "B", Location: &linkit.Location{Lat: -90, Lon: 180}},
	)
	require.NoError(t, err)
	_, err = client.SKUs.Bulk(t.Context(), linkit.BulkUpdate, []linkit.SKUParams{{IvID: "P_B", Qty: linkit.Ptr(0)}})
	require.NoError(t, err)
	_, err = client.Generics.Bulk(
		t.Context(),
		linkit.BulkUpsert,
		[]linkit.GenericParams{{GenericCode: "APAP", NameEn: "Paracetamol"}},
	)
	require.NoError(t, err)
	_, err = client.Customers.Create(t.Context(), linkit.CustomerParams{FirstName: "Sara", Type: linkit.CustomerTypeVIP})
	require.NoError(t, err)
	_, err = client.Products.Create(t.Context(), linkit.ProductParams{IvID: "Q", AveragePrice: linkit.Ptr(-1.0)})
	require.ErrorIs(t, err, linkit.ErrValidation)
}
