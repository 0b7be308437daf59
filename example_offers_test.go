package linkit_test

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

// promotions is a server with an offer that is on, and one that isn't.
func promotions() *linkittest.Server {
	server := linkittest.NewServer()
	server.AddOffers(
		linkit.Offer{
			ID: "f1", Name: "Vitamins 20% off", OfferType: linkit.OfferTypeDirectDiscount, Status: "active", IsActive: true,
			TargetScope: "product", TargetIvID: "ITEM-3", DiscountType: "percentage", DiscountValue: 20,
		},
		linkit.Offer{
			ID: "f2", Name: "Two for one", OfferType: linkit.OfferTypeBOGO, Status: "draft",
			BuyQty: 1, GetQty: 1, BuyIvID: "ITEM-1", GetIvID: "ITEM-1",
		},
	)
	return server
}

// What is on for one product.
func ExampleOffersService_List() {
	server := promotions()
	defer server.Close()
	page, err := server.Client().Offers.List(context.Background(), &linkit.OfferListParams{
		TargetIvID: "ITEM-3", IsActive: linkit.Ptr(true), ListParams: linkit.ListParams{Sort: "-discount_value"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, offer := range page.Data {
		fmt.Println(offer.Name, offer.DiscountType, offer.DiscountValue)
	}
	// Output: Vitamins 20% off percentage 20
}

// Which fields matter depends on the type of the offer.
func ExampleOffersService_Get() {
	server := promotions()
	defer server.Close()
	offer, err := server.Client().Offers.Get(context.Background(), "f2")
	if err != nil {
		fmt.Println(err)
		return
	}
	switch offer.OfferType {
	case linkit.OfferTypeBOGO:
		fmt.Println("buy", offer.BuyQty, offer.BuyIvID, "get", offer.GetQty, offer.GetIvID)
	case linkit.OfferTypeDirectDiscount:
		fmt.Println(offer.DiscountValue, "off", offer.TargetIvID)
	}
	// Output: buy 1 ITEM-1 get 1 ITEM-1
}

func ExampleOffersService_Create() {
	server := linkittest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	offer, err := client.Offers.Create(ctx, linkit.OfferParams{
		Name: "Two for one", OfferType: linkit.OfferTypeBOGO, Status: "active",
		BuyQty: linkit.Ptr(1), GetQty: linkit.Ptr(1), BuyIvID: "ITEM-1", GetIvID: "ITEM-1",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	offer, err = client.Offers.SetStatus(ctx, offer.ID, linkit.OfferStatusParams{IsActive: linkit.Ptr(true)})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(offer.Name, offer.OfferType, offer.BuyQty, offer.GetQty, offer.IsActive)
	// Output: Two for one bogo 1 1 true
}

// An offer gets an end. SetStatus is enough to switch one on or off.
func ExampleOffersService_Update() {
	server := promotions()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	offer, err := client.Offers.Get(ctx, "f1")
	if err != nil {
		fmt.Println(err)
		return
	}
	params := offer.Params()
	params.DiscountValue = linkit.Ptr(15.0)
	params.EndAt = linkit.Time{Time: time.Date(2027, time.January, 1, 0, 0, 0, 0, time.UTC)}
	offer, err = client.Offers.Update(ctx, offer.ID, params)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(offer.TargetIvID, offer.DiscountValue, offer.EndAt.Format(time.DateOnly))
	// Output: ITEM-3 15 2027-01-01
}

// There is no mode: each offer is created or, where it is there already, updated. linkittest tells
// that by the name.
func ExampleOffersService_Bulk() {
	server := promotions()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	result, err := client.Offers.Bulk(ctx, []linkit.OfferParams{
		{Name: "Two for one", OfferType: linkit.OfferTypeBOGO, Status: "active"},
		{
			Name:               "Second at half price",
			OfferType:          linkit.OfferTypeBuyXGetDiscount,
			BuyQty:             linkit.Ptr(2),
			GetDiscountPercent: linkit.Ptr(50.0),
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	count, err := client.Offers.Count(ctx, nil)
	fmt.Println(result.Message, count, err)
	// Output: Processed 2 offers 3 <nil>
}

// The report is passed through as it came. Here it is linkittest's.
func ExampleOffersService_Report() {
	server := promotions()
	defer server.Close()
	report, err := server.Client().Offers.Report(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	var offers struct{ Total, Active int }
	err = json.Unmarshal(report, &offers)
	fmt.Println(offers.Total, offers.Active, err)
	// Output: 2 1 <nil>
}
