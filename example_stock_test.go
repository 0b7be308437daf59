package linkit_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/linkit-go/linkit"
)

// Where one product is to be had.
func ExampleSKUsService_List() {
	server := pharmacy()
	defer server.Close()
	server.AddSKUs(linkit.SKU{ProductIvID: "ITEM-1", BranchIvID: "BR-TAHLIA", Price: 6.95, Available: true})
	page, err := server.Client().SKUs.List(context.Background(), &linkit.SKUListParams{
		ProductIvID: "ITEM-1", Available: linkit.Ptr(true),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, sku := range page.Data {
		fmt.Println(sku.BranchIvID, sku.Price)
	}
	// Output: BR-TAHLIA 6.95
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
		if sku.Qty != nil { // nil: the server gave none
			fmt.Println(sku.IvID, *sku.Qty, sku.Price)
		}
	}
	// Output:
	// ITEM-3_BR-OLAYA 0 21.5
	// ITEM-2_BR-OLAYA 0 11.5
	// ITEM-1_BR-OLAYA 0 7.25
}

// An update replaces the whole record: the stock is still there because Params kept it.
func ExampleSKUsService_Update() {
	server := pharmacy()
	defer server.Close()
	server.AddSKUs(linkit.SKU{IvID: "ITEM-1_BR-OLAYA", Qty: linkit.Ptr(24), Price: 7.25})
	client, ctx := server.Client(), context.Background()
	sku, err := client.SKUs.Get(ctx, "ITEM-1_BR-OLAYA")
	if err != nil {
		fmt.Println(err)
		return
	}
	params := sku.Params()
	params.Price = linkit.Ptr(6.95)
	sku, err = client.SKUs.Update(ctx, sku.IvID, params)
	if err != nil {
		fmt.Println(err)
		return
	}
	if sku.Qty != nil {
		fmt.Println(sku.Price, *sku.Qty)
	}
	// Output: 6.95 24
}

// A delivery to one branch.
func ExampleSKUsService_Bulk() {
	server := pharmacy()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	result, err := client.SKUs.Bulk(ctx, linkit.BulkUpdate, []linkit.SKUParams{
		{IvID: "ITEM-1_BR-OLAYA", Qty: linkit.Ptr(24)},
		{IvID: "ITEM-3_BR-OLAYA", Qty: linkit.Ptr(6)},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	inStock, err := client.SKUs.Count(ctx, &linkit.SKUListParams{BranchIvID: "BR-OLAYA", MinQty: linkit.Ptr(1)})
	fmt.Println(result.Message, inStock, err)
	// Output: Processed 2 skus 2 <nil>
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
	if sku.Qty != nil {
		fmt.Println(*sku.Qty, sku.Available, sku.Price)
	}
	// Output: 24 true 7.25
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

func ExampleBranchesService_Get() {
	server := pharmacy()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	for _, ivID := range []string{"BR-TAHLIA", "BR-CORNICHE"} {
		branch, err := client.Branches.Get(ctx, ivID)
		if errors.Is(err, linkit.ErrNotFound) {
			fmt.Println(ivID, "isn't there")
			continue
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(branch.IvID, branch.NameEn, branch.NameAr)
	}
	// Output:
	// BR-TAHLIA Tahlia التحلية
	// BR-CORNICHE isn't there
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

// An update replaces the whole record: the name is still there because Params kept it.
func ExampleBranchesService_Update() {
	server := pharmacy()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	branch, err := client.Branches.Get(ctx, "BR-TAHLIA")
	if err != nil {
		fmt.Println(err)
		return
	}
	params := branch.Params()
	params.Active = linkit.Ptr(true)
	params.WorkingHoursPeriods = []linkit.WorkingHoursPeriod{{WeekDay: "5", OpenHour: 16, CloseHour: 23}}
	branch, err = client.Branches.Update(ctx, branch.IvID, params)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(branch.NameEn, branch.Active, branch.WorkingHoursPeriods[0].OpenHour)
	// Output: Tahlia true 16
}

func ExampleBranchesService_Delete() {
	server := pharmacy()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	if err := client.Branches.Delete(ctx, "BR-TAHLIA"); err != nil {
		fmt.Println(err)
		return
	}
	count, err := client.Branches.Count(ctx, nil)
	fmt.Println(count, err)
	// Output: 1 <nil>
}

// An upsert creates the branches that aren't there, and updates those that are.
func ExampleBranchesService_Bulk() {
	server := pharmacy()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	result, err := client.Branches.Bulk(ctx, linkit.BulkUpsert, []linkit.BranchParams{
		{IvID: "BR-TAHLIA", NameEn: "Tahlia Street", NameAr: "شارع التحلية"},
		{IvID: "BR-CORNICHE", NameEn: "Corniche", NameAr: "الكورنيش"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Message)
	branches, err := linkit.Collect(client.Branches.All(ctx, nil))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, branch := range branches {
		fmt.Println(branch.IvID, branch.NameAr)
	}
	// Output:
	// Processed 2 branches
	// BR-CORNICHE الكورنيش
	// BR-TAHLIA شارع التحلية
	// BR-OLAYA العليا
}
