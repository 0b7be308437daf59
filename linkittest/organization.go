package linkittest

import (
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/linkit-go/linkit"
)

// organization is all that one organization has. data.mu guards it.
type organization struct {
	id        string
	suspended atomic.Bool
	version   uint64 // of its tables: counts writes

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

// data is every record. Records are never changed once stored, so that they can be read without the lock.
type data struct {
	mu            sync.RWMutex
	organizations map[string]*organization
	providers     []linkit.Provider
	created       int64
}

// organization returns one, new if need be.
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

// newID returns an id of 15 alphanumerics, as PocketBase's are; the first says of which resource. d.mu is held.
func (d *data) newID(initial byte) string {
	d.created++
	number := strconv.FormatInt(d.created, 36)
	return string(initial) + "00000000000000"[len(number):] + number
}
