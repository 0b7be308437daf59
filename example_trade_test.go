package linkit_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

func ExampleOrdersService_All() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddOrders(
		linkit.Order{
			ID:                   "o1",
			DestinationReference: "BR-OLAYA",
			TotalAmount:          84.5,
			Currency:             "SAR",
			OrderStatus:          linkit.OrderStatusPending,
		},
		linkit.Order{
			ID:                   "o2",
			DestinationReference: "BR-OLAYA",
			TotalAmount:          19.25,
			Currency:             "SAR",
			OrderStatus:          linkit.OrderStatusDelivered,
		},
	)
	pending := &linkit.OrderListParams{Status: linkit.OrderStatusPending}
	for order, err := range server.Client().Orders.All(context.Background(), pending) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(order.ID, order.DestinationReference, order.TotalAmount, order.Currency)
	}
	// Output: o1 BR-OLAYA 84.5 SAR
}

func ExampleOrdersService_Get() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddOrders(linkit.Order{
		ID:              "o1",
		SourceReference: "WEB-10045",
		PaymentStatus:   linkit.OrderPaymentStatusPaid,
		TotalAmount:     14.5,
		Currency:        "SAR",
		Products:        []linkit.LineItem{{ProductID: "ITEM-1", Name: "Adol 500 mg", Quantity: 2, Price: 7.25, Total: 14.5}},
	})
	order, err := server.Client().Orders.Get(context.Background(), "o1")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(order.SourceReference, order.PaymentStatus, order.TotalAmount, order.Currency)
	for _, line := range order.Products {
		fmt.Println(line.Quantity, "x", line.Name)
	}
	// Output:
	// WEB-10045 paid 14.5 SAR
	// 2 x Adol 500 mg
}

