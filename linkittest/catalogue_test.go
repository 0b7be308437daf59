package linkittest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

func skuIDs(t *testing.T, client *linkit.Client, params *linkit.SKUListParams) string {
	t.Helper()
	all, err := linkit.Collect(client.SKUs.All(t.Context(), params))
	require.NoError(t, err)
	var ids []string
	for _, sku := range all {
		ids = append(ids, sku.IvID)
	}
	return strings.Join(ids, " ")
}

func TestProductsAndBranchesMakeSKUs(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	client := server.Client()
	oldest := &linkit.SKUListParams{ListParams: linkit.ListParams{Sort: "created"}}
	server.AddBranches(linkit.Branch{IvID: "B1"})
	_, err := client.Products.Create(t.Context(), linkit.ProductParams{IvID: "P1", AveragePrice: linkit.Ptr(7.25)})
	require.NoError(t, err)
	_, err = client.Branches.Create(t.Context(), linkit.BranchParams{IvID: "B2"})
	require.NoError(t, err)
	_, err = client.Products.Bulk(t.Context(), linkit.BulkUpsert, []linkit.ProductParams{{IvID: "P1"}, {IvID: "P2"}})
	require.NoError(t, err)
	assert.Equal(t, "P1_B1 P1_B2 P2_B1 P2_B2", skuIDs(t, client, oldest))

	sku, err := client.SKUs.Get(t.Context(), "P1_B2")
	require.NoError(t, err)
	sku.Raw = nil
	assert.Equal(t, linkit.SKU{
		ID: sku.ID, IvID: "P1_B2", OrganizationID: linkittest.OrganizationID, ProductIvID: "P1", BranchIvID: "B2",
		Qty: linkit.Ptr(0), Price: 7.25, Created: sku.Created, Updated: sku.Created,
	}, *sku)

	_, err = client.Products.Update(t.Context(), "P2", linkit.ProductParams{IvID: "P9"})
	require.NoError(t, err)
	_, err = client.Branches.Update(t.Context(), "B1", linkit.BranchParams{IvID: "B9"})
	require.NoError(t, err)
	assert.Equal(t, "P1_B9 P1_B2 P9_B9 P9_B2", skuIDs(t, client, oldest), "SKUs follow a new iv_id")
	assert.Equal(
		t,
		"P1_B9 P9_B9",
		skuIDs(t, client, &linkit.SKUListParams{BranchIvID: "B9", ListParams: oldest.ListParams}),
	)

	require.NoError(t, client.Products.Delete(t.Context(), "P1"))
	assert.Equal(t, "P9_B9 P9_B2", skuIDs(t, client, oldest))
	require.NoError(t, client.Branches.Delete(t.Context(), "B2"))
	assert.Equal(t, "P9_B9", skuIDs(t, client, oldest))
	assert.Empty(t, skuIDs(t, client, &linkit.SKUListParams{BranchIvID: "B2"}))
}

func TestSKUsAreFilteredAndRestocked(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddBranches(linkit.Branch{IvID: "B1"}, linkit.Branch{IvID: "B2"})
	server.AddProducts(linkit.Product{IvID: "P1"}, linkit.Product{IvID: "P2"})
	server.AddSKUs(linkit.SKU{IvID: "P1_B1", ProductIvID: "P1", BranchIvID: "B1", Qty: linkit.Ptr(5), Available: true})
	client := server.Client()
	result, err := client.SKUs.Bulk(t.Context(), linkit.BulkUpdate, []linkit.SKUParams{
		{IvID: "P2_B2", Qty: linkit.Ptr(12), Available: linkit.Ptr(true)},
		{ProductIvID: "P2", BranchIvID: "B1", Price: linkit.Ptr(3.5)},
	})
	require.NoError(t, err)
	assert.Equal(t, "Processed 2 skus", result.Message)
	sku, err := client.SKUs.Get(t.Context(), "P2_B2")
	require.NoError(t, err)
	assert.Equal(t, "P2", sku.ProductIvID, "what isn't sent stays")
	for _, row := range []struct {
		name   string
		params linkit.SKUListParams
		want   string
	}{
		{"all", linkit.SKUListParams{}, "P1_B1 P1_B2 P2_B1 P2_B2"},
		{"product", linkit.SKUListParams{ProductIvID: "P2"}, "P2_B1 P2_B2"},
		{"branch", linkit.SKUListParams{BranchIvID: "B1"}, "P1_B1 P2_B1"},
		{"both", linkit.SKUListParams{ProductIvID: "P2", BranchIvID: "B1"}, "P2_B1"},
		{"available", linkit.SKUListParams{Available: linkit.Ptr(true)}, "P1_B1 P2_B2"},
		{"at least 5", linkit.SKUListParams{MinQty: linkit.Ptr(5)}, "P1_B1 P2_B2"},
		{"at most 5", linkit.SKUListParams{MaxQty: linkit.Ptr(5)}, "P1_B1 P1_B2 P2_B1"},
		{"at most 0", linkit.SKUListParams{MaxQty: linkit.Ptr(0)}, "P1_B2 P2_B1"},
		{"a range at a branch", linkit.SKUListParams{BranchIvID: "B2", MinQty: linkit.Ptr(6), MaxQty: linkit.Ptr(12)}, "P2_B2"},
		{"no such branch", linkit.SKUListParams{BranchIvID: "B3"}, ""},
	} {
		row.params.Sort = "created"
		assert.Equal(t, row.want, skuIDs(t, client, &row.params), row.name)
	}
	assert.Equal(t, 400, send(t, server, "GET", "/skus?min_qty=few", "").status)
}

