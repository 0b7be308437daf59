package linkit_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

// Customers need the organization named.
func ExampleCustomersService_Create() {
	server := linkittest.NewServer()
	defer server.Close()
	ctx := context.Background()
	_, err := server.Client().Customers.List(ctx, nil)
	fmt.Println(err)

	client := server.Client(linkit.WithOrganization(linkittest.OrganizationID))
	customer, err := client.Customers.Create(ctx, linkit.CustomerParams{
		FirstName: "Noura", LastName: "Alharbi", Phone: "+966501234567",
		Birthdate: linkit.Date{Year: 1990, Month: time.May, Day: 17}, Type: linkit.CustomerTypeIndividual,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(customer.FirstName, customer.Birthdate, customer.Type)
	// Output:
	// linkit: Customers: Linkit wants the organization named: use WithOrganization or Client.ForOrganization
	// Noura 1990-05-17 individual
}

func ExampleCustomersService_All() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddCustomers(
		linkit.Customer{FirstName: "Noura", Status: linkit.CustomerStatusActive},
		linkit.Customer{FirstName: "Fahad", Status: linkit.CustomerStatusBlocked},
	)
	client := server.Client(linkit.WithOrganization(linkittest.OrganizationID))
	active := &linkit.CustomerListParams{Status: linkit.CustomerStatusActive}
	for customer, err := range client.Customers.All(context.Background(), active) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(customer.FirstName)
	}
	// Output: Noura
}

func ExampleCustomerGroupsService_Create() {
	server := linkittest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	for range 2 {
		group, err := client.CustomerGroups.Create(ctx, linkit.CustomerGroupParams{Name: "VIP", Description: "Free delivery"})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(group.Name, group.Description)
	}
	// Output:
	// VIP Free delivery
	// linkit: POST /customer-groups: 409 Conflict: a group with this name exists: {"name":"VIP"}
}

func ExampleOrdersService_All() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddOrders(
		linkit.Order{ID: "o1", DestinationReference: "BR-OLAYA", TotalAmount: 84.5, Currency: "SAR", OrderStatus: linkit.OrderStatusPending},
		linkit.Order{ID: "o2", DestinationReference: "BR-OLAYA", TotalAmount: 19.25, Currency: "SAR", OrderStatus: linkit.OrderStatusDelivered},
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

// An ExternalID of your own makes an order easy to find, should the answer get lost.
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

// What an integration takes and answers is passed through.
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
	var answer struct {
		DryRun bool `json:"dry_run"`
	}
	err = client.Integrations.Execute(ctx, linkittest.OrganizationID, apps[0].Slug, map[string]any{"dry_run": true}, &answer)
	fmt.Println(apps[0].Name, answer.DryRun, err)
	// Output: Point of sale true <nil>
}

func ExamplePaymentsService_CreateOrder() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddProviders(linkit.Provider{ID: "tamara", Name: "Tamara", Type: linkit.ProviderTypeBNPL, AppSlug: "tamara-pay"})
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

// A service that says that it is unhealthy has answered: that is no error.
func ExampleSystemService_Health() {
	server := linkittest.NewServer()
	defer server.Close()
	client := server.Client(linkit.WithoutCredentials())
	for _, status := range []linkit.HealthStatus{linkit.HealthStatusHealthy, linkit.HealthStatusUnhealthy} {
		server.SetHealth(status)
		health, err := client.System.Health(context.Background())
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(health.Status)
	}
	// Output:
	// healthy
	// unhealthy
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
