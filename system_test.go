package linkit_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestTheSystemOnTheWire(t *testing.T) {
	t.Parallel()
	exchanges(t, []exchange{
		{
			name: "ping", line: "GET /ping", response: `{"message":"pong","timestamp":"2026-04-11T17:40:30Z","new":1}`,
			want: &linkit.Ping{Message: "pong", Timestamp: updated},
			call: func(ctx context.Context, c *linkit.Client) (any, error) { return c.System.Ping(ctx) },
		},
		{
			name:     "health",
			line:     "GET /health",
			response: sample(t, "health.json"),
			want: &linkit.Health{
				Status:      linkit.HealthStatusDegraded,
				Version:     "1.4.2",
				Environment: "production",
				Timestamp:   updated,
			},
			call: func(ctx context.Context, c *linkit.Client) (any, error) { return c.System.Health(ctx) },
		},
		{
			name: "system health", line: "GET /health/system", response: sample(t, "system-health.json"),
			want: &linkit.SystemHealth{
				Status: linkit.HealthStatusHealthy, Version: "1.4.2", Environment: "production", UptimeSeconds: 86400.5,
				SystemHealth: linkit.SystemHealthDetail{
					Status:          "running",
					Initialized:     true,
					Started:         true,
					Timestamp:       updated,
					TotalApps:       12,
					ActiveApps:      9,
					ManagerMetrics:  linkit.ManagerMetrics{ActiveInstances: 31, TotalInstances: 40, TotalOrganizations: 22},
					RegistryMetrics: linkit.RegistryMetrics{TotalFactories: 12, TotalCreated: 40, TotalErrors: 1, CacheHitRate: 0.97},
					SchedulerMetrics: linkit.SchedulerMetrics{
						ActiveWorkers:   4,
						TotalExecutions: 9001,
						SuccessfulRuns:  8990,
						FailedRuns:      11,
					},
				},
				Raw: []byte(sample(t, "system-health.json")),
			},
			call: func(ctx context.Context, c *linkit.Client) (any, error) { return c.System.SystemHealth(ctx) },
		},
		{
			name: "telemetry", line: "GET /telemetry", response: sample(t, "telemetry.json"),
			want: &linkit.Telemetry{
				Version:  "1.4.2",
				Measured: updated,
				Runtime: linkit.TelemetryRuntime{
					Goroutines:   212,
					CPUCount:     8,
					AllocMB:      310,
					TotalAllocMB: 90210,
					SysMB:        512,
					NumGC:        4410,
					GCPauseNS:    84000,
				},
				Store:   linkit.TelemetryStore{Products: 15000, Branches: 25, SKUs: 375000, Orders: 88120, Customers: 40110},
				Staging: linkit.TelemetryStaging{Pending: 3, Processing: 1, CompletedToday: 940},
			},
			call: func(ctx context.Context, c *linkit.Client) (any, error) { return c.System.Telemetry(ctx) },
		},
	})
}

func TestPingAndHealthCarryNeitherACredentialNorAnOrganization(t *testing.T) {
	t.Parallel()
	rs := &replies{responses: []reply{{status: 200, body: `{"message":"pong","status":"healthy","runtime":{}}`}}}
	for name, options := range map[string][]linkit.Option{
		"a key":          {linkit.WithAPIKey(testKey), linkit.WithOrganization(testOrganization)},
		"no credentials": {linkit.WithoutCredentials()},
	} {
		client := newClient(t, rs, options...)
		for _, client := range []*linkit.Client{client, client.ForOrganization("org_2"), client.ForOrganization("")} {
			_, err := client.System.Ping(t.Context())
			require.NoError(t, err, name)
			_, err = client.System.Health(t.Context())
			require.NoError(t, err, name)
		}
	}
	for _, r := range rs.requests {
		assert.NotContains(t, r.Header, "Authorization")
		assert.NotContains(t, r.Header, "X-Organization-Id")
	}
	client := newClient(t, rs, linkit.WithAPIKey(testKey))
	_, err := client.System.SystemHealth(t.Context())
	require.NoError(t, err)
	_, err = client.System.Telemetry(t.Context())
	require.NoError(t, err)
	for _, r := range rs.requests[len(rs.requests)-2:] {
		assert.Equal(t, testKey, r.Header.Get("Authorization"))
	}
}

