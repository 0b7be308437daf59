package transport

import (
	"net/http"
	"sync"
)

// Direct sends requests by an [http.Transport], but never through a proxy: what its Proxy function
// would send there is sent by a copy without that function. The transport itself stays as it is.
type Direct struct {
	transport *http.Transport
	copying   sync.Once
	copy      *http.Transport
}

// NewDirect returns a Direct for t, whose Proxy function is not nil.
func NewDirect(t *http.Transport) *Direct { return &Direct{transport: t} }

// RoundTrip sends r, and not through a proxy.
func (d *Direct) RoundTrip(r *http.Request) (*http.Response, error) {
	if proxy, err := d.transport.Proxy(r); proxy == nil && err == nil {
		return d.transport.RoundTrip(r)
	}
	d.copying.Do(func() {
		d.copy = d.transport.Clone()
		d.copy.Proxy = nil
	})
	return d.copy.RoundTrip(r)
}

// Close closes the idle connections of the copy, and none of the transport's.
func (d *Direct) Close() {
	d.copying.Do(func() {}) // from now on there is none, if there was none
	if d.copy != nil {
		d.copy.CloseIdleConnections()
	}
}
