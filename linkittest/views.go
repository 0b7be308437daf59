package linkittest

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/linkit-go/linkit"
)

// views caches the rows of selections until the next write, so that listing many pages selects
// once.
type views[T any] struct {
	mu      sync.Mutex
	version uint64
	rows    map[string][]*row[T]
}

const maxViews = 16

// selected returns how many rows a selection has, and a function that returns those at the
// positions [start, end) in ascending order. data.mu must be held for reading, and the rows are
// valid as long as it is.
func (t *table[T]) selected(o *organization, sel selection[T]) (count int, between func(start, end int) []*row[T]) {
	all := &t.rows
	if sel.index != "" {
		all = t.where(sel.index, sel.value)
	}
	if len(sel.match) == 0 && sel.sort == "" {
		return all.len(), all.between
	}
	view, ok := t.views.get(o.version, sel.name)
	if !ok {
		view = t.view(o, all, sel)
		t.views.put(o.version, sel.name, view)
	}
	return len(view), func(start, end int) []*row[T] { return view[start:end] }
}

// view filters and sorts rows.
func (t *table[T]) view(o *organization, all *rows[T], sel selection[T]) []*row[T] {
	view := make([]*row[T], 0, 64)
	for r := range all.all() {
		if t.matches(o, r, sel.match) {
			view = append(view, r)
		}
	}
	if sel.sort != "" {
		t.sort(o, view, sel.sort)
	}
	return view
}

func (v *views[T]) get(version uint64, name string) ([]*row[T], bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.version != version {
		return nil, false
	}
	view, ok := v.rows[name]
	return view, ok
}

func (v *views[T]) put(version uint64, name string, view []*row[T]) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.version != version || v.rows == nil || len(v.rows) >= maxViews {
		v.version, v.rows = version, map[string][]*row[T]{}
	}
	v.rows[name] = view
}

func (t *table[T]) matches(o *organization, r *row[T], match []func(*T) bool) bool {
	if len(match) == 0 {
		return true
	}
	v := t.resource.computed(o, &r.record.value)
	for _, matches := range match {
		if !matches(v) {
			return false
		}
	}
	return true
}

// sort sorts rows by a field. Equal ones stay oldest first.
func (t *table[T]) sort(o *organization, rows []*row[T], name string) {
	type entry struct {
		row    *row[T]
		text   string
		number float64
	}
	value, _ := column[T](name)
	entries := make([]entry, len(rows))
	for i, r := range rows {
		entries[i].row = r
		entries[i].text, entries[i].number = value(t.resource.computed(o, &r.record.value))
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		return cmp.Or(strings.Compare(a.text, b.text), cmp.Compare(a.number, b.number))
	})
	for i, e := range entries {
		rows[i] = e.row
	}
}

// column returns a function that reads the field with the given JSON name as a text or a number to
// sort by.
func column[T any](name string) (value func(*T) (string, float64), ok bool) {
	for _, field := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if tag != name || name == "-" || !field.IsExported() {
			continue
		}
		if _, _, ok := sortable(reflect.Zero(field.Type)); !ok {
			return nil, false
		}
		return func(v *T) (string, float64) {
			text, number, _ := sortable(reflect.ValueOf(v).Elem().FieldByIndex(field.Index))
			return text, number
		}, true
	}
	return nil, false
}

func sortable(v reflect.Value) (text string, number float64, ok bool) {
	switch x := v.Interface().(type) {
	case linkit.Time:
		return "", float64(x.UnixMilli()), true
	case fmt.Stringer:
		return x.String(), 0, true
	}
	switch {
	case v.Kind() == reflect.String:
		return v.String(), 0, true
	case v.Kind() == reflect.Bool:
		if v.Bool() {
			number = 1
		}
		return "", number, true
	case v.CanInt():
		return "", float64(v.Int()), true
	case v.CanFloat():
		return "", v.Float(), true
	case v.Kind() == reflect.Pointer && v.IsNil():
		_, _, ok = sortable(reflect.Zero(v.Type().Elem()))
		return "", math.Inf(-1), ok
	case v.Kind() == reflect.Pointer:
		return sortable(v.Elem())
	}
	return "", 0, false
}
