package linkittest

import (
	"bytes"
	"net/http"

	"github.com/linkit-go/linkit"
)

var offers = &resource[linkit.Offer]{
	name: "offers", singular: "offer", initial: 'f', key: "id", path: "/offers/{id}",
	verbs: lists | gets | creates | updates | deletes,
	table: func(o *organization) *table[linkit.Offer] { return o.offers },
	fields: func(o *linkit.Offer) fields {
		return fields{Key: &o.ID, ID: &o.ID, OrganizationID: &o.OrganizationID}
	},
	indexes: []index[linkit.Offer]{{"name", func(o *linkit.Offer) string { return o.Name }}},
	filters: []filter[linkit.Offer]{
		equal("status", func(o *linkit.Offer) string { return o.Status }),
		equal("offer_type", func(o *linkit.Offer) string { return string(o.OfferType) }),
		equal("target_scope", func(o *linkit.Offer) string { return o.TargetScope }),
		equal("organization_app_id", func(o *linkit.Offer) string { return o.OrganizationAppID }),
		equal("target_iv_id", func(o *linkit.Offer) string { return o.TargetIvID }),
		equal("target_barcode", func(o *linkit.Offer) string { return o.TargetBarcode }),
		flag("is_active", func(o *linkit.Offer) bool { return o.IsActive }),
		search(func(o *linkit.Offer, has func(string) bool) bool { return has(o.Name) }),
	},
	clone: func(o *linkit.Offer) *linkit.Offer {
		own := copyOf(o)
		own.Meta = bytes.Clone(o.Meta)
		return own
	},
	aliases: func(o *linkit.Offer) []string { return []string{o.Name} },
	strict:  strictOffer,
	find: func(c change, o *linkit.Offer) string {
		if other := c.org.offers.first("name", o.Name); other != nil && o.Name != "" {
			return other.ID
		}
		return ""
	},
}

var offerRoutes = []route{
	{method: http.MethodPost, path: "/offers/bulk", handle: upsertOffers},
	{method: http.MethodPatch, path: "/offers/{id}/status", handle: setOfferStatus},
	{method: http.MethodGet, path: "/reports/offers", handle: reportOffers},
}

// AddOffers adds offers. They belong to [OrganizationID] unless they name another organization.
// Missing IDs are filled in. An offer with an existing ID replaces it. The list parameter synced is
// ignored: no field corresponds to it.
func (s *Server) AddOffers(records ...linkit.Offer) { offers.add(s, records...) }

// upsertOffers updates the offer with the same id, or else with the same name, if there is one.
// Which of them Linkit uses isn't documented.
func upsertOffers(r *request) response {
	_, items, refusal := offers.readBulk(r.body)
	if refusal != nil {
		return refusal.response()
	}
	return offers.write(r, linkit.BulkUpsert, items)
}

func setOfferStatus(r *request) response {
	var body struct {
		Status   *string `json:"status"`
		IsActive *bool   `json:"is_active"`
	}
	if refusal := decode(r.body, &body); refusal != nil {
		return refusal.response()
	}
	if body.Status == nil && body.IsActive == nil {
		return invalid("status or is_active is required").response()
	}
	c, end := r.change()
	defer end()
	id := r.PathValue("id")
	old := c.org.offers.get(id)
	if refusal := offers.refused(c, id, old); refusal != nil {
		return refusal.response()
	}
	if old == nil {
		return offers.missing().response()
	}
	o := &record[linkit.Offer]{value: *offers.clone(&old.value), extra: old.extra}
	if body.Status != nil {
		o.value.Status = *body.Status
	}
	if body.IsActive != nil {
		o.value.IsActive = *body.IsActive
	}
	if refusal := offers.update(c, id, o); refusal != nil {
		return refusal.response()
	}
	return reply(http.StatusOK, offers.rendered(c.org, o))
}

// reportOffers counts offers. The form of the report is linkittest's own: Linkit's isn't
// documented.
func reportOffers(r *request) response {
	r.server.data.mu.RLock()
	defer r.server.data.mu.RUnlock()
	active, types := 0, map[linkit.OfferType]int{}
	for row := range r.org.offers.rows.all() {
		types[row.record.value.OfferType]++
		if row.record.value.IsActive {
			active++
		}
	}
	return reply(http.StatusOK, map[string]any{"total": r.org.offers.rows.len(), "active": active, "by_offer_type": types})
}
