package linkittest

import (
	"fmt"
	"io/fs"
	"net"
	"time"
)

// Option sets one thing of a Server. A nil Option is ignored.
type Option func(*settings)

type settings struct {
	addr       string
	guests     bool
	loginLimit loginLimit
	recorded   int
	tls        bool
	http2      bool
	fixtures   []fs.FS
}

// WithAddr listens on addr, "127.0.0.1:8090" say, instead of a free port. It must be a loopback address: everybody knows the
// password.
func WithAddr(addr string) Option {
	return func(s *settings) {
		host, _, err := net.SplitHostPort(addr)
		if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			panic(fmt.Sprintf("linkittest: WithAddr: %q is not a loopback address with a port, such as 127.0.0.1:8090", addr))
		}
		s.addr = addr
	}
}

// WithGuests treats a bearer token that has ended as no token, as PocketBase does under Linkit: a list is empty, a record is a
// 404 and a write is a 403, where the documentation says 401. Missing credentials and wrong keys are still a 401.
func WithGuests() Option {
	return func(s *settings) { s.guests = true }
}

// WithLoginLimit answers a sign-in with 429 when as many as logins began in the last per. Like PocketBase's, whose default is
// 2 in 3 seconds, the answer has no Retry-After, and a refused sign-in isn't looked at.
func WithLoginLimit(logins int, per time.Duration) Option {
	return func(s *settings) { s.loginLimit = loginLimit{most: logins, per: per} }
}

// WithTLS serves HTTP/1.1 over TLS. Client and HTTPClient trust the server's certificate.
func WithTLS() Option {
	return func(s *settings) { s.tls = true }
}

// WithHTTP2 is WithTLS with HTTP/2 offered besides. A connection that a Fault drops is a stream that it resets.
func WithHTTP2() Option {
	return func(s *settings) { s.http2 = true }
}

// WithoutRecording keeps no Requests, for benchmarks.
func WithoutRecording() Option {
	return func(s *settings) { s.recorded = 0 }
}

// WithFixtures starts with the records of fsys's files, each named for a resource as its path is, "products.json" say: a JSON
// array of objects as Linkit answers them, or an answered page of them. Other files are ignored. What a record leaves out is
// filled in as the Add methods do. NewServer panics on a file that can't be read.
func WithFixtures(fsys fs.FS) Option {
	return func(s *settings) { s.fixtures = append(s.fixtures, fsys) }
}
