package linkittest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

func TestHandlerServesItsPatternBesideTheAPI(t *testing.T) {
	t.Parallel()
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.WriteString(w, "page "+r.PathValue("name"))
		assert.NoError(t, err)
	})
	observed := 0
	server := newServer(t, linkittest.WithHandler("GET /pages/{name}", page), linkittest.WithRateLimit(1, 1<<40),
		linkittest.WithObserver(func(linkittest.Exchange) { observed++ }))
	server.Inject(linkittest.Fault{Status: http.StatusTeapot})

	for range 3 {
		url := strings.TrimSuffix(server.URL, "/api/v1") + "/pages/a"
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		require.NoError(t, err)
		res, err := server.HTTPClient().Do(r)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, "page a", string(body))
	}
	assert.Zero(t, observed)
	assert.Empty(t, server.Requests())
	assert.Equal(t, http.StatusTeapot, send(t, server, http.MethodGet, "/products", "").status, "the fault is still there")
	assert.Equal(t, http.StatusOK, send(t, server, http.MethodGet, "/products", "").status, "the limit too")
	assert.PanicsWithValue(t, "linkittest: WithHandler: the pattern isn't valid: \"GET  /{\"", func() {
		linkittest.NewServer(linkittest.WithHandler("GET  /{", page))
	})
}

func TestPeekReturnsWhatTheServerHoldsWithoutARequest(t *testing.T) {
	t.Parallel()
	server := newServer(t, linkittest.WithRateLimit(1, 1<<40))
	server.AddProducts(linkit.Product{IvID: "A 1", NameEn: "Adol"}, linkit.Product{IvID: "B", OrganizationID: "org_b"})
	server.Inject(linkittest.Fault{Status: http.StatusTeapot, Times: -1})
	server.SetSuspended(linkittest.OrganizationID, true)

	status, body := server.Peek(linkittest.OrganizationID, "/products?limit=5")
	assert.Equal(t, http.StatusOK, status)
	var page struct {
		Data []linkit.Product `json:"data"`
	}
	require.NoError(t, json.Unmarshal(body, &page))
	require.Len(t, page.Data, 1)
	assert.Equal(t, "A 1", page.Data[0].IvID)

	rows := []struct {
		organization, path string
		status             int
		want               string
	}{
		{linkittest.OrganizationID, "/products/A%201", http.StatusOK, `"Adol"`},
		{linkittest.OrganizationID, "/api/v1/products/A%201", http.StatusOK, `"Adol"`},
		{"org_b", "products/B", http.StatusOK, `"org_b"`},
		{"org_b", "/products/A%201", http.StatusNotFound, "Not Found"},
		{"org_c", "/customers", http.StatusOK, `"total_count":0`},
		{linkittest.OrganizationID, "/auth/credentials", http.StatusOK, "OVERDUE"},
		{linkittest.OrganizationID, "/auth/login", http.StatusNotFound, "no such endpoint"},
		{linkittest.OrganizationID, "/nothing", http.StatusNotFound, "no such endpoint"},
		{linkittest.OrganizationID, "/%zz", http.StatusBadRequest, "path"},
	}
	for _, row := range rows {
		status, body := server.Peek(row.organization, row.path)
		assert.Equal(t, row.status, status, row.path)
		assert.Contains(t, string(body), row.want, row.path)
	}
	assert.Empty(t, server.Requests())
}
