package linkit

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/linkit-go/linkit/internal/redact"
	"github.com/linkit-go/linkit/internal/retry"
)

// How a failed call becomes its error.

// asError returns the error of a result that is no 2xx; nil for a DELETE that has succeeded all the
// same.
func (op *operation) asError(res *retry.Result) error {
	if op.wasDeleted(res) && res.Stop == nil {
		return nil
	}
	secret := op.hidden()
	stop := redact.Error(res.Stop, secret)
	if errors.Is(stop, retry.ErrOpen) {
		stop = ErrCircuitOpen
	}
	if limiter := new(retry.LimiterError); errors.As(res.Stop, &limiter) {
		return op.transportError(res, stop) // this attempt wasn't sent, whatever the earlier ones met
	}
	var err error
	switch {
	case res.Status != 0:
		err = op.apiError(res)
	case res.Err != nil:
		err = op.transportError(res, redact.Error(res.Err, secret))
	case !res.Denied:
		return op.transportError(res, stop)
	case uncertain(res.Sent, op.method, op.route):
		return uncertainError{stop}
	default:
		return stop
	}
	switch {
	case stop == nil:
		return err
	case res.Attempts == 0:
		return fmt.Errorf("%w (not sent: %w)", err, stop)
	}
	return fmt.Errorf("%w (not retried: %w)", err, stop)
}

func (op *operation) transportError(res *retry.Result, err error) error {
	return &TransportError{
		Method: op.method, Route: op.route, OrganizationID: op.organization,
		Attempts: res.Attempts, Sent: res.Sent, Err: err,
	}
}

// apiError reads an error response. Nothing in its body can hide the status.
func (op *operation) apiError(res *retry.Result) error {
	secret := op.hidden()
	text := redact.Body(bytes.Clone(res.Body[:min(len(res.Body), maxErrorRead)]), secret)
	e := &APIError{
		StatusCode: res.Status, Method: op.method, Route: op.route, OrganizationID: op.organization,
		RequestID: redact.Text(res.Header.Get("X-Request-Id"), secret), RetryAfter: res.RetryAfter,
		Attempts: res.Attempts, Sent: res.Sent,
		Body: bytes.Clone(text[:min(len(text), maxErrorBody)]),
	}
	e.read(text)
	if to := redirectTarget(res, op.request.URL); to != "" && e.Details == "" {
		e.Details = redact.Text("it redirects to "+to, secret)
	}
	encoding := res.Header.Get("Content-Encoding")
	if e.Details == "" && encoding != "" && len(text) > 0 && unpack(res) != "" {
		e.Details = "its body is encoded as " + redact.Line(redact.Text(encoding, secret), 40)
	}
	switch res.Status {
	case http.StatusUnauthorized:
		return &UnauthorizedError{e}
	case http.StatusForbidden:
		return &ForbiddenError{e}
	}
	return e
}

// redirectTarget returns scheme and host of a redirect's Location: its path and query may hold a
// secret.
func redirectTarget(res *retry.Result, from *url.URL) string {
	if res.Status < http.StatusMultipleChoices || res.Status >= http.StatusBadRequest {
		return ""
	}
	to, err := url.Parse(res.Header.Get("Location"))
	if err != nil || res.Header.Get("Location") == "" {
		return ""
	}
	if from != nil {
		to = from.ResolveReference(to)
	}
	if to.Host == "" || to.Scheme != "https" && to.Scheme != "http" {
		return ""
	}
	return to.Scheme + "://" + to.Host
}

// read takes what it can from an error body, of whatever form: Linkit's {code, error, details},
// PocketBase's {status, message, data: {field: {code, message}}}, a list of errors, or a problem of
// RFC 9457.
func (e *APIError) read(text []byte) {
	var body map[string]json.RawMessage
	if json.Unmarshal(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), &body) != nil {
		return
	}
	e.Code, _ = scalar(body["code"])
	e.Message = firstText(body, "error", "message", "title", "msg")
	var inner map[string]json.RawMessage
	if json.Unmarshal(body["error"], &inner) == nil {
		if e.Message == "" {
			e.Message = firstText(inner, "message", "error", "title")
		}
		if e.Code == "" {
			e.Code, _ = scalar(inner["code"])
		}
	}
	e.setDetails(body["details"])
	if e.Details == "" && e.Fields == nil {
		e.Details = firstText(body, "detail", "error_description")
	}
	for _, errs := range []json.RawMessage{
		body["errors"], body["detail"], inner["errors"], inner["details"], inner["fields"],
		body["fields"], body["field_errors"],
		body["violations"], body["invalid-params"], body["invalid_params"],
	} {
		e.addFields("", errs, 0)
	}
	for _, list := range []json.RawMessage{body["message"], body["error"]} { // instead of a text
		if bytes.HasPrefix(list, []byte("[")) && firstText(body, "message") == "" {
			e.addFields("", list, 0)
		}
	}
	for _, data := range []json.RawMessage{body["data"], inner["data"]} { // which may hold something else, too
		e.addFields("", data, 1)
	}
}

