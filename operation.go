package linkit

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/linkit-go/linkit/internal/retry"
)

// operation is one use of an endpoint. Service methods say what to do; core.send does the rest.
type operation struct {
	method       string
	route        string  // "/products/{iv_id}"
	ids          ids     // fill the route's {names}, in order
	url          url.URL // the path of a Do, below the base; aim makes it whole
	query        url.Values
	body         any                                          // sent through json.Marshal, but for json.RawMessage and []byte; nil: none
	idempotent   bool                                         // a POST whose repetition does no harm
	public       bool                                         // carries neither credential nor organization
	signIn       bool                                         // an automatic one
	unmetered    bool                                         // a sign-in: outside the limits
	once         bool                                         // never sent again
	acceptStatus int                                          // a status that is an answer beside 2xx, when accept takes it
	secret       string                                       // in the body: must not show in an error
	onRetry      func(last *retry.Result, wait time.Duration) // is told of each wait to be sent again; nil: nobody is
	decode       func(*retry.Result) error                    // reads the answer to a success; nil: nothing is expected
}

// ids are those of one path: an array, so that a call needs no memory of its own for them.
type ids [2]string

// record is a model that says who it is: the key its resource is read by, and Linkit's id.
type record interface {
	keys() (key, id string)
}

// result reads the answer, or says why there is none. secret is what must not show in an error.
func (op *operation) result(res *retry.Result, organization, secret string) error {
	if op.acceptStatus != 0 && res.Status == op.acceptStatus && res.Attempts > 0 && op.decode(res) == nil {
		return nil
	}
	err := op.asError(res, organization, secret)
	if err != nil || op.decode == nil || res.Status >= http.StatusMultipleChoices {
		return err
	}
	switch err = op.decode(res); {
	case errors.Is(err, errRefused):
		return op.apiError(res, organization, secret)
	case err != nil:
		return op.decodeError(res, organization, redacted(err, secret))
	}
	return nil
}

// decodeError is the error of a 2xx response that cannot be used. A write was done all the same.
func (op *operation) decodeError(res *retry.Result, organization string, err error) error {
	if op.method != http.MethodGet && op.method != http.MethodHead && !op.unmetered {
		err = fmt.Errorf("the write was accepted (%d), but %w", res.Status, err)
	}
	res.Sent = true
	return op.transportError(res, organization, err)
}
