package linkittest

import (
	"slices"
	"strings"

	"github.com/linkit-go/linkit"
)

// resources lists all resources, those that others refer to first.
var resources = []anyResource{
	branches, brands, categories, generics, products, skus, customers, customerGroups, orders, offers,
}

// routes returns every endpoint.
func routes() []route {
	all := slices.Concat(authRoutes, orderRoutes, offerRoutes, integrationRoutes, paymentRoutes, systemRoutes)
	for _, k := range resources {
		all = append(all, k.routes()...)
	}
	return all
}

// change begins a write in an organization and returns a function that ends it. The time of the
// write is taken under the lock, so that a record's place doesn't depend on when its request began.
func (s *Server) change(organization string) (c change, end func()) {
	c = change{server: s, org: s.data.organization(organization)}
	s.data.mu.Lock()
	c.now = linkit.Time{Time: s.now()}
	return c, s.data.mu.Unlock
}

func (r *request) change() (c change, end func()) { return r.server.change(r.org.id) }

func capital(word string) string { return strings.ToUpper(word[:1]) + word[1:] }
