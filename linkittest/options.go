package linkittest

import (
	"fmt"
	"io/fs"
	"net"
)

// An Option configures a [Server]. A nil Option is ignored.
type Option func(*settings)

type settings struct {
	addr       string
	guests     bool
	strict     bool
	loginLimit limit
	rateLimit  limit
	observers  []func(Exchange)
	recorded   int
	tls        bool
	http2      bool
	fixtures   []fs.FS
	handlers   []patternHandler
}

// WithAddr sets the address to listen on, such as "127.0.0.1:8090". The default is a free port.
// NewServer panics if it isn't a loopback address: the server's credentials are public.
func WithAddr(addr string) Option {
	return func(s *settings) {
		host, _, err := net.SplitHostPort(addr)
		if ip := net.ParseIP(host); err != nil || host != "localhost" && !ip.IsLoopback() {
			panic(fmt.Sprintf("linkittest: WithAddr: %q is not a loopback address with a port, such as 127.0.0.1:8090", addr))
		}
		s.addr = addr
	}
}

// WithGuests treats a request with an expired bearer token as one by a guest, as PocketBase does: a
// list is empty, a record is a 404 and a write is a 403, where Linkit's documentation says 401.
// Missing credentials and wrong keys still get a 401.
func WithGuests() Option {
	return func(s *settings) { s.guests = true }
}

// WithTLS serves HTTP/1.1 over TLS. [Server.Client] and [Server.HTTPClient] trust the server's
// certificate.
func WithTLS() Option {
	return func(s *settings) { s.tls = true }
}

// WithHTTP2 serves HTTP/2 and HTTP/1.1 over TLS. With HTTP/2, a [Fault] that would close the
// connection resets the stream instead.
func WithHTTP2() Option {
	return func(s *settings) { s.http2 = true }
}

// WithoutRecording turns off [Server.Requests], for benchmarks.
func WithoutRecording() Option {
	return func(s *settings) { s.recorded = 0 }
}

// WithFixtures adds the records in the files of fsys. A file is named after its resource's path,
// such as "products.json" or "customer-groups.json", and holds a JSON array of records in the form
// of Linkit's responses, or a page of them. Missing fields are filled in as by the Add methods.
// Other files are ignored. NewServer panics if a file can't be read.
func WithFixtures(fsys fs.FS) Option {
	return func(s *settings) { s.fixtures = append(s.fixtures, fsys) }
}
