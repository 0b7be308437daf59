package linkittest

import "time"

// table holds the records of one resource in one organization, oldest first.
type table[T any] struct {
	resource *resource[T]
	rows     rows[T]
	byKey    map[string]*row[T]
	indexes  map[string]map[string]*rows[T] // by an index's name and value
	views    views[T]
	seq      uint64
}

// index groups the records of a table by the value of a field.
type index[T any] struct {
	name  string
	value func(*T) string
}

func newTable[T any](resource *resource[T]) *table[T] {
	t := &table[T]{resource: resource, byKey: map[string]*row[T]{}, indexes: map[string]map[string]*rows[T]{}}
	for _, ix := range resource.indexes {
		t.indexes[ix.name] = map[string]*rows[T]{}
	}
	return t
}

func (t *table[T]) get(key string) *record[T] {
	if r := t.byKey[key]; r != nil {
		return r.record
	}
	return nil
}

func (t *table[T]) key(v *record[T]) string { return *t.resource.fields(&v.value).Key }

func (t *table[T]) insert(v *record[T], created time.Time) {
	t.seq++
	r := &row[T]{record: v, created: created.UnixMicro(), seq: t.seq}
	t.rows.insert(r)
	t.byKey[t.key(v)] = r
	for _, ix := range t.resource.indexes {
		t.enter(ix, r)
	}
}

// replace replaces the record with the given key. The new record may have another key.
func (t *table[T]) replace(key string, v *record[T]) {
	r := t.byKey[key]
	old := r.record
	r.record = v
	if renamed := t.key(v); renamed != key {
		delete(t.byKey, key)
		t.byKey[renamed] = r
	}
	for _, ix := range t.resource.indexes {
		if was := ix.value(&old.value); was != ix.value(&v.value) {
			t.leave(ix, was, r)
			t.enter(ix, r)
		}
	}
}

func (t *table[T]) remove(key string) {
	r := t.byKey[key]
	delete(t.byKey, key)
	for _, ix := range t.resource.indexes {
		t.leave(ix, ix.value(&r.record.value), r)
	}
	t.rows.remove(r)
}

// where returns the rows with the given value of an index, oldest first; nil if there are none.
func (t *table[T]) where(index, value string) *rows[T] { return t.indexes[index][value] }

// first returns the oldest record with the given value of an index, or nil.
func (t *table[T]) first(index, value string) *T {
	for r := range t.where(index, value).all() {
		return &r.record.value
	}
	return nil
}

func (t *table[T]) enter(ix index[T], r *row[T]) {
	byValue, value := t.indexes[ix.name], ix.value(&r.record.value)
	if byValue[value] == nil {
		byValue[value] = &rows[T]{}
	}
	byValue[value].insert(r)
}

func (t *table[T]) leave(ix index[T], value string, r *row[T]) {
	byValue := t.indexes[ix.name]
	byValue[value].remove(r)
	if byValue[value].len() == 0 {
		delete(byValue, value)
	}
}
