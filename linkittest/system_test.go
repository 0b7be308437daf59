package linkittest_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestTelemetryCountsWhatTheServerHolds(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddBranches(linkit.Branch{IvID: "B"})
	server.AddProducts(linkit.Product{IvID: "P"}, linkit.Product{IvID: "Q"})
	server.AddSKUs(linkit.SKU{IvID: "S"})
	server.AddOrders(make([]linkit.Order, 4)...)
	server.AddCustomers(make([]linkit.Customer, 5)...)
	server.AddProducts(linkit.Product{IvID: "R", OrganizationID: "org_b"})
	client := server.Client()
	garbage := make([]byte, 2<<20)
	runtime.GC()
	runtime.KeepAlive(garbage)
	told, err := client.System.Telemetry(t.Context())
	require.NoError(t, err)
	assert.Equal(t, linkit.TelemetryStore{Products: 2, Branches: 1, SKUs: 3, Orders: 4, Customers: 5}, told.Store)
	assert.WithinDuration(t, time.Now(), told.Measured.Time, time.Minute)
	assert.Equal(t, linkit.Version, told.Version)
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	const mb = 1 << 20
	for name, figure := range map[string][2]float64{ // what it may be at least and at most
		"goroutines":  {float64(told.Runtime.Goroutines), 1 << 20},
		"CPUs":        {float64(told.Runtime.CPUCount), 1 << 20},
		"memory":      {told.Runtime.SysMB, float64(now.Sys) / mb},
		"memory ever": {told.Runtime.TotalAllocMB, float64(now.TotalAlloc) / mb},
		"collections": {float64(told.Runtime.NumGC), float64(now.NumGC)},
	} {
		assert.Positive(t, figure[0], name)
		assert.LessOrEqual(t, figure[0], figure[1], name)
	}
	assert.LessOrEqual(t, told.Runtime.AllocMB, told.Runtime.SysMB)
}

func TestHealthAndPingTellTheServersTime(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.SetClockSkew(-time.Hour)
	client := server.Client()
	then := time.Now().Add(-time.Hour)
	ping, err := client.System.Ping(t.Context())
	require.NoError(t, err)
	assert.WithinDuration(t, then, ping.Timestamp.Time, time.Minute)
	assert.Equal(t, "pong", ping.Message)
	for _, status := range []linkit.HealthStatus{linkit.HealthStatusHealthy, linkit.HealthStatusDegraded} {
		server.SetHealth(status)
		health, err := client.System.Health(t.Context())
		require.NoError(t, err)
		assert.Equal(t, status, health.Status)
		assert.Equal(t, "linkittest", health.Environment)
		assert.WithinDuration(t, then, health.Timestamp.Time, time.Minute)
		system, err := client.System.SystemHealth(t.Context())
		require.NoError(t, err)
		assert.Equal(t, status, system.Status)
		assert.Equal(t, "linkittest", system.Environment)
		assert.Equal(t, string(status), system.SystemHealth.Status)
		assert.True(t, system.SystemHealth.Initialized && system.SystemHealth.Started)
		assert.WithinDuration(t, then, system.SystemHealth.Timestamp.Time, time.Minute)
	}
}

func TestReportsCountOffersByTheirType(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddOffers(
		linkit.Offer{Name: "a", OfferType: linkit.OfferTypeBOGO, IsActive: true}, linkit.Offer{Name: "b", OfferType: linkit.OfferTypeBOGO},
		linkit.Offer{Name: "c", OfferType: "other"},
	)
	res := send(t, server, "GET", "/reports/offers", "")
	assert.JSONEq(t, `{"total":3,"active":1,"by_offer_type":{"`+string(linkit.OfferTypeBOGO)+`":2,"other":1}}`, res.body)
	assert.Empty(t, send(t, server, "GET", "/providers", "").at(t, "providers"))
	server.AddProviders(linkit.Provider{ID: "tap", Description: "cards"})
	assert.EqualValues(t, 1, send(t, server, "GET", "/providers", "").at(t, "total"))
	config := send(t, server, "GET", "/providers/config/tap", "")
	assert.Equal(t, "cards", config.at(t, "note"))
	assert.Equal(t, "/api/v1/providers/config/tap", config.at(t, "endpoints", "provider_config"))
}
