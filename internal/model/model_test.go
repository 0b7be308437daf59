package model_test

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/linkit-go/linkit"
)

// statistics counts what programs did.
type statistics struct {
	programs, steps                           int
	done, refused, uncertain, effects         int // writes
	reads, failed                             int
	requests, rejected, unclear, unsuccessful int // of bulk calls

	mu     sync.Mutex
	faults map[string]int
	met    int
	last   error // of a call that went wrong

}

func newStatistics() *statistics { return &statistics{faults: map[string]int{}} }

func (s *statistics) fault(f *fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.met++
	s.faults[f.name]++
}

func (s *statistics) write(err error, effect bool) {
	switch {
	case err == nil:
		s.done++
	case !errors.Is(err, linkit.ErrUncertain):
		s.refused++
	default:
		s.uncertain++
		if effect {
			s.effects++
		}
	}
}

func (s *statistics) read(err error) {
	s.reads++
	if err != nil {
		s.failed++
	}
}

func (s *statistics) request(err error) {
	s.requests++
	switch {
	case errors.Is(err, linkit.ErrUncertain):
		s.unclear++
	case errors.Is(err, linkit.ErrRejected):
		s.rejected++
	case err != nil:
		s.unsuccessful++
	}
}

func (s *statistics) String() string {
	return fmt.Sprintf("%d programs, %d steps: %d writes done, %d refused, %d uncertain (%d of them in effect); "+
		"%d reads, %d failed; %d bulk requests, %d of them with rejected records, %d uncertain, %d failed; %d faults of %d kinds",
		s.programs, s.steps, s.done, s.refused, s.uncertain, s.effects, s.reads, s.failed,
		s.requests, s.rejected, s.unclear, s.unsuccessful, s.met, len(s.faults))
}

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("rapid.nofailfile", "true"); err != nil { // a failing program is printed
		panic(err)
	}
	m.Run()
}

func TestProgramsOfCallsAgreeWithAPlainMap(t *testing.T) {
	stats := newStatistics()
	env := &environment{bridge: newBridge(t), stats: stats}
	rapid.Check(t, env.check(t))
	t.Logf("figures: %v", stats)
}

// check returns the property that rapid checks.
func (env *environment) check(t *testing.T) func(*rapid.T) {
	return func(rt *rapid.T) {
		p := programs.Draw(rt, "program")
		env.stats.programs++
		_, err := env.runProgram(t, p)
		if err == nil {
			return
		}
		last := env.stats.last
		if env.found == nil {
			env.found = env.shorten(t, p)
		}
		if len(env.found.steps) < len(p.steps) { // rapid hasn't had the time to
			rt.Logf("or shorter, %#v", env.found)
		}
		rt.Logf("%v\nthe call's error: %v", err, last)
		rt.Fatal("a program goes wrong") // the same for all, since a shorter one may go wrong otherwise
	}
}

// shorten removes steps from a program as long as it goes wrong: the half, a quarter, and so on down
// to single steps. rapid removes them one by one, and shortens them too, which takes longer.
func (env *environment) shorten(t *testing.T, p *program) *program {
	wrong := func(steps []step) bool {
		ran, err := env.runProgram(t, &program{p.ttl, p.skew, steps})
		if err != nil {
			p = &program{p.ttl, p.skew, steps[:ran]}
		}
		return err != nil
	}
	wrong(p.steps)
	for size := len(p.steps) / 2; size > 0; size /= 2 {
		for from := 0; from < len(p.steps); {
			to := min(from+size, len(p.steps))
			if !wrong(slices.Concat(p.steps[:from], p.steps[to:])) {
				from = to
			}
		}
	}
	return p
}
