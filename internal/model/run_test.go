package model_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

const auditorKey = "auditor-key-Zp0aQ9w8"

// run is a program that runs.
type run struct {
	network *network
	server  *linkittest.Server
	clients map[string]*linkit.Client
	auditor *linkit.Client // meets no fault
	world   map[string]organization
	stats   *statistics
	spoil   func(http.RoundTripper) http.RoundTripper
	now     int // the step

	// until holds the steps until which a credential is void, an organization suspended, or a record
	// refused; refusals end those of records.
	until    map[string]int
	refusals map[string]func()

	// What earlier calls met may fail later ones of the same client: for a while, or those with a
	// deadline, or those that need a sign-in.
	excused, hurried, doubted map[string]time.Time
	strain                    map[string]int // of the retry budget
	strained                  map[string]time.Time
}

// environment is what programs run in.
type environment struct {
	bridge *bridge
	stats  *statistics
	found  *program                                  // one that goes wrong, shortened
	spoil  func(http.RoundTripper) http.RoundTripper // breaks a client's transport; nil: nothing does
}

// runProgram runs a program. It returns what is wrong, and after how many steps.
func (env *environment) runProgram(t *testing.T, p *program) (ran int, wrong error) {
	server := linkittest.NewServer(linkittest.WithoutRecording())
	defer server.Close()
	server.AddAPIKey(linkittest.APIKey, organizations...)
	server.AddAPIKey(auditorKey, organizations...)
	server.AddUser(linkittest.Email, linkittest.Password, organizations...)
	server.SetTokenTTL(p.ttl)
	synctest.Test(t, func(t *testing.T) {
		r := env.newRun(p, server)
		if ran, wrong = r.runAll(p.steps); wrong == nil {
			r.restoreAll()
			wrong = r.audit(t.Context())
		}
		for _, client := range r.clients {
			_ = client.Close() // a sign-in that was cancelled doesn't matter
		}
		r.network.late.Wait()
	})
	return ran, wrong
}

