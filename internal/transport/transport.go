// Package transport is net/http's transport, tuned for one busy host: it keeps many idle
// connections and none for too long, notices dead HTTP/2 connections, and can close every
// connection that it opened.
package transport

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"runtime"
	"sync"
	"time"
)

// Transport is an [http.Transport] that knows its open connections: net/http's own pool keeps an
// HTTP/2 connection on which a cancelled request has not been cleared away yet.
type Transport struct {
	*http.Transport
	dialer net.Dialer

	mu     sync.Mutex
	closed bool
	open   map[*connection]struct{}
}

// New returns a transport for the given number of concurrent requests. plain says that they are
// plain http, which is for loopback hosts and never goes through a proxy. It opens nothing. The
// pool is large, since a small one would close and reopen connections all day, and idle connections
// are dropped after 45 seconds, before the server's own limit makes a request meet a closed one.
func New(concurrency int, plain bool) *Transport {
	idle := max(100, concurrency)
	t := &Transport{
		dialer: net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second},
		open:   map[*connection]struct{}{},
	}
	t.Transport = &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 10 * time.Second,
		ForceAttemptHTTP2:   true,
		HTTP2: &http.HTTP2Config{ // finds a dead connection within 25 seconds
			SendPingTimeout: 15 * time.Second,
			PingTimeout:     10 * time.Second,
		},
		MaxIdleConns:        idle,
		MaxIdleConnsPerHost: idle,
		IdleConnTimeout:     45 * time.Second,
	}
	if plain {
		t.Proxy = nil
	}
	if runtime.GOOS != "js" { // there are no sockets there, and net/http uses fetch if nothing dials
		t.DialContext = t.dial
	}
	return t
}

func (t *Transport) dial(ctx context.Context, network, address string) (net.Conn, error) {
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

// Close closes every connection, in use or not. Dials that are under way end with [net.ErrClosed].
func (t *Transport) Close() {
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

// Open returns the number of open connections.
func (t *Transport) Open() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.open)
}

// connection is known to its transport until it is closed.
type connection struct {
	net.Conn
	of *Transport
}

// NetConn returns the connection below, as [tls.Conn.NetConn] does.
func (c *connection) NetConn() net.Conn { return c.Conn }

func (c *connection) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}
