package linkittest

import "github.com/linkit-go/linkit"

var brands = &resource[linkit.Brand]{
	name: "brands", singular: "brand", initial: 'r', key: "brand_code", path: "/brands/code/{brand_code}",
	verbs: lists | gets | creates | bulks, enveloped: true,
	table: func(o *organization) *table[linkit.Brand] { return o.brands },
	fields: func(b *linkit.Brand) fields {
		return fields{
			Key: &b.BrandCode, ID: &b.ID, OrganizationID: &b.OrganizationID, Created: &b.Created, Updated: &b.Updated,
		}
	},
	serverMembers: []string{"product_count"},
	indexes:       []index[linkit.Brand]{{"id", func(b *linkit.Brand) string { return b.ID }}},
	filters: []filter[linkit.Brand]{
		flag("has_products", func(b *linkit.Brand) bool { return b.ProductCount > 0 }),
		search(func(b *linkit.Brand, has func(string) bool) bool {
			return has(b.NameEn) || has(b.NameAr) || has(b.BrandCode)
		}),
	},
	clone: copyOf[linkit.Brand],
	check: func(_ change, b, _ *linkit.Brand) *problem {
		return coded("brand_code", b.BrandCode, b.NameEn, b.NameAr)
	},
	compute: func(o *organization, b *linkit.Brand) { b.ProductCount = o.products.where("brand_id", b.ID).len() },
}

// AddBrands adds brands. They belong to [OrganizationID] unless they name another organization.
// Missing IDs and dates are filled in; a missing BrandCode is the ID. A brand with an existing
// BrandCode replaces it. ProductCount is ignored: the server counts the products.
func (s *Server) AddBrands(records ...linkit.Brand) { brands.add(s, records...) }
