package linkittest

import "github.com/linkit-go/linkit"

var customers = &resource[linkit.Customer]{
	name: "customers", singular: "customer", initial: 'u', key: "id", path: "/customers/{id}",
	verbs: lists | gets | creates | updates | deletes, needsOrgHeader: true,
	table: func(o *organization) *table[linkit.Customer] { return o.customers },
	fields: func(c *linkit.Customer) fields {
		return fields{
			Key: &c.ID, ID: &c.ID, OrganizationID: &c.OrganizationID, Created: &c.Created, Updated: &c.Updated,
		}
	},
	filters: []filter[linkit.Customer]{
		equal("status", func(c *linkit.Customer) string { return string(c.Status) }),
		equal("type", func(c *linkit.Customer) string { return string(c.Type) }),
		search(func(c *linkit.Customer, has func(string) bool) bool {
			return has(c.FirstName) || has(c.LastName) || has(c.Email) || has(c.Phone)
		}),
	},
	clone:   copyOf[linkit.Customer],
	aliases: func(c *linkit.Customer) []string { return []string{c.Email, c.Phone} },
	strict:  strictCustomer,
}

// AddCustomers adds customers. They belong to [OrganizationID] unless they name another
// organization. Missing IDs and dates are filled in. A customer with an existing ID replaces it.
func (s *Server) AddCustomers(records ...linkit.Customer) { customers.add(s, records...) }

var customerGroups = &resource[linkit.CustomerGroup]{
	name: "customer-groups", singular: "group", initial: 'm', key: "id", path: "/customer-groups/{id}",
	verbs: lists | creates | updates | deletes,
	table: func(o *organization) *table[linkit.CustomerGroup] { return o.customerGroups },
	fields: func(g *linkit.CustomerGroup) fields {
		return fields{Key: &g.ID, ID: &g.ID, Created: &g.Created, Updated: &g.Updated}
	},
	indexes: []index[linkit.CustomerGroup]{{"name", func(g *linkit.CustomerGroup) string { return g.Name }}},
	clone:   copyOf[linkit.CustomerGroup],
	aliases: func(g *linkit.CustomerGroup) []string { return []string{g.Name} },
	check: func(c change, g, _ *linkit.CustomerGroup) *problem {
		if g.Name == "" {
			return invalid("name is required")
		}
		limits := []text{{"name", g.Name, maxGroupName}, {"description", g.Description, maxDescription}}
		if refusal := longest(limits...); refusal != nil {
			return refusal
		}
		if other := c.org.customerGroups.first("name", g.Name); other != nil && other.ID != g.ID {
			return conflict("group", "name", g.Name)
		}
		return nil
	},
}

// AddCustomerGroups adds customer groups to [OrganizationID]: a group doesn't name its
// organization. Missing IDs and dates are filled in. A group with an existing ID replaces it.
func (s *Server) AddCustomerGroups(records ...linkit.CustomerGroup) {
	customerGroups.add(s, records...)
}
