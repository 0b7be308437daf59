package linkittest

import (
	"bytes"
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

// handler returns the handler of all routes. Unknown paths and methods get JSON error bodies as well.
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
	return mux
}

// serve handles every request: it records it, applies faults, and writes the response.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, pattern string, methods map[string]route) {
	var read bytes.Buffer
	read.Grow(int(min(max(r.ContentLength, 0), maxBody)))
	_, err := read.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody))
	body := read.Bytes()
	var tooLarge *http.MaxBytesError
	if err != nil && !errors.As(err, &tooLarge) {
		panic(http.ErrAbortHandler) // the client has disconnected
	}
	path, plain := strings.TrimPrefix(r.URL.EscapedPath(), basePath), strings.TrimPrefix(r.URL.Path, basePath)
	if s.requests.most > 0 {
		s.requests.add(newRequest(r, path, pattern, body))
	}
	fault := s.faults.take(r.Method, path, plain, pattern)
	now := s.now()
	var res response
	switch {
	case fault.DropBefore:
	case fault.replaces() && !fault.DropAfter:
		res = fault.response()
	case tooLarge != nil:
		res = problem{status: http.StatusRequestEntityTooLarge, Error: "Request Entity Too Large"}.response()
	default:
		res = s.respond(&request{Request: r, body: body, server: s, now: now}, methods)
	}
	if !s.wait(r.Context(), time.Duration(s.delay.Load())+fault.Delay) {
		panic(http.ErrAbortHandler)
	}
	if fault.DropBefore || fault.DropAfter {
		drop(w)
		return
	}
	h := w.Header()
	h.Set("Date", now.Format(http.TimeFormat))
	if len(res.body) > 0 {
		h.Set("Content-Type", "application/json")
	}
	for _, header := range []http.Header{res.header, fault.Header} {
		for name, values := range header {
			h[http.CanonicalHeaderKey(name)] = values
		}
	}
	send(w, res, fault.Truncate)
}

// respond checks the credential and calls the handler of the route.
func (s *Server) respond(r *request, methods map[string]route) response {
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
		res := problem{status: http.StatusMethodNotAllowed, Error: "Method Not Allowed", Details: "allowed: " + allowed}.response()
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

func send(w http.ResponseWriter, res response, truncate bool) {
	bodiless := res.status == http.StatusNoContent || res.status == http.StatusNotModified
	if bodiless {
		res.body = nil
	}
	if !bodiless {
		w.Header().Set("Content-Length", strconv.Itoa(len(res.body)))
	}
	if truncate {
		if len(res.body) == 0 {
			drop(w)
			return
		}
		w.WriteHeader(res.status)
		_, _ = w.Write(res.body[:len(res.body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler) // closes the connection
	}
	w.WriteHeader(res.status)
	_, _ = w.Write(res.body) // an error means that the client has disconnected
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
