package main

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/linkit-go/linkit/linkittest"
)

const maxRefusals = 1000

// refusal is a record whose writes are rejected.
type refusal struct {
	ID      int    `json:"id"`
	Route   string `json:"route"` // of the collection: /products
	Key     string `json:"key"`   // of the record: its iv_id
	Status  int    `json:"status"`
	Details string `json:"details,omitempty"`

	remove func()
}

// refusalList holds the refusals in effect, oldest first.
type refusalList struct {
	mu   sync.Mutex
	last int
	list []*refusal
}

func (l *refusalList) add(server *linkittest.Server, r refusal) (added refusal, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.list) >= maxRefusals {
		return refusal{}, fmt.Errorf("there are %d refusals already: remove some", maxRefusals)
	}
	r.Status = cmp.Or(r.Status, http.StatusUnprocessableEntity)
	defer func() {
		if problem := recover(); problem != nil { // Refuse panics if the route or the status is invalid
			err = fmt.Errorf("%v", problem)
		}
	}()
	r.remove = server.Refuse(r.Route, r.Key, r.Status, r.Details)
	l.last++
	r.ID = l.last
	l.list = append(l.list, &r)
	return r, nil
}

func (l *refusalList) all() []refusal {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]refusal, len(l.list))
	for i, r := range l.list {
		all[i] = *r
	}
	return all
}

// remove removes the refusal with an ID, or all if id is zero. It reports whether there was one.
func (l *refusalList) remove(id int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := false
	l.list = slices.DeleteFunc(l.list, func(r *refusal) bool {
		if id != 0 && r.ID != id {
			return false
		}
		r.remove()
		found = true
		return true
	})
	return found
}
