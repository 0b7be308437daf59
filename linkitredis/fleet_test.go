package linkitredis_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/linkittest"
)

const loginPath = "/auth/login"

func TestFiftyProcessesMakeOneSignIn(t *testing.T) {
	t.Parallel()
	r, server := startRedis(t), linkittest.NewServer()
	t.Cleanup(server.Close)
	server.Inject(linkittest.Fault{Path: loginPath, Delay: time.Second}) // the others come while it is under way
	fleet := startFleet(t, 50, task{URL: server.URL, Redis: r.addr, Calls: 2})
	begin(t, fleet)
	finish(t, fleet)
	assert.Equal(t, 1, signIns(server))
	assert.Len(t, server.Requests(), 1+50*2)
}

func TestOneOtherSignsInWhenTheLocksHolderIsKilled(t *testing.T) {
	t.Parallel()
	r, server := startRedis(t), linkittest.NewServer()
	t.Cleanup(server.Close)
	server.Inject(linkittest.Fault{Path: loginPath, Delay: time.Minute})
	fleet := startFleet(t, 10, task{URL: server.URL, Redis: r.addr, Calls: 1})
	begin(t, fleet)
	eventually(t, 30*time.Second, func() bool { return signIns(server) == 1 }, "the first sign-in")
	agent := server.Requests()[0].Header.Get("User-Agent")
	var others []*process
	for i, p := range fleet {
		if name, _, _ := strings.Cut(agent, " "); strings.HasSuffix(name, "member-"+string(rune('0'+i))) {
			require.NoError(t, p.cmd.Process.Kill())
		} else {
			others = append(others, p)
		}
	}
	killed := time.Now()
	require.Len(t, others, 9, agent)
	eventually(t, 30*time.Second, func() bool { return signIns(server) == 2 }, "the second sign-in")
	assert.Less(t, time.Since(killed), 11*time.Second)
	finish(t, others)
	assert.Equal(t, 2, signIns(server))
}

func TestLeaseIsExtendedWhileASignInRuns(t *testing.T) {
	t.Parallel()
	for name, lease := range map[string]time.Duration{"of ten seconds": 0, "of two seconds": 2 * time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, server := startRedis(t), linkittest.NewServer()
			t.Cleanup(server.Close)
			server.Inject(linkittest.Fault{Path: loginPath, Delay: 6 * time.Second})
			fleet := startFleet(t, 4, task{URL: server.URL, Redis: r.addr, Calls: 1, Lease: lease})
			begin(t, fleet)
			finish(t, fleet)
			assert.Equal(t, 1, signIns(server))
		})
	}
}

// loaded starts a fleet that calls all the time, with tokens that make it sign in every few seconds.
func loaded(t *testing.T) (*redisProcess, *linkittest.Server, []*process) {
	t.Helper()
	r, server := startRedis(t), linkittest.NewServer()
	t.Cleanup(server.Close)
	server.SetTokenTTL(2 * time.Second)
	fleet := startFleet(t, 4, task{URL: server.URL, Redis: r.addr, Every: 20 * time.Millisecond, UntilBack: true})
	begin(t, fleet)
	return r, server, fleet
}

// further waits for n more sign-ins.
func further(t *testing.T, server *linkittest.Server, n int) {
	t.Helper()
	before := signIns(server)
	eventually(t, 20*time.Second, func() bool { return signIns(server) >= before+n }, "further sign-ins")
}

func TestRedisKilledAndRestartedDuringLoadFailsNoCall(t *testing.T) {
	t.Parallel()
	r, server, fleet := loaded(t)
	for range 2 {
		further(t, server, 1)
		r.kill()
		further(t, server, 2*len(fleet)) // each on its own
		r.start()
	}
	further(t, server, 2)
	stop(fleet)
	for _, p := range finish(t, fleet) {
		assert.Equal(t, 1, strings.Count(p.Log, "goes on alone"), p.Log)
		assert.Contains(t, p.Log, "Redis is back")
	}
}

func TestProcessesWithoutRedisSignInOnTheirOwn(t *testing.T) {
	t.Parallel()
	r, server := startRedis(t), linkittest.NewServer()
	t.Cleanup(server.Close)
	r.kill()
	fleet := startFleet(t, 3, task{URL: server.URL, Redis: r.addr, Calls: 5})
	begin(t, fleet)
	for _, p := range finish(t, fleet) {
		assert.Equal(t, 1, strings.Count(p.Log, "\n"), p.Log)
		assert.Contains(t, p.Log, "goes on alone")
		assert.Less(t, p.Longest, 3*time.Second)
	}
	assert.Equal(t, 3, signIns(server))
}

func TestProcessesKeepOneLimit(t *testing.T) {
	t.Parallel()
	const rate, requests = 20, 200
	var mu sync.Mutex
	var arrived []time.Time
	count := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(arrived)
	}
	r, server := startRedis(t), linkittest.NewServer(linkittest.WithObserver(func(e linkittest.Exchange) {
		mu.Lock()
		defer mu.Unlock()
		if e.Request.Path != loginPath {
			arrived = append(arrived, e.Began)
		}
	}))
	t.Cleanup(server.Close)
	fleet := startFleet(t, 4, task{URL: server.URL, Redis: r.addr, Rate: rate})
	begin(t, fleet)
	eventually(t, 40*time.Second, func() bool { return count() > requests }, "the requests")
	stop(fleet)
	for _, p := range finish(t, fleet) {
		assert.Empty(t, p.Log)
	}
	assert.Equal(t, 1, signIns(server))
	slices.SortFunc(arrived, time.Time.Compare)
	took := arrived[requests].Sub(arrived[0])
	t.Logf("%d requests in %v", requests, took)
	assert.GreaterOrEqual(t, took, time.Second*requests*100/(rate*105), "at most 5 % over")
	assert.Less(t, took, 2*time.Second*requests/rate)
}
