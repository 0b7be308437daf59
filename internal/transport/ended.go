package transport

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"syscall"
)

// Ended reports whether an idle HTTP/1.1 connection has ended, or got bytes that no request asked
// for, which net/http takes for its end too. net/http finds out by itself a moment later, when it
// may have written a request already. It is false where that can't be known: for HTTP/2, and on
// systems without a way to look. It never blocks and consumes nothing.
func Ended(conn net.Conn) bool {
	if HTTP2(conn) {
		return false
	}
	for {
		if raw, ok := conn.(syscall.Conn); ok {
			return peek(raw)
		}
		wrapper, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			return false
		}
		conn = wrapper.NetConn()
	}
}

// NewConnection returns a RoundTripper that sends by rt, but not on an idle HTTP/1.1 connection of
// its pool: those that rt offers are closed until it opens a new one. Connections of HTTP/2 are
// shared, and left alone. An rt that hides [httptrace] is used as it is.
func NewConnection(rt http.RoundTripper) http.RoundTripper { return newConnection{rt} }

type newConnection struct{ http.RoundTripper }

func (n newConnection) RoundTrip(r *http.Request) (*http.Response, error) {
	return n.RoundTripper.RoundTrip(r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) {
			if info.Reused && !HTTP2(info.Conn) {
				_ = info.Conn.Close() // net/http finds that nothing was written, and takes another
			}
		},
	})))
}

// HTTP2 reports whether conn is a TLS connection on which HTTP/2 was negotiated: requests share it.
func HTTP2(conn net.Conn) bool {
	secure, ok := conn.(interface{ ConnectionState() tls.ConnectionState })
	return ok && secure.ConnectionState().NegotiatedProtocol == "h2"
}
