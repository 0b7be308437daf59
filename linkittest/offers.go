package linkittest

import (
	"bytes"
	"net/http"

	"github.com/linkit-go/linkit"
)

var offers = &resource[linkit.Offer]{
	name: "offers", one: "offer", initial: 'f', key: "id", path: "/offers/{id}",
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
	alone: func(o *linkit.Offer) *linkit.Offer {
		own := flat(o)
		own.Meta = bytes.Clone(o.Meta)
		return own
	},
	find: func(c change, o *linkit.Offer) string {
		if other := c.in.offers.first("name", o.Name); other != nil && o.Name != "" {
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

// AddOffers adds offers as AddProducts adds products. The list parameter synced is ignored: no field says it.
func (s *Server) AddOffers(records ...linkit.Offer) { offers.add(s, records...) }

// upsertOffers writes offers that have the id, or else the name, of one that exists over it: which of them Linkit goes by isn't
// documented.
func upsertOffers(r *request) answer {
	_, items, refusal := offers.readBulk(r.body)
	if refusal != nil {
		return refusal.answer()
	}
	return offers.write(r, linkit.BulkUpsert, items)
}

func setOfferStatus(r *request) answer {
	var body struct {
		Status   *string `json:"status"`
		IsActive *bool   `json:"is_active"`
	}
	if refusal := decode(r.body, &body); refusal != nil {
		return refusal.answer()
	}
	if body.Status == nil && body.IsActive == nil {
		return invalid("status or is_active is required").answer()
	}
	c, end := r.change()
	defer end()
	id := r.PathValue("id")
	old := c.in.offers.get(id)
	if old == nil {
		return offers.missing().answer()
	}
	o := offers.alone(old)
	if body.Status != nil {
		o.Status = *body.Status
	}
	if body.IsActive != nil {
		o.IsActive = *body.IsActive
	}
	if refusal := offers.update(c, id, o); refusal != nil {
		return refusal.answer()
	}
	return reply(http.StatusOK, o)
}

// reportOffers counts offers. What it answers is linkittest's own: the report isn't documented.
func reportOffers(r *request) answer {
	r.server.data.mu.RLock()
	defer r.server.data.mu.RUnlock()
	active, types := 0, map[linkit.OfferType]int{}
	for _, row := range r.in.offers.rows {
		types[row.record.OfferType]++
		if row.record.IsActive {
			active++
		}
	}
	return reply(http.StatusOK, map[string]any{"total": len(r.in.offers.rows), "active": active, "by_offer_type": types})
}