func TestSKUsAreReturnedAsDocumented(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	created := send(
		t,
		server,
		"POST",
		"/skus",
		`{"product_iv_id":"P","branch_iv_id":"B","barcode":"1","price":7.5,"cost":4.1}`,
	)
	require.Equal(t, 201, created.status, created.body)
	body := created.object(t)
	assert.Equal(t, "P_B", body["iv_id"])
	assert.NotContains(t, body, "qty")
	assert.NotContains(t, body, "barcode")
	assert.Equal(t, 422, send(t, server, "POST", "/skus", `{"product_iv_id":"P"}`).status)
	assert.Equal(t, 409, send(t, server, "POST", "/skus", `{"iv_id":"P_B"}`).status)
	qty := send(t, server, "PUT", "/skus/P_B", `{"product_iv_id":"P","branch_iv_id":"B","qty":0}`).object(t)
	assert.InDelta(t, 0.0, qty["qty"], 0)
	assert.Equal(t, 204, send(t, server, "DELETE", "/skus/P_B", "").status)
	assert.Equal(t, 404, send(t, server, "GET", "/skus/P_B", "").status)
}

func TestBranchesKeepTheirHours(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	client := server.Client()
	hours := json.RawMessage(`{"sunday":{"open":"08:00"}}`)
	params := linkit.BranchParams{
		IvID:                "B1",
		NameEn:              "Olaya",
		NameAr:              "العليا",
		Active:              linkit.Ptr(true),
		Location:            &linkit.Location{Lat: 24.69, Lon: 46.68},
		WorkingHours:        hours,
		WorkingHoursPeriods: []linkit.WorkingHoursPeriod{{WeekDay: "0", OpenHour: 8, CloseHour: 23}},
	}
	_, err := client.Branches.Create(t.Context(), params)
	require.NoError(t, err)
	_, err = client.Branches.Bulk(
		t.Context(),
		linkit.BulkUpdate,
		[]linkit.BranchParams{{IvID: "B1", NameEn: "Olaya St", Active: linkit.Ptr(false)}},
	)
	require.NoError(t, err)
	branch, err := client.Branches.Get(t.Context(), "B1")
	require.NoError(t, err)
	assert.Equal(t, "Olaya St", branch.NameEn)
	assert.Equal(t, params.WorkingHoursPeriods, branch.WorkingHoursPeriods)
	assert.JSONEq(t, string(hours), string(branch.WorkingHours))
	assert.Equal(t, *params.Location, branch.Location)
	server.AddBranches(linkit.Branch{IvID: "B2", NameEn: "Malaz", Active: true})
	for query, want := range map[string]string{"active=true": "B2", "active=false": "B1", "search=olaya": "B1"} {
		page := send(t, server, "GET", "/branches?"+query, "")
		assert.EqualValues(t, 1, page.at(t, "total_count"), query)
		assert.Equal(t, want, page.at(t, "data", 0, "iv_id"), query)
	}
}

