package linkittest

import (
	"slices"

	"github.com/linkit-go/linkit"
)

// skus demands an iv_id, or the product's and the branch's to make it of. Neither needs to exist.
var skus = &resource[linkit.SKU]{
	name: "skus", one: "SKU", initial: 's', key: "iv_id", path: "/skus/{iv_id}",
	verbs: lists | gets | creates | updates | deletes | bulks,
	table: func(o *organization) *table[linkit.SKU] { return o.skus },
	fields: func(sku *linkit.SKU) fields {
		return fields{Key: &sku.IvID, ID: &sku.ID, OrganizationID: &sku.OrganizationID, Created: &sku.Created, Updated: &sku.Updated}
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
	alone: aloneSKU,
	settle: func(sku, _ *linkit.SKU) {
		if sku.IvID == "" && sku.ProductIvID != "" && sku.BranchIvID != "" {
			sku.IvID = skuIvID(sku.ProductIvID, sku.BranchIvID)
		}
	},
	wire: func(sku *linkit.SKU) any { return skuBody{SKU: sku, Qty: sku.Qty} },
}

// skuBody is a SKU as it is answered: barcode can be written only, and qty may be absent.
type skuBody struct {
	*linkit.SKU
	Barcode *struct{} `json:"barcode,omitempty"`
	Qty     *int      `json:"qty,omitempty"`
}

// AddSKUs adds SKUs as AddProducts adds products. A missing IvID is made of ProductIvID and BranchIvID, which needn't exist. A
// SKU that a product and a branch made by themselves is replaced.
func (s *Server) AddSKUs(records ...linkit.SKU) { skus.add(s, records...) }

func quantity(sku *linkit.SKU) int {
	if sku.Qty == nil {
		return 0
	}
	return *sku.Qty
}

func aloneSKU(sku *linkit.SKU) *linkit.SKU {
	own := *sku
	if sku.Qty != nil {
		own.Qty = linkit.Ptr(*sku.Qty)
	}
	return &own
}

func skuIvID(product, branch string) string { return product + "_" + branch }

var none = 0 // pieces in stock

// stock makes the SKU of a product at a branch, if there is none. That it costs the product's average price, with none in stock,
// is linkittest's own.
func stock(c change, p *linkit.Product, b *linkit.Branch) {
	ivID := skuIvID(p.IvID, b.IvID)
	if c.in.skus.get(ivID) != nil {
		return
	}
	skus.insert(c, &linkit.SKU{
		ID: c.data.newID(skus.initial), IvID: ivID, OrganizationID: c.in.id, ProductIvID: p.IvID, BranchIvID: b.IvID,
		Qty: &none, Price: p.AveragePrice, Created: c.now, Updated: c.now,
	})
}

func removeSKUs(c change, index, value string) {
	c.in.skus.removeRows(slices.Clone(c.in.skus.where(index, value))...)
}

// renameSKUs follows a product or branch to its new iv_id. A SKU whose own iv_id isn't made of the two keeps it.
func renameSKUs(c change, index, value string, rename func(*linkit.SKU)) {
	for _, r := range slices.Clone(c.in.skus.where(index, value)) {
		old, sku := r.record, aloneSKU(r.record)
		rename(sku)
		if renamed := skuIvID(sku.ProductIvID, sku.BranchIvID); old.IvID == skuIvID(old.ProductIvID, old.BranchIvID) && c.in.skus.get(renamed) == nil {
			sku.IvID = renamed
		}
		sku.Updated = c.now
		c.in.skus.replace(old.IvID, sku)
	}
}
