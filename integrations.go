package linkit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/linkit-go/linkit/internal/retry"
)

// Integration is an app that is installed in the organization.
type Integration struct {
	Slug          string `json:"slug"` // names it in every call on one integration
	Name          string `json:"name"`
	Type          string `json:"type"`
	Enabled       bool   `json:"enabled"`
	LastSync      Time   `json:"last_sync"`
	IsActive      bool   `json:"is_active"`      // false also where the server doesn't tell
	BillingFrozen bool   `json:"billing_frozen"` // false also where the server doesn't tell
}

// IntegrationConfig is how an integration is set up.
type IntegrationConfig struct {
	Slug            string                  `json:"slug"`
	Name            string                  `json:"name"`
	Type            string                  `json:"type"`
	OrganizationID  string                  `json:"organization_id"`
	Version         string                  `json:"version"`
	BaseURL         string                  `json:"base_url"`
	HeadersCount    int                     `json:"headers_count"`
	ParamsCount     int                     `json:"params_count"`
	SupportsStaging bool                    `json:"supports_staging"`
	CustomConfig    IntegrationCustomConfig `json:"custom_config"`
	ConfiguredAt    Time                    `json:"configured_at"`
	Raw             json.RawMessage         `json:"-"` // the whole answer
}

func (c IntegrationConfig) keys() (key, id string) { return c.Slug, "" }

// UnmarshalJSON keeps the config as it came.
func (c *IntegrationConfig) UnmarshalJSON(b []byte) error {
	type plain IntegrationConfig
	var read plain
	if err := json.Unmarshal(b, &read); err != nil {
		return err
	}
	*c = IntegrationConfig(read)
	c.Raw = bytes.Clone(b)
	return nil
}

// IntegrationCustomConfig is the part of a config that differs from one integration to the next. What isn't named here, or has
// another form, is in Raw only.
type IntegrationCustomConfig struct {
	SyncProducts  bool            `json:"sync_products"`
	SyncInventory bool            `json:"sync_inventory"`
	SyncOrders    bool            `json:"sync_orders"`
	Raw           json.RawMessage `json:"-"`
}

// UnmarshalJSON keeps the part as it came.
func (c *IntegrationCustomConfig) UnmarshalJSON(b []byte) error {
	type plain IntegrationCustomConfig
	var read plain
	_ = json.Unmarshal(b, &read) // its form isn't documented whole: what fits is read
	*c = IntegrationCustomConfig(read)
	c.Raw = bytes.Clone(b)
	return nil
}

// IntegrationsService reads the installed integrations, and runs them. Use it as Client.Integrations.
type IntegrationsService service

// List returns the installed integrations, all at once.
//
//	GET /apps
func (s *IntegrationsService) List(ctx context.Context) ([]Integration, error) {
	var apps []Integration
	op := &operation{method: http.MethodGet, route: "/apps"}
	op.decode = func(res *retry.Result) (err error) {
		if err := checkSuccess(res.Body); err != nil {
			return err
		}
		apps, err = readIntegrations(res.Body)
		return err
	}
	if err := s.client.send(ctx, op); err != nil {
		return nil, err
	}
	return apps, nil
}

// readIntegrations reads a bare array, or one under data.
func readIntegrations(body []byte) ([]Integration, error) {
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '[' {
		var envelope struct {
			Data json.RawMessage `json:"data"`
		}
		if err := decode(body, &envelope); err != nil {
			return nil, err
		}
		if body = envelope.Data; len(body) == 0 {
			return nil, errors.New("the answer is not the promised list: it has no data")
		}
	}
	var apps []Integration
	if err := decode(body, &apps); err != nil {
		return nil, err
	}
	for i, app := range apps {
		if app.Slug == "" {
			return nil, fmt.Errorf("%w (record %d of the list)", errNoRecord, i+1)
		}
	}
	return apps, nil
}

// Config returns how an organization has set up an integration; ErrNotFound when it isn't installed.
//
//	GET /integrations/{org_id}/{slug}/config
func (s *IntegrationsService) Config(ctx context.Context, organizationID, slug string) (*IntegrationConfig, error) {
	return do[IntegrationConfig](ctx, s.client, &operation{
		method: http.MethodGet, route: "/integrations/{org_id}/{slug}/config", ids: ids{organizationID, slug},
	})
}

// Execute runs an integration. What it takes and answers differs from one integration to the next, and is passed through:
// in is sent as it is when it is a json.RawMessage or []byte, and through json.Marshal otherwise; nil sends no body. out takes
// the JSON answer, a *json.RawMessage takes it as it is, empty too, and nil ignores it.
//
// It is sent once, whatever comes of it (see TransportError.Sent); only where a sign-in has ended is that renewed and the request
// sent anew.
//
//	POST /integrations/{org_id}/{slug}/execute
func (s *IntegrationsService) Execute(ctx context.Context, organizationID, slug string, in, out any) error {
	if err := checkOut("Integrations.Execute", out); err != nil {
		return err
	}
	return s.client.send(ctx, &operation{
		method: http.MethodPost, route: "/integrations/{org_id}/{slug}/execute", ids: ids{organizationID, slug},
		body: in, once: true, decode: decodeInto(out),
	})
}
