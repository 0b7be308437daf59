package linkittest

import "github.com/linkit-go/linkit"

// products requires only an iv_id. A product's SKUs are created, renamed and deleted with it.
var products = &resource[linkit.Product]{
	name: "products", singular: "product", initial: 'p', key: "iv_id", path: "/products/{iv_id}",
	verbs: lists | gets | creates | updates | deletes | bulks,
	table: func(o *organization) *table[linkit.Product] { return o.products },
	fields: func(p *linkit.Product) fields {
		return fields{
			Key: &p.IvID, ID: &p.ID, OrganizationID: &p.OrganizationID, Created: &p.Created, Updated: &p.Updated,
		}
	},
	serverMembers: []string{"is_deleted"},
	indexes: []index[linkit.Product]{
		{"brand_id", func(p *linkit.Product) string { return p.BrandID }},
		{"category_id", func(p *linkit.Product) string { return p.CategoryID }},
		{"generic_id", func(p *linkit.Product) string { return p.GenericID }},
	},
	filters: []filter[linkit.Product]{
		{name: "brand_id"}, {name: "category_id"},
		flag("is_enabled", func(p *linkit.Product) bool { return p.IsEnabled }),
		search(func(p *linkit.Product, has func(string) bool) bool {
			return has(p.NameEn) || has(p.NameAr) || has(p.Barcode) || has(p.IvID)
		}),
	},
	clone:           copyOf[linkit.Product],
	setServerFields: func(p, old *linkit.Product) { p.IsDeleted = old.IsDeleted },
	strict:          strictProduct,
	added: func(c change, p *linkit.Product) {
		for branch := range c.org.branches.rows.all() {
			stock(c, p, &branch.record.value)
		}
	},
	changed: func(c change, p, old *linkit.Product) {
		if p.IvID != old.IvID {
			renameSKUs(c, "product_iv_id", old.IvID, func(sku *linkit.SKU) { sku.ProductIvID = p.IvID })
		}
	},
	removed: func(c change, p *linkit.Product) { removeSKUs(c, "product_iv_id", p.IvID) },
}

// AddProducts adds products and, for each, a SKU at every branch. They belong to [OrganizationID]
// unless they name another organization. Missing IDs and dates are filled in; a missing IvID is the
// ID. A product with an existing IvID replaces it.
func (s *Server) AddProducts(records ...linkit.Product) { products.add(s, records...) }
