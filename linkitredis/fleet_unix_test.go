//go:build unix

package linkitredis_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/linkittest"
)

func (r *redisProcess) signal(sig syscall.Signal) {
	r.t.Helper()
	require.NoError(r.t, r.cmd.Process.Signal(sig))
}

func TestStoppedRedisFailsNoCallAndHoldsNoneBack(t *testing.T) {
	t.Parallel()
	r, server := startRedis(t), linkittest.NewServer()
	t.Cleanup(server.Close)
	fleet := startFleet(t, 4, task{URL: server.URL, Redis: r.addr, Calls: 5})
	r.signal(syscall.SIGSTOP)
	begin(t, fleet)
	for _, p := range finish(t, fleet) {
		assert.Less(t, p.Longest, 3*time.Second)
		assert.Equal(t, 1, strings.Count(p.Log, "\n"), p.Log)
		assert.Contains(t, p.Log, "goes on alone")
	}
	assert.Equal(t, 4, signIns(server))
}

func TestRedisStoppedDuringLoadFailsNoCall(t *testing.T) {
	t.Parallel()
	r, server, fleet := loaded(t)
	further(t, server, 1)
	r.signal(syscall.SIGSTOP)
	further(t, server, 2*len(fleet)) // each on its own
	r.signal(syscall.SIGCONT)
	further(t, server, 1)
	stop(fleet)
	for _, p := range finish(t, fleet) {
		assert.Less(t, p.Longest, 3*time.Second)
		assert.Equal(t, 1, strings.Count(p.Log, "goes on alone"), p.Log)
		assert.Contains(t, p.Log, "Redis is back")
	}
}
