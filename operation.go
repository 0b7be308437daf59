package linkit

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/linkit-go/linkit/internal/redact"
	"github.com/linkit-go/linkit/internal/retry"
)

// operation is one use of an endpoint. Service methods fill in the first part; core.send fills in
// the rest and does the work.
type operation struct {
	method string
	route  string  // "/products/{iv_id}"
	ids    ids     // the values of the route's {names}, in order
	tenant string  // the organization that is the first of the ids; "": none is
	url    url.URL // its path only for a Do, which has no ids
	query  url.Values
	// encoded by json.Marshal, except ownBody, json.RawMessage and []byte; nil: none
	body         any
	kind         kind                                         // what it carries, and whether the limits are for it
	idempotent   bool                                         // a POST that may be repeated without harm
	once         bool                                         // never retried
	acceptStatus int                                          // a status beside 2xx that decode may accept; 0: none
	secret       string                                       // in the body: must not show in an error
	onRetry      func(last *retry.Result, wait time.Duration) // called before each wait for a retry; may be nil
	rejected     int                                          // records that the response rejects, as decode found
	decode       func(*retry.Result) error                    // reads a successful response; whatever is sent has one

	organization string
	auth         *callAuth // nil: sent without a credential
	request      retry.Request
}

// kind is what sets sign-ins and public endpoints apart.
type kind int

const (
	tenantCall      kind = iota // carries the credential and the organization
	publicCall                  // carries neither
	signIn                      // Auth.Login: public, idempotent, outside the limits, and no write
	automaticSignIn             // likewise, by the client itself: not the caller's call
)

// ids are those of one path: an array, so that a call needs no memory of its own for them.
type ids [2]string

// record is a model with the key that its resource is read by, and Linkit's id.
type record interface {
	keys() (key, id string)
}

// hidden returns the secret that the operation carries, which must not show in its error.
func (op *operation) hidden() string {
	if op.auth == nil {
		return op.secret
	}
	return op.auth.secret(op)
}

// result decodes a successful response, or returns the call's error.
func (op *operation) result(ctx context.Context, res *retry.Result) error {
	if op.kind == automaticSignIn && ctx.Err() == nil {
		res.Stop = nil // a sign-in's own minute is no deadline of the caller's
	}
	encoding := res.Header.Get("Content-Encoding")
	if encoding != "" {
		encoding = unpack(res)
	}
	if op.acceptStatus != 0 && res.Status == op.acceptStatus && res.Attempts > 0 && op.decode(res) == nil {
		return nil
	}
	if res.Status < 200 || res.Status >= 300 || res.Stop != nil {
		return op.asError(res)
	}
	if encoding != "" && len(res.Body) > 0 {
		return op.decodeError(
			res,
			fmt.Errorf("the response is encoded as %s: the transport must decode it", redact.Line(encoding, 40)),
		)
	}
	switch err := op.decode(res); {
	case errors.Is(err, errRefused):
		return op.apiError(res)
	case err != nil:
		return op.decodeError(res, redacted(err, op.hidden()))
	}
	return nil
}

// decodeError is the error of a 2xx response that can't be used. A write has taken effect all the
// same.
func (op *operation) decodeError(res *retry.Result, err error) error {
	if op.method != http.MethodGet && op.method != http.MethodHead && op.kind < signIn {
		err = fmt.Errorf("the write was accepted (%d), but %w", res.Status, err)
	}
	res.Sent = true
	return op.transportError(res, err)
}

// wasDeleted reports whether a DELETE met a 404 after an attempt that may have deleted the record.
func (op *operation) wasDeleted(res *retry.Result) bool {
	return op.method == http.MethodDelete && res.Status == http.StatusNotFound && res.Lost
}

// unpack decodes a gzip body that the transport has left encoded, and returns the encoding that
// remains.
func unpack(res *retry.Result) string {
	encoding := strings.ToLower(strings.TrimSpace(res.Header.Get("Content-Encoding")))
	if encoding == "" || encoding == "identity" || json.Valid(res.Body) {
		return ""
	}
	if encoding != "gzip" && encoding != "x-gzip" {
		return encoding
	}
	limit := int64(maxResponse)
	if res.Status >= http.StatusMultipleChoices {
		limit = maxErrorRead
	}
	reader, err := gzip.NewReader(bytes.NewReader(res.Body))
	if err != nil {
		return encoding
	}
	body, err := readAtMost(reader, limit)
	if err != nil {
		return encoding
	}
	res.Body = body
	return ""
}

// readAtMost reads r to its end, or fails if that is more than limit bytes.
func readAtMost(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1)) //nolint:forbidigo // bounded: the one place
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("more than %d bytes", limit)
	}
	return b, err
}

// contextError is the error of an ended context, with its cause.
func contextError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(err, cause) { // or there is neither
		return err
	}
	return fmt.Errorf("%w: %w", err, cause)
}

// goexited is the error of a call whose transport ended the goroutine: the result is unknown.
func goexited(c *Client, method, route string) error {
	op := &operation{method: method, route: route, organization: c.organization}
	return op.transportError(&retry.Result{Attempts: 1, Sent: true}, errors.New("the transport ended its goroutine"))
}
