package linkittest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

func TestCreatedRecordsGetWhatOnlyTheServerSets(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for path, row := range map[string]struct {
		body, initial string
		undated       bool
	}{
		"/branches":        {`{"iv_id":"B"}`, "b", false},
		"/brands":          {`{"brand_code":"R"}`, "r", false},
		"/categories":      {`{"category_code":"C"}`, "c", false},
		"/generics":        {`{"generic_code":"G"}`, "g", false},
		"/products":        {`{"iv_id":"P"}`, "p", false},
		"/skus":            {`{"iv_id":"S"}`, "s", false},
		"/customers":       {`{"first_name":"U"}`, "u", false},
		"/customer-groups": {`{"name":"M"}`, "m", false},
		"/offers":          {`{"name":"F"}`, "f", true},
	} {
		res := send(t, server, "POST", path, row.body)
		require.Equal(t, http.StatusCreated, res.status, res.body)
		list := send(t, server, "GET", path+"?limit=1", "", "X-Organization-ID", linkittest.OrganizationID)
		require.Equal(t, http.StatusOK, list.status)
		record := func(name string) string {
			text, _ := list.at(t, "data", 0, name).(string)
			return text
		}
		assert.Regexp(t, "^"+row.initial+`[a-z0-9]{14}$`, record("id"), path)
		if row.undated {
			continue
		}
		created, err := time.Parse(time.RFC3339, record("created"))
		require.NoError(t, err, path)
		assert.WithinDuration(t, time.Now(), created, time.Minute, path)
		assert.Equal(t, record("created"), record("updated"), path)
	}
}

func TestSuccessIsA200(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddProviders(linkit.Provider{ID: "tap"})
	server.AddIntegrations(linkit.Integration{Slug: "sap"})
	server.AddOffers(linkit.Offer{ID: "f1", Name: "Ramadan"})
	for _, line := range []string{
		"GET /ping", "GET /health", "GET /health/system", "GET /telemetry", "GET /auth/credentials", "GET /payments/status",
		"GET /providers", "GET /providers/config/tap", "GET /apps", "GET /integrations/org_123/sap/config",
		"POST /integrations/org_123/sap/execute", "GET /reports/offers", "GET /offers/f1",
		`PATCH /offers/f1/status {"is_active":true}`, `PUT /offers/f1 {"name":"Eid"}`,
		`POST /offers/bulk {"offers":[{"name":"Eid"}]}`, `POST /orders/bulk [{"external_id":"1"}]`,
	} {
		method, rest, _ := strings.Cut(line, " ")
		path, body, _ := strings.Cut(rest, " ")
		assert.Equal(t, http.StatusOK, send(t, server, method, path, body).status, line)
	}
}

func TestSearchLooksAtEveryNameAndCode(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for path, fields := range map[string][]string{
		"/branches":   {"name_en", "name_ar", "iv_id"},
		"/brands":     {"name_en", "name_ar", "brand_code"},
		"/categories": {"name_en", "name_ar", "category_code"},
		"/generics":   {"name_en", "name_ar", "generic_code"},
		"/products":   {"name_en", "name_ar", "barcode", "iv_id"},
		"/customers":  {"first_name", "last_name", "email", "phone"},
		"/offers":     {"name"},
	} {
		members := make([]string, len(fields))
		for i, field := range fields {
			members[i] = `"` + field + `":"x-` + field + `-Y"`
		}
		require.Equal(t, 201, send(t, server, "POST", path, "{"+strings.Join(members, ",")+"}").status)
		for term, want := range map[string]float64{"nothing": 0, "": 1} {
			res := send(t, server, "GET", path+"?search="+term, "", "X-Organization-ID", linkittest.OrganizationID)
			assert.InDelta(t, want, res.at(t, "total_count"), 0, "%s %q", path, term)
		}
		for _, field := range fields {
			res := send(t, server, "GET", path+"?search=X-"+field+"-y", "", "X-Organization-ID", linkittest.OrganizationID)
			assert.InDelta(t, 1, res.at(t, "total_count"), 0, "%s %s", path, field)
		}
	}
}