func TestAnUnhealthyServiceIsAHealthAndNotAnError(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		status int
		body   string
		want   *linkit.Health
	}{
		"unhealthy":        {503, `{"status":"unhealthy","version":"1.4.2","timestamp":null}`, &linkit.Health{Status: linkit.HealthStatusUnhealthy, Version: "1.4.2"}},
		"unknown status":   {503, `{"status":"on fire"}`, &linkit.Health{Status: "on fire"}},
		"a proxy's page":   {503, `<html>busy</html>`, nil},
		"a status code":    {503, `{"status":503,"message":"busy"}`, nil},
		"no status":        {503, `{"error":"busy"}`, nil},
		"nothing":          {503, ``, nil},
		"another response": {500, `{"status":"unhealthy"}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newRecorder(t, row.status, row.body)
			health, err := w.client.System.Health(t.Context())
			assert.Equal(t, row.want, withoutRaw(health))
			if row.want == nil {
				require.ErrorIs(t, err, linkit.ErrServer)
			} else {
				require.NoError(t, err)
			}
			assert.Len(t, w.all(), 1, "it is sent once")
		})
	}
}

// One of the keys that tell it is enough, and a key that an envelope would have is no envelope.
func TestAnObjectIsKnownByAnyOfItsKeys(t *testing.T) {
	t.Parallel()
	for _, object := range []struct {
		name string
		keys []string
		call func(context.Context, *linkit.Client) (any, error)
	}{
		{"ping", []string{`"message":"pong"`, `"timestamp":"2026-04-11T17:40:30Z"`}, func(ctx context.Context, c *linkit.Client) (any, error) { return c.System.Ping(ctx) }},
		{"health", []string{`"status":"healthy"`}, func(ctx context.Context, c *linkit.Client) (any, error) { return c.System.Health(ctx) }},
		{"telemetry", []string{`"runtime":{}`, `"store":{}`, `"staging":{}`}, func(ctx context.Context, c *linkit.Client) (any, error) { return c.System.Telemetry(ctx) }},
		{"payments' status", []string{`"service_operational":true`, `"billing_mode":"x"`, `"included_app_slots":1`}, func(ctx context.Context, c *linkit.Client) (any, error) {
			return c.Payments.Status(ctx)
		}},
		{"provider", []string{`"note":""`, `"endpoints":{}`, `"credentials":1`, `"custom_params":1`, `"notes":1`}, func(ctx context.Context, c *linkit.Client) (any, error) {
			return c.Providers.Config(ctx, "tamara")
		}},
		{"credential", []string{`"user":{"id":"usr_7"}`, `"checked_at":"2026-04-11T17:40:30Z"`}, func(ctx context.Context, c *linkit.Client) (any, error) {
			return c.Auth.Check(ctx)
		}},
	} {
		for _, key := range object.keys {
			bare, err := object.call(t.Context(), newRecorder(t, http.StatusOK, `{`+key+`}`).client)
			require.NoError(t, err, "%s %s", object.name, key)
			enveloped, err := object.call(
				t.Context(),
				newRecorder(t, http.StatusOK, `{"success":true,"message":"done","data":{`+key+`}}`).client,
			)
			require.NoError(t, err, "%s %s", object.name, key)
			assert.Equal(t, bare, enveloped)
			_, err = object.call(t.Context(), newRecorder(t, http.StatusOK, `{`+key+`,"data":{"new":1}}`).client)
			require.NoError(t, err, "%s %s", object.name, key)
		}
		decodeError(t, func(ctx context.Context, c *linkit.Client) error {
			_, err := object.call(ctx, c)
			return err
		}, `{}`, `[]`, `"ok"`, `{"data":{}}`)
	}
}

func TestHealthIsNotReadFromTheAnswerOfAnotherCall(t *testing.T) {
	t.Parallel()
	arrived := 0
	client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		arrived++
		header := http.Header{"Retry-After": {"3600"}}
		return &http.Response{
			StatusCode: http.StatusServiceUnavailable,
			Header:     header,
			Body:       io.NopCloser(strings.NewReader(`{"status":"busy"}`)),
			Request:    r,
		}, nil
	}))
	_, err := client.SKUs.Get(t.Context(), "ITEM-4410_BR-07")
	require.ErrorIs(t, err, linkit.ErrServer)
	health, err := client.System.Health(t.Context()) // held back by what the SKU's response asks for
	require.ErrorIs(t, err, linkit.ErrServer)
	assert.Nil(t, health)
	assert.Equal(t, 1, arrived)
}

func TestASystemAnswerThatIsNotThePromisedOneIsAnError(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(context.Context, *linkit.Client) error{
		"ping": func(ctx context.Context, c *linkit.Client) error {
			_, err := c.System.Ping(ctx)
			return err
		},
		"health": func(ctx context.Context, c *linkit.Client) error {
			_, err := c.System.Health(ctx)
			return err
		},
		"system health": func(ctx context.Context, c *linkit.Client) error {
			_, err := c.System.SystemHealth(ctx)
			return err
		},
		"telemetry": func(ctx context.Context, c *linkit.Client) error {
			_, err := c.System.Telemetry(ctx)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			decodeError(t, call, `{}`, `[]`, `"ok"`)
		})
	}
}
