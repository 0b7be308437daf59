package linkit

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"
)

// transport is net/http's, tuned for one busy host, and able to close every connection: a pool keeps those of HTTP/2 on which a
// cancelled request hasn't been cleared away yet.
type transport struct {
	*http.Transport
	dialer net.Dialer

	mu     sync.Mutex
	closed bool
	open   map[*connection]struct{}
}

// newTransport keeps many idle connections, since a small pool would close and reopen them all day, and none for longer than a
// server's own limit, which would make a POST meet a closed one.
func newTransport(concurrency int) *transport {
	idle := max(100, concurrency)
	t := &transport{dialer: net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}, open: map[*connection]struct{}{}}
	t.Transport = &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         t.dial,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 10 * time.Second,
		ForceAttemptHTTP2:   true,
		HTTP2:               &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 10 * time.Second}, // finds dead connections
		MaxIdleConns:        idle,
		MaxIdleConnsPerHost: idle,
		IdleConnTimeout:     45 * time.Second,
	}
	return t
}

func (t *transport) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := t.dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &connection{Conn: conn, of: t}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed { // net/http goes on dialing for a request that has been given up
		_ = conn.Close()
		return nil, net.ErrClosed
	}
	t.open[c] = struct{}{}
	return c, nil
}

// close ends every connection: no call is in flight any more.
func (t *transport) close() {
	t.CloseIdleConnections()
	t.mu.Lock()
	t.closed = true
	open := t.open
	t.open = map[*connection]struct{}{}
	t.mu.Unlock()
	for c := range open {
		_ = c.Conn.Close()
	}
}

// connection is known to its transport until it is closed.
type connection struct {
	net.Conn
	of *transport
}

func (c *connection) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}
