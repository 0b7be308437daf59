// Package linkittest provides an in-memory fake of the Linkit API for tests. It keeps state,
// rejects what Linkit rejects, and fails on demand. It works like net/http/httptest:
//
//	server := linkittest.New(t)
//	server.AddProducts(linkit.Product{IvID: "ITEM-1", NameEn: "Aspirin"})
//	client := server.Client()
//
// A new server accepts one API key, [APIKey], and one user, [Email] with [Password]. Both belong to
// the organization [OrganizationID]. Each organization has its own records.
//
// [Server.Inject] makes requests fail or wait, [Server.Refuse] makes the server reject a single
// record, and [Server.Requests] returns the requests received.
//
// The server rejects what Linkit documents: records that exist or don't, keys that are missing,
// names of more than 255 and codes of more than 50 characters, and groups whose name or description
// is too long. [WithStrict] rejects more. Members that the server doesn't know are kept and
// returned, at any depth.
//
// Responses have the documented form. The following is linkittest's own, because Linkit doesn't
// document it, and the service may differ:
//
//   - A bulk response has a member records, which reports on each record in order: its key, the
//     status that a request of its own would have got and, if it was rejected, error and details. A
//     rejected record doesn't affect the others, which is documented; the form of the report isn't,
//     and a program that reads it from [linkit.BulkResult.Raw] works with this server only.
//   - A bulk update changes only the fields that are sent. Whether the service does the same isn't
//     known.
//   - A product's SKU at a branch starts with the product's average price and a quantity of zero.
//     SKUs are renamed and deleted with their product and branch.
//   - Any list can be sorted by any field of its records. An unknown field is a 400.
package linkittest

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/linkit-go/linkit"
)

// The credentials and the organization of a new server.
const (
	APIKey         = "linkittest-api-key"
	Email          = "user@example.com"
	Password       = "linkittest-password"
	OrganizationID = "org_123"
)

const basePath = "/api/v1"

// A Server is a fake Linkit API on a loopback address. Its methods are safe for concurrent use.
type Server struct {
	URL string // the base URL, /api/v1 included

	settings              settings
	http                  *httptest.Server
	accounts              accounts
	data                  data
	faults                faults
	requests              requestLog
	refusals              refusals
	observing             sync.Mutex // held while an observer runs
	rateLimit, loginLimit limiter
	delay                 atomic.Int64
	skew                  atomic.Int64
	health                atomic.Value // a linkit.HealthStatus
	began                 time.Time
	done                  chan struct{} // closed by Close
	closing               sync.Once

	mu      sync.Mutex
	clients []*linkit.Client
}

// NewServer starts a server on a free port of 127.0.0.1. The caller must call [Server.Close] when
// done. It panics if it can't listen or an option is invalid.
func NewServer(opts ...Option) *Server {
	s := &Server{began: time.Now(), done: make(chan struct{})}
	s.settings = settings{addr: "127.0.0.1:0", recorded: maxRecorded}
	for _, opt := range opts {
		if opt != nil {
			opt(&s.settings)
		}
	}
	s.requests.most, s.requests.mostBytes = s.settings.recorded, maxRecordedBodies
	s.rateLimit.limit, s.loginLimit.limit = s.settings.rateLimit, s.settings.loginLimit
	s.accounts.start()
	for _, fixtures := range s.settings.fixtures {
		s.load(fixtures)
	}
	listener, err := net.Listen("tcp", s.settings.addr) //nolint:noctx // loopback only: nothing to wait for
	if err != nil {
		panic(fmt.Sprintf("linkittest: NewServer: %v", err))
	}
	errorLog := slog.NewLogLogger(slog.NewTextHandler(quiet{}, nil), slog.LevelError)
	s.http = &httptest.Server{Listener: listener, Config: &http.Server{
		Handler: s.handler(), ReadHeaderTimeout: time.Minute, ErrorLog: errorLog,
	}}
	switch {
	case s.settings.http2:
		s.http.EnableHTTP2 = true
		s.http.StartTLS()
	case s.settings.tls:
		s.http.StartTLS()
	default:
		s.http.Start()
	}
	if transport, ok := s.http.Client().Transport.(*http.Transport); ok {
		transport.MaxIdleConnsPerHost = 1000 // with the default of 2, a busy test would keep opening connections
	}
	s.URL = s.http.URL + basePath
	return s
}

// New is like [NewServer], and closes the server at the end of the test.
func New(tb testing.TB, opts ...Option) *Server {
	tb.Helper()
	s := NewServer(opts...)
	tb.Cleanup(s.Close)
	return s
}

// Client returns a client of the server. It uses [APIKey] unless opts name another credential, and
// waits only milliseconds between attempts, or longer if [WithRateLimit] or [WithLoginLimit]
// require it. opts override these settings. [Server.Close] closes the client. Client panics if
// [linkit.NewClient] returns an error.
func (s *Server) Client(opts ...linkit.Option) *linkit.Client {
	own := []linkit.Option{linkit.WithBaseURL(s.URL), s.settings.retryWait()}
	if s.Certificate() != nil {
		own = append(own, linkit.WithHTTPClient(s.HTTPClient()))
	}
	client, err := linkit.NewClient(slices.Concat(own, opts)...)
	if err != nil { // perhaps only because there is no credential
		own = append(own, linkit.WithAPIKey(APIKey))
		var other error
		if client, other = linkit.NewClient(slices.Concat(own, opts)...); other != nil {
			panic(fmt.Sprintf("linkittest: Client: %v", err))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients = append(s.clients, client)
	return client
}

// HTTPClient returns an HTTP client that trusts the server's certificate. [Server.Client] uses it
// with [WithTLS] and [WithHTTP2]. [Server.Close] closes its connections.
func (s *Server) HTTPClient() *http.Client { return s.http.Client() }

// Certificate returns the server's certificate, or nil without [WithTLS] or [WithHTTP2].
func (s *Server) Certificate() *x509.Certificate { return s.http.Certificate() }

// Close closes the server and the clients that [Server.Client] returned. It aborts requests that a
// delay holds back and waits for all others. It may be called more than once.
func (s *Server) Close() {
	s.closing.Do(func() {
		close(s.done)
		s.mu.Lock()
		clients := s.clients
		s.clients = nil
		s.mu.Unlock()
		for _, client := range clients {
			_ = client.Close() // a canceled sign-in doesn't matter here
		}
		s.http.Close()
	})
}

// SetDelay delays every response by d, as a slow network would. Requests still take effect
// immediately.
func (s *Server) SetDelay(d time.Duration) { s.delay.Store(int64(d)) }

// SetClockSkew sets the server's clock ahead by d, or behind if d is negative. It affects Date,
// expires_at, created and updated. Tokens still expire on time.
func (s *Server) SetClockSkew(d time.Duration) { s.skew.Store(int64(d)) }

func (s *Server) now() time.Time {
	return time.Now().Add(time.Duration(s.skew.Load())).UTC().Truncate(time.Millisecond)
}

// quiet writes the errors of net/http's server to standard error, except those that tests cause on
// purpose.
type quiet struct{}

func (quiet) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("TLS handshake error")) {
		return len(line), nil
	}
	return os.Stderr.Write(line)
}
