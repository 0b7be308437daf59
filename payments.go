package linkit

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"github.com/linkit-go/linkit/internal/lenient"
	"github.com/linkit-go/linkit/internal/retry"
)

// PaymentStatus says whether the organization can use Linkit. It responds even while the
// organization is suspended.
type PaymentStatus struct {
	ServiceOperational bool            `json:"service_operational"`
	BillingMode        string          `json:"billing_mode"`
	IncludedAppSlots   json.RawMessage `json:"included_app_slots,omitempty"` // its form isn't documented
	Raw                json.RawMessage `json:"-"`                            // the object as it came. Not written.
}

func (p *PaymentStatus) setRaw(text json.RawMessage) { p.Raw = text }

// PaymentOrderParams is a payment to ask for. A nil slice is left out of the request.
type PaymentOrderParams struct {
	// those that may take it: [ProviderTabby], say; unknown ones are ignored
	Providers []string            `json:"providers,omitzero"`
	Order     PaymentOrderDetails `json:"order,omitzero"`

	// Extra holds further members by their JSON names: ones without a field, "" to clear a text,
	// nil for null. An entry replaces the field of that name. Values are encoded as by
	// [json.Marshal].
	Extra map[string]any `json:"-"`
}

type plainPaymentOrderParams PaymentOrderParams // without methods

// MarshalJSON encodes the fields that are set, and Extra.
func (p PaymentOrderParams) MarshalJSON() ([]byte, error) {
	return mergeParams((*plainPaymentOrderParams)(&p), p.Extra, nil)
}

// PaymentOrderDetails is what is to be paid. What is zero is left out of the request.
type PaymentOrderDetails struct {
	TotalAmount float64           `json:"total_amount,omitzero"`
	Currency    string            `json:"currency,omitzero"` // "SAR"
	LineItems   []PaymentLineItem `json:"line_items,omitzero"`
}

// PaymentLineItem is one line of what is to be paid. What is zero is left out of the request.
type PaymentLineItem struct {
	SKU   string  `json:"sku,omitzero"`
	Name  string  `json:"name,omitzero"`
	Qty   int     `json:"qty,omitzero"`
	Price float64 `json:"price,omitzero"`
}

// PaymentOrder is a payment that Linkit has taken on, and how to go on with it.
type PaymentOrder struct {
	OrderID          string   `json:"order_id"`
	AcceptedGateways []string `json:"accepted_gateways"` // those of the providers asked for that Linkit supports
	ActiveGateway    string   `json:"active_gateway"`    // the first of them
	// of the integration that takes the payment: see IntegrationsService.Execute
	AppSlug         string          `json:"app_slug"`
	ExecuteEndpoint string          `json:"execute_endpoint"` // the provider's own: not below the base URL
	ExecuteMethod   string          `json:"execute_method"`
	NextAction      string          `json:"next_action"`
	Raw             json.RawMessage `json:"-"` // the object as it came. Not written.
}

func (o PaymentOrder) keys() (key, id string) { return o.OrderID, "" }

func (p *PaymentOrder) setRaw(text json.RawMessage) { p.Raw = text }

// PaymentsService asks for payments. Use it as Client.Payments.
type PaymentsService service

// Status says whether the organization can use Linkit.
//
//	GET /payments/status
func (s *PaymentsService) Status(ctx context.Context) (*PaymentStatus, error) {
	op := &operation{method: http.MethodGet, route: "/payments/status"}
	return doObject(ctx, s.client, op, func(_ *PaymentStatus, o lenient.Object) bool {
		return o.Has("service_operational", "billing_mode", "included_app_slots")
	})
}

// CreateOrder asks for a payment, and runs the integration of the provider that takes it. Linkit
// ignores providers that it doesn't support: compare PaymentOrder.AcceptedGateways with what was
// asked for. It is not retried once it may have taken effect: see [ErrUncertain].
//
//	POST /payments/orders
func (s *PaymentsService) CreateOrder(ctx context.Context, params PaymentOrderParams) (*PaymentOrder, error) {
	return do[PaymentOrder](ctx, s.client, &operation{method: http.MethodPost, route: "/payments/orders", body: params})
}

// Provider is a way to pay that Linkit knows.
type Provider struct {
	ID          string          `json:"id"` // [ProviderTabby], say
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Type        ProviderType    `json:"type"`
	Regions     string          `json:"regions"` // one text: "KSA, UAE"
	AppSlug     string          `json:"app_slug"`
	Raw         json.RawMessage `json:"-"` // the record as it came. Not written.
}

func (p *Provider) setRaw(text json.RawMessage) { p.Raw = text }

func (p Provider) keys() (key, id string) { return "", p.ID }

// The documented providers: values of [Provider].ID, [PaymentOrderParams].Providers and
// [ProvidersService.Config].
const (
	ProviderTabby    = "tabby"
	ProviderTamara   = "tamara"
	ProviderMispay   = "mispay"
	ProviderStripe   = "stripe"
	ProviderMoyasar  = "moyasar"
	ProviderTap      = "tap"
	ProviderDinero   = "dinero"
	ProviderPayPal   = "paypal"
	ProviderHyperPay = "hyperpay"
)

// ProviderType is the kind of a provider. Values that are not listed here pass through.
type ProviderType string

// The documented types.
const (
	ProviderTypeBNPL        ProviderType = "bnpl" // buy now, pay later
	ProviderTypeGatewaySync ProviderType = "gateway_sync"
)

// ProviderConfig says how to set up and reach a provider.
type ProviderConfig struct {
	Note         string            `json:"note"`
	Endpoints    ProviderEndpoints `json:"endpoints"`
	Credentials  json.RawMessage   `json:"credentials,omitempty"`   // its form isn't documented; don't log it
	CustomParams json.RawMessage   `json:"custom_params,omitempty"` // its form isn't documented
	Notes        json.RawMessage   `json:"notes,omitempty"`         // its form isn't documented
	Raw          json.RawMessage   `json:"-"`                       // the whole response
}

func (p *ProviderConfig) setRaw(text json.RawMessage) { p.Raw = text }

// ProviderEndpoints are the routes that a provider is used through.
type ProviderEndpoints struct {
	ListProviders  string `json:"list_providers"`
	ProviderConfig string `json:"provider_config"`
	PaymentOrders  string `json:"payment_orders"`
}

// ProvidersService reads the ways to pay. Use it as Client.Providers.
type ProvidersService service

// List returns the providers, all at once.
//
//	GET /providers
func (s *ProvidersService) List(ctx context.Context) ([]Provider, error) {
	var providers []Provider
	op := &operation{method: http.MethodGet, route: "/providers"}
	op.decode = func(res *retry.Result) error {
		elements, err := readNamedList(trimmed(bytes.Clone(res.Body)), "providers")
		if err != nil {
			return err
		}
		read, unread, err := readRecords[Provider](elements, "the list", 0)
		if err == nil {
			s.client.core.warnUnread(ctx, op.route, unread)
			providers = read
		}
		return err
	}
	if err := s.client.send(ctx, op); err != nil {
		return nil, err
	}
	return providers, nil
}

// Config says how to set up a provider, given by its ID; ErrNotFound when there is none.
//
//	GET /providers/config/{provider}
func (s *ProvidersService) Config(ctx context.Context, provider string) (*ProviderConfig, error) {
	op := &operation{method: http.MethodGet, route: "/providers/config/{provider}", ids: ids{provider}}
	return doObject(ctx, s.client, op, func(_ *ProviderConfig, o lenient.Object) bool {
		return o.Has("note", "endpoints", "credentials", "custom_params", "notes")
	})
}
