package model_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// fault is what the network does to one request.
type fault struct {
	name string
	act  func(x *exchange) (*http.Response, error)

	// again says which requests are sent again after it: those that are idempotent, or all. pauses is
	// how long the client's calls are held back.
	again  again
	pauses time.Duration
	// unclear: the server may have acted on the request, so that a create must not be sent again. That
	// a body is broken leaves only a success unclear.
	unclear, broken bool
}

type again int

const (
	never again = iota
	idempotent
	always
)

// longest is a Retry-After that no client waits for.
const longest = 2 * time.Minute

// exchange is one request on its way.
type exchange struct {
	ctx     context.Context //nolint:containedctx // of this one request
	request *http.Request
	body    []byte
	serve   func() *http.Response // lets the server act on it
	late    func(d time.Duration) // does so after a while
	other   func() *http.Response // a response to another request; nil: there is none
	cancel  func()                // ends the caller's context
}

// faults are those of calls. The first ones are those that a program is shrunk to.
var faults = []*fault{
	{name: "lost on its way", again: idempotent, unclear: true, act: func(*exchange) (*http.Response, error) {
		return nil, connectionReset()
	}},
	{name: "response lost", again: idempotent, unclear: true, act: func(x *exchange) (*http.Response, error) {
		x.serve()
		return nil, connectionReset()
	}},
	{name: "refused connection", again: always, act: func(x *exchange) (*http.Response, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}},
	{name: "no connection", again: always, act: func(x *exchange) (*http.Response, error) {
		if trace := httptrace.ContextClientTrace(x.ctx); trace != nil && trace.GetConn != nil {
			trace.GetConn(x.request.URL.Host)
		}
		return nil, errors.New("the handshake failed")
	}},
	{name: "EOF", again: idempotent, unclear: true, act: func(*exchange) (*http.Response, error) {
		return nil, io.EOF
	}},
	{name: "response cut off", again: idempotent, unclear: true, broken: true, act: func(x *exchange) (*http.Response, error) {
		resp := x.serve()
		if resp.ContentLength <= 0 {
			return nil, io.ErrUnexpectedEOF
		}
		resp.Body = &brokenBody{io.LimitReader(resp.Body, resp.ContentLength/2), func() error { return io.ErrUnexpectedEOF }}
		return resp, nil
	}},
	status(500, idempotent, true, false), status(500, idempotent, true, true),
	status(502, idempotent, true, false), status(502, idempotent, true, true),
	status(503, idempotent, true, false), status(503, idempotent, true, true),
	status(504, idempotent, true, false), status(504, idempotent, true, true),
	status(408, idempotent, true, false), status(408, idempotent, true, true),
	status(520, idempotent, true, true), status(425, idempotent, false, false),
	status(401, never, false, false), status(403, never, false, false), status(405, never, false, false),
	status(302, never, false, false),
	paused(429, 0), paused(429, time.Second), paused(429, 7*time.Second), paused(429, longest),
	paused(503, 2*time.Second), paused(503, longest),
	{name: "a page instead of the response", unclear: true, act: func(x *exchange) (*http.Response, error) {
		x.serve()
		return page(), nil
	}},
	{name: "a proxy's page", unclear: true, act: func(x *exchange) (*http.Response, error) { return page(), nil }},
	{name: "an empty response", unclear: true, broken: true, act: func(x *exchange) (*http.Response, error) {
		if resp := x.serve(); resp.StatusCode >= 300 {
			return resp, nil
		}
		return respond(http.StatusOK, ""), nil
	}},
	{name: "200 that says no", act: func(x *exchange) (*http.Response, error) {
		return respond(http.StatusOK, `{"success":false,"error":"Validation error","code":422}`), nil
	}},
	{name: "another request's response", act: func(x *exchange) (*http.Response, error) {
		if resp := x.other(); resp != nil {
			return resp, nil
		}
		return x.serve(), nil
	}},
	{name: "no response", again: idempotent, unclear: true, act: func(x *exchange) (*http.Response, error) {
		<-x.ctx.Done()
		return nil, x.ctx.Err()
	}},
	{name: "no response in time", again: idempotent, unclear: true, act: func(x *exchange) (*http.Response, error) {
		x.serve()
		<-x.ctx.Done()
		return nil, x.ctx.Err()
	}},
	{name: "acted on late", again: idempotent, unclear: true, act: func(x *exchange) (*http.Response, error) {
		<-x.ctx.Done()
		x.late(5 * time.Second)
		return nil, x.ctx.Err()
	}},
	{name: "slow response", again: always, act: func(x *exchange) (*http.Response, error) {
		resp := x.serve()
		select {
		case <-time.After(20 * time.Second):
			return resp, nil
		case <-x.ctx.Done():
			return nil, x.ctx.Err()
		}
	}},
	{name: "cancelled on its way", unclear: true, act: func(x *exchange) (*http.Response, error) {
		x.cancel()
		return nil, x.ctx.Err()
	}},
	{name: "cancelled after its effect", unclear: true, act: func(x *exchange) (*http.Response, error) {
		x.serve()
		x.cancel()
		return nil, x.ctx.Err()
	}},
	{name: "cancelled in the response", unclear: true, broken: true, act: func(x *exchange) (*http.Response, error) {
		resp := x.serve()
		resp.Body = &brokenBody{io.LimitReader(resp.Body, max(resp.ContentLength, 0)/2), func() error {
			x.cancel()
			return x.ctx.Err()
		}}
		return resp, nil
	}},
	{name: "503, and cancelled while waiting", unclear: true, act: func(x *exchange) (*http.Response, error) {
		time.AfterFunc(time.Millisecond, x.cancel)
		return respond(http.StatusServiceUnavailable, errorBody(http.StatusServiceUnavailable)), nil
	}},
}

