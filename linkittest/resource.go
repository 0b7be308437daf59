package linkittest

import (
	"fmt"
	"net/http"

	"github.com/linkit-go/linkit"
)

// resource describes the endpoints of one type of record. To add one, write a file that declares it, add a
// table to organization, and add it to resources.
type resource[T any] struct {
	name           string // of its path, its list in a bulk body and its fixture: "products"
	singular       string // "product"
	initial        byte   // the first letter of its ids
	key            string // the JSON name of the field that identifies a record, also the wildcard in path
	path           string // of a single record
	verbs          verbs
	enveloped      bool // creating one returns {success, message, data}
	needsOrgHeader bool // listing requires X-Organization-ID
	table          func(*organization) *table[T]
	fields         func(*T) fields
	indexes        []index[T]
	filters        []filter[T]
	clone          func(*T) *T // returns a deep copy

	// The following may be nil.

	find            func(c change, v *T) (key string)  // finds the record that an upsert without a key refers to
	setServerFields func(v, old *T)                    // sets further fields that only the server sets; old is zero for a new record
	check           func(c change, v, old *T) *problem // validates a record; old is nil for a new one
	compute         func(o *organization, v *T)        // sets the fields that are derived rather than stored
	encode          func(v *T) any                     // returns the JSON value for responses, if that isn't v
	added           func(c change, v *T)
	changed         func(c change, v, old *T)
	removed         func(c change, v *T)
}

// fields points to the fields that all records have. OrganizationID, Created and Updated may be nil.
type fields struct {
	Key, ID, OrganizationID *string
	Created, Updated        *linkit.Time
}

// verbs is the set of endpoints that a resource has.
type verbs int

const (
	lists verbs = 1 << iota
	gets
	creates
	updates
	deletes
	bulks
)

// change is a write in progress. It holds data.mu.
type change struct {
	data *data
	org  *organization
	now  linkit.Time
}

// anyResource is a resource of any record type.
type anyResource interface {
	routes() []route
	load(s *Server, file []byte) error
	file() string
}

func (d *resource[T]) file() string { return d.name + ".json" }

func (d *resource[T]) routes() []route {
	all := map[verbs]route{
		lists:   {method: http.MethodGet, path: "/" + d.name, handle: d.list, list: true},
		gets:    {method: http.MethodGet, path: d.path, handle: d.get},
		creates: {method: http.MethodPost, path: "/" + d.name, handle: d.post},
		updates: {method: http.MethodPut, path: d.path, handle: d.put},
		deletes: {method: http.MethodDelete, path: d.path, handle: d.delete},
		bulks:   {method: http.MethodPost, path: "/" + d.name + "/bulk", handle: d.bulk},
	}
	var has []route
	for verb, r := range all {
		if d.verbs&verb != 0 {
			has = append(has, r)
		}
	}
	return has
}

func (d *resource[T]) get(r *request) response {
	r.server.data.mu.RLock()
	v := d.table(r.org).get(r.PathValue(d.key))
	if v == nil {
		r.server.data.mu.RUnlock()
		return d.missing().response()
	}
	rendered := d.rendered(r.org, v)
	r.server.data.mu.RUnlock()
	return reply(http.StatusOK, rendered)
}

func (d *resource[T]) post(r *request) response {
	return d.written(r, http.StatusCreated, d.create)
}

func (d *resource[T]) put(r *request) response {
	return d.written(r, http.StatusOK, func(c change, v *T) *problem { return d.update(c, r.PathValue(d.key), v) })
}

// written decodes a record, stores it with write, and returns it.
func (d *resource[T]) written(r *request, status int, write func(c change, v *T) *problem) response {
	v := new(T)
	if refusal := decode(r.body, v); refusal != nil {
		return refusal.response()
	}
	c, end := r.change()
	refusal := write(c, v)
	rendered := d.rendered(c.org, v)
	end()
	switch {
	case refusal != nil:
		return refusal.response()
	case d.enveloped && status == http.StatusCreated:
		return reply(status, envelope{Success: true, Message: capital(d.singular) + " created successfully", Data: rendered})
	}
	return reply(status, rendered)
}

func (d *resource[T]) delete(r *request) response {
	c, end := r.change()
	defer end()
	t, key := d.table(c.org), r.PathValue(d.key)
	v := t.get(key)
	if v == nil {
		return d.missing().response()
	}
	t.remove(key)
	c.org.version++
	if d.removed != nil {
		d.removed(c, v)
	}
	return response{status: http.StatusNoContent}
}

// create stores a new record. The table owns v from then on.
func (d *resource[T]) create(c change, v *T) *problem {
	t, f := d.table(c.org), d.fields(v)
	*f.ID = c.data.newID(d.initial)
	f.stamp(c.now, c.now)
	if f.OrganizationID != nil {
		*f.OrganizationID = c.org.id
	}
	if d.setServerFields != nil {
		d.setServerFields(v, new(T))
	}
	if *f.Key == "" {
		return invalid("%s is required", d.key)
	}
	if d.check != nil {
		if refusal := d.check(c, v, nil); refusal != nil {
			return refusal
		}
	}
	if t.get(*f.Key) != nil {
		return conflict(d.singular, d.key, *f.Key)
	}
	d.insert(c, v)
	return nil
}

// insert stores a validated record.
func (d *resource[T]) insert(c change, v *T) {
	created := c.now
	if f := d.fields(v); f.Created != nil {
		created = *f.Created
	}
	d.table(c.org).insert(v, created.Time)
	c.org.version++
	if d.added != nil {
		d.added(c, v)
	}
}

// update replaces the record with the given key by v. If v has no key, it keeps that one.
func (d *resource[T]) update(c change, key string, v *T) *problem {
	t := d.table(c.org)
	old := t.get(key)
	if old == nil {
		return d.missing()
	}
	f, was := d.fields(v), d.fields(old)
	*f.ID = *was.ID
	if was.Created != nil {
		f.stamp(*was.Created, c.now)
	}
	if f.OrganizationID != nil {
		*f.OrganizationID = c.org.id
	}
	if *f.Key == "" {
		*f.Key = key
	}
	if d.setServerFields != nil {
		d.setServerFields(v, old)
	}
	if d.check != nil {
		if refusal := d.check(c, v, old); refusal != nil {
			return refusal
		}
	}
	if *f.Key != key && t.get(*f.Key) != nil {
		return conflict(d.singular, d.key, *f.Key)
	}
	t.replace(key, v)
	c.org.version++
	if d.changed != nil {
		d.changed(c, v, old)
	}
	return nil
}

// whole is a record with what isn't stored.
func (d *resource[T]) computed(o *organization, v *T) *T {
	if d.compute == nil {
		return v
	}
	v = copyOf(v)
	d.compute(o, v)
	return v
}

// rendered returns the JSON value of a record for responses.
func (d *resource[T]) rendered(o *organization, v *T) any {
	v = d.computed(o, v)
	if d.encode == nil {
		return v
	}
	return d.encode(v)
}

// copyOf copies a record that holds no pointers.
func copyOf[T any](v *T) *T {
	own := *v
	return &own
}

func (d *resource[T]) missing() *problem {
	return notFound(fmt.Sprintf("there is no %s with this %s", d.singular, d.key))
}
