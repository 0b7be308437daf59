// Package linkittest is a Linkit in memory, to test programs against: it keeps state, refuses what Linkit refuses, and fails
// when told to. It works like net/http/httptest:
//
//	server := linkittest.NewServer()
//	defer server.Close()
//	server.AddProducts(linkit.Product{IvID: "ITEM-1", NameEn: "Aspirin"})
//	client := server.Client()
//
// A new server knows one API key, APIKey, and one user, Email with Password, both of the organization OrganizationID. Every
// organization has records of its own.
//
// Inject makes requests fail or wait, and Requests tells what arrived.
//
// What Linkit documents is answered as documented. This is linkittest's own, since Linkit's isn't documented:
//
//   - A bulk answer also has records: for each record in order its key, the status that a request of its own would have had,
//     and, if it failed, error and details. Updates in bulk change only the fields that are sent.
//   - A product's SKU at a branch starts with the product's average price, and none in stock. SKUs are renamed and removed with
//     their product and branch.
//   - Any list can be sorted by any field of its records; one that they don't have is a 400.
package linkittest

import (
	"bytes"
	"crypto/tls"
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
	"time"

	"github.com/linkit-go/linkit"
)

// What a new server accepts.
const (
	APIKey         = "linkittest-api-key"
	Email          = "user@example.com"
	Password       = "linkittest-password"
	OrganizationID = "org_123"
)

const basePath = "/api/v1"

// Server is a Linkit on a loopback address. Its methods are safe for concurrent use.
type Server struct {
	URL string // the base URL, /api/v1 included

	settings settings
	http     *httptest.Server
	accounts accounts
	data     data
	faults   faults
	requests requestLog
	delay    atomic.Int64
	skew     atomic.Int64
	health   atomic.Value // a linkit.HealthStatus
	began    time.Time
	done     chan struct{} // closed by Close
	closing  sync.Once

	mu      sync.Mutex
	clients []*linkit.Client
}

// NewServer starts a server on a free port of 127.0.0.1. Close ends it. It panics when it can't listen, or an option is wrong.
func NewServer(opts ...Option) *Server {
	s := &Server{settings: settings{addr: "127.0.0.1:0", recorded: maxRecorded}, began: time.Now(), done: make(chan struct{})}
	for _, opt := range opts {
		if opt != nil {
			opt(&s.settings)
		}
	}
	s.requests.most = s.settings.recorded
	s.accounts.start(s.settings)
	for _, fixtures := range s.settings.fixtures {
		s.load(fixtures)
	}
	listener, err := net.Listen("tcp", s.settings.addr) //nolint:noctx // loopback only: nothing to wait for
	if err != nil {
		panic(fmt.Sprintf("linkittest: NewServer: %v", err))
	}
	s.http = &httptest.Server{Listener: listener, Config: &http.Server{
		Handler: s.handler(), ReadHeaderTimeout: time.Minute, ErrorLog: slog.NewLogLogger(slog.NewTextHandler(quiet{}, nil), slog.LevelError),
	}}
	switch {
	case s.settings.http2:
		s.http.EnableHTTP2 = true
		s.http.TLS = &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
		s.http.StartTLS()
	case s.settings.tls:
		s.http.StartTLS()
	default:
		s.http.Start()
	}
	if transport, ok := s.http.Client().Transport.(*http.Transport); ok {
		transport.MaxIdleConnsPerHost = 1000 // net/http's own 2 would make a busy test open connections all day
	}
	s.URL = s.http.URL + basePath
	return s
}

// Client returns a client of the server: its waits between attempts are of milliseconds, and it uses APIKey unless an option
// names another credential. Any option may be given. The server's Close closes it. It panics when NewClient refuses the options.
func (s *Server) Client(opts ...linkit.Option) *linkit.Client {
	own := []linkit.Option{linkit.WithBaseURL(s.URL), linkit.WithRetryWait(time.Millisecond, 20*time.Millisecond)}
	if s.Certificate() != nil {
		own = append(own, linkit.WithHTTPClient(s.HTTPClient()))
	}
	client, err := linkit.NewClient(slices.Concat(own, opts)...)
	if err != nil { // for want of a credential, if nothing else
		var other error
		if client, other = linkit.NewClient(slices.Concat(own, []linkit.Option{linkit.WithAPIKey(APIKey)}, opts)...); other != nil {
			panic(fmt.Sprintf("linkittest: Client: %v", err))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients = append(s.clients, client)
	return client
}

// HTTPClient returns the http.Client that Client uses with WithTLS and WithHTTP2: it trusts the server's certificate. Close
// closes its connections.
func (s *Server) HTTPClient() *http.Client { return s.http.Client() }

// Certificate returns the certificate of a WithTLS or WithHTTP2 server, and nil for others.
func (s *Server) Certificate() *x509.Certificate { return s.http.Certificate() }

// Close ends the server and the clients that it made. Requests that Delay or SetDelay hold back are cut off; others are
// answered first. It may be called more than once.
func (s *Server) Close() {
	s.closing.Do(func() {
		close(s.done)
		s.mu.Lock()
		clients := s.clients
		s.clients = nil
		s.mu.Unlock()
		for _, client := range clients {
			_ = client.Close() // a sign-in that was cancelled is no concern of a test's end
		}
		s.http.Close()
	})
}

// SetDelay holds every answer back for d, as a slow network would. Requests take effect at once.
func (s *Server) SetDelay(d time.Duration) { s.delay.Store(int64(d)) }

// SetClockSkew sets the server's clock d ahead, or behind when negative: in Date, expires_at, created and updated. Tokens end
// on time all the same.
func (s *Server) SetClockSkew(d time.Duration) { s.skew.Store(int64(d)) }

func (s *Server) now() time.Time {
	return time.Now().Add(time.Duration(s.skew.Load())).UTC().Truncate(time.Millisecond)
}

// quiet logs to standard error what net/http's server complains of, less what tests bring about on purpose.
type quiet struct{}

func (quiet) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("TLS handshake error")) {
		return len(line), nil
	}
	return os.Stderr.Write(line)
}
