package linkittest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

func TestEachEndpointRespondsWithTheStatusThatIsDocumented(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddUser("ops@example.com", "pa55word")
	server.AddOrders(linkit.Order{ID: "o00000000000001"})
	server.AddOffers(linkit.Offer{ID: "f00000000000001", Name: "Eid"})
	server.AddIntegrations(linkit.Integration{Slug: "salla"})
	server.AddIntegrationConfigs(linkit.IntegrationConfig{Slug: "own", Raw: []byte(`{"slug":"own"}`)})
	server.AddProviders(linkit.Provider{ID: "moyasar"})
	const organization = linkittest.OrganizationID
	for _, row := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/auth/login", `{"email":"ops@example.com","password":"pa55word"}`, 200},
		{"GET", "/auth/credentials", "", 200},
		{"POST", "/products", `{"iv_id":"A"}`, 201},
		{"GET", "/products", "", 200},
		{"GET", "/products/A", "", 200},
		{"PUT", "/products/A", `{"name_en":"Tea"}`, 200},
		{"POST", "/products/bulk", `{"mode":"upsert","products":[{"iv_id":"B"}]}`, 200},
		{"DELETE", "/products/A", "", 204},
		{"POST", "/brands", `{"brand_code":"R"}`, 201},
		{"POST", "/branches", `{"iv_id":"B"}`, 201},
		{"GET", "/orders/o00000000000001", "", 200},
		{"PATCH", "/offers/f00000000000001/status", `{"is_active":true}`, 200},
		{"GET", "/reports/offers", "", 200},
		{"GET", "/apps", "", 200},
		{"GET", "/integrations/" + organization + "/salla/config", "", 200},
		{"GET", "/integrations/" + organization + "/own/config", "", 200},
		{"POST", "/integrations/" + organization + "/salla/execute", "", 200},
		{"GET", "/payments/status", "", 200},
		{"POST", "/payments/orders", `{"providers":["moyasar"]}`, 201},
		{"GET", "/providers", "", 200},
		{"GET", "/providers/config/moyasar", "", 200},
		{"GET", "/ping", "", 200},
		{"GET", "/health", "", 200},
		{"GET", "/health/system", "", 200},
		{"GET", "/telemetry", "", 200},
	} {
		response := send(t, server, row.method, row.path, row.body)
		assert.Equal(t, row.status, response.status, "%s %s: %s", row.method, row.path, response.body)
	}
}
