package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/servers"
)

const (
	betweenBlows = 150 * time.Millisecond // on average
	longestPause = 2500 * time.Millisecond
	rest         = 500 * time.Millisecond // of a victim, before its next blow
)

// blow is something bad that happens to a victim, and is over when the function returns. pause lasts
// for as long as a process is stopped, or away.
type blow struct {
	name string // kill, stop or reload
	do   func(pause func()) error
}

// victim is what blows happen to, one at a time: all of them in any order, and then again.
type victim struct {
	name  string
	blows []blow
	next  []blow // the rest of this round
	busy  bool
}

// torment lets blows happen to victims at random.
type torment struct {
	t       *testing.T
	victims []*victim // one that comes twice is struck more often

	mu    sync.Mutex
	count map[string]int // by victim and blow
}

// run lasts until ctx ends, and then until every process runs again.
func (m *torment) run(ctx context.Context, seed uint64) {
	m.count = map[string]int{}
	random := rand.New(rand.NewPCG(seed, seed))
	upTo := func(most time.Duration) time.Duration { return time.Duration(random.Int64N(int64(most))) }
	var group sync.WaitGroup
	defer group.Wait()
	for wait(ctx, upTo(2*betweenBlows)) {
		v, length := m.victims[random.IntN(len(m.victims))], upTo(longestPause)
		if b, ok := m.draw(v, random); ok {
			group.Go(func() {
				defer m.leave(v)
				m.strike(ctx, v, b, length)
				wait(ctx, rest)
			})
		}
	}
}

// draw returns the next blow of a victim, and makes it busy, unless it is.
func (m *torment) draw(v *victim, random *rand.Rand) (b blow, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if v.busy {
		return blow{}, false
	}
	if len(v.next) == 0 {
		v.next = slices.Clone(v.blows)
		random.Shuffle(len(v.next), func(i, j int) { v.next[i], v.next[j] = v.next[j], v.next[i] })
	}
	b, v.next, v.busy = v.next[0], v.next[1:], true
	return b, true
}

func (m *torment) strike(ctx context.Context, v *victim, b blow, length time.Duration) {
	err := b.do(func() { wait(ctx, length) })
	switch {
	case errors.Is(err, errNobody):
		return
	case err != nil:
		assert.NoError(m.t, err, "%s: %s", v.name, b.name)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.count[v.name+" "+b.name]++
}

func (m *torment) leave(v *victim) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v.busy = false
}

// figures returns how often what happened.
func (m *torment) figures() string {
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(m.count)) {
		texts = append(texts, fmt.Sprintf("%s %d", name, m.count[name]))
	}
	return strings.Join(texts, ", ")
}

// requireAll checks that everything has happened.
func (m *torment) requireAll() {
	for _, v := range m.victims {
		for _, b := range v.blows {
			require.Positive(m.t, m.count[v.name+" "+b.name], "%s: %s", v.name, b.name)
		}
	}
}

// wait returns true after d, or false when ctx has ended.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// errNobody is that there was no process to strike.
var errNobody = errors.New("there is no such process")

// stops is a blow that stops the processes that pick returns.
func stops(pick func() (pids []int)) blow {
	return blow{"stop", func(pause func()) error {
		pids := pick()
		if len(pids) == 0 {
			return errNobody
		}
		for _, pid := range pids {
			defer servers.Guard(pid)()             // it would stay stopped
			_ = syscall.Kill(pid, syscall.SIGSTOP) // it may have ended
		}
		pause()
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGCONT)
		}
		return nil
	}}
}

// killsChild is a blow that kills one of the processes that another one has started.
func killsChild(parent func() int) blow {
	return blow{"kill", func(func()) error {
		pids := child(parent)()
		if len(pids) == 0 {
			return errNobody
		}
		return syscall.Kill(pids[0], syscall.SIGKILL)
	}}
}

// child picks one of the processes that another one has started.
func child(parent func() int) func() (pids []int) {
	return func() []int {
		pids := servers.Children(parent())
		if len(pids) == 0 {
			return nil
		}
		i := rand.N(len(pids))
		return pids[i : i+1]
	}
}

// children picks all of them.
func children(parent func() int) func() (pids []int) {
	return func() []int { return servers.Children(parent()) }
}

// itself picks a process.
func itself(pid func() int) func() (pids []int) {
	return func() []int { return []int{pid()} }
}

// restarts is a blow that kills a process and starts it again.
func restarts(p *servers.Process) blow {
	return blow{"kill", func(pause func()) error {
		p.Kill()
		pause()
		return p.Start()
	}}
}

// plain is a victim that is one process.
func plain(name string, p *servers.Process) *victim {
	return &victim{name: name, blows: []blow{restarts(p), stops(itself(p.Pid))}}
}

// nginxVictim is an nginx, of which everything but the master is stopped or killed alone.
func nginxVictim(n *servers.Nginx) *victim {
	return &victim{name: "nginx", blows: []blow{
		restarts(n.Process), killsChild(n.Pid), stops(child(n.Pid)), stops(children(n.Pid)),
		{"reload", func(func()) error {
			n.Reload()
			return nil
		}},
	}}
}
