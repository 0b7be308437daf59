package linkittest

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/linkit-go/linkit"
)

// specVersion is the contract that orders are read by.
const specVersion = "2026-04-01"

var orders = &resource[linkit.Order]{
	name: "orders", one: "order", initial: 'o', key: "id", path: "/orders/{id}",
	verbs: lists | gets,
	table: func(o *organization) *table[linkit.Order] { return o.orders },
	fields: func(o *linkit.Order) fields {
		return fields{Key: &o.ID, ID: &o.ID, OrganizationID: &o.OrganizationID, Created: &o.Created, Updated: &o.Updated}
	},
	filters: []filter[linkit.Order]{equal("status", func(o *linkit.Order) string { return string(o.OrderStatus) })},
	alone:   aloneOrder,
	settle:  func(o, old *linkit.Order) { o.Raw, o.SpecVersion = old.Raw, old.SpecVersion },
	wire:    orderBody,
}

var orderRoutes = []route{{method: http.MethodPost, path: "/orders/bulk", handle: createOrders}}

// AddOrders adds orders as AddProducts adds products. One with a Raw is answered as that, in either form; its fields are read
// from it when it has no ID. Others are answered in the envelope of the contract 2026-04-01.
func (s *Server) AddOrders(records ...linkit.Order) { orders.add(s, records...) }

func aloneOrder(o *linkit.Order) *linkit.Order {
	own := flat(o)
	if len(o.Raw) > 0 {
		own.Raw = bytes.Clone(o.Raw)
		if o.ID == "" {
			_ = json.Unmarshal(own.Raw, own) // what isn't an order is answered all the same: a reader must cope
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
	o = flat(o)
	o.SpecVersion = ""
	return map[string]any{"spec_version": version, "order": o}
}

// createOrders takes a bare array of orders in the older form. They are read in the envelope.
func createOrders(r *request) answer {
	dec := json.NewDecoder(bytes.NewReader(r.body))
	items, refusal := readItems[linkit.Order](dec, r.body)
	if refusal == nil {
		refusal = ended(dec)
	}
	if refusal == nil && len(items) == 0 {
		refusal = badRequest("the body must be a list of at least one order")
	}
	if refusal != nil {
		return refusal.answer()
	}
	return orders.write(r, linkit.BulkCreate, items)
}
