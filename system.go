package linkit

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/linkit-go/linkit/internal/lenient"
)

// Ping is the response to a ping.
type Ping struct {
	Message   string          `json:"message"`
	Timestamp Time            `json:"timestamp"` // the server's clock
	Raw       json.RawMessage `json:"-"`         // the object as it came. Not written.
}

func (p *Ping) setRaw(text json.RawMessage) { p.Raw = text }

// Health is how the service feels.
type Health struct {
	Status      HealthStatus    `json:"status"`
	Version     string          `json:"version"` // the server's
	Environment string          `json:"environment"`
	Timestamp   Time            `json:"timestamp"`
	Raw         json.RawMessage `json:"-"` // the object as it came. Not written.
}

func (h *Health) setRaw(text json.RawMessage) { h.Raw = text }

// HealthStatus is the service's health in a word. Values that are not listed here pass through.
type HealthStatus string

// The documented statuses.
const (
	HealthStatusHealthy   HealthStatus = "healthy"
	HealthStatusDegraded  HealthStatus = "degraded"
	HealthStatusUnhealthy HealthStatus = "unhealthy"
)

// SystemHealth is the service's health from the inside. What isn't named here is in Raw.
type SystemHealth struct {
	Status        HealthStatus       `json:"status"`
	Version       string             `json:"version"`
	Environment   string             `json:"environment"`
	UptimeSeconds float64            `json:"uptime_seconds"`
	SystemHealth  SystemHealthDetail `json:"system_health"`
	Raw           json.RawMessage    `json:"-"` // the whole response
}

func (s *SystemHealth) setRaw(text json.RawMessage) { s.Raw = text }

// SystemHealthDetail is the health of what runs the integrations.
type SystemHealthDetail struct {
	Status           string           `json:"status"`
	Initialized      bool             `json:"initialized"`
	Started          bool             `json:"started"`
	Timestamp        Time             `json:"timestamp"`
	TotalApps        int              `json:"total_apps"`
	ActiveApps       int              `json:"active_apps"`
	ManagerMetrics   ManagerMetrics   `json:"manager_metrics"`
	RegistryMetrics  RegistryMetrics  `json:"registry_metrics"`
	SchedulerMetrics SchedulerMetrics `json:"scheduler_metrics"`
}

// ManagerMetrics counts running integrations.
type ManagerMetrics struct {
	ActiveInstances    int `json:"active_instances"`
	TotalInstances     int `json:"total_instances"`
	TotalOrganizations int `json:"total_organizations"`
}

// RegistryMetrics counts what integrations are made of.
type RegistryMetrics struct {
	TotalFactories int     `json:"total_factories"`
	TotalCreated   int     `json:"total_created"`
	TotalErrors    int     `json:"total_errors"`
	CacheHitRate   float64 `json:"cache_hit_rate"`
}

// SchedulerMetrics counts the runs of integrations.
type SchedulerMetrics struct {
	ActiveWorkers   int `json:"active_workers"`
	TotalExecutions int `json:"total_executions"`
	SuccessfulRuns  int `json:"successful_runs"`
	FailedRuns      int `json:"failed_runs"`
}

// Telemetry is how much the service holds and does.
type Telemetry struct {
	Version  string           `json:"version"`
	Measured Time             `json:"measured"`
	Runtime  TelemetryRuntime `json:"runtime"`
	Store    TelemetryStore   `json:"store"`
	Staging  TelemetryStaging `json:"staging"`
	Raw      json.RawMessage  `json:"-"` // the object as it came. Not written.
}

func (t *Telemetry) setRaw(text json.RawMessage) { t.Raw = text }

// TelemetryRuntime is the server's own process.
type TelemetryRuntime struct {
	Goroutines   int     `json:"goroutines"`
	CPUCount     int     `json:"cpu_count"`
	AllocMB      float64 `json:"alloc_mb"`
	TotalAllocMB float64 `json:"total_alloc_mb"`
	SysMB        float64 `json:"sys_mb"`
	NumGC        int     `json:"num_gc"`
	GCPauseNS    int64   `json:"gc_pause_ns"`
}

// TelemetryStore counts the records that are kept.
type TelemetryStore struct {
	Products  int `json:"products"`
	Branches  int `json:"branches"`
	SKUs      int `json:"skus"`
	Orders    int `json:"orders"`
	Customers int `json:"customers"`
}

// TelemetryStaging counts the records that wait to be taken in.
type TelemetryStaging struct {
	Pending        int `json:"pending"`
	Processing     int `json:"processing"`
	CompletedToday int `json:"completed_today"`
}

// SystemService asks after the service itself. Use it as Client.System.
type SystemService service

// Ping asks whether the service is there. It carries no credential.
//
//	GET /ping
func (s *SystemService) Ping(ctx context.Context) (*Ping, error) {
	op := &operation{method: http.MethodGet, route: "/ping", kind: publicCall}
	return doObject(ctx, s.client, op, func(_ *Ping, o lenient.Object) bool {
		return (o.Has("timestamp") || o.Has("message") && !o.Has("code")) &&
			!envelope{o}.reportsError("error", "errors", "details")
	})
}

// Health returns the health of the service. It carries no credential and is sent once. A service
// that says it is unhealthy has responded: that is a Health, not an error.
//
//	GET /health
func (s *SystemService) Health(ctx context.Context) (*Health, error) {
	op := &operation{
		method:       http.MethodGet,
		route:        "/health",
		kind:         publicCall,
		once:         true,
		acceptStatus: http.StatusServiceUnavailable,
	}
	return doObject(ctx, s.client, op, func(_ *Health, o lenient.Object) bool { return hasStatus(o) })
}

// hasStatus reports whether an object has a status, in whatever form.
func hasStatus(o lenient.Object) bool {
	return !isBlank(o.Get("status")) || o.Has("status") && o.Has("version", "environment", "timestamp", "system_health")
}

// SystemHealth asks after the service's inside. Unlike Health it needs a credential.
//
//	GET /health/system
func (s *SystemService) SystemHealth(ctx context.Context) (*SystemHealth, error) {
	op := &operation{method: http.MethodGet, route: "/health/system"}
	return doObject(ctx, s.client, op, func(_ *SystemHealth, o lenient.Object) bool { return hasStatus(o) })
}

// Telemetry returns how much the service holds and does.
//
//	GET /telemetry
func (s *SystemService) Telemetry(ctx context.Context) (*Telemetry, error) {
	op := &operation{method: http.MethodGet, route: "/telemetry"}
	return doObject(ctx, s.client, op, func(_ *Telemetry, o lenient.Object) bool {
		return o.Has("runtime", "store", "staging")
	})
}
