package retry

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/linkit-go/linkit/internal/transport"
)

// exchange is one request on the wire and its response.
type exchange struct {
	resp    *http.Response // nil: none came
	err     error          // why there is no usable response
	trace   *trace         // nil: a read, whose arrival changes nothing
	expired bool           // the attempt's own time was up, which matters to an error alone
}

// send sends the request once, and reads the response whole. It sends a copy of everything:
// transports are known to write to what they are given, and may go on reading an earlier attempt's
// request.
func (c *call) send(around context.Context, hr *http.Request, header http.Header) (x exchange) {
	p, r, res := c.policy, c.request, &c.result
	res.Began = time.Now()
	attempt, cancel := context.WithTimeout(around, p.AttemptTimeout)
	defer cancel()
	ctx := attempt
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		x.trace = new(trace)
		ctx = httptrace.WithClientTrace(ctx, x.trace.hooks())
	}
	own, target := hr.WithContext(ctx), *r.URL
	own.URL, own.Header = &target, header
	if len(r.Body) > 0 { // an empty body would go out chunked
		own.ContentLength = int64(len(r.Body))
		own.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(r.Body)), nil }
		own.Body, _ = own.GetBody()
	}
	transport := p.Transport
	if c.last.timeout && p.NewConnection != nil {
		transport = p.NewConnection
	}
	x.resp, x.err = transport.RoundTrip(own) //nolint:bodyclose // read closes it
	res.Received = time.Now()
	if x.err == nil && x.resp == nil {
		x.err = errors.New("the transport returned neither a response nor an error")
	}
	if x.err == nil && x.resp.StatusCode == 0 { // as a browser's fetch shows a redirect
		_ = x.resp.Body.Close()
		x.err = errors.New("the transport returned a response without a status")
	}
	if x.err == nil {
		x.err = p.read(r.Method, x.resp, res)
	}
	x.expired = attempt.Err() != nil && around.Err() == nil
	return x
}

// record passes on what the attempt showed, to the call's result and to all calls of the policy.
func (c *call) record() {
	p, o, res := c.policy, &c.last, &c.result
	c.attempted = true
	res.Sent, res.Lost = res.Sent || o.uncertain, res.Lost || o.lost
	res.Throttled = res.Throttled || o.throttled
	if !o.pausing {
		c.pauses = 0
	}
	switch {
	case o.throttled:
		p.throttle(c)
	case o.status == 0 || c.request.Unmetered:
	case c.probe || p.pause.run.Load() > 0 || p.budget.left.Load() < budgetSize: // only to spare the call
		p.accepted(c)
	}
	c.probe = false
}

// shared returns what other calls may see of the result.
func (c *call) shared() *Result {
	res := c.result
	if c.request.Credential != nil {
		c.request.Credential.Clean(&res)
	}
	return &res
}

// trace notes whether the transport had a connection to send on.
type trace struct{ asked, got atomic.Bool }

func (t *trace) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) { t.asked.Store(true) },
		GotConn: func(info httptrace.GotConnInfo) {
			if info.Reused && transport.Ended(info.Conn) {
				_ = info.Conn.Close() // net/http finds that nothing was written, and takes another
				return
			}
			t.got.Store(true)
		},
	}
}

// none is proof that nothing was sent. A transport that hides the trace proves nothing.
func (t *trace) none() bool { return t != nil && t.asked.Load() && !t.got.Load() }

// had reports whether there was a connection. Without a trace, which is a read's, it doesn't
// matter.
func (t *trace) had() bool { return t != nil && t.got.Load() }
