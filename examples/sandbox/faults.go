package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/linkit-go/linkit/linkittest"
)

const maxFaults = 200

// fault is a [linkittest.Fault] in JSON.
type fault struct {
	ID           int         `json:"id"`
	Name         string      `json:"name"`
	Method       string      `json:"method,omitempty"`
	Path         string      `json:"path,omitempty"`
	BodyContains string      `json:"body_contains,omitempty"` // only requests whose body contains this
	Times        int         `json:"times"`                   // 0 means one, a negative number any number
	Status       int         `json:"status,omitempty"`
	Body         string      `json:"body,omitempty"`
	Header       http.Header `json:"header,omitempty"`
	Delay        duration    `json:"delay,omitzero"`
	DropBefore   bool        `json:"drop_before,omitempty"`
	DropAfter    bool        `json:"drop_after,omitempty"`
	Truncate     bool        `json:"truncate,omitempty"`
	Met          int         `json:"met"` // requests that met it

	remove func()
}

// duration is a [time.Duration] that is "250ms" in JSON.
type duration time.Duration

// MarshalText implements [encoding.TextMarshaler].
func (d duration) MarshalText() ([]byte, error) { //nolint:unparam // the interface's signature
	return []byte(time.Duration(d).String()), nil
}

func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil || parsed < 0 {
		return fmt.Errorf("%q is not a duration such as 250ms", text)
	}
	*d = duration(parsed)
	return nil
}

func (f *fault) check() error {
	switch {
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return errors.New("status must be between 200 and 599")
	case f.Path != "" && !strings.HasPrefix(f.Path, "/"):
		return errors.New("path must start with a slash, such as /products/{iv_id}")
	case f.modifies() && len(f.Header) == 0 && f.Delay == 0:
		return errors.New("the fault does nothing: set status, body, header, delay, drop_before, drop_after or truncate")
	}
	return nil
}

// describe returns a name for a fault that was given none.
func (f *fault) describe() string {
	var parts []string
	if f.Status != 0 {
		parts = append(parts, strings.TrimSpace(fmt.Sprint(f.Status, " ", http.StatusText(f.Status))))
	} else if f.Body != "" {
		parts = append(parts, "another body")
	}
	if f.Delay > 0 {
		parts = append(parts, "delay of "+time.Duration(f.Delay).String())
	}
	for what, set := range map[string]bool{
		"connection closed before": f.DropBefore, "connection closed after": f.DropAfter, "response cut off": f.Truncate,
		"headers": len(f.Header) > 0 && f.Status == 0,
	} {
		if set {
			parts = append(parts, what)
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

func (f *fault) injected() linkittest.Fault {
	injected := linkittest.Fault{
		Method: f.Method, Path: f.Path, Times: f.Times, Status: f.Status, Body: f.Body, Header: f.Header,
		Delay: time.Duration(f.Delay), DropBefore: f.DropBefore, DropAfter: f.DropAfter, Truncate: f.Truncate,
	}
	if contains := f.BodyContains; contains != "" {
		injected.Match = func(r linkittest.Request) bool { return strings.Contains(string(r.Body), contains) }
	}
	return injected
}

// modifies reports whether f changes only the headers or the timing of a response.
func (f *fault) modifies() bool {
	return f.Status == 0 && f.Body == "" && !f.DropBefore && !f.DropAfter && !f.Truncate
}

// matches reports whether f applies to a request, by the rules of linkittest.
func (f *fault) matches(r *linkittest.Request) bool {
	path, plain := strings.TrimPrefix(f.Path, "/api/v1"), r.Path
	if unescaped, err := url.PathUnescape(r.Path); err == nil {
		plain = unescaped
	}
	switch {
	case f.Method != "" && f.Method != r.Method:
		return false
	case path != "" && path != r.Path && path != plain && (r.Route == "" || wildcards(path) != wildcards(r.Route)):
		return false
	}
	return strings.Contains(string(r.Body), f.BodyContains)
}

// wildcards drops the names of a route's wildcards.
func wildcards(route string) string {
	segments := strings.Split(route, "/")
	for i, segment := range segments {
		if strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}") {
			segments[i] = "{}"
		}
	}
	return strings.Join(segments, "/")
}

// faultList holds the faults that still apply, oldest first.
type faultList struct {
	mu   sync.Mutex
	last int
	list []*fault
}

// add injects a fault.
func (l *faultList) add(server *linkittest.Server, f fault) (fault, error) {
	if err := f.check(); err != nil {
		return fault{}, err
	}
	f.Name = cmp.Or(f.Name, f.describe())
	f.Times = cmp.Or(f.Times, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.list) >= maxFaults {
		return fault{}, fmt.Errorf("there are %d faults already: remove some", maxFaults)
	}
	l.last++
	f.ID, f.Met = l.last, 0
	f.remove = server.Inject(f.injected())
	l.list = append(l.list, &f)
	return f, nil
}

// met names the faults that applied to an exchange and counts them. linkittest tells that a fault
// applied, not which: it is the oldest that matches, and all of those that only modify the
// response.
func (l *faultList) met(x linkittest.Exchange) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var names []string
	replaced := false
	for _, f := range l.list {
		if !f.modifies() && replaced || !f.matches(&x.Request) {
			continue
		}
		replaced = replaced || !f.modifies()
		f.Met++
		names = append(names, f.Name)
	}
	l.list = slices.DeleteFunc(l.list, func(f *fault) bool { return f.Times > 0 && f.Met >= f.Times })
	return cmp.Or(strings.Join(names, "; "), "a fault")
}

func (l *faultList) all() []fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]fault, len(l.list))
	for i, f := range l.list {
		all[i] = *f
	}
	return all
}

// remove removes the fault with an ID, or all if id is zero. It reports whether there was one.
func (l *faultList) remove(id int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := false
	l.list = slices.DeleteFunc(l.list, func(f *fault) bool {
		if id != 0 && f.ID != id {
			return false
		}
		f.remove()
		found = true
		return true
	})
	return found
}
