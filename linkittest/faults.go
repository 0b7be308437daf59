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

// A Fault makes matching requests fail or wait. If several faults match a request, the oldest applies;
// those that only set Delay or Header apply in addition. Faults apply whatever the request's credential.
// The zero value matches any request, once, and changes nothing.
type Fault struct {
	Method string // "" is any
	Path   string // without /api/v1: a route such as "/products/{iv_id}", or a literal such as "/products/ITEM-1"; "" is any
	Times  int    // how many requests it applies to; 0 means one, a negative number any number until removed

	Status     int           // respond with this status, Body and Header; the request has no effect
	Body       string        // the body of that response; if Status is 0, it is sent with a 200
	Header     http.Header   // headers to set in the response, a real one included; a nil value removes a header, even Date
	Delay      time.Duration // delay the response, after the request took effect, until the client leaves or the server closes
	DropBefore bool          // close the connection before the request takes effect
	DropAfter  bool          // close the connection after the request took effect, without a response
	Truncate   bool          // close the connection halfway through the response, after the request took effect
}

// Inject adds a fault, which applies from the next request on. remove removes it; it may be called more
// than once. A fault that has applied Times times is removed automatically. Inject panics if Status is
// not a valid status.
func (s *Server) Inject(f Fault) (remove func()) {
	if f.Status != 0 && (f.Status < 200 || f.Status > 999) {
		panic(fmt.Sprintf("linkittest: Inject: %d is not a valid status", f.Status))
	}
	if f.Times == 0 {
		f.Times = 1
	}
	f.Header = f.Header.Clone()
	f.Path = template(strings.TrimPrefix(f.Path, basePath))
	return s.faults.add(f)
}

// modifies reports whether f changes only the headers or the timing of a response.
func (f *Fault) modifies() bool {
	return f.Status == 0 && f.Body == "" && !f.DropBefore && !f.DropAfter && !f.Truncate
}

func (f *Fault) replaces() bool { return f.Status != 0 || f.Body != "" }

func (f *Fault) response() response {
	res := response{status: f.Status, body: []byte(f.Body)}
	if res.status == 0 {
		res.status = http.StatusOK
	}
	switch {
	case bytes.HasPrefix(res.body, []byte("<")):
		res.header = http.Header{"Content-Type": {"text/html; charset=utf-8"}}
	case len(res.body) > 0 && !json.Valid(res.body):
		res.header = http.Header{"Content-Type": {"text/plain; charset=utf-8"}}
	}
	return res
}

// faults holds the faults that still apply, oldest first.
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

// take returns the faults that apply to a request, combined into one, and counts them.
func (f *faults) take(method, path, plain, route string) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	var applied Fault
	if len(f.list) == 0 {
		return applied
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
			delay, header := applied.Delay, applied.Header
			applied = *fault
			applied.Delay += delay
			applied.Header = merged(header, fault.Header)
		default:
			applied.Delay += fault.Delay
			applied.Header = merged(applied.Header, fault.Header)
		}
		if fault.Times > 0 {
			fault.Times--
		}
		return fault.Times == 0
	})
	return applied
}

func merged(a, b http.Header) http.Header {
	if len(a) == 0 {
		return b
	}
	a = maps.Clone(a)
	maps.Copy(a, b)
	return a
}

// template drops the wildcard names of a route, so that "/products/{id}" equals "/products/{iv_id}".
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
