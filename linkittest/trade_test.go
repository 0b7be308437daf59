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

func TestCustomersNeedTheirOrganizationNamed(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddCustomers(
		linkit.Customer{FirstName: "Noura", Email: "noura@example.com", Status: "active", Type: "vip"},
		linkit.Customer{FirstName: "Faisal", Phone: "+966550003344", Status: "blocked", Type: "individual"},
	)
	assert.Equal(t, 400, send(t, server, "GET", "/customers", "").status)
	client := server.Client(linkit.WithOrganization(linkittest.OrganizationID))
	for name, row := range map[string]struct {
		params linkit.CustomerListParams
		want   string
	}{
		"status": {linkit.CustomerListParams{Status: linkit.CustomerStatusBlocked}, "Faisal"},
		"type":   {linkit.CustomerListParams{Type: linkit.CustomerTypeVIP}, "Noura"},
		"search": {linkit.CustomerListParams{Search: "NOURA@"}, "Noura"},
		"phone":  {linkit.CustomerListParams{Search: "3344"}, "Faisal"},
	} {
		page, err := client.Customers.List(t.Context(), &row.params)
		require.NoError(t, err)
		require.Len(t, page.Data, 1, name)
		assert.Equal(t, row.want, page.Data[0].FirstName, name)
	}
	born := linkit.Date{Year: 1988, Month: 11, Day: 3}
	customer, err := client.Customers.Create(t.Context(), linkit.CustomerParams{FirstName: "Sara", Birthdate: born})
	require.NoError(t, err)
	assert.Equal(t, born, customer.Birthdate)
	params := customer.Params()
	params.LastName = "Salem"
	updated, err := client.Customers.Update(t.Context(), customer.ID, params)
	require.NoError(t, err)
	assert.Equal(t, customer.ID, updated.ID)
	read, err := client.Customers.Get(t.Context(), customer.ID)
	require.NoError(t, err)
	assert.Equal(t, "Sara Salem", read.FirstName+" "+read.LastName)
	require.NoError(t, client.Customers.Delete(t.Context(), customer.ID))
	_, err = client.Customers.Get(t.Context(), customer.ID)
	require.ErrorIs(t, err, linkit.ErrNotFound)
}

func TestCustomerGroupsHaveUniqueNames(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddCustomerGroups(
		linkit.CustomerGroup{ID: "grp_55", Name: "Wholesale"},
		linkit.CustomerGroup{ID: "grp_56", Name: "Retail"},
	)
	for _, row := range []struct {
		method, path, body string
		status             int
		response           string
	}{
		{"POST", "/customer-groups", `{"name":"Wholesale"}`, 409, `{"code":409,"error":"a group with this name exists","details":{"name":"Wholesale"}}`},
		{"PUT", "/customer-groups/grp_56", `{"name":"Wholesale"}`, 409, ""},
		{"POST", "/customer-groups", `{}`, 422, `{"code":422,"error":"Validation error","details":"name is required"}`},
		{"POST", "/customer-groups", fmt.Sprintf(`{"name":%q}`, strings.Repeat("ع", 101)), 422, ""},
		{"POST", "/customer-groups", fmt.Sprintf(`{"name":"x","description":%q}`, strings.Repeat("x", 501)), 422, ""},
		{"POST", "/customer-groups", `{"name":"VIP"}`, 201, ""},
		{"PUT", "/customer-groups/grp_55", `{"name":"Wholesale","description":"Clinics"}`, 200, ""},
		{"PUT", "/customer-groups/grp_99", `{"name":"x"}`, 404, ""},
		{"DELETE", "/customer-groups/grp_56", ``, 204, ""},
	} {
		res := send(t, server, row.method, row.path, row.body)
		assert.Equal(t, row.status, res.status, row)
		if row.response != "" {
			assert.JSONEq(t, row.response, res.body)
		}
	}
	page, err := server.Client().CustomerGroups.List(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, 2, page.TotalCount)
}

