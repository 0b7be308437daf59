package linkittest

import (
	"slices"
	"strings"

	"github.com/linkit-go/linkit"
)

// kinds are the resources, those first whose records others refer to.
var kinds = []kind{branches, brands, categories, generics, products, skus, customers, customerGroups, orders, offers}

// routes returns every endpoint.
func routes() []route {
	all := slices.Concat(authRoutes, orderRoutes, offerRoutes, integrationRoutes, paymentRoutes, systemRoutes)
	for _, k := range kinds {
		all = append(all, k.routes()...)
	}
	return all
}

// change begins a write in an organization; end ends it.
func (s *Server) change(organization string) (c change, end func()) {
	c = change{data: &s.data, in: s.data.organization(organization), now: linkit.Time{Time: s.now()}}
	s.data.mu.Lock()
	return c, s.data.mu.Unlock
}

func (r *request) change() (c change, end func()) {
	c, end = r.server.change(r.in.id)
	c.now.Time = r.now
	return c, end
}

func capital(word string) string { return strings.ToUpper(word[:1]) + word[1:] }