// An ExternalID of your own makes an order easy to find, should the response get lost.
func ExampleOrdersService_Bulk() {
	server := linkittest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	result, err := client.Orders.Bulk(ctx, []linkit.OrderParams{{
		ExternalID: "WEB-10045", CustomerName: "Noura Alharbi", Currency: "SAR", TotalAmount: linkit.Ptr(14.5),
		Products: []linkit.LineItem{{ProductID: "ITEM-1", Name: "Adol 500 mg", Quantity: 2, Price: 7.25, Total: 14.5}},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	page, err := client.Orders.List(ctx, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Message, page.Data[0].SourceReference, page.Data[0].Products[0].Name)
	// Output: Processed 1 orders WEB-10045 Adol 500 mg
}

// Orders straight from a file: no more of them are in memory than are being sent.
func ExampleOrdersService_BulkAll() {
	server := linkittest.NewServer()
	defer server.Close()
	client, ctx := server.Client(linkit.WithBulkSize(2)), context.Background()

	file := json.NewDecoder(strings.NewReader(`
		{"external_id": "WEB-10045", "total_amount": 14.5, "currency": "SAR"}
		{"external_id": "WEB-10046", "total_amount": 21.5, "currency": "SAR"}
		{"external_id": "WEB-10047", "total_amount": 7.25, "currency": "SAR"}`))
	orders := func(yield func(linkit.OrderParams, error) bool) {
		for file.More() {
			var order linkit.OrderParams
			if err := file.Decode(&order); !yield(order, err) || err != nil {
				return
			}
		}
	}
	err := client.Orders.BulkAll(ctx, orders, func(r linkit.BulkResult) { fmt.Println(r.Offset, r.Count, r.Message) })
	fmt.Println(err)
	// Output:
	// 0 2 Processed 2 orders
	// 2 1 Processed 1 orders
	// <nil>
}

// A webhook's body is an order in the form in which it is read. In an http.Handler, pass r.Body.
func ExampleParseOrder() {
	body := strings.NewReader(`{"spec_version": "2026-04-01", "event": "order.created",
		"order": {"id": "o1", "order_status": "confirmed", "total_amount": 84.5, "currency": "SAR"}}`)
	order, err := linkit.ParseOrder(body)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(order.SpecVersion, order.ID, order.OrderStatus, order.TotalAmount)

	_, err = linkit.ParseOrder(strings.NewReader(`{"hello": "world"}`))
	fmt.Println(err)
	// Output:
	// 2026-04-01 o1 confirmed 84.5
	// linkit: ParseOrder: the body is not an order: it has no id
}

// What an integration takes and responses is passed through.
func ExampleIntegrationsService_Execute() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddIntegrations(linkit.Integration{Slug: "pos", Name: "Point of sale", Enabled: true})
	client, ctx := server.Client(), context.Background()

	apps, err := client.Integrations.List(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	var response struct {
		DryRun bool `json:"dry_run"`
	}
	err = client.Integrations.Execute(
		ctx,
		linkittest.OrganizationID,
		apps[0].Slug,
		map[string]any{"dry_run": true},
		&response,
	)
	fmt.Println(apps[0].Name, response.DryRun, err)
	// Output: Point of sale true <nil>
}

// What an integration's setup has besides is in Raw.
func ExampleIntegrationsService_Config() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddIntegrationConfigs(linkit.IntegrationConfig{
		Slug: "pos", Name: "Point of sale", Version: "2.1", CustomConfig: linkit.IntegrationCustomConfig{SyncInventory: true},
	})
	config, err := server.Client().Integrations.Config(context.Background(), linkittest.OrganizationID, "pos")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(config.Name, config.Version, config.CustomConfig.SyncInventory, config.CustomConfig.SyncOrders)
	// Output: Point of sale 2.1 true false
}

// Unlike most calls it responses even while the organization is suspended.
func ExamplePaymentsService_Status() {
	server := linkittest.NewServer()
	defer server.Close()
	server.SetSuspended(linkittest.OrganizationID, true)
	status, err := server.Client().Payments.Status(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(status.ServiceOperational)
	// Output: false
}

func ExamplePaymentsService_CreateOrder() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddProviders(
		linkit.Provider{ID: "tamara", Name: "Tamara", Type: linkit.ProviderTypeBNPL, AppSlug: "tamara-pay"},
	)
	order, err := server.Client().Payments.CreateOrder(context.Background(), linkit.PaymentOrderParams{
		Providers: []string{"tamara"},
		Order: linkit.PaymentOrderDetails{
			TotalAmount: 14.5, Currency: "SAR",
			LineItems: []linkit.PaymentLineItem{{SKU: "ITEM-1_BR-OLAYA", Name: "Adol 500 mg", Qty: 2, Price: 7.25}},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(order.ActiveGateway, order.AcceptedGateways, order.AppSlug)
	// Output: tamara [tamara] tamara-pay
}

func ExampleProvidersService_List() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddProviders(linkit.Provider{ID: "tamara", Name: "Tamara", Type: linkit.ProviderTypeBNPL, Regions: "KSA, UAE"})
	providers, err := server.Client().Providers.List(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, provider := range providers {
		fmt.Println(provider.ID, provider.Type, provider.Regions)
	}
	// Output: tamara bnpl KSA, UAE
}

func ExampleProvidersService_Config() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddProviders(linkit.Provider{ID: "tamara", Name: "Tamara", Description: "Pay in four"})
	config, err := server.Client().Providers.Config(context.Background(), "tamara")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(config.Note, config.Endpoints.PaymentOrders)
	// Output: Pay in four /api/v1/payments/orders
}

func ExampleOrder_raw() {
	var order linkit.Order
	err := json.Unmarshal([]byte(`{"id": "o1", "loyalty_points": 12}`), &order)
	if err != nil {
		fmt.Println(err)
		return
	}
	var more struct {
		LoyaltyPoints int `json:"loyalty_points"` // a field that the model doesn't have
	}
	err = json.Unmarshal(order.Raw, &more)
	fmt.Println(more.LoyaltyPoints, err)
	// Output: 12 <nil>
}
