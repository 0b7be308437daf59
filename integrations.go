package linkit

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"github.com/linkit-go/linkit/internal/lenient"
	"github.com/linkit-go/linkit/internal/retry"
)

// Integration is an app that is installed in the organization.
type Integration struct {
	Slug          string          `json:"slug"` // names it in every call on one integration
	Name          string          `json:"name"`
	Type          string          `json:"type"`
	Enabled       bool            `json:"enabled"`
	LastSync      Time            `json:"last_sync"`
	IsActive      bool            `json:"is_active"`      // false also where the server doesn't tell
	BillingFrozen bool            `json:"billing_frozen"` // false also where the server doesn't tell
	Raw           json.RawMessage `json:"-"`              // the record as it came. Not written.
}

func (i *Integration) setRaw(text json.RawMessage) { i.Raw = text }

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
	Raw             json.RawMessage         `json:"-"` // the whole response
}

func (i Integration) keys() (key, id string) { return i.Slug, "" }

func (c IntegrationConfig) keys() (key, id string) { return c.Slug, "" }

func (i IntegrationConfig) organization() string { return i.OrganizationID }

func (i *IntegrationConfig) setRaw(text json.RawMessage) { i.Raw = text }

// IntegrationCustomConfig is the part of a config that differs from one integration to the next.
// What isn't named here, or has another form, is in Raw only.
type IntegrationCustomConfig struct {
	SyncProducts  bool            `json:"sync_products"`
	SyncInventory bool            `json:"sync_inventory"`
	SyncOrders    bool            `json:"sync_orders"`
	Raw           json.RawMessage `json:"-"`
}

type plainCustomConfig IntegrationCustomConfig // without methods

func (c *IntegrationCustomConfig) keep(text []byte) { c.Raw = bytes.Clone(text) }

// UnmarshalJSON keeps the part as it came. A field that can't be read is zero.
func (c *IntegrationCustomConfig) UnmarshalJSON(b []byte) error {
	_, err := models.Read(b, c)
	return err
}

// IntegrationsService reads the installed integrations, and runs them. Use it as
// Client.Integrations.
type IntegrationsService service

// List returns the installed integrations, all at once.
//
//	GET /apps
func (s *IntegrationsService) List(ctx context.Context) ([]Integration, error) {
	var apps []Integration
	op := &operation{method: http.MethodGet, route: "/apps"}
	op.decode = func(res *retry.Result) (err error) {
		var unread []string
		if apps, unread, err = readIntegrations(trimmed(bytes.Clone(res.Body))); err == nil {
			s.client.core.warnUnread(ctx, op.route, unread)
		}
		return err
	}
	if err := s.client.send(ctx, op); err != nil {
		return nil, err
	}
	return apps, nil
}

// readIntegrations reads a bare array, or one under data.
func readIntegrations(body []byte) (apps []Integration, unread []string, err error) {
	var elements [][]byte
	if bytes.HasPrefix(body, []byte("[")) {
		if elements, err = lenient.ReadList(body); err != nil {
			return nil, nil, unreadable(body, err)
		}
	} else if elements, err = readNamedList(body, "data"); err != nil {
		return nil, nil, err
	}
	return readRecords[Integration](elements, "the list", 0)
}

// Config returns how an organization has set up an integration; ErrNotFound when it isn't
// installed.
//
//	GET /integrations/{org_id}/{slug}/config
func (s *IntegrationsService) Config(ctx context.Context, organizationID, slug string) (*IntegrationConfig, error) {
	return do[IntegrationConfig](ctx, s.client, &operation{
		method: http.MethodGet,
		route:  "/integrations/{org_id}/{slug}/config",
		ids:    ids{organizationID, slug},
		tenant: organizationID,
	})
}

// Execute runs an integration. What it takes and returns differs from one integration to the next,
// and is passed through: in is sent as it is when it is a json.RawMessage or []byte, and through
// json.Marshal otherwise; nil sends no body. out takes the JSON response, a *json.RawMessage takes
// it as it is, empty too, and nil ignores it.
//
// It is sent once, whatever comes of it (see TransportError.Sent); only where a sign-in has ended
// is that renewed and the request sent anew.
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
