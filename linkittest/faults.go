package linkittest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Fault is what happens to the next requests that match. Of the faults that match a request, the oldest happens; those that
// only set Delay or Header happen besides. A fault happens whatever the credential.
type Fault struct {
	Method string // "" is any
	Path   string // without /api/v1: a route such as "/products/{iv_id}", or a literal such as "/products/ITEM-1"; "" is any
	Times  int    // 0 is once; less: until removed

	Status     int           // answered instead of the real answer, with Body and Header: the request has no effect
	Body       string        // without a Status: answered with 200
	Header     http.Header   // set in the answer, the real one too; a nil value removes the header, Date included
	Delay      time.Duration // holds the answer back, after the request took effect; the client's or server's end ends it
	DropBefore bool          // close the connection before the request takes effect
	DropAfter  bool          // close the connection after the request took effect, with no answer
	Truncate   bool          // break the answer off half way, after the request took effect
}

// Inject makes a fault happen from the next request on. remove takes it back; a fault that has happened Times times is gone by
// itself. Inject panics on a Status that is none.
func (s *Server) Inject(f Fault) (remove func()) {
	if f.Status != 0 && (f.Status < 200 || f.Status > 999) {
		panic(fmt.Sprintf("linkittest: Inject: %d is not the status of an answer", f.Status))
	}
	if f.Times == 0 {
		f.Times = 1
	}
	f.Header = f.Header.Clone()
	f.Path = template(strings.TrimPrefix(f.Path, basePath))
	return s.faults.add(f)
}

// modifies reports whether f leaves the answer to others.
func (f *Fault) modifies() bool {
	return f.Status == 0 && f.Body == "" && !f.DropBefore && !f.DropAfter && !f.Truncate
}

func (f *Fault) replaces() bool { return f.Status != 0 || f.Body != "" }

func (f *Fault) answer() answer {
	a := answer{status: f.Status, body: []byte(f.Body)}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	switch {
	case bytes.HasPrefix(a.body, []byte("<")):
		a.header = http.Header{"Content-Type": {"text/html; charset=utf-8"}}
	case len(a.body) > 0 && !json.Valid(a.body):
		a.header = http.Header{"Content-Type": {"text/plain; charset=utf-8"}}
	}
	return a
}

// faults are those that are still to happen, the oldest first.
type faults struct {
	mu   sync.Mutex
	list []*Fault
}

func (f *faults) add(fault Fault) (remove func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, &fault)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.list = slices.DeleteFunc(f.list, func(other *Fault) bool { return other == &fault })
	}
}

// take returns what is to happen to a request, as one fault, and counts it.
func (f *faults) take(method, path, plain, route string) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	var happening Fault
	if len(f.list) == 0 {
		return happening
	}
	found := false
	route = template(route)
	f.list = slices.DeleteFunc(f.list, func(fault *Fault) bool {
		switch {
		case fault.Method != "" && fault.Method != method:
			return false
		case fault.Path != "" && fault.Path != path && fault.Path != plain && fault.Path != route:
			return false
		case !fault.modifies():
			if found {
				return false
			}
			found = true
			delay, header := happening.Delay, happening.Header
			happening = *fault
			happening.Delay += delay
			happening.Header = merged(header, fault.Header)
		default:
			happening.Delay += fault.Delay
			happening.Header = merged(happening.Header, fault.Header)
		}
		if fault.Times > 0 {
			fault.Times--
		}
		return fault.Times == 0
	})
	return happening
}

func merged(a, b http.Header) http.Header {
	if len(a) == 0 {
		return b
	}
	a = maps.Clone(a)
	maps.Copy(a, b)
	return a
}

// template forgets the names in a route, so that "/products/{id}" is "/products/{iv_id}".
func template(route string) string {
	if !strings.Contains(route, "{") {
		return route
	}
	segments := strings.Split(route, "/")
	for i, segment := range segments {
		if strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}") {
			segments[i] = "{}"
		}
	}
	return strings.Join(segments, "/")
}
