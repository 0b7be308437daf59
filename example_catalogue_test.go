package linkit_test

import (
	"context"
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

// An update replaces the whole record, so it starts from what there is.
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
	product, err = client.Products.Update(ctx, product.IvID, params)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(product.NameEn, product.AveragePrice)
	// Output: Adol 500 mg 7.75
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

// What is low at one branch.
func ExampleSKUsService_All() {
	server := pharmacy()
	defer server.Close()
	low := &linkit.SKUListParams{BranchIvID: "BR-OLAYA", MaxQty: linkit.Ptr(5)}
	skus, err := linkit.Collect(server.Client().SKUs.All(context.Background(), low))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, sku := range skus {
		fmt.Println(sku.IvID, *sku.Qty, sku.Price)
	}
	// Output:
	// ITEM-3_BR-OLAYA 0 21.5
	// ITEM-2_BR-OLAYA 0 11.5
	// ITEM-1_BR-OLAYA 0 7.25
}

// Stock and prices go in bulk. A pointer says "set, even to zero".
func ExampleSKUsService_BulkAll() {
	server := pharmacy()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	err := client.SKUs.BulkAll(ctx, linkit.BulkUpdate, linkit.Records(
		linkit.SKUParams{IvID: "ITEM-1_BR-OLAYA", Qty: linkit.Ptr(24), Available: linkit.Ptr(true)},
		linkit.SKUParams{IvID: "ITEM-2_BR-OLAYA", Qty: linkit.Ptr(0), Available: linkit.Ptr(false)},
	), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	sku, err := client.SKUs.Get(ctx, "ITEM-1_BR-OLAYA")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(*sku.Qty, sku.Available, sku.Price)
	// Output: 24 true 7.25
}

// A new branch has a SKU of every product.
func ExampleBranchesService_Create() {
	server := pharmacy()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	branch, err := client.Branches.Create(ctx, linkit.BranchParams{
		IvID: "BR-CORNICHE", NameEn: "Corniche", Active: linkit.Ptr(true),
		Location:            &linkit.Location{Lat: 26.4526, Lon: 50.1183},
		WorkingHoursPeriods: []linkit.WorkingHoursPeriod{{WeekDay: "0", OpenHour: 9, CloseHour: 23, CloseMinute: 30}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	count, err := client.SKUs.Count(ctx, &linkit.SKUListParams{BranchIvID: branch.IvID})
	fmt.Println(count, err)
	// Output: 3 <nil>
}

func ExampleBranchesService_List() {
	server := pharmacy()
	defer server.Close()
	page, err := server.Client().Branches.List(context.Background(), &linkit.BranchListParams{Active: linkit.Ptr(true)})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(page.Data[0].IvID, page.Data[0].NameAr)
	// Output: BR-OLAYA العليا
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
	pain, err := client.Categories.Create(ctx, linkit.CategoryParams{CategoryCode: "PAIN", NameEn: "Pain relief", ParentID: medicines.ID})
	if err != nil {
		fmt.Println(err)
		return
	}
	roots, err := client.Categories.Count(ctx, &linkit.CategoryListParams{Roots: true})
	fmt.Println(pain.Path, pain.Depth, roots, err)
	// Output: Medicines > Pain relief 1 1 <nil>
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
