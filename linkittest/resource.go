package linkittest

import (
	"cmp"
	"fmt"
	"net/http"

	"github.com/linkit-go/linkit"
)

// resource describes the endpoints of one type of record. To add one, write a file that declares
// it, add a table to organization, and add it to resources.
type resource[T any] struct {
	name           string // of its path, its list in a bulk body and its fixture: "products"
	singular       string // "product"
	initial        byte   // the first letter of its ids
	key            string // the JSON name of the field that identifies a record, also the wildcard in path
	path           string // of a single record
	verbs          verbs
	enveloped      bool // creating one returns {success, message, data}
	needsOrgHeader bool // listing requires X-Organization-ID
	keepsRaw       bool // a Raw is returned as it is
	table          func(*organization) *table[T]
	fields         func(*T) fields
	serverMembers  []string // what only the server sets, beyond what all resources have
	indexes        []index[T]
	filters        []filter[T]
	clone          func(*T) *T // returns a deep copy

	// The following may be nil.

	aliases         func(v *T) []string                // what else [Server.Refuse] can name a record by
	rename          func(m members) members            // translates the names of a written record
	find            func(c change, v *T) (key string)  // finds the record that an upsert without a key refers to
	setServerFields func(v, old *T)                    // sets more of the server's fields; old is zero for a new record
	check           func(c change, v, old *T) *problem // validates a record; old is nil for a new one
	strict          func(c change, v, old *T) *problem // validates it further with [WithStrict]; old is zero for a new one
	compute         func(o *organization, v *T)        // sets the fields that are derived rather than stored
	encode          func(v *T, extra members) any      // returns the JSON value for responses, if that isn't v and extra
	added           func(c change, v *T)
	changed         func(c change, v, old *T)
	removed         func(c change, v *T)

	cachedSchema schema
}

// fields points to the fields that all records have. OrganizationID, Created and Updated may be
// nil.
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
	server *Server
	org    *organization
	now    linkit.Time
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

// post creates a record.
func (d *resource[T]) post(r *request) response {
	m, refusal := readMembers(r.body)
	if refusal != nil {
		return refusal.response()
	}
	c, end := r.change()
	v, refusal := d.decode(m, nil)
	if refusal == nil {
		refusal = d.create(c, v)
	}
	rendered := d.rendered(c.org, v)
	end()
	switch {
	case refusal != nil:
		return refusal.response()
	case d.enveloped:
		message := capital(d.singular) + " created successfully"
		return reply(http.StatusCreated, envelope{Success: true, Message: message, Data: rendered})
	}
	return reply(http.StatusCreated, rendered)
}

// put replaces a record: what the request leaves out is gone, except for what only the server sets.
func (d *resource[T]) put(r *request) response {
	m, refusal := readMembers(r.body)
	if refusal != nil {
		return refusal.response()
	}
	c, end := r.change()
	key := r.PathValue(d.key)
	v, refusal := d.decode(m, d.table(c.org).get(key))
	if refusal == nil {
		refusal = d.update(c, key, v)
	}
	rendered := d.rendered(c.org, v)
	end()
	if refusal != nil {
		return refusal.response()
	}
	return reply(http.StatusOK, rendered)
}

func (d *resource[T]) delete(r *request) response {
	c, end := r.change()
	defer end()
	t, key := d.table(c.org), r.PathValue(d.key)
	v := t.get(key)
	if refusal := d.refused(c, key, v); refusal != nil {
		return refusal.response()
	}
	if v == nil {
		return d.missing().response()
	}
	t.remove(key)
	c.org.version++
	if d.removed != nil {
		d.removed(c, &v.value)
	}
	return response{status: http.StatusNoContent}
}

// create stores a new record. The table owns v from then on.
func (d *resource[T]) create(c change, v *record[T]) *problem {
	t, f := d.table(c.org), d.fields(&v.value)
	if d.setServerFields != nil {
		d.setServerFields(&v.value, new(T))
	}
	if refusal := d.refused(c, *f.Key, v); refusal != nil {
		return refusal
	}
	*f.ID = c.server.data.newID(d.initial)
	f.stamp(c.now, c.now)
	if f.OrganizationID != nil {
		*f.OrganizationID = c.org.id
	}
	if refusal := d.validate(c, v, nil); refusal != nil {
		return refusal
	}
	if t.get(*f.Key) != nil {
		return conflict(d.singular, d.key, *f.Key)
	}
	d.insert(c, v)
	return nil
}

// validate checks a record. old is nil for a new one.
func (d *resource[T]) validate(c change, v, old *record[T]) *problem {
	if *d.fields(&v.value).Key == "" {
		return invalid("%s is required", d.key)
	}
	var was *T
	if old != nil {
		was = &old.value
	}
	if d.check != nil {
		if refusal := d.check(c, &v.value, was); refusal != nil {
			return refusal
		}
	}
	if !c.server.settings.strict {
		return nil
	}
	if refusal := longest(text{d.key, *d.fields(&v.value).Key, maxName}); refusal != nil || d.strict == nil {
		return refusal
	}
	if was == nil {
		was = new(T)
	}
	return d.strict(c, &v.value, was)
}

// insert stores a validated record.
func (d *resource[T]) insert(c change, v *record[T]) {
	created := c.now
	if f := d.fields(&v.value); f.Created != nil {
		created = *f.Created
	}
	d.table(c.org).insert(v, created.Time)
	c.org.version++
	if d.added != nil {
		d.added(c, &v.value)
	}
}

// update replaces the record with the given key by v. If v has no key, it keeps that one.
func (d *resource[T]) update(c change, key string, v *record[T]) *problem {
	t, f := d.table(c.org), d.fields(&v.value)
	for _, name := range []string{key, cmp.Or(*f.Key, key)} {
		if refusal := d.refused(c, name, v); refusal != nil {
			return refusal
		}
	}
	old := t.get(key)
	if old == nil {
		return d.missing()
	}
	was := d.fields(&old.value)
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
		d.setServerFields(&v.value, &old.value)
	}
	if refusal := d.validate(c, v, old); refusal != nil {
		return refusal
	}
	if *f.Key != key && t.get(*f.Key) != nil {
		return conflict(d.singular, d.key, *f.Key)
	}
	t.replace(key, v)
	c.org.version++
	if d.changed != nil {
		d.changed(c, &v.value, &old.value)
	}
	return nil
}

// computed returns a record with its derived fields set.
func (d *resource[T]) computed(o *organization, v *T) *T {
	if d.compute == nil {
		return v
	}
	v = copyOf(v)
	d.compute(o, v)
	return v
}

// rendered returns the JSON value of a record for responses.
func (d *resource[T]) rendered(o *organization, r *record[T]) any {
	v := d.computed(o, &r.value)
	if d.encode != nil {
		return d.encode(v, r.extra)
	}
	return r.extra.with(v)
}

// copyOf copies a record that holds no pointers.
func copyOf[T any](v *T) *T {
	own := *v
	return &own
}

func (d *resource[T]) missing() *problem {
	return notFound(fmt.Sprintf("there is no %s with this %s", d.singular, d.key))
}
