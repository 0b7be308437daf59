package linkit

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/linkit-go/linkit/internal/retry"
)

// request makes the request of a call in r, or says what is wrong with it.
func (c *core) request(op *operation, organization string, r *retry.Request) error {
	if err := op.resolveURL(c.base); err != nil {
		return err
	}
	*r = retry.Request{Method: op.method, URL: &op.url, Once: op.once, Unmetered: op.unmetered, Idempotent: op.idempotent}
	switch op.method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions:
		r.Idempotent = true
	}
	switch body := op.body.(type) {
	case nil:
	case json.RawMessage:
		r.Body = bytes.Clone(body) // a transport may go on reading it after an early answer
	case []byte:
		r.Body = bytes.Clone(body)
	default:
		var err error
		if r.Body, err = json.Marshal(body); err != nil {
			return invalid("%s %s: the body can't be written as JSON: %s", op.method, op.route, oneLine(err.Error(), maxErrorText))
		}
	}
	r.Header = c.header(organization)
	if len(r.Body) > 0 {
		r.Header["Content-Type"] = jsonType
	}
	return nil
}

func (c *core) header(organization string) http.Header {
	h := make(http.Header, 6)
	h["Accept"] = jsonType
	h["User-Agent"] = c.agent
	if organization != "" {
		h["X-Organization-Id"] = []string{organization}
	}
	return h
}

var jsonType = []string{"application/json"} // shared: never changed

// resolveURL makes the URL whole.
func (op *operation) resolveURL(base *url.URL) error {
	u := &op.url
	if u.Path == "" {
		if err := op.expandPath(base); err != nil {
			return err
		}
	} else {
		if base.RawPath != "" || u.RawPath != "" {
			u.RawPath = base.EscapedPath() + u.EscapedPath()
		}
		u.Path = base.Path + u.Path
	}
	u.Scheme, u.Host, u.RawQuery = base.Scheme, base.Host, op.query.Encode()
	return nil
}

// expandPath makes the path of the base, the route and the ids. An id may hold anything: it stays one segment.
func (op *operation) expandPath(base *url.URL) error {
	var plain strings.Builder
	plain.Grow(len(base.Path) + len(op.route) + len(op.ids[0]) + len(op.ids[1]))
	plain.WriteString(base.Path)
	escaped := base.RawPath // "": as net/url escapes plain
	for n, rest := 0, op.route; rest != ""; n++ {
		before, after, found := strings.Cut(rest, "{")
		plain.WriteString(before)
		if escaped != "" {
			escaped += before
		}
		if !found {
			break
		}
		name, after, _ := strings.Cut(after, "}")
		id := op.ids[n]
		rest = after
		switch id {
		case "":
			return invalid("%s %s: %s is empty: pass the one that names the record", op.method, op.route, name)
		case ".", "..":
			return invalid("%s %s: %s is %q, which would change the path", op.method, op.route, name, id)
		}
		segment := url.PathEscape(id)
		if escaped == "" && segment != id {
			escaped = (&url.URL{Path: plain.String()}).EscapedPath()
		}
		if escaped != "" {
			escaped += segment
		}
		plain.WriteString(id)
	}
	op.url.Path, op.url.RawPath = plain.String(), escaped
	return nil
}
