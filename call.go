package linkit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/linkit-go/linkit/internal/retry"
)

// call is one use of an endpoint. Service methods say what; Client.send does the rest.
type call struct {
	method   string
	route    string   // "/products/{iv_id}"
	ids      []string // fill the route's {names}, in order
	path     url.URL  // instead of both: Do's own path
	query    url.Values
	body     any                       // sent through json.Marshal, but for json.RawMessage and []byte; nil: none
	harmless bool                      // a POST whose repetition does no harm
	public   bool                      // carries neither credential nor organization
	signIn   bool                      // an automatic one
	free     bool                      // a sign-in: outside the limits
	once     bool                      // never sent again
	also     int                       // a status that is an answer beside 2xx, when accept takes it
	secret   string                    // in the body: must not show in an error
	accept   func(*retry.Result) error // reads the answer to a success; nil: nothing is expected
}

// record is a model that says who it is: the key its resource is read by, and Linkit's id.
type record interface {
	keys() (own, id string)
}

// do makes a call that is answered with one record, bare or as {success, message, data}.
func do[T record](ctx context.Context, c *Client, cl *call) (*T, error) {
	var v *T
	cl.accept = func(res *retry.Result) (err error) {
		v, err = readRecord[T](res.Body)
		return err
	}
	if err := c.send(ctx, cl); err != nil {
		return nil, err
	}
	return v, nil
}

// run makes a call that need not be answered with anything.
func run(ctx context.Context, c *Client, cl *call) error {
	cl.accept = into(nil)
	return c.send(ctx, cl)
}

// into reads an answer into whatever the caller gave for it: nil ignores it, a *json.RawMessage takes it as it is.
func into(out any) func(*retry.Result) error {
	return func(res *retry.Result) error {
		if err := refused(res.Body); err != nil {
			return err
		}
		switch out := out.(type) {
		case nil:
			return nil
		case *json.RawMessage:
			*out = append(json.RawMessage(nil), res.Body...) // nil where there is nothing
			return nil
		}
		return decode(res.Body, out)
	}
}

// object makes a call that is answered with one JSON object without a key of its own. check keeps what it needs of the body
// and reports whether v is the promised object.
func object[T any](ctx context.Context, c *Client, cl *call, check func(v *T, body json.RawMessage) bool) (*T, error) {
	v := new(T)
	cl.accept = func(res *retry.Result) error {
		if err := refused(res.Body); err != nil {
			return err
		}
		body := bytes.Clone(unwrapped(res.Body)) // check may keep it
		if err := decode(body, v); err != nil {
			return err
		}
		if !check(v, body) {
			return errNoRecord
		}
		return nil
	}
	if err := c.send(ctx, cl); err != nil {
		return nil, err
	}
	return v, nil
}

var (
	errNoRecord = errors.New("the answer is not the promised object: it lacks what identifies one")
	errRefused  = errors.New(`the answer says "success": false`)
)

