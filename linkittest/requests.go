package linkittest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

const maxRecorded = 10_000

// A Request is a request that the server received.
type Request struct {
	Method string
	Path   string // as sent, escaped, but without /api/v1: "/products/ITEM-1"
	Route  string // the route that it matched, such as "/products/{iv_id}"; "" if none
	Query  url.Values
	Header http.Header
	Body   []byte // as sent, except that the password of a sign-in is replaced by [masked]
}

// Requests returns the last 10,000 requests, in the order in which they arrived. It includes requests
// that met a fault or were rejected.
func (s *Server) Requests() []Request { return s.requests.all() }

// requestLog is a ring buffer.
type requestLog struct {
	mu    sync.Mutex
	most  int
	first int
	list  []Request
}

func (l *requestLog) add(r Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.list) < l.most {
		l.list = append(l.list, r)
		return
	}
	l.list[l.first] = r
	l.first = (l.first + 1) % l.most
}

func (l *requestLog) all() []Request {
	l.mu.Lock()
	all := slices.Concat(l.list[l.first:], l.list[:l.first])
	l.mu.Unlock()
	for i := range all {
		r := &all[i]
		r.Query, r.Header, r.Body = url.Values(http.Header(r.Query).Clone()), r.Header.Clone(), bytes.Clone(r.Body)
	}
	return all
}

func newRequest(r *http.Request, path, route string, body []byte) Request {
	if route == "/auth/login" {
		body = withoutPassword(body)
	}
	return Request{Method: r.Method, Path: path, Route: route, Query: r.URL.Query(), Header: r.Header, Body: body}
}

// withoutPassword masks the password in the body of a sign-in, or the whole body if it isn't an object.
func withoutPassword(body []byte) []byte {
	const mask = `"[masked]"`
	if len(bytes.TrimSpace(body)) == 0 {
		return body
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil || fields == nil {
		return []byte(mask)
	}
	for name := range fields {
		if strings.EqualFold(name, "password") {
			fields[name] = json.RawMessage(mask)
		}
	}
	masked, err := json.Marshal(fields)
	if err != nil {
		return []byte(mask)
	}
	return masked
}
