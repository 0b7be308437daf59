package linkit

import (
	"fmt"

	"github.com/linkit-go/linkit/internal/redact"
)

// invalidError is a bad argument.
type invalidError string

func (e invalidError) Error() string        { return "linkit: " + string(e) }
func (e invalidError) Is(target error) bool { return target == ErrInvalid }

// invalid returns an [ErrInvalid] that names the argument, what is wrong with it, and what would be
// right. It must never show a secret.
func invalid(format string, args ...any) error {
	return invalidError(redact.Line(fmt.Sprintf(format, args...), maxInvalidText))
}

// closedError is a call on a closed client.
type closedError string

func (e closedError) Error() string {
	return "linkit: " + redact.Line(string(e), maxErrorText) + ": the client is closed: call Close last"
}
func (e closedError) Is(target error) bool { return target == ErrClosed }

// uncertainError is an error of another type for a write that may have taken effect.
type uncertainError struct{ error }

func (e uncertainError) Is(target error) bool { return target == ErrUncertain }
func (e uncertainError) Unwrap() error        { return e.error }

func nilContext(what string) error {
	return invalid("%s: the context is nil: pass context.Background(), or one with a deadline", what)
}
