package linkittest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// answer is what a request is answered with. It is made whole before any of it is sent, so that it can be held back, cut or lost.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func reply(status int, v any) answer {
	body, err := json.Marshal(v)
	if err != nil {
		return problem{status: http.StatusInternalServerError, Error: "Internal Server Error", Details: err.Error()}.answer()
	}
	return answer{status: status, body: body}
}

// envelope is the form of some writes' answers.
type envelope struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
	Data    any    `json:"data"`
}

// problem is a documented error body: code is the status unless it has one of its own.
type problem struct {
	status  int
	Code    any    `json:"code"`
	Error   string `json:"error"`
	Details any    `json:"details,omitempty"`
}

func (p problem) answer() answer {
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

func conflict(one, field, value string) *problem {
	return &problem{status: http.StatusConflict, Error: fmt.Sprintf("a %s with this %s exists", one, field), Details: map[string]string{field: value}}
}

func invalid(format string, args ...any) *problem {
	return &problem{status: http.StatusUnprocessableEntity, Error: "Validation error", Details: fmt.Sprintf(format, args...)}
}

func suspended() *problem {
	return &problem{status: http.StatusForbidden, Code: "BILLING_SERVICE_SUSPENDED", Error: "Forbidden", Details: "service suspended"}
}

// pocketBase is an error that Linkit's foundation answers by itself, in its own form.
func pocketBase(status int, message string) answer {
	return reply(status, map[string]any{"code": status, "message": message, "data": struct{}{}})
}

// decode reads a body that must be one JSON object.
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

// unreadable says what is wrong with JSON in the wire's words: no names of Go's.
func unreadable(err error) *problem {
	var mistyped *json.UnmarshalTypeError
	if errors.As(err, &mistyped) && mistyped.Field != "" {
		return badRequest("%s must not be a %s", mistyped.Field, mistyped.Value)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return badRequest("the body is not valid JSON: it ends too early")
	}
	return badRequest("the body is not valid JSON: %s", strings.TrimPrefix(err.Error(), "json: "))
}