func TestOrdersComeInBothForms(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	older := `{"id":"old","external_id":"M-17","status":"confirmed","discount":2,"unheard":{"of":1}}`
	server.AddOrders(
		linkit.Order{Raw: json.RawMessage(older)},
		linkit.Order{
			ID:          "new",
			OrderStatus: linkit.OrderStatusReady,
			SKUs:        []string{"A_B"},
			Products:    []linkit.LineItem{{Name: "Adol", Quantity: 2}},
		},
	)
	client := server.Client()
	order, err := client.Orders.Get(t.Context(), "old")
	require.NoError(t, err)
	assert.Equal(t, older, string(order.Raw))
	assert.Equal(t, "M-17", order.SourceReference)
	body := send(t, server, "GET", "/orders/new", "")
	assert.Equal(t, "2026-04-01", body.at(t, "spec_version"))
	assert.Equal(t, "new", body.at(t, "order", "id"))
	assert.Equal(t, linkittest.OrganizationID, body.at(t, "order", "organization_id"))
	assert.NotContains(t, body.at(t, "order"), "spec_version")

	result, err := client.Orders.Bulk(t.Context(), []linkit.OrderParams{
		{
			ExternalID:  "M-18",
			Status:      linkit.OrderStatusPending,
			Discount:    linkit.Ptr(1.5),
			Notes:       "call first",
			TotalAmount: linkit.Ptr(8.34),
		},
		{ExternalID: "M-19", Status: linkit.OrderStatusReady},
	})
	require.NoError(t, err)
	assert.Equal(t, "Processed 2 orders", result.Message)
	all, err := linkit.Collect(client.Orders.All(t.Context(), nil))
	require.NoError(t, err)
	require.Len(t, all, 4)
	made := all[1]
	assert.Equal(t, "2026-04-01", made.SpecVersion)
	assert.Equal(t, "M-18 pending call first", made.SourceReference+" "+string(made.OrderStatus)+" "+made.Comment)
	assert.InDelta(t, 1.5, made.DiscountsAmount, 0)
	assert.InDelta(t, 8.34, made.TotalAmount, 0)
	ready, err := client.Orders.Count(t.Context(), &linkit.OrderListParams{Status: linkit.OrderStatusReady})
	require.NoError(t, err)
	assert.Equal(t, 2, ready)
	confirmed, err := client.Orders.Count(t.Context(), &linkit.OrderListParams{Status: linkit.OrderStatusConfirmed})
	require.NoError(t, err)
	assert.Equal(t, 1, confirmed)

	for _, body := range []string{`{}`, `[]`, ``, `[{}`, `[{}] x`, `null`} {
		assert.Equal(t, 400, send(t, server, "POST", "/orders/bulk", body).status, body)
	}
}

func TestOffersAreWrittenAndSwitched(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	client := server.Client()
	offer, err := client.Offers.Create(t.Context(), linkit.OfferParams{
		Name: "Cold season", OfferType: linkit.OfferTypeBOGO, Status: "draft", BuyQty: linkit.Ptr(2), GetQty: linkit.Ptr(1),
		Meta: json.RawMessage(`{"campaign":"winter"}`),
	})
	require.NoError(t, err)
	assert.Equal(t, linkittest.OrganizationID, offer.OrganizationID)
	params := offer.Params()
	params.TargetScope = "product"
	_, err = client.Offers.Update(t.Context(), offer.ID, params)
	require.NoError(t, err)
	switched, err := client.Offers.SetStatus(t.Context(), offer.ID, linkit.OfferStatusParams{IsActive: linkit.Ptr(true)})
	require.NoError(t, err)
	assert.True(t, switched.IsActive)
	assert.Equal(t, "draft", switched.Status)
	_, err = client.Offers.SetStatus(t.Context(), offer.ID, linkit.OfferStatusParams{Status: "active"})
	require.NoError(t, err)
	_, err = client.Offers.SetStatus(t.Context(), "nobody", linkit.OfferStatusParams{Status: "active"})
	require.ErrorIs(t, err, linkit.ErrNotFound)
	assert.Equal(t, 422, send(t, server, "PATCH", "/offers/"+offer.ID+"/status", `{}`).status)
	read, err := client.Offers.Get(t.Context(), offer.ID)
	require.NoError(t, err)
	assert.Equal(t, "active product 2", fmt.Sprint(read.Status, " ", read.TargetScope, " ", read.BuyQty))
	assert.JSONEq(t, `{"campaign":"winter"}`, string(read.Meta))

	for range 2 { // an upsert may be sent again
		_, err = client.Offers.Bulk(t.Context(), []linkit.OfferParams{
			{
				Name:         "Cold season",
				DiscountType: "percentage",
			},
			{Name: "Summer", OfferType: linkit.OfferTypeDirectDiscount, TargetIvID: "A"},
		})
		require.NoError(t, err)
	}
	report, err := client.Offers.Report(t.Context())
	require.NoError(t, err)
	assert.JSONEq(t, `{"total":2,"active":1,"by_offer_type":{"bogo":1,"direct_discount":1}}`, string(report))
	for name, row := range map[string]struct {
		params linkit.OfferListParams
		want   int
	}{
		"all":            {linkit.OfferListParams{ListParams: linkit.ListParams{Sort: "-name"}}, 2},
		"status":         {linkit.OfferListParams{Status: "active"}, 1},
		"type":           {linkit.OfferListParams{OfferType: linkit.OfferTypeBOGO}, 1},
		"scope":          {linkit.OfferListParams{TargetScope: "product"}, 1},
		"target":         {linkit.OfferListParams{TargetIvID: "A"}, 1},
		"barcode":        {linkit.OfferListParams{TargetBarcode: "1"}, 0},
		"app":            {linkit.OfferListParams{OrganizationAppID: "app"}, 0},
		"active":         {linkit.OfferListParams{IsActive: linkit.Ptr(false)}, 1},
		"search":         {linkit.OfferListParams{Search: "COLD"}, 1},
		"synced says no": {linkit.OfferListParams{Synced: linkit.Ptr(true)}, 2},
	} {
		count, err := client.Offers.Count(t.Context(), &row.params)
		require.NoError(t, err)
		assert.Equal(t, row.want, count, name)
	}
	require.NoError(t, client.Offers.Delete(t.Context(), offer.ID))
}

