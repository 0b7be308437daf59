package model_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linkit-go/linkit/linkittest"
)

const base = "/api/v1"

// bridge carries requests out of a test's bubble, whose time would stand still while a goroutine of
// its own waits for a socket.
type bridge struct {
	mu        sync.Mutex
	requests  chan *outside
	responses chan *outside
}

// outside is a request to a real server, and its response.
type outside struct {
	server         *linkittest.Server
	now            time.Time // that the server has
	method, target string
	header         http.Header
	body           []byte

	status int
	err    error
}

// newBridge must be called outside of bubbles.
func newBridge(t *testing.T) *bridge {
	t.Helper()
	b := &bridge{requests: make(chan *outside), responses: make(chan *outside)}
	t.Cleanup(func() { close(b.requests) })
	go func() {
		for x := range b.requests {
			x.send()
			b.responses <- x
		}
	}()
	return b
}

// do sends one request at a time.
func (b *bridge) do(x *outside) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests <- x
	<-b.responses
}

// send sends the request with the server's clock set to the bubble's.
func (x *outside) send() {
	x.server.SetClockSkew(x.now.Sub(time.Now().Round(0)))
	req, err := http.NewRequestWithContext(context.Background(), x.method, x.target, bytes.NewReader(x.body))
	if err != nil {
		x.err = err
		return
	}
	req.Header = x.header
	resp, err := x.server.HTTPClient().Do(req)
	if err != nil {
		x.err = err
		return
	}
	defer func() { _ = resp.Body.Close() }()
	x.status, x.header = resp.StatusCode, resp.Header
	x.body, x.err = io.ReadAll(resp.Body)
}

// script is what the network does to the requests of one call.
type script struct {
	faults map[int][]*fault // by the part of the call: a page, or the first record of a request
	part   map[string]int   // of a bulk request, by the key of its first record
	limit  int              // of records in a bulk request: more are a 413; 0: none
	create bool             // must not be sent twice
	cancel context.CancelFunc

	served    []*fault     // in order
	unclear   map[int]bool // parts that the server may have acted on
	delivered map[int]int  // how often the server has acted on a part
	violation string
}

// network is what lies between the clients and the server.
type network struct {
	bridge *bridge
	server *linkittest.Server
	ttl    time.Duration // of tokens
	skew   time.Duration // of the server's clock
	stats  *statistics

	mu      sync.Mutex
	scripts map[string]*script // of calls in progress, by client and organization
	signIns map[string][]*fault
	refused map[string]bool // clients of which a sign-in met a fault
	tokens  map[string]time.Time
	late    sync.WaitGroup
}

// transport is the network as one client sees it.
type transport struct {
	*network
	client string
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	x := &exchange{ctx: r.Context(), request: r, cancel: func() {}}
	if r.Body != nil {
		x.body, _ = io.ReadAll(r.Body)
		_ = r.Body.Close()
	}
	var s *script
	var f *fault
	part := 0
	if strings.TrimPrefix(r.URL.Path, base) == "/auth/login" {
		f = t.signInFault()
	} else {
		s, part, f = t.callFault(x)
	}
	x.serve = func() *http.Response {
		resp := t.deliver(r, x.body)
		t.mu.Lock()
		defer t.mu.Unlock()
		if s != nil && resp.StatusCode/100 == 2 && r.Method != http.MethodGet {
			s.delivered[part]++
		}
		return resp
	}
	x.late = func(d time.Duration) {
		t.late.Go(func() {
			time.Sleep(d) //nolint:forbidigo // virtual time
			x.serve()     //nolint:bodyclose // nobody waits for it any more
		})
	}
	x.other = func() *http.Response { return t.otherResponse(r) }
	if s != nil {
		x.cancel = s.cancel
	}
	if f == nil {
		connected(x)
		return x.serve(), nil
	}
	if f.again != always || f.pauses > 0 {
		connected(x)
	}
	t.stats.fault(f)
	resp, err := f.act(x)
	refused := f.broken && resp != nil && resp.StatusCode >= 300
	if s != nil && f.unclear && !refused {
		t.mu.Lock()
		s.unclear[part] = true
		t.mu.Unlock()
	}
	return resp, err
}

