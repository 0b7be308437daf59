package linkittest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Fault makes matching requests fail or wait. If several faults match a request, the oldest
// applies; those that only set Delay or Header apply in addition. Faults apply whatever the
// request's credential. The zero value matches any request, once, and changes nothing.
type Fault struct {
	Method string // "" means any
	Path   string // without /api/v1: a route, "/products/{iv_id}", or a literal, "/products/ITEM-1"; "" means any
	Times  int    // how many requests it applies to; 0 means one, a negative number any number until removed

	// Match, unless nil, decides whether the fault applies to a request with this Method and Path, by
	// its body for example. It gets a copy, in which the password of a sign-in is masked. It may be
	// called concurrently, and for requests that an older fault then applies to.
	Match func(Request) bool

	Status     int           // respond with this status, Body and Header; the request has no effect
	Body       string        // the body of that response; if Status is 0, it is sent with a 200
	Header     http.Header   // headers to set in the response, real or not; a nil value removes one, even Date
	Delay      time.Duration // delay the response; the request takes effect before
	DropBefore bool          // close the connection before the request takes effect
	DropAfter  bool          // close the connection after the request took effect, without a response
	Truncate   bool          // close the connection halfway through the response, after the request took effect
}

// Inject adds a fault, which applies from the next request on. remove removes it; it may be called
// more than once. A fault that has applied Times times is removed automatically. Inject panics if
// Status is not a valid status.
func (s *Server) Inject(f Fault) (remove func()) {
	if f.Status != 0 && (f.Status < 200 || f.Status > 999) {
		panic(fmt.Sprintf("linkittest: Inject: %d is not a valid status", f.Status))
	}
	f.Header = f.Header.Clone()
	path := template(strings.TrimPrefix(f.Path, basePath))
	return s.faults.add(&injected{Fault: f, path: path, left: cmp.Or(f.Times, 1)})
}

// modifies reports whether f changes only the headers or the timing of a response.
func (f *Fault) modifies() bool { return !f.replaces() && !f.DropBefore && !f.DropAfter && !f.Truncate }

func (f *Fault) replaces() bool { return f.Status != 0 || f.Body != "" }

func (f *Fault) response() response {
	res := response{status: cmp.Or(f.Status, http.StatusOK), body: []byte(f.Body)}
	switch {
	case bytes.HasPrefix(res.body, []byte("<")):
		res.header = http.Header{"Content-Type": {"text/html; charset=utf-8"}}
	case len(res.body) > 0 && !json.Valid(res.body):
		res.header = http.Header{"Content-Type": {"text/plain; charset=utf-8"}}
	}
	return res
}

// injected is a fault that still applies.
type injected struct {
	Fault
	path string // Path as a template
	left int    // how many more requests it applies to; negative: any number
}

func (f *injected) matches(r *Request, plainPath string) bool {
	switch {
	case f.Method != "" && f.Method != r.Method:
		return false
	case f.path != "" && f.path != r.Path && f.path != plainPath && f.path != template(r.Route):
		return false
	}
	return f.Match == nil || f.Match(r.clone())
}

// faults holds the faults that still apply, oldest first.
type faults struct {
	mu   sync.RWMutex
	list []*injected
}

func (f *faults) add(fault *injected) (remove func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, fault)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.list = slices.DeleteFunc(f.list, func(other *injected) bool { return other == fault })
	}
}

func (f *faults) any() bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return len(f.list) > 0
}

// take returns the faults that apply to a request, combined into one, and counts them; nil if there
// are none.
func (f *faults) take(r *Request, plainPath string) *Fault {
	f.mu.RLock()
	list := slices.Clone(f.list)
	f.mu.RUnlock()
	// Without the lock: Match may use the server.
	list = slices.DeleteFunc(list, func(fault *injected) bool { return !fault.matches(r, plainPath) })
	if len(list) == 0 {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var applied *Fault
	for _, fault := range list {
		if fault.left != 0 && (applied == nil || fault.modifies() || applied.modifies()) {
			applied = combined(applied, &fault.Fault)
			fault.left = max(fault.left-1, -1)
		}
	}
	f.list = slices.DeleteFunc(f.list, func(fault *injected) bool { return fault.left == 0 })
	return applied
}

// combined returns a fault that does what both do, at most one of which does more than modify a
// response.
func combined(a, b *Fault) *Fault {
	if a == nil {
		both := *b
		return &both
	}
	both := *a
	if a.modifies() {
		both = *b
	}
	both.Delay = a.Delay + b.Delay
	both.Header = maps.Clone(a.Header)
	if both.Header == nil {
		both.Header = b.Header
	} else {
		maps.Copy(both.Header, b.Header)
	}
	return &both
}

// template drops the wildcard names of a route, so that "/products/{id}" equals
// "/products/{iv_id}".
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
