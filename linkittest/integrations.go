package linkittest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/linkit-go/linkit"
)

var integrationRoutes = []route{
	{method: http.MethodGet, path: "/apps", handle: listIntegrations},
	{method: http.MethodGet, path: "/integrations/{org_id}/{slug}/config", handle: configOfIntegration},
	{method: http.MethodPost, path: "/integrations/{org_id}/{slug}/execute", handle: executeIntegration},
}

// integration is an app that an organization has installed.
type integration struct {
	app    linkit.Integration
	config linkit.IntegrationConfig
}

// AddIntegrations installs integrations for [OrganizationID]: an integration doesn't name its
// organization. One whose slug is installed replaces it and keeps its configuration.
//
// The response to an execution is {success, slug, dry_run, input}, where input is the request's
// body. This form is linkittest's own, and so is the way to ask for a dry run: dry_run=true in the
// query or "dry_run": true in the body. An execution that isn't a dry run sets last_sync.
func (s *Server) AddIntegrations(records ...linkit.Integration) {
	c, end := s.change(OrganizationID)
	defer end()
	for _, app := range records {
		if installed := c.org.integration(app.Slug); installed != nil {
			installed.app = app
			continue
		}
		c.org.integrations = append(c.org.integrations, &integration{app: app, config: linkit.IntegrationConfig{
			Slug: app.Slug, Name: app.Name, Type: app.Type, OrganizationID: c.org.id, ConfiguredAt: c.now,
		}})
	}
}

// AddIntegrationConfigs sets the configuration of integrations, and installs those that aren't
// installed. They belong to [OrganizationID] unless they name another organization. A configuration
// with a Raw is returned as that.
func (s *Server) AddIntegrationConfigs(records ...linkit.IntegrationConfig) {
	for _, config := range records {
		if config.OrganizationID == "" {
			config.OrganizationID = OrganizationID
		}
		config.Raw = bytes.Clone(config.Raw)
		c, end := s.change(config.OrganizationID)
		if config.ConfiguredAt.IsZero() {
			config.ConfiguredAt = c.now
		}
		if installed := c.org.integration(config.Slug); installed != nil {
			installed.config = config
		} else {
			c.org.integrations = append(c.org.integrations, &integration{config: config, app: linkit.Integration{
				Slug: config.Slug, Name: config.Name, Type: config.Type, Enabled: true, IsActive: true,
			}})
		}
		end()
	}
}

func listIntegrations(r *request) response {
	r.server.data.mu.RLock()
	defer r.server.data.mu.RUnlock()
	apps := make([]linkit.Integration, len(r.org.integrations))
	for i, installed := range r.org.integrations {
		apps[i] = installed.app
	}
	return reply(http.StatusOK, apps)
}

func configOfIntegration(r *request) response {
	in, refusal := r.pathOrganization()
	if refusal != nil {
		return refusal.response()
	}
	r.server.data.mu.RLock()
	defer r.server.data.mu.RUnlock()
	installed := in.integration(r.PathValue("slug"))
	switch {
	case installed == nil:
		return notInstalled().response()
	case len(installed.config.Raw) > 0:
		return reply(http.StatusOK, installed.config.Raw)
	}
	return reply(http.StatusOK, installed.config)
}

func executeIntegration(r *request) response {
	in, refusal := r.pathOrganization()
	if refusal != nil {
		return refusal.response()
	}
	input := json.RawMessage("null")
	if len(r.body) > 0 {
		input = r.body
	}
	if !json.Valid(input) {
		return badRequest("the body is not valid JSON").response()
	}
	var options struct {
		DryRun bool `json:"dry_run"`
	}
	_ = json.Unmarshal(input, &options) // any JSON may come
	dry := options.DryRun || r.URL.Query().Get("dry_run") == "true"
	c, end := r.server.change(in.id)
	defer end()
	installed := in.integration(r.PathValue("slug"))
	if installed == nil {
		return notInstalled().response()
	}
	if !dry {
		installed.app.LastSync = c.now
	}
	return reply(http.StatusOK, map[string]any{
		"success": true, "slug": installed.app.Slug, "dry_run": dry, "input": input,
	})
}

func notInstalled() *problem { return notFound("there is no integration with this slug") }

// integration returns one, or nil. data.mu is held.
func (o *organization) integration(slug string) *integration {
	for _, i := range o.integrations {
		if i.app.Slug == slug {
			return i
		}
	}
	return nil
}

// pathOrganization returns the organization that the path names.
func (r *request) pathOrganization() (*organization, *problem) {
	id := r.PathValue("org_id")
	if !slices.Contains(r.who.organizations, id) {
		return nil, foreign()
	}
	o := r.server.data.organization(id)
	if o.suspended.Load() {
		return nil, suspended()
	}
	return o, nil
}