// connected tells the trace that the request has a connection.
func connected(x *exchange) {
	trace := httptrace.ContextClientTrace(x.ctx)
	if trace == nil {
		return
	}
	if trace.GetConn != nil {
		trace.GetConn(x.request.URL.Host)
	}
	if trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
}

func (t *transport) signInFault() *fault {
	t.mu.Lock()
	defer t.mu.Unlock()
	left := t.signIns[t.client]
	if len(left) == 0 {
		return nil
	}
	t.signIns[t.client] = left[1:]
	t.refused[t.client] = true
	return left[0]
}

// callFault returns the script of the call that a request belongs to, the part of the call that it
// is, and the fault that it meets.
func (t *transport) callFault(x *exchange) (*script, int, *fault) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.scripts[t.client+" "+x.request.Header.Get("X-Organization-Id")]
	if s == nil {
		return nil, 0, nil
	}
	part, records := s.partOf(x)
	if s.create && s.unclear[part] {
		s.violation = "a create was sent again, though the server may have acted on it"
	}
	if s.limit > 0 && records > s.limit {
		f := status(http.StatusRequestEntityTooLarge, never, false, false)
		s.served = append(s.served, f)
		return s, part, f
	}
	left := s.faults[part]
	if len(left) == 0 {
		return s, part, nil
	}
	s.faults[part] = left[1:]
	s.served = append(s.served, left[0])
	return s, part, left[0]
}

// partOf returns the part of the call that a request is, and how many records it writes.
func (s *script) partOf(x *exchange) (part, records int) {
	if x.request.Method == http.MethodGet {
		_, _ = fmt.Sscan(x.request.URL.Query().Get("page"), &part)
		return max(part-1, 0), 0
	}
	if s.part == nil {
		return 0, 0
	}
	var body map[string]json.RawMessage
	_ = json.Unmarshal(x.body, &body)
	for _, name := range []string{products, branches, skus} {
		var list []struct {
			IvID        string `json:"iv_id"`
			ProductIvID string `json:"product_iv_id"`
			BranchIvID  string `json:"branch_iv_id"`
		}
		if json.Unmarshal(body[name], &list) == nil && len(list) > 0 {
			return s.part[cmp.Or(list[0].IvID, skuKey(list[0].ProductIvID, list[0].BranchIvID))], len(list)
		}
	}
	return 0, 0
}

// deliver sends a request to the server. A token that has expired by the bubble's clock is one that
// the server doesn't know.
func (n *network) deliver(r *http.Request, body []byte) *http.Response {
	now := time.Now().Round(0)
	x := &outside{
		server: n.server, now: now.Add(n.skew), method: r.Method, target: r.URL.String(), header: r.Header.Clone(), body: body,
	}
	n.mu.Lock()
	if end, known := n.tokens[r.Header.Get("Authorization")]; known && !now.Before(end) {
		x.header.Set("Authorization", "Bearer expired")
	}
	n.mu.Unlock()
	n.bridge.do(x)
	if x.err != nil {
		panic(x.err) // the bridge's own
	}
	if strings.HasSuffix(r.URL.Path, "/auth/login") {
		var session struct {
			Token string `json:"token"`
		}
		if json.Unmarshal(x.body, &session) == nil && session.Token != "" {
			n.mu.Lock()
			n.tokens["Bearer "+session.Token] = now.Add(n.ttl)
			n.mu.Unlock()
		}
	}
	return &http.Response{
		StatusCode: x.status, Header: x.header, Body: io.NopCloser(bytes.NewReader(x.body)), ContentLength: int64(len(x.body)),
	}
}

// otherResponse returns a response with a record that has another key and another organization than
// r asks for, if there is one.
func (n *network) otherResponse(r *http.Request) *http.Response {
	path := strings.TrimPrefix(r.URL.Path, base)
	resource, key, single := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if r.Method != http.MethodGet || !single {
		return nil
	}
	for _, organization := range organizations {
		if organization == r.Header.Get("X-Organization-Id") {
			continue
		}
		records, err := resources[resource].peek(n.server, organization)
		if err != nil {
			panic(err)
		}
		for _, other := range records {
			if !strings.EqualFold(other.key, key) {
				status, body := n.server.Peek(organization, "/"+resource+"/"+url.PathEscape(other.key))
				return respond(status, string(body))
			}
		}
	}
	return nil
}
