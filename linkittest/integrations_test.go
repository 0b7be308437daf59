package linkittest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

func TestAnIntegrationThatIsReplacedKeepsItsConfiguration(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	const org = linkittest.OrganizationID
	server.AddIntegrations(linkit.Integration{Slug: "sap", Name: "SAP", Type: "erp"})
	client := server.Client()
	first, err := client.Integrations.Config(t.Context(), org, "sap")
	require.NoError(t, err)
	assert.Equal(t, []string{"sap", "SAP", "erp", org}, []string{first.Slug, first.Name, first.Type, first.OrganizationID})
	assert.WithinDuration(t, time.Now(), first.ConfiguredAt.Time, time.Minute)

	configured := linkit.Time{Time: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)}
	server.AddIntegrationConfigs(
		linkit.IntegrationConfig{Slug: "sap", Version: "2", ConfiguredAt: configured},
		linkit.IntegrationConfig{Slug: "odoo", Name: "Odoo", Type: "erp"},
	)
	server.AddIntegrations(linkit.Integration{Slug: "sap", Name: "SAP S/4"})
	apps, err := client.Integrations.List(t.Context())
	require.NoError(t, err)
	require.Len(t, apps, 2)
	assert.Equal(t, "SAP S/4", apps[0].Name)
	assert.Equal(t, []string{"odoo", "Odoo", "erp"}, []string{apps[1].Slug, apps[1].Name, apps[1].Type})
	assert.True(t, apps[1].Enabled && apps[1].IsActive)
	second, err := client.Integrations.Config(t.Context(), org, "sap")
	require.NoError(t, err)
	assert.Equal(t, "2", second.Version)
	assert.True(t, configured.Equal(second.ConfiguredAt.Time), second.ConfiguredAt)
	odoo, err := client.Integrations.Config(t.Context(), org, "odoo")
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), odoo.ConfiguredAt.Time, time.Minute)
}

func TestTheOrganizationOfAPathMayBeSuspendedOrAnothers(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddAPIKey("k3y-of-two", linkittest.OrganizationID, "org_b")
	for _, org := range []string{linkittest.OrganizationID, "org_b", "org_c"} {
		server.AddIntegrationConfigs(linkit.IntegrationConfig{Slug: "sap", OrganizationID: org})
	}
	server.SetSuspended("org_b", true)
	for org, want := range map[string]int{linkittest.OrganizationID: 200, "org_b": 403, "org_c": 403} {
		for method, path := range map[string]string{"GET": "/config", "POST": "/execute"} {
			res := send(t, server, method, "/integrations/"+org+"/sap"+path, "", "Authorization", "k3y-of-two",
				"X-Organization-ID", linkittest.OrganizationID)
			assert.Equal(t, want, res.status, "%s: %s", org, res.body)
			assert.Equal(t, org == "org_b", strings.Contains(res.body, "BILLING_SERVICE_SUSPENDED"), res.body)
		}
	}
}
