package linkit

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/linkit-go/linkit/internal/lenient"
)

var errNotObject = errors.New("it is not an object")

// unreadable says what there is instead of the promised JSON.
func unreadable(body []byte, err error) error {
	switch body = trimmed(body); {
	case len(body) == 0:
		return errors.New("the response is empty")
	case body[0] == '<':
		return errors.New("an HTML page came instead of JSON: from a proxy, or is the base URL wrong?")
	}
	return fmt.Errorf("the response is not the promised JSON: %w", cmp.Or(err, errNotObject))
}

// mistypedError is a json.UnmarshalTypeError in the words of the wire: no names of Go's.
type mistypedError struct{ *json.UnmarshalTypeError }

func (e *mistypedError) Error() string {
	if e.Field == "" {
		return "it must not be " + lenient.Article(e.Value)
	}
	return fmt.Sprintf("%s must not be %s", e.Field[strings.LastIndex(e.Field, ".")+1:], lenient.Article(e.Value))
}

func (e *mistypedError) Unwrap() error { return e.UnmarshalTypeError }
