package retry

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
)

var errTooLarge = errors.New("the response is too large")

// buffers hold the bodies of 2xx responses, which are read often and kept briefly.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

const maxPooled = 1 << 20

// Close gives the body's memory back: Body, and what points into it, must not be used from then on.
// It may be called more than once.
func (r *Result) Close() {
	if r.buffer != nil {
		*r.buffer = r.Body[:0]
		buffers.Put(r.buffer)
		r.buffer, r.Body = nil, nil
	}
}

// read reads a response's body into res: that of a 2xx whole, or it is an error; that of any other
// status as far as it comes, within bounds.
func (p *Policy) read(method string, resp *http.Response, res *Result) error {
	if resp.Body == nil { // as http.Client, too, puts up with
		resp.Body = http.NoBody
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		res.Body, _ = readUpTo(resp, nil, p.MaxErrorBody)
		_, _ = io.CopyN(io.Discard, resp.Body, p.MaxErrorBody) // a little more, to keep the connection
		return nil
	}
	buffer, _ := buffers.Get().(*[]byte)
	body, err := readUpTo(resp, *buffer, p.MaxBody+1)
	res.Body = body
	if cap(body) <= maxPooled {
		res.buffer = buffer
	}
	if int64(len(body)) > p.MaxBody || resp.ContentLength > p.MaxBody && method != http.MethodHead {
		return fmt.Errorf("%w: more than %d MiB", errTooLarge, p.MaxBody>>20)
	}
	if err != nil {
		return fmt.Errorf("the response broke off: %w", err)
	}
	return nil
}

// readUpTo reads at most limit bytes, into body where that has room. It trusts a Content-Length for
// the room only so far.
func readUpTo(resp *http.Response, body []byte, limit int64) ([]byte, error) {
	if room := min(max(resp.ContentLength+1, 512), limit, maxPooled); int64(cap(body)) < room {
		body = make([]byte, 0, room)
	}
	for int64(len(body)) < limit {
		if len(body) == cap(body) {
			body = append(body, 0)[:len(body)]
		}
		n, err := resp.Body.Read(body[len(body):min(int64(cap(body)), limit)])
		body = body[:len(body)+n]
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return body, err
		}
	}
	return body, nil
}
