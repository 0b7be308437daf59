package linkitotel

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/linkit-go/linkit"
)

// errValues are the Err values by which errors are told apart. Where an error matches several, the first counts.
var errValues = []struct {
	err  error
	name string
}{
	{linkit.ErrInvalid, "ErrInvalid"},
	{linkit.ErrClosed, "ErrClosed"},
	{linkit.ErrCircuitOpen, "ErrCircuitOpen"},
	{linkit.ErrNoSession, "ErrNoSession"},
	{linkit.ErrListChanged, "ErrListChanged"},
	{linkit.ErrLogin, "ErrLogin"},
	{linkit.ErrServiceSuspended, "ErrServiceSuspended"},
	{linkit.ErrUnauthorized, "ErrUnauthorized"},
	{linkit.ErrForbidden, "ErrForbidden"},
	{linkit.ErrNotFound, "ErrNotFound"},
	{linkit.ErrConflict, "ErrConflict"}, // before ErrBadRequest: a 400 may be both
	{linkit.ErrBadRequest, "ErrBadRequest"},
	{linkit.ErrValidation, "ErrValidation"},
	{linkit.ErrRateLimited, "ErrRateLimited"},
	{linkit.ErrServer, "ErrServer"},
	{linkit.ErrRejected, "ErrRejected"},
	{linkit.ErrUncertain, "ErrUncertain"}, // last: many of the others are that too
}

// callErrorType returns the error.type of a call; "" if it succeeded. The error of a bulk request whose
// records were rejected is made after hooks saw the call's end.
func callErrorType(e *linkit.Event) string {
	if e.Err == nil && e.Rejected > 0 {
		return "ErrRejected"
	}
	if e.Err == nil {
		return ""
	}
	if name := errName(e.Err); name != "" {
		return name
	}
	return otherErrorType(e)
}

// attemptErrorType returns the error.type of an attempt; "" if it got a good response.
func attemptErrorType(e *linkit.Event) string {
	switch {
	case e.Err != nil:
		if name := errName(e.Err); name != "" {
			return name
		}
	case e.StatusCode < http.StatusBadRequest:
		return ""
	default:
		if name := errName(&linkit.APIError{StatusCode: e.StatusCode}); name != "" {
			return name
		}
	}
	return otherErrorType(e)
}

func errName(err error) string {
	for _, value := range errValues {
		if errors.Is(err, value.err) {
			return value.name
		}
	}
	return ""
}

// otherErrorType tells apart errors that are none of the Err values.
func otherErrorType(e *linkit.Event) string {
	var (
		timeout     net.Error
		name        *net.DNSError
		certificate *tls.CertificateVerificationError
		connection  *net.OpError
	)
	switch {
	case e.StatusCode >= http.StatusBadRequest:
		return strconv.Itoa(e.StatusCode)
	case errors.Is(e.Err, context.Canceled):
		return "canceled"
	case errors.Is(e.Err, context.DeadlineExceeded), errors.As(e.Err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.As(e.Err, &name):
		return "dns"
	case errors.As(e.Err, &certificate):
		return "certificate"
	case errors.As(e.Err, &connection) && connection.Op == "dial":
		return "connect"
	case e.StatusCode == 0:
		return "connection"
	}
	return semconv.ErrorTypeOther.Value.AsString()
}

// serverAttributes returns the name and the port of a server.
func serverAttributes(server string) []attribute.KeyValue {
	host, port, err := net.SplitHostPort(server)
	if err != nil {
		return nil
	}
	attributes := make([]attribute.KeyValue, 1, 6) // room for what callers add
	attributes[0] = semconv.ServerAddress(host)
	if number, err := strconv.Atoi(port); err == nil {
		attributes = append(attributes, semconv.ServerPort(number))
	}
	return attributes
}
