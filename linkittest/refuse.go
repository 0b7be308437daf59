package linkittest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Refuse makes the server reject every write of one record, by a request of its own or within a
// bulk request, whose other records are unaffected. route is the collection path of the record's
// resource, such as "/products", and covers its POST, PUT, PATCH, DELETE and bulk requests. key is
// the record's own key: its iv_id, its code, or its id. Records whose id is set by the server can
// also be named by another field: an order by its external_id, an offer or a customer group by its
// name, and a customer by its email or phone. The refusal applies in all organizations, and whether
// the record exists or not.
//
// The status and details are those of the error response, or of the record's entry in the bulk
// report, whose form is linkittest's own. If a record is refused more than once, the latest refusal
// applies. remove ends the refusal; it may be called more than once. Refuse panics if the route
// isn't a collection, or the status isn't that of an error.
func (s *Server) Refuse(route, key string, status int, details string) (remove func()) {
	name := strings.Trim(strings.TrimPrefix(route, basePath), "/")
	if !slices.ContainsFunc(resources, func(k anyResource) bool { return k.file() == name+".json" }) {
		panic(fmt.Sprintf("linkittest: Refuse: %q is not the path of a collection, such as /products", route))
	}
	if status < 400 || status > 999 {
		panic(fmt.Sprintf("linkittest: Refuse: %d is not the status of an error", status))
	}
	p := &problem{status: status, Error: http.StatusText(status)}
	if status == http.StatusUnprocessableEntity {
		p.Error = validationError
	}
	if details != "" {
		p.Details = details
	}
	return s.refusals.add(refusal{name: name, key: key, problem: p})
}

// refusal is a record that is refused.
type refusal struct {
	name, key string // of the resource and the record
	problem   *problem
}

// refusals holds the refusals in effect, oldest first.
type refusals struct {
	mu   sync.RWMutex
	list []*refusal
}

func (rs *refusals) add(r refusal) (remove func()) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.list = append(rs.list, &r)
	return func() {
		rs.mu.Lock()
		defer rs.mu.Unlock()
		rs.list = slices.DeleteFunc(rs.list, func(other *refusal) bool { return other == &r })
	}
}

// find returns the error for a record of a resource, or nil.
func (rs *refusals) find(name string, matches func(key string) bool) *problem {
	rs.mu.RLock()
	defer rs.mu.RUnlock()
	for _, r := range slices.Backward(rs.list) {
		if r.name == name && matches(r.key) {
			return r.problem
		}
	}
	return nil
}

// refused returns the error for a write of a record, or nil. v may be nil.
func (d *resource[T]) refused(c change, key string, v *record[T]) *problem {
	return c.server.refusals.find(d.name, func(refused string) bool {
		switch {
		case refused == key:
			return true
		case v == nil || d.aliases == nil || refused == "":
			return false
		}
		return slices.Contains(d.aliases(&v.value), refused)
	})
}
