package linkit_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestPaymentsOnTheWire(t *testing.T) {
	t.Parallel()
	params := linkit.PaymentOrderParams{
		Providers: []string{"tamara"},
		Order: linkit.PaymentOrderDetails{
			TotalAmount: 33.35,
			Currency:    "SAR",
			LineItems:   []linkit.PaymentLineItem{{SKU: "ITEM-4410", Name: "Adol 500 mg", Qty: 3, Price: 7.25}},
		},
	}
	want := &linkit.PaymentOrder{
		OrderID:          "p3a1y9m5e2n7t4o",
		AcceptedGateways: []string{"tamara"},
		ActiveGateway:    "tamara",
		AppSlug:          "tamara-pos-paylinks",
		ExecuteEndpoint:  "/checkout",
		ExecuteMethod:    "POST",
		NextAction:       "execute_or_send_payment_link",
	}
	exchanges(t, []exchange{
		{
			name:     "status",
			line:     "GET /payments/status",
			record:   true,
			response: `{"service_operational":true,"billing_mode":"postpaid","included_app_slots":{ "n":2 },"new":1}`,
			want: &linkit.PaymentStatus{
				ServiceOperational: true,
				BillingMode:        "postpaid",
				IncludedAppSlots:   json.RawMessage(`{ "n":2 }`),
			},
			call: func(ctx context.Context, c *linkit.Client) (any, error) { return c.Payments.Status(ctx) },
		},
		{
			name:     "status, not operational",
			line:     "GET /payments/status",
			response: `{"service_operational":false}`,
			want:     &linkit.PaymentStatus{},
			call:     func(ctx context.Context, c *linkit.Client) (any, error) { return c.Payments.Status(ctx) },
		},
		{
			name: "create order", line: "POST /payments/orders", body: "payment-order.json", status: http.StatusCreated,
			response: sample(t, "payment-order-created.json"), want: want,
			call: func(ctx context.Context, c *linkit.Client) (any, error) { return c.Payments.CreateOrder(ctx, params) },
		},
		{
			name: "create order, returned bare", line: "POST /payments/orders", body: "payment-order.json",
			response: `{"order_id":"p1","accepted_gateways":null,"new":[]}`, want: &linkit.PaymentOrder{OrderID: "p1"},
			call: func(ctx context.Context, c *linkit.Client) (any, error) { return c.Payments.CreateOrder(ctx, params) },
		},
	})
}

func TestProvidersOnTheWire(t *testing.T) {
	t.Parallel()
	config := `{"note":"ask for keys","endpoints":{"list_providers":"/providers","provider_config":"/providers/config/tamara","payment_orders":"/payments/orders","new":"/x"},` +
		`"credentials":[{"key":"merchant"}],"custom_params":{ "a":1},"notes":["n"],"new":true}`
	exchanges(t, []exchange{
		{
			name: "list", line: "GET /providers", response: sample(t, "providers.json"), record: true,
			want: []linkit.Provider{
				{
					ID:          "tamara",
					Name:        "Tamara",
					Description: "Split payments",
					Type:        linkit.ProviderTypeBNPL,
					Regions:     "KSA, UAE",
					AppSlug:     "tamara-pos-paylinks",
				},
			},
			call: func(ctx context.Context, c *linkit.Client) (any, error) { return c.Providers.List(ctx) },
		},
		{
			name: "list, an unknown type", line: "GET /providers", response: `{"providers":[{"id":"p","type":"barter","new":1}]}`,
			want: []linkit.Provider{{ID: "p", Type: "barter"}},
			call: func(ctx context.Context, c *linkit.Client) (any, error) { return c.Providers.List(ctx) },
		},
		{
			name: "config", line: "GET /providers/config/tamara", response: config, record: true,
			want: &linkit.ProviderConfig{
				Note: "ask for keys",
				Endpoints: linkit.ProviderEndpoints{
					ListProviders:  "/providers",
					ProviderConfig: "/providers/config/tamara",
					PaymentOrders:  "/payments/orders",
				},
				Credentials: json.RawMessage(
					`[{"key":"merchant"}]`,
				),
				CustomParams: json.RawMessage(`{ "a":1}`),
				Notes:        json.RawMessage(`["n"]`),
				Raw:          json.RawMessage(config),
			},
			call: func(ctx context.Context, c *linkit.Client) (any, error) { return c.Providers.Config(ctx, "tamara") },
		},
	})
}

func TestAPaymentIsNotAskedForTwice(t *testing.T) {
	t.Parallel()
	sentOnce(t, func(ctx context.Context, c *linkit.Client) error {
		_, err := c.Payments.CreateOrder(ctx, linkit.PaymentOrderParams{Providers: []string{"tamara"}})
		return err
	})
}

func TestAPaymentAnswerThatIsNotThePromisedOneIsAnError(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		call   func(context.Context, *linkit.Client) error
		bodies []string
	}{
		"status": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Payments.Status(ctx)
			return err
		}, []string{`{}`, `[]`, `{"data":{}}`}},
		"create order": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Payments.CreateOrder(ctx, linkit.PaymentOrderParams{})
			return err
		}, []string{`{}`, `{"success":true,"message":"done"}`}},
		"providers": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Providers.List(ctx)
			return err
		}, []string{`{}`, `[]`, `{"providers":[{"name":"Tamara"}]}`}},
		"provider": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Providers.Config(ctx, "tamara")
			return err
		}, []string{`{}`, `[]`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			decodeError(t, row.call, row.bodies...)
		})
	}
}

func TestASuspensionIsToldByEveryResource(t *testing.T) {
	t.Parallel()
	calls := customerCalls()
	calls["skus"] = func(ctx context.Context, c *linkit.Client) error {
		_, err := linkit.Collect(c.SKUs.All(ctx, nil))
		return err
	}
	calls["branches"] = func(ctx context.Context, c *linkit.Client) error {
		_, err := c.Branches.Update(ctx, "BR-07", linkit.BranchParams{})
		return err
	}
	calls["orders"] = func(ctx context.Context, c *linkit.Client) error {
		_, err := c.Orders.Bulk(ctx, []linkit.OrderParams{{ExternalID: "M-17"}})
		return err
	}
	calls["offers"] = func(ctx context.Context, c *linkit.Client) error {
		_, err := c.Offers.Report(ctx)
		return err
	}
	calls["integrations"] = func(ctx context.Context, c *linkit.Client) error {
		return c.Integrations.Execute(ctx, "org_9f2", "salla", nil, nil)
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newRecorder(t, http.StatusForbidden, sample(t, "error-403-suspended.json"))
			err := call(t.Context(), w.client)
			require.ErrorIs(t, err, linkit.ErrServiceSuspended)
			require.ErrorIs(t, err, linkit.ErrForbidden)
			assert.Len(t, w.all(), 1)
		})
	}
}