func TestIntegrationsRunAndDryRun(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddIntegrations(linkit.Integration{Slug: "salla", Name: "Salla", Type: "ecommerce", Enabled: true})
	server.AddIntegrationConfigs(
		linkit.IntegrationConfig{Slug: "salla", Name: "Salla", Version: "2.3.1"},
		linkit.IntegrationConfig{Slug: "zid", Name: "Zid", Raw: json.RawMessage(`{"slug":"zid","more":1}`)},
	)
	client := server.Client()
	config, err := client.Integrations.Config(t.Context(), linkittest.OrganizationID, "salla")
	require.NoError(t, err)
	assert.Equal(t, "2.3.1", config.Version)
	config, err = client.Integrations.Config(t.Context(), linkittest.OrganizationID, "zid")
	require.NoError(t, err)
	assert.JSONEq(t, `{"slug":"zid","more":1}`, string(config.Raw))

	synced := func() bool {
		apps, err := client.Integrations.List(t.Context())
		require.NoError(t, err)
		require.Len(t, apps, 2)
		return !apps[0].LastSync.IsZero()
	}
	var response json.RawMessage
	require.NoError(
		t,
		client.Integrations.Execute(
			t.Context(),
			linkittest.OrganizationID,
			"salla",
			map[string]any{"dry_run": true},
			&response,
		),
	)
	assert.JSONEq(t, `{"success":true,"slug":"salla","dry_run":true,"input":{"dry_run":true}}`, string(response))
	assert.False(t, synced())
	require.NoError(t, client.Integrations.Execute(t.Context(), linkittest.OrganizationID, "salla", nil, &response))
	assert.JSONEq(t, `{"success":true,"slug":"salla","dry_run":false,"input":null}`, string(response))
	assert.True(t, synced())
	_, err = client.Integrations.Config(t.Context(), linkittest.OrganizationID, "nobody")
	require.ErrorIs(t, err, linkit.ErrNotFound)
	require.ErrorIs(
		t,
		client.Integrations.Execute(t.Context(), linkittest.OrganizationID, "nobody", nil, nil),
		linkit.ErrNotFound,
	)
	require.ErrorIs(t, client.Integrations.Execute(t.Context(), "org_foreign", "salla", nil, nil), linkit.ErrForbidden)
	assert.Equal(t, 400, send(t, server, "POST", "/integrations/"+linkittest.OrganizationID+"/salla/execute", `{`).status)
}

