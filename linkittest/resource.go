package linkittest

import (
	"fmt"
	"net/http"

	"github.com/linkit-go/linkit"
)

// resource is one kind of record: what its endpoints are and what they demand. A new kind is a file that says this, a table in
// organization, and a place in kinds.
type resource[T any] struct {
	name      string // its path, its list in a bulk body, its fixture: "products"
	one       string // "product"
	initial   byte   // of its ids
	key       string // the JSON name of the field that a record is addressed by, and path's wildcard
	path      string // of one record
	verbs     verbs
	enveloped bool // a creation is answered as {success, message, data}
	named     bool // X-Organization-ID must be there to list it
	table     func(*organization) *table[T]
	fields    func(*T) fields
	indexes   []index[T]
	filters   []filter[T]
	alone     func(*T) *T // returns a copy that shares no memory

	// What follows may be nil.

	find    func(c change, v *T) (key string)  // the record that an upsert without a key is about
	settle  func(v, old *T)                    // sets what else only the server sets; old is zero for a new record
	check   func(c change, v, old *T) *problem // what a record must be; old is nil for a new one
	compute func(o *organization, v *T)        // works out what isn't stored, in a copy
	wire    func(v *T) any                     // what is answered, where that isn't v's own JSON
	added   func(c change, v *T)
	changed func(c change, v, old *T)
	removed func(c change, v *T)
}

// fields are where a record keeps what resources have in common. OrganizationID, Created and Updated may be nil.
type fields struct {
	Key, ID, OrganizationID *string
	Created, Updated        *linkit.Time
}

// verbs are the endpoints that a resource has.
type verbs int

const (
	lists verbs = 1 << iota
	gets
	creates
	updates
	deletes
	bulks
)

// change is a write under way: data.mu is held.
type change struct {
	data *data
	in   *organization
	now  linkit.Time
}

// kind is a resource of any type.
type kind interface {
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

func (d *resource[T]) get(r *request) answer {
	r.server.data.mu.RLock()
	v := d.table(r.in).get(r.PathValue(d.key))
	if v == nil {
		r.server.data.mu.RUnlock()
		return d.missing().answer()
	}
	shown := d.shown(r.in, v)
	r.server.data.mu.RUnlock()
	return reply(http.StatusOK, shown)
}

func (d *resource[T]) post(r *request) answer {
	return d.written(r, http.StatusCreated, d.create)
}

func (d *resource[T]) put(r *request) answer {
	return d.written(r, http.StatusOK, func(c change, v *T) *problem { return d.update(c, r.PathValue(d.key), v) })
}

// written reads a record, lets write store it, and answers it.
func (d *resource[T]) written(r *request, status int, write func(c change, v *T) *problem) answer {
	v := new(T)
	if refusal := decode(r.body, v); refusal != nil {
		return refusal.answer()
	}
	c, end := r.change()
	refusal := write(c, v)
	shown := d.shown(c.in, v)
	end()
	switch {
	case refusal != nil:
		return refusal.answer()
	case d.enveloped && status == http.StatusCreated:
		return reply(status, envelope{Success: true, Message: capital(d.one) + " created successfully", Data: shown})
	}
	return reply(status, shown)
}

func (d *resource[T]) delete(r *request) answer {
	c, end := r.change()
	defer end()
	t, key := d.table(c.in), r.PathValue(d.key)
	v := t.get(key)
	if v == nil {
		return d.missing().answer()
	}
	t.remove(key)
	c.in.version++
	if d.removed != nil {
		d.removed(c, v)
	}
	return answer{status: http.StatusNoContent}
}

// create stores a new record; v is the table's from then on.
func (d *resource[T]) create(c change, v *T) *problem {
	t, f := d.table(c.in), d.fields(v)
	*f.ID = c.data.newID(d.initial)
	f.stamp(c.now, c.now)
	if f.OrganizationID != nil {
		*f.OrganizationID = c.in.id
	}
	if d.settle != nil {
		d.settle(v, new(T))
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
		return conflict(d.one, d.key, *f.Key)
	}
	d.insert(c, v)
	return nil
}

// insert stores a record that nothing speaks against.
func (d *resource[T]) insert(c change, v *T) {
	created := c.now
	if f := d.fields(v); f.Created != nil {
		created = *f.Created
	}
	d.table(c.in).insert(v, created.Time)
	c.in.version++
	if d.added != nil {
		d.added(c, v)
	}
}

// update puts v in the place of the record of key. A key that v leaves out stays.
func (d *resource[T]) update(c change, key string, v *T) *problem {
	t := d.table(c.in)
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
		*f.OrganizationID = c.in.id
	}
	if *f.Key == "" {
		*f.Key = key
	}
	if d.settle != nil {
		d.settle(v, old)
	}
	if d.check != nil {
		if refusal := d.check(c, v, old); refusal != nil {
			return refusal
		}
	}
	if *f.Key != key && t.get(*f.Key) != nil {
		return conflict(d.one, d.key, *f.Key)
	}
	t.replace(key, v)
	c.in.version++
	if d.changed != nil {
		d.changed(c, v, old)
	}
	return nil
}

// whole is a record with what isn't stored.
func (d *resource[T]) whole(o *organization, v *T) *T {
	if d.compute == nil {
		return v
	}
	v = flat(v)
	d.compute(o, v)
	return v
}

// shown is a record as it is answered.
func (d *resource[T]) shown(o *organization, v *T) any {
	v = d.whole(o, v)
	if d.wire == nil {
		return v
	}
	return d.wire(v)
}

// flat copies a record that holds no pointers.
func flat[T any](v *T) *T {
	own := *v
	return &own
}

func (d *resource[T]) missing() *problem {
	return notFound(fmt.Sprintf("there is no %s with this %s", d.one, d.key))
}
