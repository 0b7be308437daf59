package linkit_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

// pharmacy is a server with two branches and three products, and so with six SKUs.
func pharmacy() *linkittest.Server {
	server := linkittest.NewServer()
	server.AddBranches(
		linkit.Branch{IvID: "BR-OLAYA", NameEn: "Olaya", NameAr: "العليا", Active: true},
		linkit.Branch{IvID: "BR-TAHLIA", NameEn: "Tahlia", NameAr: "التحلية"},
	)
	server.AddProducts(
		linkit.Product{IvID: "ITEM-1", NameEn: "Adol 500 mg", NameAr: "أدول 500 ملغ", AveragePrice: 7.25, IsEnabled: true},
		linkit.Product{IvID: "ITEM-2", NameEn: "Panadol Extra", NameAr: "بنادول إكسترا", AveragePrice: 11.5, IsEnabled: true},
		linkit.Product{IvID: "ITEM-3", NameEn: "Vitamin C 1000 mg", NameAr: "فيتامين سي 1000 ملغ", AveragePrice: 21.5},
	)
	return server
}

func ExampleProductsService_List() {
	server := pharmacy()
	defer server.Close()
	page, err := server.Client().Products.List(context.Background(), &linkit.ProductListParams{
		ListParams: linkit.ListParams{Limit: 2, Sort: "name_en"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, product := range page.Data {
		fmt.Println(product.NameEn)
	}
	fmt.Println(page.Count, "of", page.TotalCount, page.HasNext)
	// Output:
	// Adol 500 mg
	// Panadol Extra
	// 2 of 3 true
}

func ExampleProductsService_All() {
	server := pharmacy()
	defer server.Close()
	enabled := &linkit.ProductListParams{IsEnabled: linkit.Ptr(true), ListParams: linkit.ListParams{Sort: "created"}}
	for product, err := range server.Client().Products.All(context.Background(), enabled) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(product.IvID, product.NameAr)
	}
	// Output:
	// ITEM-1 أدول 500 ملغ
	// ITEM-2 بنادول إكسترا
}

func ExampleProductsService_Create() {
	server := pharmacy()
	defer server.Close()
	product, err := server.Client().Products.Create(context.Background(), linkit.ProductParams{
		IvID: "ITEM-4", NameEn: "Otrivin nasal spray", AveragePrice: linkit.Ptr(13.2), IsEnabled: linkit.Ptr(false),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(product.IvID, product.AveragePrice, product.IsEnabled)
	// Output: ITEM-4 13.2 false
}

// An update replaces the whole record, so it starts from what there is. Params keeps what the SDK
// has no field for, and Extra clears a text.
func ExampleProductsService_Update() {
	server := pharmacy()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	product, err := client.Products.Get(ctx, "ITEM-1")
	if err != nil {
		fmt.Println(err)
		return
	}
	params := product.Params()
	params.AveragePrice = linkit.Ptr(7.75)
	params.Extra["name_ar"] = "" // NameAr: "" would leave it out
	product, err = client.Products.Update(ctx, product.IvID, params)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s %q %v\n", product.NameEn, product.NameAr, product.AveragePrice)
	// Output: Adol 500 mg "" 7.75
}

func ExampleProductsService_Delete() {
	server := pharmacy()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	fmt.Println(client.Products.Delete(ctx, "ITEM-3"))
	fmt.Println(client.Products.Delete(ctx, "ITEM-3"))
	// Output:
	// <nil>
	// linkit: DELETE /products/{iv_id}: 404 Not Found: there is no product with this iv_id
}

// A failed request doesn't stop the others: each tells of the records that it covers.
func ExampleProductsService_BulkAll() {
	server := pharmacy()
	defer server.Close()
	server.Inject(linkittest.Fault{Path: "/products/bulk", Status: http.StatusBadRequest})
	client := server.Client(linkit.WithBulkSize(2), linkit.WithMaxConcurrency(1))

	prices := linkit.Records(
		linkit.ProductParams{IvID: "ITEM-1", AveragePrice: linkit.Ptr(7.5)},
		linkit.ProductParams{IvID: "ITEM-2", AveragePrice: linkit.Ptr(12.0)},
		linkit.ProductParams{IvID: "ITEM-3", AveragePrice: linkit.Ptr(22.0)},
	)
	err := client.Products.BulkAll(context.Background(), linkit.BulkUpdate, prices, func(r linkit.BulkResult) {
		fmt.Println(r.Offset, r.Count, r.Err)
	})
	fmt.Println(err)
	// Output:
	// 0 2 linkit: POST /products/bulk: 400 Bad Request
	// 2 1 <nil>
	// linkit: POST /products/bulk: 1 failure in 2 requests; records [0, 2): linkit: POST /products/bulk: 400 Bad Request
}

func ExampleBrandsService_Create() {
	server := linkittest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	brand, err := client.Brands.Create(ctx, linkit.BrandParams{BrandCode: "JULPHAR", NameEn: "Julphar", NameAr: "جلفار"})
	if err != nil {
		fmt.Println(err)
		return
	}
	brand, err = client.Brands.Get(ctx, brand.BrandCode) // by your code, not by Linkit's id
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(brand.NameEn, brand.ProductCount)
	// Output: Julphar 0
}

// What the catalogue has of each brand. A product names its brand by the brand's ID.
func ExampleBrandsService_List() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddBrands(
		linkit.Brand{ID: "r1", BrandCode: "JULPHAR", NameEn: "Julphar"},
		linkit.Brand{ID: "r2", BrandCode: "SPIMACO", NameEn: "Spimaco"},
	)
	server.AddProducts(linkit.Product{IvID: "ITEM-1", NameEn: "Adol 500 mg", BrandID: "r1"})
	page, err := server.Client().Brands.List(context.Background(), &linkit.BrandListParams{HasProducts: linkit.Ptr(true)})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, brand := range page.Data {
		fmt.Println(brand.BrandCode, brand.ProductCount)
	}
	// Output: JULPHAR 1
}

// One rejected record doesn't undo the others. The error says which were rejected, and so does the
// result.
func ExampleBrandsService_Bulk() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddBrands(linkit.Brand{BrandCode: "JULPHAR"})
	result, err := server.Client().Brands.Bulk(context.Background(), linkit.BulkCreate, []linkit.BrandParams{
		{BrandCode: "JULPHAR", NameEn: "Julphar"},
		{BrandCode: "SPIMACO", NameEn: "Spimaco"},
	})
	if err != nil && !errors.Is(err, linkit.ErrRejected) {
		fmt.Println(err)
		return
	}
	fmt.Println("written:", result.Count-len(result.Rejected))
	for _, r := range result.Rejected {
		fmt.Println("rejected:", r.Key, r.StatusCode, r.Message)
	}
	// Output:
	// written: 1
	// rejected: JULPHAR 409 a brand with this brand_code exists
}

// A child names its parent by the parent's ID.
func ExampleCategoriesService_Create() {
	server := linkittest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	medicines, err := client.Categories.Create(ctx, linkit.CategoryParams{CategoryCode: "MED", NameEn: "Medicines"})
	if err != nil {
		fmt.Println(err)
		return
	}
	pain, err := client.Categories.Create(
		ctx,
		linkit.CategoryParams{CategoryCode: "PAIN", NameEn: "Pain relief", ParentID: medicines.ID},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	roots, err := client.Categories.Count(ctx, &linkit.CategoryListParams{Roots: true})
	fmt.Println(pain.Path, pain.Depth, roots, err)
	// Output: Medicines > Pain relief 1 1 <nil>
}

// A tree is read from its roots on.
func ExampleCategoriesService_List() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddCategories(
		linkit.Category{ID: "c1", CategoryCode: "MED", NameEn: "Medicines"},
		linkit.Category{ID: "c2", CategoryCode: "PAIN", NameEn: "Pain relief", ParentID: "c1"},
		linkit.Category{ID: "c3", CategoryCode: "COLD", NameEn: "Cold and flu", ParentID: "c1"},
	)
	client, ctx := server.Client(), context.Background()
	roots, err := client.Categories.List(ctx, &linkit.CategoryListParams{Roots: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, root := range roots.Data {
		fmt.Println(root.NameEn)
		for child, err := range client.Categories.All(ctx, &linkit.CategoryListParams{ParentID: root.ID}) {
			if err != nil {
				fmt.Println(err)
				return
			}
			fmt.Println("-", child.NameEn)
		}
	}
	// Output:
	// Medicines
	// - Cold and flu
	// - Pain relief
}

func ExampleCategoriesService_Get() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddCategories(
		linkit.Category{ID: "c1", CategoryCode: "MED", NameEn: "Medicines"},
		linkit.Category{CategoryCode: "PAIN", NameEn: "Pain relief", NameAr: "مسكنات", ParentID: "c1"},
	)
	category, err := server.Client().Categories.Get(context.Background(), "PAIN")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(category.NameAr, category.Depth, category.Path)
	// Output: مسكنات 1 Medicines > Pain relief
}

// The brands that an ingredient is sold under.
func ExampleGenericsService_List() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddGenerics(linkit.Generic{ID: "g1", GenericCode: "PARACETAMOL", NameEn: "Paracetamol"})
	server.AddBrands(linkit.Brand{ID: "r1", NameEn: "Julphar"}, linkit.Brand{ID: "r2", NameEn: "Haleon"})
	server.AddProducts(
		linkit.Product{IvID: "ITEM-1", NameEn: "Adol 500 mg", GenericID: "g1", BrandID: "r1"},
		linkit.Product{IvID: "ITEM-2", NameEn: "Panadol Extra", GenericID: "g1", BrandID: "r2"},
	)
	page, err := server.Client().Generics.List(context.Background(), &linkit.GenericListParams{Search: "paracet"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, generic := range page.Data {
		fmt.Println(generic.NameEn, generic.ProductCount, generic.CommonBrands)
	}
	// Output: Paracetamol 2 [Julphar Haleon]
}

// A product stands under a generic by the generic's ID.
func ExampleGenericsService_Create() {
	server := pharmacy()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	generic, err := client.Generics.Create(
		ctx,
		linkit.GenericParams{GenericCode: "ASCORBIC-ACID", NameEn: "Ascorbic acid"},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	product, err := client.Products.Get(ctx, "ITEM-3")
	if err != nil {
		fmt.Println(err)
		return
	}
	params := product.Params()
	params.GenericID = generic.ID
	product, err = client.Products.Update(ctx, product.IvID, params)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(product.NameEn, product.GenericID == generic.ID)
	// Output: Vitamin C 1000 mg true
}

func ExampleGenericsService_Bulk() {
	server := linkittest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	result, err := client.Generics.Bulk(ctx, linkit.BulkUpsert, []linkit.GenericParams{
		{GenericCode: "PARACETAMOL", NameEn: "Paracetamol", NameAr: "باراسيتامول"},
		{GenericCode: "IBUPROFEN", NameEn: "Ibuprofen", NameAr: "إيبوبروفين"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	generic, err := client.Generics.Get(ctx, "PARACETAMOL")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Success, generic.NameAr)
	// Output: true باراسيتامول
}
