package linkitotel

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/linkit-go/linkit"
)

func TestErrorTypes(t *testing.T) {
	t.Parallel()
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for want, event := range map[string]linkit.Event{
		"":                    {StatusCode: http.StatusOK},
		"ErrBadRequest":       {StatusCode: http.StatusBadRequest},
		"ErrUnauthorized":     {StatusCode: http.StatusUnauthorized},
		"ErrForbidden":        {StatusCode: http.StatusForbidden},
		"ErrNotFound":         {StatusCode: http.StatusNotFound},
		"ErrConflict":         {StatusCode: http.StatusConflict},
		"ErrValidation":       {StatusCode: http.StatusUnprocessableEntity},
		"ErrRateLimited":      {StatusCode: http.StatusTooManyRequests},
		"ErrServer":           {StatusCode: 599},
		"418":                 {StatusCode: http.StatusTeapot},
		"413":                 {StatusCode: http.StatusRequestEntityTooLarge, Err: &linkit.APIError{StatusCode: 413}},
		"ErrInvalid":          {Err: fmt.Errorf("header: %w", linkit.ErrInvalid)},
		"ErrClosed":           {Err: linkit.ErrClosed},
		"ErrCircuitOpen":      {Err: linkit.ErrCircuitOpen},
		"ErrLogin":            {Err: fmt.Errorf("%w: %w", linkit.ErrLogin, linkit.ErrUnauthorized)},
		"ErrServiceSuspended": {StatusCode: 403, Err: &linkit.APIError{StatusCode: 403, Code: "BILLING_SERVICE_SUSPENDED"}},
		"canceled":            {Err: &linkit.TransportError{Method: "GET", Err: context.Canceled}},
		"timeout":             {Err: dial(os.ErrDeadlineExceeded)},
		"dns":                 {Err: dial(&net.DNSError{Err: "no such host", Name: "linkit.test"})},
		"certificate":         {Err: &tls.CertificateVerificationError{Err: errors.New("unknown authority")}},
		"connect":             {Err: dial(syscall.ECONNREFUSED)},
		"connection":          {Err: io.ErrUnexpectedEOF},
		"_OTHER":              {StatusCode: http.StatusOK, Err: errors.New("no usable JSON")},
	} {
		assert.Equal(t, want, attemptErrorType(&event))
	}
	uncertain := &linkit.TransportError{Method: "POST", Sent: true, Err: context.DeadlineExceeded}
	assert.Equal(t, "ErrUncertain", callErrorType(&linkit.Event{Err: uncertain}))
	assert.Equal(t, "timeout", callErrorType(&linkit.Event{Err: fmt.Errorf("%w", context.DeadlineExceeded)}))
	assert.Empty(t, callErrorType(&linkit.Event{StatusCode: http.StatusNotFound}), "a call may accept a status")
}

func TestServersAreSplitIntoNameAndPort(t *testing.T) {
	t.Parallel()
	for server, want := range map[string]string{
		"linkit.works:443": "[{server.address linkit.works} {server.port 443}]",
		"[::1]:8080":       "[{server.address ::1} {server.port 8080}]",
		"":                 "[]",
		"linkit.works":     "[]",
		"linkit.works:web": "[{server.address linkit.works}]",
	} {
		text := "["
		for i, each := range serverAttributes(server) {
			if i > 0 {
				text += " "
			}
			text += fmt.Sprintf("{%s %s}", each.Key, each.Value.String())
		}
		assert.Equal(t, want, text+"]")
	}
}
