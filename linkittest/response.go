package linkittest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/linkit-go/linkit/internal/lenient"
)

// response is the response to one request. It is complete before any of it is written, so that a
// [Fault] can delay, truncate or drop it.
type response struct {
	status int
	header http.Header
	body   []byte
}

func reply(status int, v any) response {
	body, err := json.Marshal(v)
	if err != nil {
		p := problem{status: http.StatusInternalServerError, Error: "Internal Server Error", Details: err.Error()}
		return p.response()
	}
	return response{status: status, body: body}
}

// envelope is the documented form of some write responses.
type envelope struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
	Data    any    `json:"data"`
}

// problem is an error body in the documented form. Code defaults to the status.
type problem struct {
	status  int
	Code    any    `json:"code"`
	Error   string `json:"error"`
	Details any    `json:"details,omitempty"`
}

func (p problem) response() response {
	if p.Code == nil {
		p.Code = p.status
	}
	return reply(p.status, p)
}

func badRequest(format string, args ...any) *problem {
	return &problem{status: http.StatusBadRequest, Error: "Bad Request", Details: fmt.Sprintf(format, args...)}
}

func unauthorized() *problem {
	return &problem{status: http.StatusUnauthorized, Error: "Unauthorized", Details: "Invalid or expired token"}
}

func forbidden(details string) *problem {
	return &problem{status: http.StatusForbidden, Error: "Forbidden", Details: details}
}

func foreign() *problem { return forbidden("Insufficient permissions for this organization") }

func notFound(details string) *problem {
	return &problem{status: http.StatusNotFound, Error: "Not Found", Details: details}
}

func conflict(singular, field, value string) *problem {
	return &problem{
		status: http.StatusConflict, Error: fmt.Sprintf("a %s with this %s exists", singular, field),
		Details: map[string]string{field: value},
	}
}

func invalid(format string, args ...any) *problem {
	details := fmt.Sprintf(format, args...)
	return &problem{status: http.StatusUnprocessableEntity, Error: validationError, Details: details}
}

// validationError is the documented text of a 422.
const validationError = "Validation error"

func suspended() *problem {
	p := forbidden("service suspended")
	p.Code = "BILLING_SERVICE_SUSPENDED"
	return p
}

// pocketBase returns an error in the form of PocketBase, on which Linkit is built.
func pocketBase(status int, message string) response {
	return reply(status, map[string]any{"code": status, "message": message, "data": struct{}{}})
}

// decode reads a body that must be a single JSON object.
func decode(body []byte, v any) *problem {
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	if len(trimmed) == 0 {
		return badRequest("the body is empty")
	}
	if trimmed[0] != '{' {
		return badRequest("the body must be a JSON object")
	}
	if err := json.Unmarshal(body, v); err != nil {
		return unreadable(err)
	}
	return nil
}

// wrongKind describes a field whose value is of another kind than it must be.
func wrongKind(field, kind string) *problem {
	return badRequest("%s must not be %s", field, lenient.Article(kind))
}

// unreadable describes a JSON error by the names of JSON fields rather than of Go types.
func unreadable(err error) *problem {
	var mistyped *json.UnmarshalTypeError
	if errors.As(err, &mistyped) && mistyped.Field != "" {
		return wrongKind(mistyped.Field, mistyped.Value)
	}
	// Which of them it is depends on Go's version.
	ended := strings.HasSuffix(err.Error(), "unexpected end of JSON input")
	if ended || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return badRequest("the body is not valid JSON: it ends too early")
	}
	return badRequest("the body is not valid JSON: %s", strings.TrimPrefix(err.Error(), "json: "))
}
