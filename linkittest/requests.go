package linkittest

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"sync"
)

const (
	maxRecorded       = 10_000
	maxRecordedBodies = 64 << 20 // bytes
)

// A Request is a request that the server received.
type Request struct {
	Method string
	Path   string // as sent, escaped, but without /api/v1: "/products/ITEM-1"
	Route  string // the route that it matched, such as "/products/{iv_id}"; "" if none
	Query  url.Values
	Header http.Header
	Body   []byte // as sent, except that the password of a sign-in is replaced by [masked]
}

// Requests returns the last 10,000 requests, in the order in which they arrived. It includes
// requests that met a fault or were rejected. If their bodies exceed 64 MiB in all, the oldest ones
// have none.
func (s *Server) Requests() []Request { return s.requests.all() }

// clone returns a deep copy.
func (r Request) clone() Request {
	r.Query, r.Header, r.Body = url.Values(http.Header(r.Query).Clone()), r.Header.Clone(), bytes.Clone(r.Body)
	return r
}

// requestLog is a ring buffer of requests. Their bodies are limited separately, in bytes.
type requestLog struct {
	mu        sync.Mutex
	most      int // requests
	mostBytes int // of their bodies
	first     int // the oldest request
	bodies    int // the oldest request with a body, counted from first
	bytes     int // of the bodies kept
	list      []Request
}

func (l *requestLog) add(r Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.list) < l.most {
		l.list = append(l.list, r)
	} else {
		l.bytes -= cap(l.list[l.first].Body)
		l.list[l.first] = r
		l.first = (l.first + 1) % l.most
		l.bodies = max(l.bodies-1, 0)
	}
	for l.bytes += cap(r.Body); l.bytes > l.mostBytes && l.bodies < len(l.list); l.bodies++ {
		oldest := &l.list[(l.first+l.bodies)%len(l.list)]
		l.bytes -= cap(oldest.Body)
		oldest.Body = nil
	}
}

func (l *requestLog) all() []Request {
	l.mu.Lock()
	all := slices.Concat(l.list[l.first:], l.list[:l.first])
	l.mu.Unlock()
	for i := range all {
		all[i] = all[i].clone()
	}
	return all
}

func newRequest(r *http.Request, path, route string, body []byte) Request {
	if isSignIn(path) {
		body = maskMembers(body, "password")
	}
	return Request{Method: r.Method, Path: path, Route: route, Query: r.URL.Query(), Header: r.Header, Body: body}
}