func TestBrandsCountTheirProducts(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	client := server.Client()
	created := send(t, server, "POST", "/brands", `{"brand_code":"JLP","name_en":"Julphar","product_count":9}`)
	require.Equal(t, 201, created.status)
	assert.Equal(t, true, created.at(t, "success"))
	assert.Equal(t, "Brand created successfully", created.at(t, "message"))
	assert.EqualValues(t, 0, created.at(t, "data", "product_count"))
	brand, err := client.Brands.Get(t.Context(), "JLP")
	require.NoError(t, err)
	server.AddBrands(linkit.Brand{BrandCode: "UCB", NameEn: "UCB"})
	server.AddProducts(linkit.Product{IvID: "A", BrandID: brand.ID}, linkit.Product{IvID: "B", BrandID: brand.ID})
	brand, err = client.Brands.Get(t.Context(), "JLP")
	require.NoError(t, err)
	assert.Equal(t, 2, brand.ProductCount)
	page, err := client.Brands.List(t.Context(), &linkit.BrandListParams{HasProducts: linkit.Ptr(false)})
	require.NoError(t, err)
	require.Len(t, page.Data, 1)
	assert.Equal(t, "UCB", page.Data[0].BrandCode)
	require.NoError(t, client.Products.Delete(t.Context(), "A"))
	page, err = client.Brands.List(t.Context(), &linkit.BrandListParams{Search: "jul", HasProducts: linkit.Ptr(true)})
	require.NoError(t, err)
	require.Len(t, page.Data, 1)
	assert.Equal(t, 1, page.Data[0].ProductCount)

	for body, status := range map[string]int{
		`{"name_en":"x"}`:      422,
		`{"brand_code":"JLP"}`: 409,
		fmt.Sprintf(`{"brand_code":%q}`, strings.Repeat("ب", 50)):                201,
		fmt.Sprintf(`{"brand_code":%q}`, strings.Repeat("b", 51)):                422,
		fmt.Sprintf(`{"brand_code":"L","name_ar":%q}`, strings.Repeat("ب", 256)): 422,
	} {
		assert.Equal(t, status, send(t, server, "POST", "/brands", body).status, body)
	}
	_, err = client.Brands.Bulk(t.Context(), linkit.BulkUpsert, []linkit.BrandParams{{BrandCode: "JLP", NameAr: "جلفار"}})
	require.NoError(t, err)
	brand, err = client.Brands.Get(t.Context(), "JLP")
	require.NoError(t, err)
	assert.Equal(t, "Julphar جلفار", brand.NameEn+" "+brand.NameAr)
}

func TestCategoriesFormATree(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	client := server.Client()
	create := func(code, name, parent string) *linkit.Category {
		c, err := client.Categories.Create(
			t.Context(),
			linkit.CategoryParams{CategoryCode: code, NameEn: name, ParentID: parent},
		)
		require.NoError(t, err)
		return c
	}
	health := create("HEALTH", "Health", "")
	pain := create("PAIN", "Pain relief", health.ID)
	children := create("KIDS", "Children", pain.ID)
	assert.Equal(t, "Health > Pain relief > Children", children.Path)
	assert.Equal(t, 2, children.Depth)
	server.AddProducts(linkit.Product{IvID: "A", CategoryID: pain.ID})
	pain, err := client.Categories.Get(t.Context(), "PAIN")
	require.NoError(t, err)
	assert.Equal(t, 1, pain.ProductCount)
	for name, row := range map[string]struct {
		params linkit.CategoryListParams
		want   string
	}{
		"roots":    {linkit.CategoryListParams{Roots: true}, "HEALTH"},
		"children": {linkit.CategoryListParams{ParentID: health.ID}, "PAIN"},
		"search":   {linkit.CategoryListParams{Search: "child"}, "KIDS"},
	} {
		page, err := client.Categories.List(t.Context(), &row.params)
		require.NoError(t, err)
		require.Len(t, page.Data, 1, name)
		assert.Equal(t, row.want, page.Data[0].CategoryCode, name)
	}
	root := send(t, server, "GET", "/categories/code/HEALTH", "").object(t)
	assert.Contains(t, root, "parent_id")
	assert.Nil(t, root["parent_id"])
	assert.Equal(t, pain.ID, send(t, server, "GET", "/categories/code/KIDS", "").object(t)["parent_id"])
	assert.Equal(t, 422, send(t, server, "POST", "/categories", `{"category_code":"X","parent_id":"nobody"}`).status)
	assert.Equal(t, 409, send(t, server, "POST", "/categories", `{"category_code":"PAIN"}`).status)

	server.AddCategories(
		linkit.Category{ID: "a", CategoryCode: "A", ParentID: "b"},
		linkit.Category{ID: "b", CategoryCode: "B", ParentID: "a"},
	)
	assert.Equal(t, 200, send(t, server, "GET", "/categories/code/A", "").status, "a circle doesn't hang")
}

