package linkit

import (
	"crypto/tls"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestOwnTransportKeepsItsConnectionsButNotForLong(t *testing.T) {
	t.Parallel()
	for concurrency, idle := range map[int]int{10: 100, 500: 500} {
		transport := newTransport(concurrency)
		assert.Equal(t, idle, transport.MaxIdleConnsPerHost)
		assert.Equal(t, idle, transport.MaxIdleConns)
		assert.Equal(t, 45*time.Second, transport.IdleConnTimeout, "before a server's own limit closes them")
		assert.Equal(t, uint16(tls.VersionTLS12), transport.TLSClientConfig.MinVersion)
		assert.True(t, transport.ForceAttemptHTTP2)
		assert.NotNil(t, transport.Proxy)
	}
}
