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
	handle       func(*request) answer
	open         bool // needs no credential
	always       bool // answers while the organization is suspended
	list         bool // to a guest it is empty
}

// request is a request on its way to its handler.
type request struct {
	*http.Request
	body   []byte
	server *Server
	now    time.Time
	who    *identity     // nil on an open route
	in     *organization // nil on an open route
}

// handler serves every route. Paths under which there is none, and methods that a path lacks, have JSON answers as well.
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

// serve is the way of every request.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, pattern string, methods map[string]route) {
	var read bytes.Buffer
	read.Grow(int(min(max(r.ContentLength, 0), maxBody)))
	_, err := read.ReadFrom(http.MaxBytesReader(w, r.Body, maxBody))
	body := read.Bytes()
	var tooLarge *http.MaxBytesError
	if err != nil && !errors.As(err, &tooLarge) {
		panic(http.ErrAbortHandler) // the client has gone
	}
	path, plain := strings.TrimPrefix(r.URL.EscapedPath(), basePath), strings.TrimPrefix(r.URL.Path, basePath)
	if s.requests.most > 0 {
		s.requests.add(newRequest(r, path, pattern, body))
	}
	fault := s.faults.take(r.Method, path, plain, pattern)
	now := s.now()
	var a answer
	switch {
	case fault.DropBefore:
	case fault.replaces() && !fault.DropAfter:
		a = fault.answer()
	case tooLarge != nil:
		a = problem{status: http.StatusRequestEntityTooLarge, Error: "Request Entity Too Large"}.answer()
	default:
		a = s.answer(&request{Request: r, body: body, server: s, now: now}, methods)
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
	if len(a.body) > 0 {
		h.Set("Content-Type", "application/json")
	}
	for _, header := range []http.Header{a.header, fault.Header} {
		for name, values := range header {
			h[http.CanonicalHeaderKey(name)] = values
		}
	}
	send(w, a, fault.Truncate)
}

// answer finds the handler and lets it answer, if the credential will do.
func (s *Server) answer(r *request, methods map[string]route) answer {
	if methods == nil {
		return notFound("there is no such endpoint").answer()
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	route, ok := methods[method]
	if !ok {
		allowed := strings.Join(slices.Sorted(maps.Keys(methods)), ", ")
		a := problem{status: http.StatusMethodNotAllowed, Error: "Method Not Allowed", Details: "allowed: " + allowed}.answer()
		a.header = http.Header{"Allow": {allowed}}
		return a
	}
	if !route.open {
		if refusal := s.admit(r, route); refusal != nil {
			return *refusal
		}
	}
	return route.handle(r)
}

// wait holds an answer back; false means that nobody waits for it any more.
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

func send(w http.ResponseWriter, a answer, truncate bool) {
	bodiless := a.status == http.StatusNoContent || a.status == http.StatusNotModified
	if bodiless {
		a.body = nil
	}
	if !bodiless {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	if truncate {
		if len(a.body) == 0 {
			drop(w)
			return
		}
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body[:len(a.body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler) // closes the connection
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // an error means that the client has gone
}

// drop closes the connection as a crash would: with a reset. HTTP/2 resets the stream.
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