func TestGenericsListTheirProducts(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	client := server.Client()
	generic, err := client.Generics.Create(t.Context(), linkit.GenericParams{GenericCode: "APAP", NameEn: "Paracetamol"})
	require.NoError(t, err)
	assert.Empty(t, generic.Products)
	server.AddGenerics(linkit.Generic{GenericCode: "IBU"})
	server.AddBrands(linkit.Brand{ID: "b1", NameEn: "Adol"}, linkit.Brand{ID: "b2", NameEn: "Fevadol"})
	server.AddProducts(
		linkit.Product{
			ID:        "p1",
			GenericID: generic.ID,
			BrandID:   "b1",
		},
		linkit.Product{ID: "p2", GenericID: generic.ID, BrandID: "b2"},
		linkit.Product{ID: "p3", GenericID: generic.ID, BrandID: "b1"},
		linkit.Product{ID: "p4"},
		linkit.Product{ID: "p5", GenericID: generic.ID, BrandID: "unknown"},
		linkit.Product{ID: "p6", GenericID: generic.ID, BrandID: "b3"},
	)
	server.AddBrands(linkit.Brand{ID: "b3", BrandCode: "ADOL-2", NameEn: "Adol"})
	generic, err = client.Generics.Get(t.Context(), "APAP")
	require.NoError(t, err)
	assert.Equal(t, []string{"p1", "p2", "p3", "p5", "p6"}, generic.Products)
	assert.Equal(t, 5, generic.ProductCount)
	assert.Equal(t, []string{"Adol", "Fevadol"}, generic.CommonBrands)
	page, err := client.Generics.List(t.Context(), &linkit.GenericListParams{HasProducts: linkit.Ptr(true)})
	require.NoError(t, err)
	require.Len(t, page.Data, 1)
	_, err = client.Generics.Bulk(
		t.Context(),
		linkit.BulkUpdate,
		[]linkit.GenericParams{{GenericCode: "APAP", NameAr: "باراسيتامول"}},
	)
	require.NoError(t, err)
	generic, err = client.Generics.Get(t.Context(), "APAP")
	require.NoError(t, err)
	assert.Equal(t, "Paracetamol باراسيتامول", generic.NameEn+" "+generic.NameAr)
}

func TestStockIsWrittenWhileItIsWalked(t *testing.T) {
	t.Parallel()
	const products, branches = 1_000, 5
	server := newServer(t, linkittest.WithoutRecording())
	for i := range branches {
		server.AddBranches(linkit.Branch{IvID: fmt.Sprintf("B%d", i)})
	}
	for i := range products {
		server.AddProducts(linkit.Product{IvID: fmt.Sprintf("P%d", i)})
	}
	client := server.Client()
	seen := 0
	var batch []linkit.SKUParams
	for sku, err := range client.SKUs.All(t.Context(), &linkit.SKUListParams{ListParams: linkit.ListParams{Sort: "created"}}) {
		require.NoError(t, err)
		seen++
		batch = append(batch, linkit.SKUParams{IvID: sku.IvID, Qty: linkit.Ptr(seen)})
		if len(batch) == 1000 {
			_, err := client.SKUs.Bulk(t.Context(), linkit.BulkUpdate, batch)
			require.NoError(t, err)
			batch = nil
		}
	}
	assert.Equal(t, products*branches, seen)
	count, err := client.SKUs.Count(t.Context(), &linkit.SKUListParams{MinQty: linkit.Ptr(1), MaxQty: linkit.Ptr(100)})
	require.NoError(t, err)
	assert.Equal(t, 100, count)
}

// A page costs the same, however many records there are.
func BenchmarkPage(b *testing.B) {
	for _, records := range []int{1_000, 100_000} {
		b.Run(fmt.Sprint(records), func(b *testing.B) {
			server := linkittest.NewServer(linkittest.WithoutRecording())
			defer server.Close()
			for i := range records {
				server.AddSKUs(linkit.SKU{IvID: fmt.Sprint(i), ProductIvID: "P", BranchIvID: "B"})
			}
			client := server.Client()
			for _, params := range []linkit.SKUListParams{{}, {BranchIvID: "B"}, {Available: linkit.Ptr(false)}} {
				params.Page, params.Limit = records/200, 100
				b.Run(fmt.Sprintf("branch=%q,filtered=%v", params.BranchIvID, params.Available != nil), func(b *testing.B) {
					for b.Loop() {
						if _, err := client.SKUs.List(b.Context(), &params); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		})
	}
}
