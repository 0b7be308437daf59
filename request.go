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

	"github.com/linkit-go/linkit/internal/lenient"
	"github.com/linkit-go/linkit/internal/retry"
)

// newRequest makes the request of a call, or returns what is wrong with it.
func (c *core) newRequest(ctx context.Context, op *operation) (_ *retry.Request, err error) {
	more, _ := ctx.Value(headerKey{}).(*contextHeader)
	if more != nil && more.err != nil && op.route != loginRoute {
		return nil, more.err
	}
	if op.url.Path == "" {
		if err = op.expandPath(c.base); err != nil {
			return nil, err
		}
	}
	op.url.Scheme, op.url.Host = c.base.Scheme, c.base.Host
	if len(op.query) > 0 {
		if op.url.RawQuery, err = op.encodeQuery(); err != nil {
			return nil, err
		}
	}
	op.request = retry.Request{
		Method: op.method, URL: &op.url, Once: op.once, Unmetered: op.kind >= signIn, Retry: op.onRetry,
		Idempotent: op.idempotent || op.kind >= signIn || op.method != http.MethodPost && op.method != http.MethodPatch,
	}
	if op.body != nil {
		if op.request.Body, err = op.encodeBody(); err != nil {
			return nil, err
		}
	}
	op.request.Header = func() http.Header { return c.newHeader(op) }
	if op.kind == tenantCall {
		op.auth = &callAuth{credential: c.credential}
		op.request.Credential = op.auth
	}
	if more != nil {
		op.request.Attempt = func(ctx context.Context, _ int, _ time.Duration, header http.Header) (
			context.Context, func(*retry.Result), error,
		) {
			return ctx, func(*retry.Result) {}, op.addContextHeader(ctx, header)
		}
	}
	return &op.request, nil
}

// ownBody is a body made and checked by this package: nobody else has it.
type ownBody []byte

// encodeBody returns the body as it is sent. The caller's bytes are copied: a transport may go on
// reading them after an early response.
func (op *operation) encodeBody() ([]byte, error) {
	switch body := op.body.(type) {
	case nil:
		return nil, nil
	case ownBody:
		return body, nil
	case json.RawMessage:
		return bytes.Clone(body), op.checkText(body)
	case []byte:
		return bytes.Clone(body), op.checkText(body)
	}
	encoded, err := encodeBody(op.body)
	if err != nil {
		return nil, invalid("%s: %s", op.name(), reason(err))
	}
	return encoded, nil
}

// checkText refuses a body that is sent as it is and isn't UTF-8.
func (op *operation) checkText(body []byte) error {
	if utf8.Valid(body) {
		return nil
	}
	if field := new(lenient.FieldError); errors.As(lenient.Check(body), &field) && field.Name != "" {
		return invalid("%s: the body's %s", op.name(), field)
	}
	return invalid("%s: the body is not valid UTF-8", op.name())
}

// newHeader makes the header of one attempt. It shares nothing: transports are known to write to
// what they are given.
func (c *core) newHeader(op *operation) http.Header {
	h := make(http.Header, 6+len(c.header))
	for key, values := range c.header {
		h[key] = slices.Clone(values)
	}
	h["Accept"] = []string{"application/json"}
	h["User-Agent"] = []string{c.agent}
	if op.organization != "" {
		h["X-Organization-Id"] = []string{op.organization}
	}
	if len(op.request.Body) > 0 {
		h["Content-Type"] = []string{"application/json"}
	}
	return h
}

// encodeQuery encodes the query, which may hold the caller's own text.
func (op *operation) encodeQuery() (string, error) {
	for name, values := range op.query {
		for _, value := range values {
			if !utf8.ValidString(name) || !utf8.ValidString(value) {
				return "", invalid("%s: the query parameter %s is not valid UTF-8", op.name(), excerpt(name))
			}
		}
	}
	return op.query.Encode(), nil
}

// joinPath puts the base's path before that of a Do.
func (op *operation) joinPath(base *url.URL) {
	u := &op.url
	if base.RawPath != "" || u.RawPath != "" {
		u.RawPath = base.EscapedPath() + u.EscapedPath()
	}
	u.Path = base.Path + u.Path
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
		if id == "" || id == "." || id == ".." || !utf8.ValidString(id) {
			return op.idError(name, id)
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

func (op *operation) idError(name, id string) error {
	switch id {
	case "":
		return invalid("%s: %s is empty: pass the one that names the record", op.name(), name)
	case ".", "..":
		return invalid("%s: %s is %q, which would change the path", op.name(), name, id)
	}
	return invalid("%s: %s is not valid UTF-8", op.name(), name)
}

// refusedHeaders are the headers that callers can't set; a name that ends in "-" refuses all that
// begin with it.
var refusedHeaders = []string{
	"Authorization",
	"Host",
	"X-Organization-Id",
	"Cookie",
	"User-Agent",
	"Expect",
	"Range",
	"Content-",
	"Accept",
	"Accept-",
	"Idempotency-Key",
	"X-Idempotency-Key", // net/http resends a POST that has one
	"Proxy-",
	"Connection",
	"Keep-Alive",
	"Te",
	"Trailer",
	"Transfer-Encoding",
	"Upgrade",
	"Http2-Settings",
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
	if outer, _ := ctx.Value(headerKey{}).(*contextHeader); outer != nil {
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
type attemptFunc = func(ctx context.Context, n int, waited time.Duration, header http.Header) (
	context.Context, func(*retry.Result), error,
)

// addContextHeader adds the headers of ctx to an attempt's. A sign-in belongs to all calls, and
// carries those of none.
func (op *operation) addContextHeader(ctx context.Context, header http.Header) error {
	more, _ := ctx.Value(headerKey{}).(*contextHeader)
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

// publicRoute reports whether requests to the route carry neither credential nor organization.
func publicRoute(route string) bool {
	return route == "/ping" || route == "/health" || route == loginRoute
}