// runAll runs the steps up to one that goes wrong, and returns how many it ran.
func (r *run) runAll(steps []step) (int, error) {
	for i, s := range steps {
		r.now = i
		r.restore()
		r.stats.steps++
		if err := s.run(r); err != nil {
			return i + 1, fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	return len(steps), nil
}

func (env *environment) newRun(p *program, server *linkittest.Server) *run {
	n := &network{
		bridge: env.bridge, server: server, ttl: p.ttl, skew: p.skew, stats: env.stats, scripts: map[string]*script{},
		signIns: map[string][]*fault{}, refused: map[string]bool{}, tokens: map[string]time.Time{},
	}
	r := &run{
		network: n, server: server, stats: env.stats, spoil: env.spoil, clients: map[string]*linkit.Client{}, world: map[string]organization{},
		until: map[string]int{}, refusals: map[string]func(){}, excused: map[string]time.Time{}, hurried: map[string]time.Time{},
		doubted: map[string]time.Time{}, strain: map[string]int{}, strained: map[string]time.Time{},
	}
	for _, name := range []string{byKey, byLogin, "auditor"} {
		r.clients[name] = r.newClient(name)
	}
	r.auditor = r.clients["auditor"]
	for _, id := range organizations {
		r.world[id] = newOrganization()
	}
	return r
}

// newClient makes a client that goes through the network.
func (r *run) newClient(name string) *linkit.Client {
	var rt http.RoundTripper = &transport{r.network, name}
	opts := []linkit.Option{linkit.WithBaseURL(r.server.URL)}
	switch name {
	case byKey:
		opts = append(opts, linkit.WithAPIKey(linkittest.APIKey), linkit.WithBulkSize(4))
	case byLogin:
		opts = append(opts, linkit.WithLogin(linkittest.Email, linkittest.Password),
			linkit.WithBulkSize(1), linkit.WithMaxConcurrency(3), linkit.WithPrefetch(2))
	default:
		opts = append(opts, linkit.WithAPIKey(auditorKey))
	}
	if r.spoil != nil && name != "auditor" {
		rt = r.spoil(rt)
	}
	c, err := linkit.NewClient(append(opts, linkit.WithHTTPClient(&http.Client{Transport: rt}))...)
	if err != nil {
		panic(err) // the options are the test's own
	}
	return c
}

// restoreAll ends everything that was to last.
func (r *run) restoreAll() {
	for what := range r.until {
		r.now = max(r.now, r.until[what])
	}
	r.restore()
}

// restore ends what was to last until now.
func (r *run) restore() {
	for what, until := range r.until {
		if r.now < until {
			continue
		}
		delete(r.until, what)
		switch what {
		case byKey:
			r.server.AddAPIKey(linkittest.APIKey, organizations...)
		case byLogin:
			r.server.AddUser(linkittest.Email, linkittest.Password, organizations...)
			r.resetAuth()
		default:
			if remove := r.refusals[what]; remove != nil {
				remove()
				continue
			}
			r.server.SetSuspended(what, false)
		}
	}
}

// resetAuth ends whatever keeps the client from signing in.
func (r *run) resetAuth() {
	r.clients[byLogin].Auth.Reset()
	delete(r.doubted, byLogin)
}

func (s *wait) run(*run) error {
	time.Sleep(s.d) //nolint:forbidigo // virtual time
	return nil
}

func (s *expire) run(r *run) error {
	r.server.ExpireTokens()
	return nil
}

func (s *reset) run(r *run) error {
	if _, void := r.until[byLogin]; !void {
		r.resetAuth()
	}
	return nil
}

// run closes a client, whose calls send nothing from then on. What it has met is forgotten with it.
func (s *restart) run(r *run) error {
	_ = r.clients[s.client].Close() // a sign-in that is cancelled doesn't matter
	if _, err := r.clients[s.client].Products.Get(context.Background(), "A"); !errors.Is(err, linkit.ErrClosed) {
		return fmt.Errorf("a call of a closed client: %s", kindOf(err))
	}
	r.clients[s.client] = r.newClient(s.client)
	for _, times := range []map[string]time.Time{r.excused, r.hurried, r.doubted} {
		delete(times, s.client)
	}
	r.strain[s.client] = 0
	return nil
}

func (s *revoke) run(r *run) error {
	r.until[s.client] = r.now + 1 + s.steps
	if s.client == byKey {
		r.server.RevokeAPIKey(linkittest.APIKey)
	} else {
		r.server.AddUser(linkittest.Email, "another password", organizations...)
	}
	return nil
}

func (s *suspend) run(r *run) error {
	r.until[s.organization] = r.now + 1 + s.steps
	r.server.SetSuspended(s.organization, true)
	return nil
}

func (s *refuse) run(r *run) error {
	what := s.resource + " " + s.key
	r.until[what] = r.now + 1 + s.steps
	if old := r.refusals[what]; old != nil {
		old()
	}
	r.refusals[what] = r.server.Refuse("/"+s.resource, s.key, http.StatusUnprocessableEntity, "")
	return nil
}

// refuses reports whether the server rejects a record.
func (r *run) refuses(resource, key string) bool { return r.until[resource+" "+key] > 0 }

func (c *call) run(r *run) error { return (&together{[]*call{c}}).run(r) }

// run makes the calls, waits for what the server still acts on, and judges each.
func (s *together) run(r *run) error {
	var attempts []*attempt
	for _, c := range s.calls {
		attempts = append(attempts, r.prepare(c))
	}
	done := make(chan struct{}, len(attempts))
	for _, a := range attempts {
		if len(attempts) == 1 {
			a.do()
			break
		}
		go func() {
			a.do()
			done <- struct{}{}
		}()
	}
	if len(attempts) > 1 {
		for range attempts {
			<-done
		}
	}
	r.network.late.Wait()
	r.network.mu.Lock()
	clear(r.network.scripts)
	clear(r.network.signIns)
	r.network.mu.Unlock()
	for _, a := range attempts {
		a.cancel()
	}
	for _, a := range attempts {
		a.remember()
	}
	for _, a := range attempts {
		if err := a.judge(); err != nil {
			return err
		}
	}
	return nil
}

// actual returns what the server holds for an organization.
func (r *run) actual(id string) (organization, error) {
	o := newOrganization()
	for _, name := range names {
		records, err := resources[name].peek(r.server, id)
		if err != nil {
			return nil, err
		}
		for _, record := range records {
			if _, twice := o[name][record.key]; twice {
				return nil, fmt.Errorf("the server has %s %s twice", name, record.key)
			}
			o.put(name, record)
		}
	}
	return o, nil
}

// audit reads everything by the SDK, and compares it with the model.
func (r *run) audit(ctx context.Context) error {
	for _, id := range organizations {
		got, view := newOrganization(), r.auditor.ForOrganization(id)
		for _, name := range names {
			if err := readAll(ctx, view, name, got); err != nil {
				return fmt.Errorf("at the end: %w", err)
			}
			if n, err := resources[name].count(ctx, view); err != nil || n != len(got[name]) {
				return fmt.Errorf("at the end: Count of %s is %d instead of %d: %w", name, n, len(got[name]), err)
			}
		}
		if problem := r.world[id].differs(got, id); problem != "" {
			return fmt.Errorf("at the end: %s", problem)
		}
	}
	return nil
}

func readAll(ctx context.Context, view *linkit.Client, name string, into organization) error {
	for record, err := range resources[name].all(ctx, view, 100) {
		if err != nil {
			return err
		}
		if _, twice := into[name][record.key]; twice {
			return fmt.Errorf("All yields %s %s twice", name, record.key)
		}
		into.put(name, record)
	}
	return nil
}
