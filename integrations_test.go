package linkit_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestIntegrationsOnTheWire(t *testing.T) {
	t.Parallel()
	salla := linkit.Integration{Slug: "salla", Name: "Salla", Type: "ecommerce", Enabled: true, LastSync: updated}
	frozen := linkit.Integration{Slug: "zid", IsActive: true, BillingFrozen: true}
	list := `[` + sample(
		t,
		"integration.json",
	) + `,{"slug":"zid","last_sync":null,"is_active":true,"billing_frozen":true,"new":{}}]`
	listed := func(ctx context.Context, c *linkit.Client) (any, error) { return c.Integrations.List(ctx) }
	config := sample(t, "integration-config.json")
	want := linkit.IntegrationConfig{
		Slug:           "salla",
		Name:           "Salla",
		Type:           "ecommerce",
		OrganizationID: "org_9f2",
		Version:        "2.3.1",
		BaseURL:        "https://salla.example",
		HeadersCount:   1,
		ParamsCount:    3,
		CustomConfig: linkit.IntegrationCustomConfig{
			SyncProducts: true, SyncInventory: true, Raw: cut(t, "integration-config.json", "{\n    \"sync_products\""),
		},
		ConfiguredAt: created,
		Raw:          whole(t, "integration-config.json"),
	}
	exchanges(t, []exchange{
		{name: "a bare list", line: "GET /apps", response: " " + list, want: []linkit.Integration{salla, frozen}, call: listed},
		{
			name:     "a list under data",
			line:     "GET /apps",
			response: `{"success":true,"data":` + list + `}`,
			want:     []linkit.Integration{salla, frozen},
			call:     listed,
		},
		{name: "an empty list", line: "GET /apps", response: `{"data":[]}`, want: []linkit.Integration{}, call: listed},
		{name: "no list", line: "GET /apps", response: `{"data":null}`, want: []linkit.Integration(nil), call: listed},
		{
			name: "config", line: "GET /integrations/org_9f2/salla/config", response: config, record: true, want: &want,
			call: func(ctx context.Context, c *linkit.Client) (any, error) {
				return c.Integrations.Config(ctx, "org_9f2", "salla")
			},
		},
		{
			name:     "execute",
			line:     "POST /integrations/org_9f2/salla/execute",
			body:     "execute.json",
			response: ` {"data":{"done": [1, 2]}} `,
			want:     json.RawMessage(` {"data":{"done": [1, 2]}} `),
			call: func(ctx context.Context, c *linkit.Client) (any, error) {
				var out json.RawMessage
				err := c.Integrations.Execute(ctx, "org_9f2", "salla", map[string]any{"action": "sync", "dry_run": true}, &out)
				return out, err
			},
		},
		{
			name:     "execute, typed response",
			line:     "POST /integrations/org_9f2/salla/execute",
			body:     "execute.json",
			response: `{"done":2}`,
			want:     2,
			call: func(ctx context.Context, c *linkit.Client) (any, error) {
				var out struct{ Done int }
				err := c.Integrations.Execute(ctx, "org_9f2", "salla", json.RawMessage(`{"dry_run":true,"action":"sync"}`), &out)
				return out.Done, err
			},
		},
		{
			name: "execute, nothing in or out", line: "POST /integrations/org_9f2/salla/execute", response: `<p>done</p>`,
			call: func(ctx context.Context, c *linkit.Client) (any, error) {
				return nil, c.Integrations.Execute(ctx, "org_9f2", "salla", nil, nil)
			},
		},
		{
			name:   "execute, empty response",
			line:   "POST /integrations/org_9f2/salla/execute",
			status: http.StatusAccepted,
			want:   json.RawMessage(nil),
			call: func(ctx context.Context, c *linkit.Client) (any, error) {
				out := json.RawMessage("before")
				err := c.Integrations.Execute(ctx, "org_9f2", "salla", nil, &out)
				return out, err
			},
		},
	})
}

func TestACustomConfigOfAnyFormIsKept(t *testing.T) {
	t.Parallel()
	for form, want := range map[string]bool{`[]`: false, `null`: false, `"none"`: false, `{"sync_products":true,"sync_orders":"yes"}`: true} {
		w := newRecorder(t, http.StatusOK, `{"slug":"salla","custom_config":`+form+`,"configured_at":""}`)
		config, err := w.client.Integrations.Config(t.Context(), "org_9f2", "salla")
		require.NoError(t, err, form)
		assert.Equal(t, linkit.IntegrationCustomConfig{SyncProducts: want, Raw: json.RawMessage(form)}, config.CustomConfig)
	}
}

func TestAnIntegrationIsExecutedOnce(t *testing.T) {
	t.Parallel()
	execute := func(ctx context.Context, c *linkit.Client) error {
		return c.Integrations.Execute(ctx, "org_9f2", "salla", nil, nil)
	}
	sentOnce(t, execute)
	for _, status := range []int{http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable} {
		w := newRecorder(t, status, `{}`)
		require.Error(t, execute(t.Context(), w.client))
		assert.Len(t, w.all(), 1, "status %d", status)
	}
}

func TestAnIntegrationsAnswerThatIsNotThePromisedOneIsAnError(t *testing.T) {
	t.Parallel()
	decodeError(t, func(ctx context.Context, c *linkit.Client) error {
		_, err := c.Integrations.List(ctx)
		return err
	}, `{}`, `[{"name":"Salla"}]`, `{"data":{"slug":"salla"}}`, `7`, `[{"slug":"salla"}`, `{"data":[{"slug":"salla"}`, `[`)
	decodeError(t, func(ctx context.Context, c *linkit.Client) error {
		_, err := c.Integrations.Config(ctx, "org_9f2", "salla")
		return err
	}, `{}`, `{"data":{}}`, `[]`)
	decodeError(t, func(ctx context.Context, c *linkit.Client) error {
		var out map[string]any
		return c.Integrations.Execute(ctx, "org_9f2", "salla", nil, &out)
	}, `[]`)
}

func TestAnIntegrationIsNamedWhole(t *testing.T) {
	t.Parallel()
	for name, ids := range map[string][2]string{"org_id": {"", "salla"}, "slug": {"org_9f2", ".."}} {
		invalidBefore(t, func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Integrations.Config(ctx, ids[0], ids[1])
			return err
		}, []string{name})
		invalidBefore(t, func(ctx context.Context, c *linkit.Client) error {
			return c.Integrations.Execute(ctx, ids[0], ids[1], nil, nil)
		}, []string{name})
	}
	w := newRecorder(t, http.StatusOK, strings.Replace(sample(t, "integration-config.json"), "salla", "a/b", 1))
	_, err := w.client.Integrations.Config(t.Context(), "org_9f2", "a/b")
	require.NoError(t, err)
	assert.Equal(t, "GET /integrations/org_9f2/a%2Fb/config", w.all()[0].line)
}

func TestConfigOfAnotherIntegrationAndOrganizationIsNotReturned(t *testing.T) {
	t.Parallel()
	for body, accepted := range map[string]bool{
		`{"slug":"salla","organization_id":"org_9f2"}`: true,
		`{"slug":"salla","organization_id":"org_1a1"}`: true,
		`{"slug":"zid","organization_id":"org_9f2"}`:   true,
		`{"slug":"zid","organization_id":"org_1a1"}`:   false,
	} {
		config, err := served(t, body).Integrations.Config(t.Context(), "org_9f2", "salla")
		if accepted {
			require.NoError(t, err, body)
			continue
		}
		require.ErrorContains(t, err, "another request", body)
		assert.Nil(t, config)
	}
}
