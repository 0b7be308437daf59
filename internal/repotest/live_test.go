//go:build live

package repotest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// TestLive holds docs/api-coverage.md to the service itself, with the credential that FromEnv
// finds:
//
//	go test -tags live -run TestLive -v ./internal/repotest
//
// It only reads. For each endpoint it prints whether the response is as documented, the fields that
// the model doesn't have, and those that the response lacks. It fails where a documented endpoint
// doesn't respond as documented.
func TestLive(t *testing.T) {
	recorded := &listener{next: &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}}
	client, err := linkit.NewClient(
		linkit.FromEnv(),
		linkit.WithHTTPClient(&http.Client{Transport: recorded}),
		linkit.WithUserAgent("linkit-go-live-test"),
	)
	require.NoError(t, err, "a credential is needed, and LINKIT_ORGANIZATION_ID where it isn't scoped to one")
	t.Cleanup(func() { _ = client.Close() })
	l := &live{client: client, organization: os.Getenv("LINKIT_ORGANIZATION_ID")}
	probes := l.probes()
	for _, row := range coverage(t) {
		switch {
		case row.line == "" || row.evidence == "-":
			continue
		case !strings.HasPrefix(row.line, "GET "):
			t.Logf("%-50s not tried: only reads are", row.line)
			continue
		}
		probe, ok := probes[row.line]
		require.True(t, ok, "%s has no probe here", row.line)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		recorded.last = nil
		err := probe.call(ctx)
		cancel()
		verdict := "agrees"
		switch {
		case errors.Is(err, errNoRecord):
			verdict = "not tried: there is no record to read"
		case errors.Is(err, linkit.ErrForbidden):
			verdict = "not allowed to this credential: " + err.Error()
		case err != nil:
			verdict = "DIFFERS: " + err.Error()
			if row.evidence == "D" {
				t.Fail()
			}
		default:
			verdict += differences(recorded.last, probe.model)
		}
		t.Logf("%-50s %s  %s", row.line, row.evidence, verdict)
	}
}

// TestLiveDiscovery compares docs/api-coverage.md with the operations that the service itself
// lists, for which no credential is needed. It prints what only one side has:
//
//	go test -tags live -run TestLiveDiscovery -v ./internal/repotest
func TestLiveDiscovery(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	tools, err := discoverTools(ctx, &http.Client{Transport: transport}, linkit.DefaultBaseURL+"/mcp")
	require.NoError(t, err)
	onlyTools, onlyRows := undocumented(coverage(t), tools)
	t.Logf("%d operations; not in the table: %q; only in the table: %q", len(tools), onlyTools, onlyRows)
}

var errNoRecord = errors.New("no record")

// live makes the calls. From lists it keeps the keys by which it reads single records.
type live struct {
	client       *linkit.Client
	organization string
	keys         map[string]string // by route
}

type probe struct {
	model reflect.Type
	call  func(context.Context) error
}

// listed reads the first page of a list, and remembers the key of its first record for route.
func listed[T, P any](
	l *live,
	list func(context.Context, P) (*linkit.Page[T], error),
	route string,
	key func(T) string,
) probe {
	return probe{reflect.TypeFor[T](), func(ctx context.Context) error {
		var params P
		page, err := list(ctx, params)
		if err == nil && len(page.Data) > 0 && key != nil {
			l.keys[route] = key(page.Data[0])
		}
		return err
	}}
}

// got reads the record that listed remembered for route.
func got[T any](l *live, route string, get func(context.Context, string) (*T, error)) probe {
	return probe{reflect.TypeFor[T](), func(ctx context.Context) error {
		if l.keys[route] == "" {
			return errNoRecord
		}
		_, err := get(ctx, l.keys[route])
		return err
	}}
}

func asked[T any](ask func(context.Context) (T, error)) probe {
	model := reflect.TypeFor[T]()
	for model.Kind() == reflect.Pointer || model.Kind() == reflect.Slice && model.Elem().Kind() == reflect.Struct {
		model = model.Elem()
	}
	return probe{model, func(ctx context.Context) error { _, err := ask(ctx); return err }}
}

