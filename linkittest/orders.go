package linkittest

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"github.com/linkit-go/linkit"
)

// specVersion is the version of the contract of orders in responses.
const specVersion = "2026-04-01"

var orders = &resource[linkit.Order]{
	name: "orders", singular: "order", initial: 'o', key: "id", path: "/orders/{id}",
	verbs: lists | gets, keepsRaw: true,
	table: func(o *organization) *table[linkit.Order] { return o.orders },
	fields: func(o *linkit.Order) fields {
		return fields{
			Key: &o.ID, ID: &o.ID, OrganizationID: &o.OrganizationID, Created: &o.Created, Updated: &o.Updated,
		}
	},
	serverMembers: []string{"spec_version"},
	filters: []filter[linkit.Order]{
		equal("status", func(o *linkit.Order) string { return string(o.OrderStatus) }),
	},
	clone:   cloneOrder,
	aliases: func(o *linkit.Order) []string { return []string{o.SourceReference} },
	rename:  renameOrder,
	strict:  strictOrder,
	encode:  encodeOrder,
}

var orderRoutes = []route{{method: http.MethodPost, path: "/orders/bulk", handle: createOrders}}

// AddOrders adds orders. They belong to [OrganizationID] unless they name another organization.
// Missing IDs and dates are filled in. An order with an existing ID replaces it. An order with a
// Raw is returned as that, in either form, and its fields are read from it if it has no ID. Other
// orders are returned in the envelope of the contract 2026-04-01.
func (s *Server) AddOrders(records ...linkit.Order) { orders.add(s, records...) }

func cloneOrder(o *linkit.Order) *linkit.Order {
	own := copyOf(o)
	if len(o.Raw) > 0 && o.ID == "" {
		if read, err := linkit.ParseOrder(bytes.NewReader(o.Raw)); err == nil { // otherwise it is returned as it is
			own = read
		}
	}
	own.Raw, own.SKUs, own.Products = bytes.Clone(o.Raw), slices.Clone(own.SKUs), slices.Clone(own.Products)
	own.ShippingAddress, own.DispatchRouting = bytes.Clone(own.ShippingAddress), bytes.Clone(own.DispatchRouting)
	return own
}

func encodeOrder(o *linkit.Order, extra members) any {
	if len(o.Raw) > 0 {
		return o.Raw
	}
	version := o.SpecVersion
	if version == "" {
		version = specVersion
	}
	o = copyOf(o)
	o.SpecVersion = ""
	return map[string]any{"spec_version": version, "order": extra.with(o)}
}

// olderNames are the names of the older form, which bulk creation takes, for members of the
// contract.
var olderNames = map[string]string{
	"external_id": "source_reference", "status": "order_status", "discount": "discounts_amount",
	"tax": "vat_amount", "notes": "comment",
}

// renameOrder translates the older form of an order into that of the contract. It also opens an
// envelope.
func renameOrder(m members) members {
	if inner, problem := readMembers(m["order"]); problem == nil {
		m = inner
	}
	m = maps.Clone(m)
	for older, name := range olderNames {
		value, ok := m[older]
		if !ok {
			continue
		}
		delete(m, older)
		if older == "notes" && value[0] != '"' && string(value) != "null" {
			value, _ = json.Marshal(string(value)) //nolint:errchkjson // a string
		}
		if newer := string(m[name]); newer == "" || newer == `""` || newer == "null" {
			m[name] = value
		}
	}
	return m
}

// createOrders takes a bare array of orders in the older form. They are returned in the envelope.
func createOrders(r *request) response {
	dec := json.NewDecoder(bytes.NewReader(r.body))
	items, refusal := readItems(dec)
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

// order returns the JSON value of an order and whether there is one, in any organization.
func (d *data) order(id string) (any, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, name := range slices.Sorted(maps.Keys(d.organizations)) {
		if r := d.organizations[name].orders.get(id); r != nil {
			return orders.rendered(d.organizations[name], r), true
		}
	}
	return nil, false
}
