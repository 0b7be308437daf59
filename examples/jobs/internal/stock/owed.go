package stock

import (
	"slices"
	"sync"
)

// owed is the records of requests whose result isn't known and whose deadline has passed: they must
// be sent again, whatever the state says, and then the rows of those requests can go.
type owed struct {
	mu   sync.Mutex
	rows map[string]int // how many records each request still owes
	of   map[Key]*debt
}

type debt struct {
	rows []string
	seen bool // in the source
}

func newOwed(open []openRow) *owed {
	o := &owed{rows: map[string]int{}, of: map[Key]*debt{}}
	for _, row := range open {
		o.rows[row.id] = 0
		for _, key := range row.keys {
			if o.of[key] == nil {
				o.of[key] = &debt{}
			}
			if !slices.Contains(o.of[key].rows, row.id) {
				o.of[key].rows = append(o.of[key].rows, row.id)
				o.rows[row.id]++
			}
		}
	}
	return o
}

// see reports whether a record of the source is owed.
func (o *owed) see(key Key) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	d := o.of[key]
	if d != nil {
		d.seen = true
	}
	return d != nil
}

// completes returns the requests, in any order, that owe nothing once keys are settled.
func (o *owed) completes(keys []Key) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	settled := map[string]int{}
	for _, key := range keys {
		if d := o.of[key]; d != nil {
			for _, row := range d.rows {
				settled[row]++
			}
		}
	}
	var rows []string
	for row, n := range settled {
		if o.rows[row] == n {
			rows = append(rows, row)
		}
	}
	return rows
}

// settle notes that keys were sent again, or can't be. removed are the requests that are gone from
// the state with them.
func (o *owed) settle(keys []Key, removed []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, key := range keys {
		if d := o.of[key]; d != nil {
			for _, row := range d.rows {
				o.rows[row]--
			}
			delete(o.of, key)
		}
	}
	for _, row := range removed {
		delete(o.rows, row)
	}
}

// unseen returns the keys that the source no longer has.
func (o *owed) unseen() []Key {
	o.mu.Lock()
	defer o.mu.Unlock()
	var keys []Key
	for key, d := range o.of {
		if !d.seen {
			keys = append(keys, key)
		}
	}
	return keys
}

// done returns the requests, in any order, that owe nothing and are still in the state.
func (o *owed) done() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var rows []string
	for row, n := range o.rows {
		if n == 0 {
			rows = append(rows, row)
		}
	}
	return rows
}