func (e *APIError) setDetails(raw json.RawMessage) {
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil {
		e.Details = looseText(raw)
		var list []map[string]json.RawMessage
		if json.Unmarshal(raw, &list) == nil && len(list) > 0 {
			e.addFields("", raw, 0)
		}
		return
	}
	for name, value := range object {
		reason, ok := reasonOf(value)
		if !ok {
			reason = looseText(value)
		}
		e.setField(name, reason)
	}
}

func (e *APIError) setField(name, reason string) {
	if e.Fields == nil {
		e.Fields = map[string]string{}
	}
	if _, known := e.Fields[name]; !known && len(e.Fields) < maxErrorFields {
		e.Fields[name] = reason
	}
}

const (
	maxErrorFields = 1000
	maxErrorDepth  = 4
)

// addFields adds the fields that raw says are wrong: an object by field, or a list of errors. At
// depth 0 a plain text is the reason of its field; deeper it is anything.
func (e *APIError) addFields(path string, raw json.RawMessage, depth int) {
	if depth > maxErrorDepth {
		return
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		for i, item := range list {
			e.addListed(fmt.Sprintf("%s[%d]", cmp.Or(path, "errors"), i), item, depth)
		}
		return
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil {
		return
	}
	for name, value := range object {
		name = strings.TrimPrefix(path+"."+name, ".")
		if reason, ok := reasonOf(value); ok {
			e.setField(name, reason)
		} else if texts := textsOf(value); len(texts) > 0 {
			e.setField(name, strings.Join(texts, "; "))
		} else if text, ok := scalar(value); !ok {
			e.addFields(name, value, depth+1)
		} else if depth == 0 && text != "" {
			e.setField(name, text)
		}
	}
}

// addListed adds one member of a list of errors, at place where it names no field.
func (e *APIError) addListed(place string, item json.RawMessage, depth int) {
	if text, ok := scalar(item); ok {
		e.setField(place, text)
		return
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(item, &object) != nil {
		return
	}
	name := fieldOf(object)
	reason, ok := reasonOf(item)
	switch {
	case ok && name != "":
		e.setField(name, reason)
	case ok:
		e.setField(place, reason)
	default:
		e.addFields("", item, depth+1)
	}
}

// fieldOf returns the name of the field that a member of a list of errors is about.
func fieldOf(object map[string]json.RawMessage) string {
	name := firstText(object, "field", "name", "path", "propertyPath", "property",
		"param", "parameter", "pointer", "attribute", "key")
	if name != "" {
		return name
	}
	for _, place := range []string{"loc", "path"} {
		if name := lastOf(object[place]); name != "" {
			return name
		}
	}
	var source map[string]json.RawMessage
	if json.Unmarshal(object["source"], &source) != nil {
		return ""
	}
	pointer := firstText(source, "pointer", "parameter")
	return pointer[strings.LastIndexByte(pointer, '/')+1:]
}

// reasonOf returns the text of an object that describes one error.
func reasonOf(raw json.RawMessage) (string, bool) {
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil {
		return "", false
	}
	reason := firstText(object, "message", "msg", "error", "detail", "details", "reason", "description", "title", "code")
	return reason, reason != ""
}

// textsOf returns the members of a list of texts.
func textsOf(raw json.RawMessage) (texts []string) {
	if json.Unmarshal(raw, &texts) != nil {
		return nil
	}
	return texts
}

// lastOf returns the last text of a list, as in ["body", "iv_id"].
func lastOf(raw json.RawMessage) string {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil || len(list) == 0 {
		return ""
	}
	text, _ := scalar(list[len(list)-1])
	return text
}

func firstText(object map[string]json.RawMessage, names ...string) string {
	for _, name := range names {
		if text, ok := scalar(object[name]); ok && text != "" {
			return text
		}
	}
	return ""
}

// The short forms of package redact.
const redaction = redact.Mark

func redacted(err error, secret string) error      { return redact.Error(err, secret) }
func masked(text, secret string) string            { return redact.Text(text, secret) }
func maskedBody(body []byte, secret string) []byte { return redact.Body(body, secret) }
func oneLine(s string, most int) string            { return redact.Line(s, most) }
