package linkittest

import (
	"slices"

	"github.com/linkit-go/linkit"
)

var generics = &resource[linkit.Generic]{
	name: "generics", singular: "generic", initial: 'g', key: "generic_code", path: "/generics/code/{generic_code}",
	verbs: lists | gets | creates | bulks,
	table: func(o *organization) *table[linkit.Generic] { return o.generics },
	fields: func(g *linkit.Generic) fields {
		return fields{
			Key: &g.GenericCode, ID: &g.ID, OrganizationID: &g.OrganizationID, Created: &g.Created, Updated: &g.Updated,
		}
	},
	serverMembers: []string{"products", "product_count", "common_brands"},
	indexes:       []index[linkit.Generic]{{"id", func(g *linkit.Generic) string { return g.ID }}},
	filters: []filter[linkit.Generic]{
		flag("has_products", func(g *linkit.Generic) bool { return g.ProductCount > 0 }),
		search(func(g *linkit.Generic, has func(string) bool) bool {
			return has(g.NameEn) || has(g.NameAr) || has(g.GenericCode)
		}),
	},
	clone: copyOf[linkit.Generic],
	check: func(_ change, g, _ *linkit.Generic) *problem {
		return coded("generic_code", g.GenericCode, g.NameEn, g.NameAr)
	},
	strict: strictGeneric,
	compute: func(o *organization, g *linkit.Generic) {
		products := o.products.where("generic_id", g.ID)
		g.ProductCount, g.Products, g.CommonBrands = products.len(), make([]string, 0, products.len()), []string{}
		seen := map[string]bool{}
		for r := range products.all() {
			product := &r.record.value
			g.Products = append(g.Products, product.ID)
			if seen[product.BrandID] {
				continue
			}
			seen[product.BrandID] = true
			if brand := o.brands.first("id", product.BrandID); brand != nil && !slices.Contains(g.CommonBrands, brand.NameEn) {
				g.CommonBrands = append(g.CommonBrands, brand.NameEn)
			}
		}
	},
}

// AddGenerics adds generics. They belong to [OrganizationID] unless they name another organization.
// Missing IDs and dates are filled in; a missing GenericCode is the ID. A generic with an existing
// GenericCode replaces it. Products, ProductCount and CommonBrands are ignored: the server computes
// them from the products whose GenericID is the generic's ID.
func (s *Server) AddGenerics(records ...linkit.Generic) { generics.add(s, records...) }
