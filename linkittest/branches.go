package linkittest

import (
	"bytes"
	"slices"

	"github.com/linkit-go/linkit"
)

// branches requires only an iv_id. A branch's SKUs are created, renamed and deleted with it.
var branches = &resource[linkit.Branch]{
	name: "branches", singular: "branch", initial: 'b', key: "iv_id", path: "/branches/{iv_id}",
	verbs: lists | gets | creates | updates | deletes | bulks,
	table: func(o *organization) *table[linkit.Branch] { return o.branches },
	fields: func(b *linkit.Branch) fields {
		return fields{
			Key: &b.IvID, ID: &b.ID, OrganizationID: &b.OrganizationID, Created: &b.Created, Updated: &b.Updated,
		}
	},
	filters: []filter[linkit.Branch]{
		flag("active", func(b *linkit.Branch) bool { return b.Active }),
		search(func(b *linkit.Branch, has func(string) bool) bool {
			return has(b.NameEn) || has(b.NameAr) || has(b.IvID)
		}),
	},
	clone: func(b *linkit.Branch) *linkit.Branch {
		own := copyOf(b)
		own.WorkingHours, own.WorkingHoursPeriods = bytes.Clone(b.WorkingHours), slices.Clone(b.WorkingHoursPeriods)
		return own
	},
	strict: strictBranch,
	added: func(c change, b *linkit.Branch) {
		for product := range c.org.products.rows.all() {
			stock(c, &product.record.value, b)
		}
	},
	changed: func(c change, b, old *linkit.Branch) {
		if b.IvID != old.IvID {
			renameSKUs(c, "branch_iv_id", old.IvID, func(sku *linkit.SKU) { sku.BranchIvID = b.IvID })
		}
	},
	removed: func(c change, b *linkit.Branch) { removeSKUs(c, "branch_iv_id", b.IvID) },
}

// AddBranches adds branches and, for each, a SKU of every product. They belong to [OrganizationID]
// unless they name another organization. Missing IDs and dates are filled in; a missing IvID is the
// ID. A branch with an existing IvID replaces it.
func (s *Server) AddBranches(records ...linkit.Branch) { branches.add(s, records...) }
