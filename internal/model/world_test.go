package model_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/linkit-go/linkit"
)

// The resources, by the paths of their lists.
const (
	products  = "products"
	branches  = "branches"
	skus      = "skus"
	customers = "customers"
)

var names = []string{products, branches, skus, customers}

// fields are a record's fields by their Go names. Those that are zero are left out, except in what
// is written: there nil is null, and "" clears a text.
type fields map[string]any

// record is a record of the model. Its id and date of creation are empty until the server has been
// seen to set them.
type record struct {
	key, id      string
	organization string // only of a record that was read
	created      linkit.Time
	fields       fields
}

// newCustomer is the key of a customer that was created, until the server has been seen to set it.
const newCustomer = "(new)"

// organization is the model of what an organization holds: the records of each resource, by key.
type organization map[string]map[string]record

func newOrganization() organization {
	return organization{products: {}, branches: {}, skus: {}, customers: {}}
}

// clone returns a copy to be changed: the records themselves are never changed.
func (o organization) clone() organization {
	c := organization{}
	for name, table := range o {
		c[name] = maps.Clone(table)
	}
	return c
}

// list returns the records of a resource in the order of their keys.
func (o organization) list(name string) []record {
	return slices.SortedFunc(maps.Values(o[name]), func(a, b record) int { return cmp.Compare(a.key, b.key) })
}

// put stores a record under its key.
func (o organization) put(name string, r record) { o[name][r.key] = r }

// entry is a record to be written.
type entry struct {
	key    string // "": a SKU's follows from its product and its branch
	fields fields
}

// apply returns fields with those that are written over them: zero ones are left out, except for a
// quantity.
func (f fields) apply(written fields) fields {
	all := fields{}
	for _, each := range []fields{f, written} {
		for name, value := range each {
			switch {
			case value == nil || name != "Qty" && value == zeros[name]:
				delete(all, name)
			default:
				all[name] = value
			}
		}
	}
	return all
}

// zeros are the zero values of the fields.
var zeros = fields{
	"NameEn": "", "AveragePrice": 0.0, "Barcode": "", "IsEnabled": false,
	"NameAr": "", "Active": false, "Location": linkit.Location{},
	"ProductIvID": "", "BranchIvID": "", "Price": 0.0, "Available": false,
	"FirstName": "", "Email": "", "Phone": "", "Status": linkit.CustomerStatus(""),
}

func (f fields) text(name string) string {
	text, _ := f[name].(string)
	return text
}

// create adds a record, and returns the status that the server would respond with.
func (o organization) create(name string, e entry) (status int) {
	r := record{key: keyOf(name, e), fields: fields{}.apply(e.fields)}
	if _, exists := o[name][r.key]; exists {
		return http.StatusConflict
	}
	o.put(name, r)
	switch name {
	case products:
		for _, branch := range o[branches] {
			o.stock(r, branch)
		}
	case branches:
		for _, product := range o[products] {
			o.stock(product, r)
		}
	}
	return http.StatusCreated
}

func keyOf(name string, e entry) string {
	switch {
	case name == customers:
		return newCustomer
	case name == skus && e.key == "":
		return skuKey(e.fields.text("ProductIvID"), e.fields.text("BranchIvID"))
	}
	return e.key
}

func skuKey(product, branch string) string { return product + "_" + branch }

// stock adds the SKU of a product at a branch, unless it exists.
func (o organization) stock(product, branch record) {
	sku := record{key: skuKey(product.key, branch.key)}
	if _, exists := o[skus][sku.key]; exists {
		return
	}
	sku.fields = fields{}.apply(fields{
		"ProductIvID": product.key, "BranchIvID": branch.key, "Qty": 0, "Price": product.fields["AveragePrice"],
	})
	o.put(skus, sku)
}

// update replaces a record by e, whose key may be another one.
func (o organization) update(name, key string, e entry) (status int) {
	return o.replace(name, key, cmp.Or(e.key, key), fields{}.apply(e.fields))
}

func (o organization) replace(name, key, renamed string, written fields) (status int) {
	r, exists := o[name][key]
	if !exists {
		return http.StatusNotFound
	}
	if _, taken := o[name][renamed]; taken && renamed != key {
		return http.StatusConflict
	}
	delete(o[name], key)
	r.key, r.fields = renamed, written
	o.put(name, r)
	if renamed != key && name != skus {
		o.renameSKUs(owner[name], key, renamed)
	}
	return http.StatusOK
}

// owner is the field of a SKU that names a product or a branch.
var owner = map[string]string{products: "ProductIvID", branches: "BranchIvID"}

// renameSKUs updates the SKUs of a product or branch whose key changed. Only a key that follows from
// the two changes with them, unless the new one is taken.
func (o organization) renameSKUs(field, key, renamed string) {
	for _, sku := range o.list(skus) {
		if sku.fields.text(field) != key {
			continue
		}
		derived := func() string { return skuKey(sku.fields.text("ProductIvID"), sku.fields.text("BranchIvID")) }
		follows := sku.key == derived()
		delete(o[skus], sku.key)
		sku.fields = sku.fields.apply(fields{field: renamed})
		if _, taken := o[skus][derived()]; follows && !taken {
			sku.key = derived()
		}
		o.put(skus, sku)
	}
}

// delete removes a record, and the SKUs of a product or branch.
func (o organization) delete(name, key string) (status int) {
	if _, exists := o[name][key]; !exists {
		return http.StatusNotFound
	}
	delete(o[name], key)
	if field := owner[name]; field != "" {
		maps.DeleteFunc(o[skus], func(_ string, sku record) bool { return sku.fields.text(field) == key })
	}
	return http.StatusNoContent
}

// bulk writes a record as a bulk request does.
func (o organization) bulk(name string, mode linkit.BulkMode, e entry) (status int) {
	key := keyOf(name, e)
	r, exists := o[name][key]
	switch {
	case exists && mode != linkit.BulkCreate:
		return o.replace(name, key, key, r.fields.apply(e.fields))
	case mode == linkit.BulkUpdate:
		return http.StatusNotFound
	}
	return o.create(name, e)
}

// differs compares a record of the model with one that was read: "" if they are the same.
func (r record) differs(read record) string {
	switch {
	case r.key != read.key:
		return fmt.Sprintf("%q instead of %q", read.key, r.key)
	case !maps.Equal(r.fields, read.fields):
		return fmt.Sprintf("%q is %v instead of %v", r.key, read.fields, r.fields)
	case r.id != "" && r.id != read.id:
		return fmt.Sprintf("%q has another id", r.key)
	case !r.created.IsZero() && !r.created.Equal(read.created.Time):
		return fmt.Sprintf("%q has another date of creation", r.key)
	}
	return ""
}

// differs compares the model with what the server holds. A customer that was created has the key
// that the server gave it.
func (o organization) differs(actual organization, id string) string {
	for _, name := range names {
		left := maps.Clone(actual[name])
		for _, want := range o.list(name) {
			got, exists := left[want.key]
			if want.key == newCustomer {
				for key, candidate := range left {
					if _, known := o[name][key]; !known {
						got, exists, want.key = candidate, true, key
					}
				}
			}
			if !exists {
				return fmt.Sprintf("%s %q is missing", name, want.key)
			}
			if problem := want.differs(got); problem != "" {
				return name + " " + problem
			}
			if got.organization != id {
				return fmt.Sprintf("%s %q belongs to %s", name, want.key, got.organization)
			}
			delete(left, got.key)
		}
		for _, key := range slices.Sorted(maps.Keys(left)) {
			return fmt.Sprintf("%s %q should not exist", name, key)
		}
	}
	return ""
}
