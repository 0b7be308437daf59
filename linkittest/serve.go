package linkittest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const maxBody = 32 << 20

// route is one endpoint.
type route struct {
	method, path string // GET, /products/{iv_id}
	handle       func(*request) response
	open         bool // needs no credential
	always       bool // available while the organization is suspended
	list         bool // empty for guests
}

// request is a request with what its handler needs.
type request struct {
	*http.Request
	body   []byte
	server *Server
	now    time.Time
	who    *identity     // nil on an open route
	org    *organization // nil on an open route
}

// handler returns the handler of all routes. Unknown paths and methods get JSON error bodies as
// well.
func (s *Server) handler() http.Handler {
	paths := map[string]map[string]route{}
	for _, r := range routes() {
		if paths[r.path] == nil {
			paths[r.path] = map[string]route{}
		}
		paths[r.path][r.method] = r
	}
	mux := http.NewServeMux()
	for path, methods := range paths {
		mux.HandleFunc(basePath+path, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, path, methods) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, "", nil) })
	for _, h := range s.settings.handlers {
		h.register(mux)
	}
	return mux
}

// serve handles every request: it records it, applies faults, and writes the response.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, pattern string, methods map[string]route) {
	body, tooLarge := readBody(w, r)
	began := time.Now()
	req, met := s.arrived(r, pattern, body)
	fault := cmp.Or(met, &Fault{})
	now := s.now()
	var res response
	switch {
	case fault.DropBefore:
	case fault.replaces() && !fault.DropAfter:
		res = fault.response()
	case tooLarge:
		res = problem{status: http.StatusRequestEntityTooLarge, Error: "Request Entity Too Large"}.response()
	default:
		res = s.respond(&request{Request: r, body: body, server: s, now: now}, pattern, methods)
	}
	if !s.wait(r.Context(), time.Duration(s.delay.Load())+fault.Delay) {
		s.observe(req, began, met, response{}, nil)
		panic(http.ErrAbortHandler)
	}
	if fault.DropBefore || fault.DropAfter || fault.Truncate && len(res.body) == 0 {
		s.observe(req, began, met, response{}, nil)
		drop(w)
		return
	}
	h := w.Header()
	setHeader(h, now, res, fault.Header)
	if bodiless(res.status) {
		res.body = nil
	}
	if fault.Truncate {
		res.body = res.body[:len(res.body)/2]
	}
	s.observe(req, began, met, res, h)
	w.WriteHeader(res.status)
	_, _ = w.Write(res.body) // an error means that the client has disconnected
	if fault.Truncate {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler) // closes the connection
	}
}

// readBody reads the body of a request, or its first part if it is too large.
func readBody(w http.ResponseWriter, r *http.Request) (body []byte, tooLarge bool) {
	var read bytes.Buffer
	read.Grow(int(min(max(r.ContentLength, 0), maxBody)))
	_, err := read.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody))
	var limit *http.MaxBytesError
	if err != nil && !errors.As(err, &limit) {
		panic(http.ErrAbortHandler) // the client has disconnected
	}
	return read.Bytes(), limit != nil
}

// arrived records a request and returns the fault that applies to it, if any. It returns no request
// if nothing needs one.
func (s *Server) arrived(r *http.Request, pattern string, body []byte) (*Request, *Fault) {
	if s.requests.most == 0 && len(s.settings.observers) == 0 && !s.faults.any() {
		return nil, nil
	}
	req := newRequest(r, strings.TrimPrefix(r.URL.EscapedPath(), basePath), pattern, body)
	if s.requests.most > 0 {
		s.requests.add(req)
	}
	return &req, s.faults.take(&req, strings.TrimPrefix(r.URL.Path, basePath))
}

// setHeader sets the header of a response, whose body is still complete.
func setHeader(h http.Header, now time.Time, res response, more http.Header) {
	h.Set("Date", now.Format(http.TimeFormat))
	if len(res.body) > 0 {
		h.Set("Content-Type", "application/json")
	}
	for _, header := range []http.Header{res.header, more} {
		for name, values := range header {
			h[http.CanonicalHeaderKey(name)] = values
		}
	}
	if !bodiless(res.status) {
		h.Set("Content-Length", strconv.Itoa(len(res.body)))
	}
}

func bodiless(status int) bool {
	return status == http.StatusNoContent || status == http.StatusNotModified
}

// respond checks the limits and the credential, and calls the handler of the route.
func (s *Server) respond(r *request, pattern string, methods map[string]route) response {
	if res, limited := s.limited(pattern); limited {
		return res
	}
	if methods == nil {
		return notFound("there is no such endpoint").response()
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	route, ok := methods[method]
	if !ok {
		allowed := strings.Join(slices.Sorted(maps.Keys(methods)), ", ")
		p := problem{status: http.StatusMethodNotAllowed, Error: "Method Not Allowed", Details: "allowed: " + allowed}
		res := p.response()
		res.header = http.Header{"Allow": {allowed}}
		return res
	}
	if !route.open {
		if refusal := s.admit(r, route); refusal != nil {
			return *refusal
		}
	}
	return route.handle(r)
}

// wait waits for d. It returns false if the client disconnects or the server closes before that.
func (s *Server) wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-s.done:
	}
	return false
}

// drop closes the connection with a reset, as a crash would. With HTTP/2 it resets the stream.
func drop(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	raw := conn
	if wrapped, ok := conn.(interface{ NetConn() net.Conn }); ok {
		raw = wrapped.NetConn()
	}
	if tcp, ok := raw.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = raw.Close()
}
