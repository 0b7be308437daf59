package linkittest

import (
	"net/http"
	"slices"

	"github.com/linkit-go/linkit"
)

var paymentRoutes = []route{
	{method: http.MethodGet, path: "/payments/status", handle: paymentStatus, always: true},
	{method: http.MethodPost, path: "/payments/orders", handle: createPayment, always: true},
	{method: http.MethodGet, path: "/providers", handle: listProviders},
	{method: http.MethodGet, path: "/providers/config/{provider}", handle: configOfProvider},
}

// AddProviders adds payment providers, for all organizations. A new server has none.
func (s *Server) AddProviders(providers ...linkit.Provider) {
	s.data.mu.Lock()
	defer s.data.mu.Unlock()
	s.data.providers = append(s.data.providers, providers...)
}

// provider returns the provider with the given id, or nil. d.mu must be held.
func (d *data) provider(id string) *linkit.Provider {
	i := slices.IndexFunc(d.providers, func(p linkit.Provider) bool { return p.ID == id })
	if i < 0 {
		return nil
	}
	return &d.providers[i]
}

// paymentStatus returns the status of the payment service. The billing mode is linkittest's own.
func paymentStatus(r *request) response {
	return reply(http.StatusOK, map[string]any{
		"service_operational": !r.org.suspended.Load(),
		"billing_mode":        "subscription",
		"included_app_slots":  struct{}{},
	})
}

// createPayment accepts the known providers and makes the first of them the active one.
func createPayment(r *request) response {
	var body linkit.PaymentOrderParams
	if refusal := decode(r.body, &body); refusal != nil {
		return refusal.response()
	}
	d := &r.server.data
	d.mu.Lock()
	defer d.mu.Unlock()
	var order linkit.PaymentOrder
	for _, id := range body.Providers {
		if p := d.provider(id); p != nil {
			order.AcceptedGateways = append(order.AcceptedGateways, id)
			if order.ActiveGateway == "" {
				order.ActiveGateway, order.AppSlug = id, p.AppSlug
			}
		}
	}
	if order.ActiveGateway == "" {
		return invalid("providers must name at least one supported provider").response()
	}
	order.OrderID = d.newID('y')
	order.ExecuteEndpoint, order.ExecuteMethod = "/checkout", http.MethodPost
	order.NextAction = "execute_or_send_payment_link"
	return reply(http.StatusCreated, envelope{Success: true, Message: "payment order created", Data: order})
}

func listProviders(r *request) response {
	d := &r.server.data
	d.mu.RLock()
	defer d.mu.RUnlock()
	providers := append([]linkit.Provider{}, d.providers...)
	return reply(http.StatusOK, map[string]any{"providers": providers, "total": len(providers)})
}

func configOfProvider(r *request) response {
	d := &r.server.data
	d.mu.RLock()
	defer d.mu.RUnlock()
	p := d.provider(r.PathValue("provider"))
	if p == nil {
		return notFound("there is no such provider").response()
	}
	return reply(http.StatusOK, map[string]any{
		"note": p.Description,
		"endpoints": map[string]string{
			"list_providers": basePath + "/providers", "provider_config": basePath + "/providers/config/" + p.ID,
			"payment_orders": basePath + "/payments/orders",
		},
		"credentials": struct{}{}, "custom_params": struct{}{}, "notes": []string{},
	})
}
