package linkittest_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

// A test that goes on using what it added must not change the server's records.
func TestRecordsThatWereAddedAreTheServersOwn(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	hours := json.RawMessage(`{"sat":"09:00-22:00"}`)
	address := json.RawMessage(`{"city":"Riyadh"}`)
	settings := json.RawMessage(`{"slug":"sap","settings":{"a":1}}`)
	server.AddBranches(linkit.Branch{IvID: "BR-07", NameEn: "Olaya", WorkingHours: hours})
	server.AddOrders(linkit.Order{ID: "order-1", ShippingAddress: address})
	qty := 5
	server.AddSKUs(linkit.SKU{IvID: "S", Qty: &qty})
	qty = 6
	assert.EqualValues(t, 5, send(t, server, "GET", "/skus/S", "").at(t, "qty"))
	server.AddIntegrations(linkit.Integration{Slug: "sap"})
	server.AddIntegrationConfigs(linkit.IntegrationConfig{Slug: "sap", Raw: settings})
	for _, raw := range []json.RawMessage{hours, address, settings} {
		for i := range raw {
			raw[i] = ' '
		}
	}
	assert.Equal(t, "09:00-22:00", send(t, server, "GET", "/branches/BR-07", "").at(t, "working_hours", "sat"))
	order := send(t, server, "GET", "/orders/order-1", "")
	assert.Contains(t, order.body, "Riyadh")
	config := send(t, server, "GET", "/integrations/"+linkittest.OrganizationID+"/sap/config", "")
	assert.Equal(t, http.StatusOK, config.status)
	assert.Contains(t, config.body, `"settings"`)

	read := server.Client()
	branch, err := read.Branches.Get(t.Context(), "BR-07")
	require.NoError(t, err)
	clear(branch.Raw)
	assert.Equal(t, "Olaya", send(t, server, "GET", "/branches/BR-07", "").at(t, "name_en"))
}

func TestRecordsCarryTheirOrganization(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddProducts(linkit.Product{IvID: "ITEM-1"})
	server.AddBranches(linkit.Branch{IvID: "BR-07"})
	server.AddBrands(linkit.Brand{BrandCode: "JLP"})
	server.AddCategories(linkit.Category{CategoryCode: "PAIN"})
	server.AddGenerics(linkit.Generic{GenericCode: "PARA"})
	server.AddSKUs(linkit.SKU{ProductIvID: "ITEM-1", BranchIvID: "BR-07"})
	for _, path := range []string{
		"/products/ITEM-1", "/branches/BR-07", "/skus/ITEM-1_BR-07",
	} {
		res := send(t, server, "GET", path, "")
		require.Equal(t, http.StatusOK, res.status, res.body)
		assert.Equal(t, linkittest.OrganizationID, res.at(t, "organization_id"), path)
	}
}

func TestHealthOfTheServerIsFilledIn(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddIntegrations(linkit.Integration{Slug: "sap"}, linkit.Integration{Slug: "odoo"})
	health, err := server.Client().System.SystemHealth(t.Context())
	require.NoError(t, err)
	assert.Positive(t, health.UptimeSeconds)
	assert.Less(t, health.UptimeSeconds, 3600.0)
	detail := health.SystemHealth
	assert.Equal(t, 2, detail.TotalApps)
	assert.Equal(t, 2, detail.ActiveApps)
	assert.Equal(t, 2, detail.ManagerMetrics.TotalInstances)
	assert.Equal(t, 2, detail.ManagerMetrics.ActiveInstances)
	assert.Positive(t, detail.ManagerMetrics.TotalOrganizations)
}

func TestServerListensOnLoopbackAddressesAlone(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"127.0.0.1:0", "localhost:0"} {
		assert.Equal(t, http.StatusOK, send(t, newServer(t, linkittest.WithAddr(addr)), "GET", "/ping", "").status, addr)
	}
	for _, addr := range []string{"0.0.0.0:0", "192.0.2.1:80", "linkit.test:80", "127.0.0.1", ""} {
		assert.Panics(t, func() { newServer(t, linkittest.WithAddr(addr)) }, addr)
	}
	server := newServer(t)
	for _, status := range []int{-1, 1, 100, 199, 1000} {
		assert.Panics(t, func() { server.Inject(linkittest.Fault{Status: status}) }, "%d", status)
	}
	for _, status := range []int{0, 200, 999} {
		assert.NotPanics(t, func() { server.Inject(linkittest.Fault{Status: status})() }, "%d", status)
	}
}
