package linkittest

import (
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/linkit-go/linkit"
)

// organization holds the records of one organization. It is guarded by data.mu.
type organization struct {
	id        string
	suspended atomic.Bool
	version   uint64 // counts the writes to its tables

	branches       *table[linkit.Branch]
	brands         *table[linkit.Brand]
	categories     *table[linkit.Category]
	generics       *table[linkit.Generic]
	products       *table[linkit.Product]
	skus           *table[linkit.SKU]
	customers      *table[linkit.Customer]
	customerGroups *table[linkit.CustomerGroup]
	orders         *table[linkit.Order]
	offers         *table[linkit.Offer]
	integrations   []*integration
}

func newOrganization(id string) *organization {
	return &organization{
		id:             id,
		branches:       newTable(branches),
		brands:         newTable(brands),
		categories:     newTable(categories),
		generics:       newTable(generics),
		products:       newTable(products),
		skus:           newTable(skus),
		customers:      newTable(customers),
		customerGroups: newTable(customerGroups),
		orders:         newTable(orders),
		offers:         newTable(offers),
	}
}

// data holds all records. A stored record is never changed, so that it can be read without the
// lock.
type data struct {
	mu            sync.RWMutex
	organizations map[string]*organization
	providers     []linkit.Provider
	created       int64
}

// organization returns the organization with the given id, creating it if necessary.
func (d *data) organization(id string) *organization {
	d.mu.RLock()
	o := d.organizations[id]
	d.mu.RUnlock()
	if o != nil {
		return o
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.organizations == nil {
		d.organizations = map[string]*organization{}
	}
	if o = d.organizations[id]; o == nil {
		o = newOrganization(id)
		d.organizations[id] = o
	}
	return o
}

// newID returns an id of 15 alphanumerics, as in PocketBase. Its first letter identifies the
// resource. d.mu must be held.
func (d *data) newID(initial byte) string {
	d.created++
	number := strconv.FormatInt(d.created, 36)
	return string(initial) + "00000000000000"[len(number):] + number
}
