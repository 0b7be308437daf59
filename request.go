package linkit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/linkit-go/linkit/internal/retry"
)

// newRequest makes the request of a call, or returns what is wrong with it.
func (c *core) newRequest(ctx context.Context, op *operation) (*retry.Request, error) {
	more := headersOf(ctx)
	if more != nil && more.err != nil && op.route != loginRoute {
		return nil, more.err
	}
	if err := op.resolveURL(c.base); err != nil {
		return nil, err
	}
	body, err := op.encodeBody()
	if err != nil {
		return nil, err
	}
	op.request = retry.Request{
		Method: op.method, URL: &op.url, Header: c.newHeader(op, len(body) > 0), Body: body,
		Idempotent: op.idempotent || idempotentMethod(op.method), Once: op.once, Unmetered: op.unmetered, Retry: op.onRetry,
	}
	if op.auth = c.credential.forCall(op); op.auth != nil {
		op.request.Credential = op.auth
	}
	if more != nil {
		op.request.Attempt = func(ctx context.Context, _ int, _ time.Duration, header http.Header) (context.Context, func(*retry.Result), error) {
			return ctx, func(*retry.Result) {}, op.addContextHeader(ctx, header)
		}
	}
	return &op.request, nil
}

func idempotentMethod(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions:
		return true
	}
	return false
}

// encodeBody returns the body as it is sent. The caller's bytes are copied: a transport may go on
// reading them after an early response.
func (op *operation) encodeBody() ([]byte, error) {
	switch body := op.body.(type) {
	case nil:
		return nil, nil
	case json.RawMessage:
		return bytes.Clone(body), nil
	case []byte:
		return bytes.Clone(body), nil
	}
	encoded, err := json.Marshal(op.body)
	if err == nil {
		return encoded, nil
	}
	var marshaler *json.MarshalerError
	if errors.As(err, &marshaler) { // without the names of Go's types around it
		err = marshaler.Err
	}
	return nil, invalid("%s: the body can't be written as JSON: %s", op.name(), strings.TrimPrefix(err.Error(), "linkit: "))
}

func (c *core) newHeader(op *operation, body bool) http.Header {
	h := make(http.Header, 6+len(c.header))
	for key, values := range c.header {
		h[key] = values
	}
	h["Accept"] = jsonType
	h["User-Agent"] = c.agent
	if op.organization != "" {
		h["X-Organization-Id"] = []string{op.organization}
	}
	if body {
		h["Content-Type"] = jsonType
	}
	return h
}

var jsonType = []string{"application/json"} // shared: never changed

// resolveURL completes the operation's URL.
func (op *operation) resolveURL(base *url.URL) error {
	for name, values := range op.query {
		for _, value := range values {
			if !utf8.ValidString(name) || !utf8.ValidString(value) {
				return invalid("%s: the query parameter %s is not valid UTF-8", op.name(), excerpt(name))
			}
		}
	}
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

// expandPath joins the base's path and the route, with the ids in place of its {names}. An id may
// hold any text: it stays one segment.
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
		rest = after
		id := op.ids[n]
		if err := op.checkID(name, id); err != nil {
			return err
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

func (op *operation) checkID(name, id string) error {
	switch {
	case id == "":
		return invalid("%s: %s is empty: pass the one that names the record", op.name(), name)
	case id == "." || id == "..":
		return invalid("%s: %s is %q, which would change the path", op.name(), name, id)
	case !utf8.ValidString(id):
		return invalid("%s: %s is not valid UTF-8", op.name(), name)
	}
	return nil
}

// refusedHeaders are the headers that callers can't set; a name that ends in "-" refuses all that
// begin with it.
var refusedHeaders = []string{
	"Authorization", "Host", "X-Organization-Id", "Cookie", "User-Agent", "Expect", "Range", "Content-", "Accept", "Accept-",
	"Idempotency-Key", "X-Idempotency-Key", // net/http resends a POST that has one
	"Proxy-", "Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Http2-Settings",
}

// checkHeader returns the canonical form of key, or why the header can't be set. No error shows the
// value.
func checkHeader(where, key, value string) (string, error) {
	if key == "" || strings.Trim(key, headerChars) != "" {
		return "", invalid("%s: %s is not the name of a header", where, excerpt(key))
	}
	key = textproto.CanonicalMIMEHeaderKey(key)
	for _, refused := range refusedHeaders {
		if key == refused || strings.HasSuffix(refused, "-") && strings.HasPrefix(key, refused) {
			return "", invalid("%s: %s is set by the SDK or by net/http, or would change how they work", where, key)
		}
	}
	if !visible(value, ' ') || strings.TrimSpace(value) != value {
		return "", invalid("%s: the value of %s can't be sent: use printable ASCII without spaces at its ends", where, key)
	}
	return key, nil
}

const headerChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~"

type headerKey struct{}

// contextHeader is what ContextWithHeader has put into a context.
type contextHeader struct {
	header http.Header
	err    error
}

// ContextWithHeader returns a context whose calls send a further header, such as a correlation id.
// It replaces one of [WithHeader], or of an outer ContextWithHeader, with the same key. The same
// keys are refused as by WithHeader: then the calls made with the context return [ErrInvalid]. The
// header is read for each attempt, from the context that the Attempt hook returned; sign-ins don't
// carry it.
func ContextWithHeader(ctx context.Context, key, value string) context.Context {
	next := &contextHeader{header: http.Header{}}
	if outer := headersOf(ctx); outer != nil {
		next.header, next.err = outer.header.Clone(), outer.err
	}
	canonical, err := checkHeader("ContextWithHeader", key, value)
	if err != nil {
		next.err = err
		return context.WithValue(ctx, headerKey{}, next)
	}
	next.header[canonical] = []string{value}
	return context.WithValue(ctx, headerKey{}, next)
}

// attemptFunc is a [retry.Request]'s Attempt.
type attemptFunc = func(ctx context.Context, n int, waited time.Duration, header http.Header) (context.Context, func(*retry.Result), error)

// headersOf returns what ContextWithHeader has put into ctx; nil if nothing.
func headersOf(ctx context.Context) *contextHeader {
	more, _ := ctx.Value(headerKey{}).(*contextHeader)
	return more
}

// addContextHeader adds the headers of ctx to an attempt's. A sign-in belongs to all calls, and
// carries those of none.
func (op *operation) addContextHeader(ctx context.Context, header http.Header) error {
	more := headersOf(ctx)
	if more == nil || op.route == loginRoute {
		return nil
	}
	for key, values := range more.header {
		header[key] = slices.Clone(values)
	}
	return more.err
}

// checkOrganization refuses an id that can't be sent in a header.
func checkOrganization(name, id string) error {
	if problem := organizationProblem(id); problem != "" {
		return invalid("%s: the id %s", name, problem)
	}
	return nil
}

func organizationProblem(id string) string {
	switch {
	case inQuotes(id):
		return "is in quotes: " + quotesHint
	case !visible(id):
		return excerpt(id) + " can't be sent in a header: use printable ASCII without spaces"
	}
	return ""
}

// visible reports whether s is visible ASCII, or one of the further characters.
func visible(s string, also ...byte) bool {
	for i := range len(s) {
		if (s[i] <= ' ' || s[i] > '~') && (len(also) == 0 || s[i] != also[0]) {
			return false
		}
	}
	return true
}

// name is the operation as errors and logs show it: "GET /products/{iv_id}".
func (op *operation) name() string { return fmt.Sprintf("%s %s", op.method, op.route) }
