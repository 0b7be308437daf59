package linkittest

import (
	"cmp"
	"slices"
	"time"
)

// row is a place in a table. A write puts another record in it; a record itself is never changed.
type row[T any] struct {
	record  *T
	created time.Time
	seq     uint64
}

// table holds the records of one resource in one organization, oldest first.
type table[T any] struct {
	resource *resource[T]
	rows     []*row[T]
	byKey    map[string]*row[T]
	indexes  map[string]map[string][]*row[T] // by an index's name and value
	views    views[T]
	seq      uint64
}

// index groups the records of a table by the value of a field.
type index[T any] struct {
	name  string
	value func(*T) string
}

func newTable[T any](resource *resource[T]) *table[T] {
	t := &table[T]{resource: resource, byKey: map[string]*row[T]{}, indexes: map[string]map[string][]*row[T]{}}
	for _, ix := range resource.indexes {
		t.indexes[ix.name] = map[string][]*row[T]{}
	}
	return t
}

func (t *table[T]) get(key string) *T {
	if r := t.byKey[key]; r != nil {
		return r.record
	}
	return nil
}

func (t *table[T]) insert(record *T, created time.Time) {
	t.seq++
	r := &row[T]{record: record, created: created, seq: t.seq}
	t.rows = insertSorted(t.rows, r)
	t.byKey[*t.resource.fields(record).Key] = r
	for _, ix := range t.resource.indexes {
		t.enter(ix, r)
	}
}

// replace replaces the record with the given key. The new record may have another key.
func (t *table[T]) replace(key string, record *T) {
	r := t.byKey[key]
	old := r.record
	r.record = record
	if renamed := *t.resource.fields(record).Key; renamed != key {
		delete(t.byKey, key)
		t.byKey[renamed] = r
	}
	for _, ix := range t.resource.indexes {
		if was := ix.value(old); was != ix.value(record) {
			t.leave(ix, was, r)
			t.enter(ix, r)
		}
	}
}

func (t *table[T]) remove(key string) { t.removeRows(t.byKey[key]) }

func (t *table[T]) removeRows(rows ...*row[T]) {
	for _, r := range rows {
		delete(t.byKey, *t.resource.fields(r.record).Key)
		for _, ix := range t.resource.indexes {
			t.leave(ix, ix.value(r.record), r)
		}
	}
	if len(rows) == 1 {
		t.rows = removeSorted(t.rows, rows[0])
		return
	}
	dead := make(map[*row[T]]bool, len(rows))
	for _, r := range rows {
		dead[r] = true
	}
	t.rows = slices.DeleteFunc(t.rows, func(r *row[T]) bool { return dead[r] })
}

// where returns the rows with the given value of an index, oldest first.
func (t *table[T]) where(index, value string) []*row[T] { return t.indexes[index][value] }

// first returns the oldest record with the given value of an index, or nil.
func (t *table[T]) first(index, value string) *T {
	if rows := t.where(index, value); len(rows) > 0 {
		return rows[0].record
	}
	return nil
}

func (t *table[T]) enter(ix index[T], r *row[T]) {
	rows, value := t.indexes[ix.name], ix.value(r.record)
	rows[value] = insertSorted(rows[value], r)
}

func (t *table[T]) leave(ix index[T], value string, r *row[T]) {
	rows := t.indexes[ix.name]
	if rows[value] = removeSorted(rows[value], r); len(rows[value]) == 0 {
		delete(rows, value)
	}
}

func older[T any](a, b *row[T]) int {
	return cmp.Or(a.created.Compare(b.created), cmp.Compare(a.seq, b.seq))
}

// placed adds r to rows where its age puts it: mostly at the end.
func insertSorted[T any](rows []*row[T], r *row[T]) []*row[T] {
	if len(rows) == 0 || older(rows[len(rows)-1], r) < 0 {
		return append(rows, r)
	}
	i, _ := slices.BinarySearchFunc(rows, r, older)
	return slices.Insert(rows, i, r)
}

func removeSorted[T any](rows []*row[T], r *row[T]) []*row[T] {
	i, found := slices.BinarySearchFunc(rows, r, older)
	if !found {
		return rows
	}
	return slices.Delete(rows, i, i+1)
}
