package linkittest

import "github.com/linkit-go/linkit"

// categories requires a category_code and, if a parent is given, that it exists.
var categories = &resource[linkit.Category]{
	name: "categories", singular: "category", initial: 'c', key: "category_code", path: "/categories/code/{category_code}",
	verbs: lists | gets | creates,
	table: func(o *organization) *table[linkit.Category] { return o.categories },
	fields: func(c *linkit.Category) fields {
		return fields{
			Key: &c.CategoryCode, ID: &c.ID, OrganizationID: &c.OrganizationID, Created: &c.Created, Updated: &c.Updated,
		}
	},
	serverMembers: []string{"depth", "path", "product_count"},
	indexes:       []index[linkit.Category]{{"id", func(c *linkit.Category) string { return c.ID }}},
	filters: []filter[linkit.Category]{
		{name: "parent_id", match: func(value string) (func(*linkit.Category) bool, *problem) {
			if value == "null" {
				value = ""
			}
			return func(c *linkit.Category) bool { return c.ParentID == value }, nil
		}},
		search(func(c *linkit.Category, has func(string) bool) bool {
			return has(c.NameEn) || has(c.NameAr) || has(c.CategoryCode)
		}),
	},
	clone: copyOf[linkit.Category],
	check: func(c change, v, _ *linkit.Category) *problem {
		if v.ParentID != "" && !c.org.categories.hasID(v.ParentID) {
			return invalid("parent_id: there is no such category")
		}
		return coded("category_code", v.CategoryCode, v.NameEn, v.NameAr)
	},
	compute: func(o *organization, c *linkit.Category) {
		c.ProductCount = o.products.where("category_id", c.ID).len()
		c.Depth, c.Path = 0, c.NameEn
		for up := c; up.ParentID != "" && c.Depth < o.categories.rows.len(); c.Depth++ { // AddCategories can create a cycle
			if up = o.categories.first("id", up.ParentID); up == nil {
				return
			}
			c.Path = up.NameEn + " > " + c.Path
		}
	},
	encode: func(c *linkit.Category, extra members) any {
		body := categoryBody{Category: c}
		if c.ParentID != "" {
			body.ParentID = &c.ParentID
		}
		return extra.with(body)
	},
}

// categoryBody is a category in a response: the parent_id of a root is null.
type categoryBody struct {
	*linkit.Category
	ParentID *string `json:"parent_id"`
}

// AddCategories adds categories. They belong to [OrganizationID] unless they name another
// organization. Missing IDs and dates are filled in; a missing CategoryCode is the ID. A category
// with an existing CategoryCode replaces it. Depth, Path and ProductCount are ignored: the server
// computes them, and counts only the category's own products.
func (s *Server) AddCategories(records ...linkit.Category) { categories.add(s, records...) }
