package linkittest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
)

// WithHandler serves a pattern of [http.ServeMux] outside /api/v1 with a handler, such as a page of
// the program's own beside the fake API. Its requests aren't recorded or observed, and no fault,
// delay or limit applies to them. [Server.Close] waits for the handler to return. NewServer panics
// if the pattern is invalid or given twice.
func WithHandler(pattern string, handler http.Handler) Option {
	return func(s *settings) {
		s.handlers = append(s.handlers, patternHandler{pattern: pattern, handler: handler})
	}
}

type patternHandler struct {
	pattern string
	handler http.Handler
}

// register panics with a message of this package's own where the mux panics.
func (h patternHandler) register(mux *http.ServeMux) {
	defer func() {
		if recover() != nil {
			panic(fmt.Sprintf("linkittest: WithHandler: the pattern isn't valid: %q", h.pattern))
		}
	}()
	mux.Handle(h.pattern, h.handler)
}

// Peek returns the status and the body of a GET of path, such as "/products?search=adol", in an
// organization, without a request: it needs no credential, isn't recorded or observed, and no
// fault, delay, limit or suspension applies. Use it to look at what the server holds.
func (s *Server) Peek(organization, path string) (status int, body []byte) {
	path = "/" + strings.TrimLeft(strings.TrimPrefix(path, basePath), "/")
	r, err := http.NewRequest(http.MethodGet, basePath+path, http.NoBody) //nolint:noctx // it is never sent
	if err != nil {
		res := badRequest("the path isn't valid").response()
		return res.status, res.body
	}
	r.Header.Set("X-Organization-Id", organization)
	res := notFound("there is no such endpoint").response()
	mux := http.NewServeMux()
	for _, route := range routes() {
		if route.method != http.MethodGet {
			continue
		}
		mux.HandleFunc(basePath+route.path, func(_ http.ResponseWriter, r *http.Request) {
			org := s.data.organization(organization)
			res = route.handle(&request{Request: r, server: s, now: s.now(), who: &identity{kind: "user"}, org: org})
		})
	}
	mux.ServeHTTP(httptest.NewRecorder(), r)
	return res.status, res.body
}
