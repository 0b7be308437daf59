package linkit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// Responses are read into buffers that are used again. What a result keeps of one must be its own: it
// is filled in from a response full of "a", and must not change while further calls of any kind read
// as many bytes of "b".
func TestWhatAResultKeepsOfAnAnswerStaysAsItCame(t *testing.T) {
	t.Parallel()
	const a, b = "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"
	for _, kept := range []struct {
		name, response string
		call           func(ctx context.Context, c *linkit.Client) (any, error)
	}{
		{"an order of the older form", `{"id":"o1","products":[{"name":"` + a + `"}],"notes":"` + a + `"}`,
			func(ctx context.Context, c *linkit.Client) (any, error) { return c.Orders.Get(ctx, "o1") }},
		{"an order in its envelope", `{"spec_version":"1","order":{"id":"o1","products":[{"name":"` + a + `"}],"shipping_address":"` + a + `"}}`,
			func(ctx context.Context, c *linkit.Client) (any, error) { return c.Orders.Get(ctx, "o1") }},
		{"a list of orders", `{"data":[{"id":"o1","comment":"` + a + `"}],"meta":["` + a + `"]}`,
			func(ctx context.Context, c *linkit.Client) (any, error) { return c.Orders.List(ctx, nil) }},
		{"an integration's config", `{"slug":"salla","custom_config":{"x":"` + a + `"}}`,
			func(ctx context.Context, c *linkit.Client) (any, error) {
				return c.Integrations.Config(ctx, "org_1", "salla")
			}},
		{"a branch's hours", `{"iv_id":"BR-07","working_hours":["` + a + `"]}`,
			func(ctx context.Context, c *linkit.Client) (any, error) { return c.Branches.Get(ctx, "BR-07") }},
		{"an offer's meta", `{"id":"f1","meta":{"x":"` + a + `"}}`,
			func(ctx context.Context, c *linkit.Client) (any, error) { return c.Offers.Get(ctx, "f1") }},
		{"a report", `{"x":"` + a + `"}`, func(ctx context.Context, c *linkit.Client) (any, error) { return c.Offers.Report(ctx) }},
		{"a provider's config", `{"note":"n","credentials":"` + a + `"}`,
			func(ctx context.Context, c *linkit.Client) (any, error) { return c.Providers.Config(ctx, "tamara") }},
		{"the payments' status", `{"billing_mode":"m","included_app_slots":"` + a + `"}`,
			func(ctx context.Context, c *linkit.Client) (any, error) { return c.Payments.Status(ctx) }},
		{"the credential's status", `{"user":{"id":"` + a + `"}}`, func(ctx context.Context, c *linkit.Client) (any, error) { return c.Auth.Check(ctx) }},
		{"the system's health", `{"status":"` + a + `","uptime_seconds":1,"system_health":{}}`,
			func(ctx context.Context, c *linkit.Client) (any, error) { return c.System.SystemHealth(ctx) }},
		{"a bulk response", `{"success":true,"message":"` + a + `"}`, func(ctx context.Context, c *linkit.Client) (any, error) {
			return c.Products.Bulk(ctx, linkit.BulkUpsert, []linkit.ProductParams{{IvID: "x"}})
		}},
		{"whatever Do got", `["` + a + `"]`, func(ctx context.Context, c *linkit.Client) (any, error) {
			var response json.RawMessage
			return &response, c.Do(ctx, http.MethodGet, "/x", nil, nil, &response)
		}},
	} {
		t.Run(kept.name, func(t *testing.T) {
			t.Parallel()
			response := []byte(kept.response)
			client := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
				return &http.Response{
					StatusCode:    http.StatusOK,
					ContentLength: int64(len(response)),
					Body:          io.NopCloser(bytes.NewReader(response)),
				}, nil
			}), linkit.WithOrganization(testOrganization))
			result, err := kept.call(t.Context(), client)
			require.NoError(t, err)
			before, err := json.Marshal(everything(result))
			require.NoError(t, err)
			require.Contains(t, string(before), a)
			response = bytes.ReplaceAll(response, []byte(a), []byte(b))
			for range 20 {
				_, err := kept.call(t.Context(), client)
				require.NoError(t, err)
			}
			after, err := json.Marshal(everything(result))
			require.NoError(t, err)
			assert.Equal(t, string(before), string(after))
			assert.False(t, strings.Contains(string(after), b))
		})
	}
}

// everything shows a result's raw parts, which JSON leaves out, beside the rest.
func everything(result any) []any {
	all := []any{result}
	switch v := result.(type) {
	case *linkit.Order:
		all = append(all, v.Raw)
		for _, line := range v.Products {
			all = append(all, line.Raw)
		}
	case *linkit.Page[linkit.Order]:
		all = append(all, v.Data[0].Raw)
	case *linkit.IntegrationConfig:
		all = append(all, v.Raw, v.CustomConfig.Raw)
	case *linkit.ProviderConfig:
		all = append(all, v.Raw)
	case *linkit.CredentialStatus:
		all = append(all, v.Raw)
	case *linkit.SystemHealth:
		all = append(all, v.Raw)
	case *linkit.BulkResult:
		all = append(all, v.Raw)
	}
	return all
}
