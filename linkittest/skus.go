package linkittest

import (
	"slices"

	"github.com/linkit-go/linkit"
)

// skus requires an iv_id, or those of a product and a branch to derive it from. Neither needs to
// exist.
var skus = &resource[linkit.SKU]{
	name: "skus", singular: "SKU", initial: 's', key: "iv_id", path: "/skus/{iv_id}",
	verbs: lists | gets | creates | updates | deletes | bulks,
	table: func(o *organization) *table[linkit.SKU] { return o.skus },
	fields: func(sku *linkit.SKU) fields {
		return fields{
			Key: &sku.IvID, ID: &sku.ID, OrganizationID: &sku.OrganizationID, Created: &sku.Created, Updated: &sku.Updated,
		}
	},
	indexes: []index[linkit.SKU]{
		{"product_iv_id", func(sku *linkit.SKU) string { return sku.ProductIvID }},
		{"branch_iv_id", func(sku *linkit.SKU) string { return sku.BranchIvID }},
	},
	filters: []filter[linkit.SKU]{
		{name: "product_iv_id"}, {name: "branch_iv_id"},
		flag("available", func(sku *linkit.SKU) bool { return sku.Available }),
		atLeast("min_qty", quantity), atMost("max_qty", quantity),
	},
	clone: cloneSKU,
	setServerFields: func(sku, _ *linkit.SKU) {
		if sku.IvID == "" && sku.ProductIvID != "" && sku.BranchIvID != "" {
			sku.IvID = skuIvID(sku.ProductIvID, sku.BranchIvID)
		}
	},
	strict: strictSKU,
	encode: func(sku *linkit.SKU, extra members) any { return extra.with(skuBody{SKU: sku, Qty: sku.Qty}) },
}

// skuBody is a SKU in a response: barcode is write-only, and qty may be absent.
type skuBody struct {
	*linkit.SKU
	Barcode *struct{} `json:"barcode,omitempty"`
	Qty     *int      `json:"qty,omitempty"`
}

// AddSKUs adds SKUs. They belong to [OrganizationID] unless they name another organization. Missing
// IDs and dates are filled in; a missing IvID is derived from ProductIvID and BranchIvID, which
// needn't exist. A SKU with an existing IvID replaces it, including one that was created with a
// product or a branch.
func (s *Server) AddSKUs(records ...linkit.SKU) { skus.add(s, records...) }

func quantity(sku *linkit.SKU) int {
	if sku.Qty == nil {
		return 0
	}
	return *sku.Qty
}

func cloneSKU(sku *linkit.SKU) *linkit.SKU {
	own := *sku
	if sku.Qty != nil {
		own.Qty = linkit.Ptr(*sku.Qty)
	}
	return &own
}

func skuIvID(product, branch string) string { return product + "_" + branch }

var zeroQty = 0

// stock creates the SKU of a product at a branch unless it exists. Its price, the product's average
// price, and its quantity, zero, are linkittest's own.
func stock(c change, p *linkit.Product, b *linkit.Branch) {
	ivID := skuIvID(p.IvID, b.IvID)
	if c.org.skus.get(ivID) != nil {
		return
	}
	skus.insert(c, &record[linkit.SKU]{value: linkit.SKU{
		ID: c.server.data.newID(skus.initial), IvID: ivID, OrganizationID: c.org.id,
		ProductIvID: p.IvID, BranchIvID: b.IvID, Qty: &zeroQty, Price: p.AveragePrice, Created: c.now, Updated: c.now,
	}})
}

func removeSKUs(c change, index, value string) {
	for _, r := range slices.Collect(c.org.skus.where(index, value).all()) {
		c.org.skus.remove(r.record.value.IvID)
	}
}

// renameSKUs updates the SKUs of a product or branch whose iv_id changed. A SKU whose own iv_id
// isn't derived from the two keeps it.
func renameSKUs(c change, index, value string, rename func(*linkit.SKU)) {
	for _, r := range slices.Collect(c.org.skus.where(index, value).all()) {
		old, sku := &r.record.value, cloneSKU(&r.record.value)
		rename(sku)
		renamed := skuIvID(sku.ProductIvID, sku.BranchIvID)
		if old.IvID == skuIvID(old.ProductIvID, old.BranchIvID) && c.org.skus.get(renamed) == nil {
			sku.IvID = renamed
		}
		sku.Updated = c.now
		c.org.skus.replace(old.IvID, &record[linkit.SKU]{value: *sku, extra: r.record.extra})
	}
}
