package linkittest

import (
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/linkit-go/linkit"
)

var systemRoutes = []route{
	{method: http.MethodGet, path: "/ping", handle: ping, open: true},
	{method: http.MethodGet, path: "/health", handle: health, open: true},
	{method: http.MethodGet, path: "/health/system", handle: systemHealth, always: true},
	{method: http.MethodGet, path: "/telemetry", handle: telemetry},
}

const environment = "linkittest"

// SetHealth sets the health that the server reports. [linkit.HealthStatusUnhealthy] is reported
// with a 503. The default is [linkit.HealthStatusHealthy]. It has no effect on other endpoints.
func (s *Server) SetHealth(status linkit.HealthStatus) { s.health.Store(status) }

// status returns the server's reported health.
func (s *Server) status() linkit.HealthStatus {
	if status, ok := s.health.Load().(linkit.HealthStatus); ok {
		return status
	}
	return linkit.HealthStatusHealthy
}

func ping(r *request) response {
	return reply(http.StatusOK, linkit.Ping{Message: "pong", Timestamp: linkit.Time{Time: r.now}})
}

func health(r *request) response {
	reported := r.server.status()
	status := http.StatusOK
	if reported == linkit.HealthStatusUnhealthy {
		status = http.StatusServiceUnavailable
	}
	return reply(status, linkit.Health{
		Status: reported, Version: linkit.Version, Environment: environment, Timestamp: linkit.Time{Time: r.now},
	})
}

func systemHealth(r *request) response {
	d := &r.server.data
	d.mu.RLock()
	defer d.mu.RUnlock()
	apps, organizations := len(r.org.integrations), len(d.organizations)
	return reply(http.StatusOK, linkit.SystemHealth{
		Status: r.server.status(), Version: linkit.Version, Environment: environment,
		UptimeSeconds: time.Since(r.server.began).Seconds(),
		SystemHealth: linkit.SystemHealthDetail{
			Status: string(r.server.status()), Initialized: true, Started: true, Timestamp: linkit.Time{Time: r.now},
			TotalApps: apps, ActiveApps: apps,
			ManagerMetrics: linkit.ManagerMetrics{
				ActiveInstances: apps, TotalInstances: apps, TotalOrganizations: organizations,
			},
		},
	})
}

func telemetry(r *request) response {
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	var collected debug.GCStats
	debug.ReadGCStats(&collected)
	const mb = 1 << 20
	d := &r.server.data
	d.mu.RLock()
	defer d.mu.RUnlock()
	return reply(http.StatusOK, linkit.Telemetry{
		Version: linkit.Version, Measured: linkit.Time{Time: r.now},
		Runtime: linkit.TelemetryRuntime{
			Goroutines: runtime.NumGoroutine(), CPUCount: runtime.NumCPU(),
			AllocMB: float64(memory.Alloc / mb), TotalAllocMB: float64(memory.TotalAlloc / mb), SysMB: float64(memory.Sys / mb),
			NumGC: int(memory.NumGC), GCPauseNS: collected.PauseTotal.Nanoseconds(),
		},
		Store: linkit.TelemetryStore{
			Products: r.org.products.rows.len(), Branches: r.org.branches.rows.len(), SKUs: r.org.skus.rows.len(),
			Orders: r.org.orders.rows.len(), Customers: r.org.customers.rows.len(),
		},
	})
}