func TestPaymentsUseTheFirstKnownProvider(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	client := server.Client()
	params := linkit.PaymentOrderParams{
		Providers: []string{"nobody", "tamara"},
		Order:     linkit.PaymentOrderDetails{TotalAmount: 10, Currency: "SAR"},
	}
	_, err := client.Payments.CreateOrder(t.Context(), params)
	require.ErrorIs(t, err, linkit.ErrValidation)
	server.AddProviders(linkit.Provider{ID: "tamara", Type: linkit.ProviderTypeBNPL, AppSlug: "tamara-pos-paylinks"})
	order, err := client.Payments.CreateOrder(t.Context(), params)
	require.NoError(t, err)
	order.Raw = nil
	assert.Equal(t, linkit.PaymentOrder{
		OrderID: order.OrderID, AcceptedGateways: []string{"tamara"}, ActiveGateway: "tamara", AppSlug: "tamara-pos-paylinks",
		ExecuteEndpoint: "/checkout", ExecuteMethod: "POST", NextAction: "execute_or_send_payment_link",
	}, *order)
	assert.Len(t, order.OrderID, 15)
	providers, err := client.Providers.List(t.Context())
	require.NoError(t, err)
	require.Len(t, providers, 1)
	config, err := client.Providers.Config(t.Context(), "tamara")
	require.NoError(t, err)
	assert.Equal(t, "/api/v1/providers/config/tamara", config.Endpoints.ProviderConfig)
	_, err = client.Providers.Config(t.Context(), "nobody")
	require.ErrorIs(t, err, linkit.ErrNotFound)
	status, err := client.Payments.Status(t.Context())
	require.NoError(t, err)
	assert.True(t, status.ServiceOperational)
}

func TestHealthIsWhatTheTestSets(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	client := server.Client()
	health, err := client.System.Health(t.Context())
	require.NoError(t, err)
	assert.Equal(t, linkit.HealthStatusHealthy, health.Status)
	for status, code := range map[linkit.HealthStatus]int{"healthy": 200, "degraded": 200, "unhealthy": 503} {
		server.SetHealth(status)
		assert.Equal(t, code, send(t, server, "GET", "/health", "", "Authorization", "").status, status)
		health, err := client.System.Health(t.Context())
		require.NoError(t, err)
		assert.Equal(t, status, health.Status)
		inside, err := client.System.SystemHealth(t.Context())
		require.NoError(t, err)
		assert.Equal(t, health.Status, inside.Status)
	}
	assert.Equal(t, 401, send(t, server, "GET", "/health/system", "", "Authorization", "").status)
	server.AddBranches(linkit.Branch{IvID: "B"})
	server.AddProducts(linkit.Product{IvID: "A"})
	telemetry, err := client.System.Telemetry(t.Context())
	require.NoError(t, err)
	assert.Equal(t, linkit.TelemetryStore{Products: 1, Branches: 1, SKUs: 1}, telemetry.Store)
	assert.Positive(t, telemetry.Runtime.Goroutines)
	pong, err := client.System.Ping(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "pong", pong.Message)
}

func TestEveryDocumentedEndpointIsServedAndNoOther(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	served := strings.Fields(`
		POST/auth/login GET/auth/credentials
		GET/products POST/products GET/products/{iv_id} PUT/products/{iv_id} DELETE/products/{iv_id} POST/products/bulk
		GET/skus POST/skus GET/skus/{iv_id} PUT/skus/{iv_id} DELETE/skus/{iv_id} POST/skus/bulk
		GET/branches POST/branches GET/branches/{iv_id} PUT/branches/{iv_id} DELETE/branches/{iv_id} POST/branches/bulk
		GET/brands POST/brands GET/brands/code/{brand_code} POST/brands/bulk
		GET/categories POST/categories GET/categories/code/{category_code}
		GET/generics POST/generics GET/generics/code/{generic_code} POST/generics/bulk
		GET/customers POST/customers GET/customers/{id} PUT/customers/{id} DELETE/customers/{id}
		GET/customer-groups POST/customer-groups PUT/customer-groups/{id} DELETE/customer-groups/{id}
		GET/orders GET/orders/{id} POST/orders/bulk
		GET/offers POST/offers GET/offers/{id} PUT/offers/{id} DELETE/offers/{id} POST/offers/bulk PATCH/offers/{id}/status GET/reports/offers
		GET/apps GET/integrations/{org_id}/{slug}/config POST/integrations/{org_id}/{slug}/execute
		GET/payments/status POST/payments/orders GET/providers GET/providers/config/{provider}
		GET/ping GET/health GET/health/system GET/telemetry`)
	documented, paths := map[string]bool{}, map[string]bool{}
	for _, endpoint := range served {
		documented[endpoint] = true
		_, path, _ := strings.Cut(endpoint, "/")
		paths["/"+path] = true
	}
	for path := range paths {
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
			res := send(t, server, method, strings.NewReplacer("{", "", "}", "").Replace(path), "")
			assert.Equal(t, documented[method+path], res.status != 405, "%s %s: %d", method, path, res.status)
		}
	}
	for _, r := range server.Requests() {
		assert.True(t, paths[r.Route], r.Path)
	}
}
