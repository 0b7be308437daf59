package linkittest

import (
	"slices"
	"strings"

	"github.com/linkit-go/linkit"
)

// resources lists all resources, those that others refer to first.
var resources = []anyResource{branches, brands, categories, generics, products, skus, customers, customerGroups, orders, offers}

// routes returns every endpoint.
func routes() []route {
	all := slices.Concat(authRoutes, orderRoutes, offerRoutes, integrationRoutes, paymentRoutes, systemRoutes)
	for _, k := range resources {
		all = append(all, k.routes()...)
	}
	return all
}

// change begins a write in an organization and returns a function that ends it.
func (s *Server) change(organization string) (c change, end func()) {
	c = change{data: &s.data, org: s.data.organization(organization), now: linkit.Time{Time: s.now()}}
	s.data.mu.Lock()
	return c, s.data.mu.Unlock
}

func (r *request) change() (c change, end func()) {
	c, end = r.server.change(r.org.id)
	c.now.Time = r.now
	return c, end
}

func capital(word string) string { return strings.ToUpper(word[:1]) + word[1:] }
