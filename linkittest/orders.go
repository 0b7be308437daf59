package linkittest

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/linkit-go/linkit"
)

// specVersion is the version of the contract of orders in responses.
const specVersion = "2026-04-01"

var orders = &resource[linkit.Order]{
	name: "orders", singular: "order", initial: 'o', key: "id", path: "/orders/{id}",
	verbs: lists | gets,
	table: func(o *organization) *table[linkit.Order] { return o.orders },
	fields: func(o *linkit.Order) fields {
		return fields{Key: &o.ID, ID: &o.ID, OrganizationID: &o.OrganizationID, Created: &o.Created, Updated: &o.Updated}
	},
	filters:         []filter[linkit.Order]{equal("status", func(o *linkit.Order) string { return string(o.OrderStatus) })},
	clone:           cloneOrder,
	setServerFields: func(o, old *linkit.Order) { o.Raw, o.SpecVersion = old.Raw, old.SpecVersion },
	encode:          orderBody,
}

var orderRoutes = []route{{method: http.MethodPost, path: "/orders/bulk", handle: createOrders}}

// AddOrders adds orders. They belong to [OrganizationID] unless they name another organization. Missing
// IDs and dates are filled in. An order with an existing ID replaces it. An order with a Raw is returned
// as that, in either form, and its fields are read from it if it has no ID. Other orders are returned in
// the envelope of the contract 2026-04-01.
func (s *Server) AddOrders(records ...linkit.Order) { orders.add(s, records...) }

func cloneOrder(o *linkit.Order) *linkit.Order {
	own := copyOf(o)
	if len(o.Raw) > 0 {
		own.Raw = bytes.Clone(o.Raw)
		if o.ID == "" {
			_ = json.Unmarshal(own.Raw, own) // even a Raw that isn't an order is returned as it is
		}
		return own
	}
	b, err := json.Marshal(o)
	if err == nil {
		err = json.Unmarshal(b, own)
	}
	if err != nil {
		panic("linkittest: AddOrders: " + err.Error())
	}
	own.Raw = nil
	return own
}

func orderBody(o *linkit.Order) any {
	if len(o.Raw) > 0 {
		return o.Raw
	}
	version := o.SpecVersion
	if version == "" {
		version = specVersion
	}
	o = copyOf(o)
	o.SpecVersion = ""
	return map[string]any{"spec_version": version, "order": o}
}

// createOrders takes a bare array of orders in the older form. They are returned in the envelope.
func createOrders(r *request) response {
	dec := json.NewDecoder(bytes.NewReader(r.body))
	items, refusal := readItems[linkit.Order](dec, r.body)
	if refusal == nil {
		refusal = ended(dec)
	}
	if refusal == nil && len(items) == 0 {
		refusal = badRequest("the body must be a list of at least one order")
	}
	if refusal != nil {
		return refusal.response()
	}
	return orders.write(r, linkit.BulkCreate, items)
}