func (l *live) probes() map[string]probe {
	l.keys = map[string]string{}
	c := l.client
	const products, skus, branches = "/products/{iv_id}", "/skus/{iv_id}", "/branches/{iv_id}"
	const brands, categories, generics = "/brands/code/{brand_code}", "/categories/code/{category_code}", "/generics/code/{generic_code}"
	const customers, orders, offers, app, provider = "/customers/{id}", "/orders/{id}", "/offers/{id}", "app", "provider"
	return map[string]probe{
		"GET /auth/credentials": asked(c.Auth.Check),
		"GET /products": listed(l, c.Products.List, products, func(p linkit.Product) string {
			if l.organization == "" {
				l.organization = p.OrganizationID
			}
			return p.IvID
		}),
		"GET " + products: got(l, products, c.Products.Get),
		"GET /skus":       listed(l, c.SKUs.List, skus, func(s linkit.SKU) string { return s.IvID }),
		"GET " + skus:     got(l, skus, c.SKUs.Get),
		"GET /branches":   listed(l, c.Branches.List, branches, func(b linkit.Branch) string { return b.IvID }),
		"GET " + branches: got(l, branches, c.Branches.Get),
		"GET /brands":     listed(l, c.Brands.List, brands, func(b linkit.Brand) string { return b.BrandCode }),
		"GET " + brands:   got(l, brands, c.Brands.Get),
		"GET /categories": listed(
			l,
			c.Categories.List,
			categories,
			func(c linkit.Category) string { return c.CategoryCode },
		),
		"GET " + categories: got(l, categories, c.Categories.Get),
		"GET /generics":     listed(l, c.Generics.List, generics, func(g linkit.Generic) string { return g.GenericCode }),
		"GET " + generics:   got(l, generics, c.Generics.Get),
		"GET /customers": listed(
			l,
			func(ctx context.Context, params *linkit.CustomerListParams) (*linkit.Page[linkit.Customer], error) {
				if l.organization == "" {
					return nil, errNoRecord
				}
				return c.ForOrganization(l.organization).Customers.List(ctx, params)
			},
			customers,
			func(c linkit.Customer) string { return c.ID },
		),
		"GET " + customers: got(l, customers, func(ctx context.Context, id string) (*linkit.Customer, error) {
			return c.ForOrganization(l.organization).Customers.Get(ctx, id)
		}),
		"GET /customer-groups":             listed(l, c.CustomerGroups.List, "", nil),
		"GET /orders":                      listed(l, c.Orders.List, orders, func(o linkit.Order) string { return o.ID }),
		"GET " + orders:                    got(l, orders, c.Orders.Get),
		"GET /offers":                      listed(l, c.Offers.List, offers, func(o linkit.Offer) string { return o.ID }),
		"GET " + offers:                    got(l, offers, c.Offers.Get),
		"GET /reports/offers":              asked(c.Offers.Report),
		"GET /payments/status":             asked(c.Payments.Status),
		"GET /ping":                        asked(c.System.Ping),
		"GET /health":                      asked(c.System.Health),
		"GET /health/system":               asked(c.System.SystemHealth),
		"GET /telemetry":                   asked(c.System.Telemetry),
		"GET /apps":                        asked(l.first(app)),
		"GET /providers":                   asked(l.firstProvider(provider)),
		"GET /providers/config/{provider}": got(l, provider, c.Providers.Config),
		"GET /integrations/{org_id}/{slug}/config": got(
			l,
			app,
			func(ctx context.Context, slug string) (*linkit.IntegrationConfig, error) {
				if l.organization == "" {
					return nil, errNoRecord
				}
				return c.Integrations.Config(ctx, l.organization, slug)
			},
		),
	}
}

func (l *live) first(route string) func(context.Context) ([]linkit.Integration, error) {
	return func(ctx context.Context) ([]linkit.Integration, error) {
		apps, err := l.client.Integrations.List(ctx)
		if len(apps) > 0 {
			l.keys[route] = apps[0].Slug
		}
		return apps, err
	}
}

func (l *live) firstProvider(route string) func(context.Context) ([]linkit.Provider, error) {
	return func(ctx context.Context) ([]linkit.Provider, error) {
		providers, err := l.client.Providers.List(ctx)
		if len(providers) > 0 {
			l.keys[route] = providers[0].ID
		}
		return providers, err
	}
}

// differences compares the names in a response's first record with the model's.
func differences(body []byte, model reflect.Type) string {
	record := firstRecord(body)
	switch {
	case model.Kind() != reflect.Struct:
		return ""
	case record == nil:
		return ", with an empty list"
	}
	var names []string
	for i := range model.NumField() {
		if name, _, _ := strings.Cut(model.Field(i).Tag.Get("json"), ","); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	var unknown, absent []string
	for _, name := range slices.Sorted(maps.Keys(record)) {
		if !slices.Contains(names, name) {
			unknown = append(unknown, name)
		}
	}
	for _, name := range names {
		if _, ok := record[name]; !ok {
			absent = append(absent, name)
		}
	}
	text := ""
	if len(unknown) > 0 {
		text += "; not in the model: " + strings.Join(unknown, ", ")
	}
	if len(absent) > 0 {
		text += "; not in the response: " + strings.Join(absent, ", ")
	}
	return text
}

// firstRecord finds the first record in a list, an envelope or a bare object; nil where there is
// none.
func firstRecord(body []byte) map[string]json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(body, &list) == nil {
		if len(list) == 0 {
			return nil
		}
		return firstRecord(list[0])
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(body, &object) != nil {
		return nil
	}
	for _, inner := range []string{"data", "items", "providers", "order"} {
		if raw := bytes.TrimSpace(object[inner]); len(raw) > 0 && (raw[0] == '[' || raw[0] == '{') {
			return firstRecord(raw)
		}
	}
	return object
}

// listener keeps the body of the last response.
type listener struct {
	next *http.Transport
	mu   sync.Mutex
	last []byte
}

func (h *listener) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := h.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 32<<20))
	if closed := response.Body.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	h.last = body
	h.mu.Unlock()
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}