// readRecord decodes a bare record at once; only an answer that isn't one is looked at for an envelope.
func readRecord[T record](body []byte) (*T, error) {
	if err := refused(body); err != nil {
		return nil, err
	}
	v := new(T)
	err := decode(body, v)
	if err == nil && identified(*v) {
		return v, nil
	}
	if inner := unwrapped(body); len(inner) != len(body) {
		v = new(T)
		err = decode(inner, v)
	}
	if err == nil && !identified(*v) {
		err = errNoRecord
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

func identified[T record](v T) bool {
	own, id := v.keys()
	return own != "" || id != ""
}

// unwrapped returns the data of a {success, message, data} envelope, and any other body as it is.
func unwrapped(body []byte) []byte {
	var envelope struct {
		Data json.RawMessage `json:"data"`
	}
	if json.Unmarshal(body, &envelope) == nil && len(envelope.Data) > 0 && envelope.Data[0] == '{' {
		return envelope.Data
	}
	return body
}

// refused finds a 2xx that says no.
func refused(body []byte) error {
	if !bytes.Contains(body, []byte(`"success"`)) {
		return nil
	}
	var answer struct {
		Success *bool `json:"success"`
	}
	if json.Unmarshal(body, &answer) == nil && answer.Success != nil && !*answer.Success {
		return errRefused
	}
	return nil
}

// decode reads one JSON value and says what else there is instead.
func decode(body []byte, v any) error {
	err := json.Unmarshal(body, v)
	if err == nil {
		return nil
	}
	switch trimmed := bytes.TrimSpace(body); {
	case len(trimmed) == 0:
		return errors.New("the answer is empty")
	case trimmed[0] == '<':
		return errors.New("an HTML page came instead of JSON: from a proxy, or is the base URL wrong?")
	}
	return fmt.Errorf("the answer is not the promised JSON: %w", err)
}

// conclude reads the answer, or says why there is none. secret is what must not show in an error.
func (cl *call) conclude(res *retry.Result, organization, secret string) error {
	if cl.also != 0 && res.Status == cl.also && res.Attempts > 0 && cl.accept(res) == nil {
		return nil
	}
	err := cl.failure(res, organization, secret)
	if err != nil || cl.accept == nil || res.Status >= http.StatusMultipleChoices {
		return err
	}
	switch err = cl.accept(res); {
	case errors.Is(err, errRefused):
		return cl.apiError(res, organization, secret)
	case err != nil:
		return cl.unusable(res, organization, redacted(err, secret))
	}
	return nil
}

// unusable is a 2xx that can't be made use of. A write was done all the same.
func (cl *call) unusable(res *retry.Result, organization string, err error) error {
	if cl.method != http.MethodGet && cl.method != http.MethodHead && !cl.free {
		err = fmt.Errorf("the write was accepted (%d), but %w", res.Status, err)
	}
	res.Sent = true
	return cl.transportError(res, organization, err)
}

// fill makes the path of the route and ids. An id may hold anything: it stays one segment.
func (cl *call) fill() error {
	if len(cl.ids) == 0 {
		cl.path = url.URL{Path: cl.route}
		return nil
	}
	var plain strings.Builder
	escaped := ""
	ids := cl.ids
	for rest := cl.route; rest != ""; {
		before, after, found := strings.Cut(rest, "{")
		plain.WriteString(before)
		if escaped != "" {
			escaped += before
		}
		if !found {
			break
		}
		name, after, _ := strings.Cut(after, "}")
		id := ids[0]
		ids, rest = ids[1:], after
		switch id {
		case "":
			return invalid("%s %s: %s is empty", cl.method, cl.route, name)
		case ".", "..":
			return invalid("%s %s: %s is %q, which would change the path", cl.method, cl.route, name, id)
		}
		segment := url.PathEscape(id)
		if escaped == "" && segment != id {
			escaped = plain.String()
		}
		if escaped != "" {
			escaped += segment
		}
		plain.WriteString(id)
	}
	cl.path = url.URL{Path: plain.String(), RawPath: escaped}
	return nil
}

// cleanPath reads an escaped path, or says why it won't do.
func cleanPath(escaped string) (u url.URL, problem string) {
	if !strings.HasPrefix(escaped, "/") {
		return u, `must begin with "/"`
	}
	if strings.ContainsAny(escaped, "?#") {
		return u, "has a query or a fragment; a query is an argument of its own"
	}
	for segment := range strings.SplitSeq(escaped[1:], "/") {
		switch plain, err := url.PathUnescape(segment); {
		case err != nil:
			return u, "is not escaped correctly"
		case plain == "":
			return u, "has an empty segment"
		case plain == "." || plain == "..":
			return u, `has a segment "." or ".."`
		}
	}
	u.RawPath = escaped
	u.Path, _ = url.PathUnescape(escaped) // each segment could be
	if u.EscapedPath() != escaped {
		return u, "has a character that must be escaped: use url.PathEscape for each segment"
	}
	return u, ""
}

// maskedRoute keeps what may be an id out of errors and logs: endpoints are named in lower-case words.
func maskedRoute(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if strings.Trim(segment, "abcdefghijklmnopqrstuvwxyz-_") != "" {
			segments[i] = "{id}"
		}
	}
	return strings.Join(segments, "/")
}
