package linkit

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/linkit-go/linkit/internal/lenient"
)

// envelope is the members of a response's outermost object, which may be {success, message, data}
// or {code, error, details}.
type envelope struct{ lenient.Object }

// readEnvelope reads a response that is to be an object. lists are names whose lists are split into
// their elements.
func readEnvelope(body []byte, lists ...string) (envelope, error) {
	body = trimmed(body)
	if len(body) > 0 && body[0] != '{' {
		return envelope{}, unreadable(body, errNotObject)
	}
	o, err := lenient.ReadObject(body, lists...)
	if err != nil {
		err = unreadable(body, err)
	}
	return envelope{o}, err
}

// object is the value of data where that is an object, and nil otherwise.
func (e envelope) object() []byte {
	if data := e.Get("data"); len(data) > 0 && data[0] == '{' {
		return data
	}
	return nil
}

// failed reports whether the response says that it failed: "success" that is false in any form, or
// the status of an error. A record may have names of these too.
func (e envelope) failed() bool {
	if isFalse(e.Get("success")) || isFalse(e.Get("ok")) && e.Has("error", "message") {
		return true
	}
	if !e.Has("message", "error", "errors", "details", "detail", "title") || e.Has(recordNames...) {
		return false
	}
	for _, name := range []string{"code", "status", "statusCode", "status_code"} {
		if n, ok := lenient.Int(e.Get(name)); ok && n >= http.StatusBadRequest && n < 600 {
			return true
		}
	}
	status, _ := lenient.Text(e.Get("status"))
	return slices.Contains([]string{"error", "fail", "failed", "failure"}, strings.ToLower(status)) &&
		!e.Has("id", "version")
}

// recordNames are names that a record has, and an error or a wrapper doesn't.
var recordNames = []string{
	"iv_id", "brand_code", "category_code", "generic_code", "slug", "order_id", "organization_id", "created", "updated",
}

func isFalse(value []byte) bool {
	b, ok := lenient.Bool(value)
	return ok && !b
}

// reportsError reports whether one of the names has an error and there is no data.
func (e envelope) reportsError(names ...string) bool {
	if data := e.Member("data"); data != nil && (len(data.Elements) > 0 || !isBlank(data.Value)) {
		return false
	}
	for _, name := range names {
		if !isBlank(e.Get(name)) {
			return true
		}
	}
	return false
}

// isBlank reports whether a JSON value says nothing.
func isBlank(value []byte) bool {
	switch string(bytes.Join(bytes.Fields(value), nil)) {
	case "", "null", `""`, "{}", "[]":
		return true
	}
	return isFalse(value)
}

// checkResponse finds a 2xx that reports a failure. A body that isn't an object reports none.
func checkResponse(body []byte) error { return refusal(body, "error", "errors") }

// checkSuccess is checkResponse for a bulk request, whose "errors" may be those of single records.
func checkSuccess(body []byte) error { return refusal(body, "error") }

func refusal(body []byte, names ...string) error {
	if !hasName(body, `"success"`, `"error`, `"message"`, `"detail`, `"title"`) {
		return nil
	}
	e, err := readEnvelope(body)
	if err == nil && (e.failed() || e.reportsError(names...)) {
		return errRefused
	}
	return nil
}

// hasName reports whether body has one of these texts, which names may begin with.
func hasName(body []byte, names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return bytes.Contains(body, []byte(name)) })
}

// readNamedList returns the elements of the list that an object has under name, bare or as
// {success, message, data}.
func readNamedList(body []byte, name string) ([][]byte, error) {
	e, err := readEnvelope(body, name)
	if err != nil {
		return nil, err
	}
	if e.failed() {
		return nil, errRefused
	}
	if !e.Has(name) && e.object() != nil {
		return readNamedList(e.object(), name)
	}
	switch m := e.Member(name); {
	case m != nil && len(m.Elements) > 0:
		return m.Elements, nil
	case e.reportsError("error", "errors"):
		return nil, errRefused
	case m != nil && (m.Elements != nil || string(m.Value) == "null"):
		return m.Elements, nil
	case m != nil:
		return nil, fmt.Errorf("the response is not the promised list: its %s is not a list", name)
	}
	return nil, fmt.Errorf("the response is not the promised list: it has no %s", name)
}
