package linkit

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/linkit-go/linkit/internal/retry"
)

// call is one use of an endpoint. Service methods say what; Client.send does the rest.
type call struct {
	method   string
	route    string  // "/products/{iv_id}"
	ids      ids     // fill the route's {names}, in order
	url      url.URL // the path of a Do, below the base; aim makes it whole
	query    url.Values
	body     any                                          // sent through json.Marshal, but for json.RawMessage and []byte; nil: none
	harmless bool                                         // a POST whose repetition does no harm
	public   bool                                         // carries neither credential nor organization
	signIn   bool                                         // an automatic one
	free     bool                                         // a sign-in: outside the limits
	once     bool                                         // never sent again
	also     int                                          // a status that is an answer beside 2xx, when accept takes it
	secret   string                                       // in the body: must not show in an error
	waits    func(last *retry.Result, wait time.Duration) // is told of each wait to be sent again; nil: nobody is
	accept   func(*retry.Result) error                    // reads the answer to a success; nil: nothing is expected
}

// ids are those of one path: an array, so that a call needs no memory of its own for them.
type ids [2]string

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
	cl.accept = func(res *retry.Result) error {
		if bytes.HasPrefix(bytes.TrimSpace(res.Body), []byte("<")) {
			return decode(res.Body, new(any)) // a proxy's page: the server has done nothing
		}
		return refused(res.Body)
	}
	return c.send(ctx, cl)
}

// checkOut refuses what no answer could be read into, before anything is sent.
func checkOut(where string, out any) error {
	if v := reflect.ValueOf(out); out != nil && (v.Kind() != reflect.Pointer || v.IsNil()) {
		return invalid("%s: out is %T, and must be a pointer that isn't nil", where, out)
	}
	return nil
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
		body := bytes.Clone(res.Body) // check may keep it
		forms := [][]byte{body, unwrapped(body)}
		if bytes.Contains(body, []byte(`"success"`)) {
			slices.Reverse(forms) // an envelope has a message, and so has a ping
		}
		var err error
		for _, form := range forms {
			*v = *new(T)
			if err = decode(form, v); err == nil && check(v, form) {
				return nil
			}
		}
		return cmp.Or(err, errNoRecord)
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
	var mistyped *json.UnmarshalTypeError
	if errors.As(err, &mistyped) {
		err = &mistypedError{mistyped}
	}
	return fmt.Errorf("the answer is not the promised JSON: %w", err)
}

// mistypedError is a json.UnmarshalTypeError in the words of the wire: no names of Go's.
type mistypedError struct{ *json.UnmarshalTypeError }

func (e *mistypedError) Error() string {
	if e.Field == "" {
		return "it must not be " + article(e.Value)
	}
	return fmt.Sprintf("%s must not be %s", e.Field[strings.LastIndex(e.Field, ".")+1:], article(e.Value))
}

func (e *mistypedError) Unwrap() error { return e.UnmarshalTypeError }

func article(noun string) string {
	if strings.HasPrefix(noun, "a") || strings.HasPrefix(noun, "o") {
		return "an " + noun
	}
	return "a " + noun
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