func named(name string) *fault {
	return faults[slices.IndexFunc(faults, func(f *fault) bool { return f.name == name })]
}

// signInFaults are those of sign-ins.
var signInFaults = []*fault{
	faults[0], faults[1], faults[2], faults[5],
	status(500, idempotent, true, false), status(503, idempotent, true, false), status(401, never, false, false),
	status(400, never, false, false), paused(429, 0), paused(429, 2*time.Second), paused(429, longest),
	{name: "a proxy's page", act: func(*exchange) (*http.Response, error) { return page(), nil }},
	{name: "no response", again: idempotent, act: func(x *exchange) (*http.Response, error) {
		<-x.ctx.Done()
		return nil, x.ctx.Err()
	}},
}

// status responds with an error instead of the server, before it acts or after.
func status(code int, a again, unclear, after bool) *fault {
	name := strconv.Itoa(code)
	if after {
		name += " after its effect"
	}
	return &fault{name: name, again: a, unclear: unclear, act: func(x *exchange) (*http.Response, error) {
		if after {
			x.serve()
		}
		return respond(code, errorBody(code)), nil
	}}
}

// paused responds with a status that asks to slow down, for as long as a Retry-After says.
func paused(code int, after time.Duration) *fault {
	f := &fault{name: strconv.Itoa(code), again: always, pauses: max(after, 10*time.Second)}
	if after > 0 {
		f.name += ", Retry-After: " + strconv.Itoa(int(after.Seconds()))
	}
	if after == longest {
		f.again = never
	}
	f.act = func(*exchange) (*http.Response, error) {
		resp := respond(code, errorBody(code))
		if after > 0 {
			resp.Header.Set("Retry-After", strconv.Itoa(int(after.Seconds())))
		}
		return resp, nil
	}
	return f
}

func errorBody(code int) string {
	if code == http.StatusBadGateway {
		return "<html><body>Bad Gateway</body></html>"
	}
	return `{"code":` + strconv.Itoa(code) + `,"error":"` + http.StatusText(code) + `"}`
}

func page() *http.Response {
	return respond(http.StatusOK, "<html><body>Sign in to the Wi-Fi</body></html>")
}

func respond(code int, body string) *http.Response {
	return &http.Response{
		StatusCode: code, Header: http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

func connectionReset() error { return &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET} }

// brokenBody is a body that ends with an error.
type brokenBody struct {
	io.Reader
	end func() error
}

func (b *brokenBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = b.end()
	}
	return n, err
}

func (b *brokenBody) Close() error { return nil }
