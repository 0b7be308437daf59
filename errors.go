package linkit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/linkit-go/linkit/internal/retry"
)

// What went wrong, for errors.Is. The error itself says more: see APIError and TransportError.
var (
	ErrInvalid          = errors.New("linkit: invalid argument")  // found before the network: nothing was sent
	ErrBadRequest       = errors.New("linkit: bad request")       // 400
	ErrUnauthorized     = errors.New("linkit: unauthorized")      // 401, and every ErrLogin
	ErrForbidden        = errors.New("linkit: forbidden")         // 403
	ErrServiceSuspended = errors.New("linkit: service suspended") // 403 BILLING_SERVICE_SUSPENDED: the organization is past due
	ErrNotFound         = errors.New("linkit: not found")         // 404
	ErrConflict         = errors.New("linkit: conflict")          // 409: a key or name is taken
	ErrValidation       = errors.New("linkit: validation failed") // 422
	ErrRateLimited      = errors.New("linkit: rate limited")      // 429
	ErrServer           = errors.New("linkit: server error")      // 5xx
	ErrLogin            = errors.New("linkit: sign-in refused")   // an automatic sign-in that the server refused, whatever its status
	ErrNoSession        = errors.New("linkit: no session")        // the credential is a key or a fixed token: there is nothing to sign in to
	ErrCircuitOpen      = errors.New("linkit: circuit open")      // WithCircuitBreaker holds calls back
	ErrClosed           = errors.New("linkit: the client is closed")
	ErrListChanged      = errors.New("linkit: the list changed") // All, at its end: records may have been missed because the list changed meanwhile
)

const (
	maxErrorBody = 64 << 10 // APIError.Body
	// What is read of an answer that says no: more than Body keeps, so that a long "details" hides nothing beside it.
	maxErrorAnswer = 1 << 20
	maxErrorText   = 300 // one text of the server's in Error()
	maxInvalidText = 1000
	suspended      = "BILLING_SERVICE_SUSPENDED"
)

// APIError is an answer that says no: any status that isn't 2xx, or a 2xx with "success": false. A 401 comes as
// *UnauthorizedError and a 403 as *ForbiddenError, both of which unwrap to it.
type APIError struct {
	StatusCode     int               // HTTP status
	Code           string            // the body's "code" as text: "401", "BILLING_SERVICE_SUSPENDED"
	Message        string            // the body's "error"
	Details        string            // the body's "details" when it is text
	Fields         map[string]string // the body's "details" when it is an object
	Method, Route  string            // GET, /products/{iv_id}: the template, so no id reaches a log
	OrganizationID string            // the organization asked for, if any
	RequestID      string            // the answer's X-Request-Id, if any
	RetryAfter     time.Duration     // what the answer's Retry-After asks; 0 when it has none
	Attempts       int               // requests sent for this call, sign-ins not counted; 0: held back by another call's answer
	Body           []byte            // the first 64 KiB, credentials masked
}

// Error is one bounded line: the call, the status, and what the server said of it.
func (e *APIError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "linkit: %s %s: %d", e.Method, oneLine(e.Route, maxErrorText), e.StatusCode)
	if text := http.StatusText(e.StatusCode); text != "" {
		b.WriteString(" " + text)
	}
	said := false
	if e.Message != "" && !strings.EqualFold(e.Message, http.StatusText(e.StatusCode)) {
		said = true
		b.WriteString(": " + oneLine(e.Message, maxErrorText))
	}
	if e.Details != "" {
		said = true
		b.WriteString(": " + oneLine(e.Details, maxErrorText))
	}
	if len(e.Fields) > 0 {
		said = true
		fields, _ := json.Marshal(e.Fields) // sorted by name; a map of strings can't fail
		b.WriteString(": " + oneLine(string(fields), maxErrorText))
	}
	if !said && e.Message == "" && len(e.Body) > 0 {
		b.WriteString(": " + oneLine(string(e.Body), 120))
	}
	var notes []string
	if e.Code != "" && e.Code != strconv.Itoa(e.StatusCode) {
		notes = append(notes, "code "+oneLine(e.Code, 60))
	}
	if e.OrganizationID != "" {
		notes = append(notes, "organization "+oneLine(e.OrganizationID, 80))
	}
	if e.RequestID != "" {
		notes = append(notes, "request "+oneLine(e.RequestID, 80))
	}
	if e.RetryAfter > 0 {
		notes = append(notes, "retry after "+e.RetryAfter.Round(time.Millisecond).String())
	}
	if e.Attempts != 1 {
		notes = append(notes, plural(e.Attempts, "attempt"))
	}
	if len(notes) > 0 {
		b.WriteString(" (" + strings.Join(notes, ", ") + ")")
	}
	if hint := e.hint(); hint != "" {
		b.WriteString(": " + hint)
	}
	return b.String()
}

// hint says where to look.
func (e *APIError) hint() string {
	switch {
	case e.Route == loginRoute:
	case e.StatusCode == http.StatusUnauthorized:
		return "the credential is wrong, revoked or expired; an API key goes to WithAPIKey, a bearer token to WithToken"
	case e.Is(ErrServiceSuspended):
		return "the organization is past due; Payments.Status and Auth.Check still answer"
	case e.StatusCode == http.StatusForbidden && e.OrganizationID != "":
		return "has the credential access to that organization?"
	case e.StatusCode == http.StatusNotFound && !strings.Contains(e.Route, "{"):
		return "does the base URL end in /api/v1?"
	}
	return ""
}

// Is matches the Err value of the status and code.
func (e *APIError) Is(target error) bool {
	switch target {
	case ErrBadRequest:
		return e.StatusCode == http.StatusBadRequest
	case ErrUnauthorized:
		return e.StatusCode == http.StatusUnauthorized
	case ErrForbidden:
		return e.StatusCode == http.StatusForbidden
	case ErrServiceSuspended:
		return e.StatusCode == http.StatusForbidden && e.Code == suspended
	case ErrNotFound:
		return e.StatusCode == http.StatusNotFound
	case ErrConflict:
		return e.StatusCode == http.StatusConflict
	case ErrValidation:
		return e.StatusCode == http.StatusUnprocessableEntity
	case ErrRateLimited:
		return e.StatusCode == http.StatusTooManyRequests
	case ErrServer:
		return e.StatusCode >= http.StatusInternalServerError
	}
	return false
}

// UnauthorizedError is a 401: the credential is missing, wrong, expired or revoked. Match it as a pointer:
//
//	var unauthorized *linkit.UnauthorizedError
//	if errors.As(err, &unauthorized) { ... }
type UnauthorizedError struct{ *APIError }

// Error is APIError's. It and Unwrap are declared on the pointer, so that vet catches errors.As with a value.
func (e *UnauthorizedError) Error() string { return e.APIError.Error() }

// Unwrap returns the APIError.
func (e *UnauthorizedError) Unwrap() error { return e.APIError }

// ForbiddenError is a 403: the credential is good, but not for this, or not in this organization. Match it as a pointer.
type ForbiddenError struct{ *APIError }

// Error is APIError's.
func (e *ForbiddenError) Error() string { return e.APIError.Error() }

// Unwrap returns the APIError.
func (e *ForbiddenError) Unwrap() error { return e.APIError }

// TransportError is a call with no usable answer: refused, reset, timed out, cancelled, or a 2xx that isn't the promised
// JSON.
type TransportError struct {
	Method, Route, OrganizationID string
	Attempts                      int   // requests sent for this call, sign-ins not counted
	Sent                          bool  // the server may have acted on it: look before repeating a write
	Err                           error // never a *url.Error
}

// Error is one bounded line: the call, why there is no answer, and whether the server may have acted.
func (e *TransportError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "linkit: %s %s: %s", e.Method, oneLine(e.Route, maxErrorText), oneLine(e.Err.Error(), maxErrorText))
	notes := make([]string, 0, 3)
	if e.OrganizationID != "" {
		notes = append(notes, "organization "+oneLine(e.OrganizationID, 80))
	}
	if e.Attempts > 1 {
		notes = append(notes, plural(e.Attempts, "attempt"))
	}
	switch {
	case e.Attempts == 0:
		notes = append(notes, "not sent")
	case e.Method == http.MethodGet || e.Method == http.MethodHead:
	case e.Sent:
		notes = append(notes, "the server may have acted on it")
	default:
		notes = append(notes, "the server did not get it")
	}
	if len(notes) > 0 {
		b.WriteString(" (" + strings.Join(notes, ", ") + ")")
	}
	return b.String()
}

// Unwrap returns Err.
func (e *TransportError) Unwrap() error { return e.Err }

// invalidError is a bad argument.
type invalidError string

func (e invalidError) Error() string        { return "linkit: " + string(e) }
func (e invalidError) Is(target error) bool { return target == ErrInvalid }

// lookupError is a search for one record that found none, or several.
type lookupError struct {
	method, route, text string
	target              error
}

func (e *lookupError) Error() string        { return "linkit: " + e.method + " " + e.route + ": " + e.text }
func (e *lookupError) Is(target error) bool { return target == e.target }

// closedError is a call on a closed client.
type closedError string

func (e closedError) Error() string {
	return "linkit: " + oneLine(string(e), maxErrorText) + ": the client is closed: call Close last"
}
func (e closedError) Is(target error) bool { return target == ErrClosed }

// invalid says what is wrong with an argument, which it names, and what would be right. It never holds a secret.
func invalid(format string, args ...any) error {
	return invalidError(oneLine(fmt.Sprintf(format, args...), maxInvalidText))
}

// goexited is a call whose transport ended the goroutine: nobody knows what came of it.
func goexited(c *Client, method, route string) error {
	op := &operation{method: method, route: route}
	return op.transportError(&retry.Result{Attempts: 1, Sent: true}, c.organization, errors.New("the transport ended its goroutine"))
}

// contextError is why ctx ended, with the cause that the caller gave, if any.
func contextError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if cause == nil || errors.Is(err, cause) {
		return err
	}
	return fmt.Errorf("%w: %w", err, cause)
}

func nilContext(what string) error {
	return invalid("%s: the context is nil: pass context.Background(), or one with a deadline", what)
}

// asError turns what came of a call into its error; nil when that is a 2xx. secret is the credential it carried.
func (op *operation) asError(res *retry.Result, organization, secret string) error {
	gone := op.method == http.MethodDelete && res.Status == http.StatusNotFound && res.Lost // by an attempt that got lost
	if (res.Status >= 200 && res.Status < 300 || gone) && res.Stop == nil {
		return nil
	}
	stop := redacted(res.Stop, secret)
	if errors.Is(stop, retry.ErrOpen) {
		stop = ErrCircuitOpen
	}
	var limiter *retry.LimiterError
	if errors.As(res.Stop, &limiter) { // this attempt wasn't sent, whatever came of earlier ones
		return op.transportError(res, organization, stop)
	}
	var err error
	switch {
	case res.Status != 0:
		err = op.apiError(res, organization, secret)
	case res.Err != nil:
		err = op.transportError(res, organization, redacted(res.Err, secret))
	case res.Denied:
		return stop
	default:
		return op.transportError(res, organization, stop)
	}
	switch {
	case stop == nil:
		return err
	case res.Attempts == 0:
		return fmt.Errorf("%w (not sent: %w)", err, stop)
	}
	return fmt.Errorf("%w (not sent again: %w)", err, stop)
}

func (op *operation) transportError(res *retry.Result, organization string, err error) error {
	return &TransportError{
		Method: op.method, Route: op.route, OrganizationID: organization,
		Attempts: res.Attempts, Sent: res.Sent, Err: err,
	}
}

// apiError reads an answer that says no. Nothing in its body can hide the status.
func (op *operation) apiError(res *retry.Result, organization, secret string) error {
	text := maskedBody(bytes.Clone(res.Body[:min(len(res.Body), maxErrorAnswer)]), secret)
	e := &APIError{
		StatusCode: res.Status, Method: op.method, Route: op.route, OrganizationID: organization,
		RequestID: masked(res.Header.Get("X-Request-Id"), secret), RetryAfter: res.RetryAfter, Attempts: res.Attempts,
		Body: bytes.Clone(text[:min(len(text), maxErrorBody)]),
	}
	var body struct {
		Code    json.RawMessage `json:"code"`
		Error   json.RawMessage `json:"error"`
		Message json.RawMessage `json:"message"`
		Details json.RawMessage `json:"details"`
	}
	if json.Unmarshal(text, &body) == nil {
		e.Code, _ = scalar(body.Code)
		e.Message, _ = scalar(body.Error)
		if e.Message == "" {
			e.Message, _ = scalar(body.Message)
		}
		e.setDetails(body.Details)
	}
	switch res.Status {
	case http.StatusUnauthorized:
		return &UnauthorizedError{e}
	case http.StatusForbidden:
		return &ForbiddenError{e}
	}
	return e
}

func (e *APIError) setDetails(raw json.RawMessage) {
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil {
		e.Details = looseText(raw)
		return
	}
	if len(object) == 0 {
		return
	}
	e.Fields = make(map[string]string, len(object))
	for name, value := range object {
		e.Fields[name] = looseText(value)
	}
}

// scalar is the text of a JSON string, number or boolean.
func scalar(raw json.RawMessage) (string, bool) {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s, true
	}
	if len(raw) == 0 || raw[0] == '{' || raw[0] == '[' {
		return "", false
	}
	return string(raw), true
}

// looseText is the text of any JSON value: a string's own, anything else as it stands.
func looseText(raw json.RawMessage) string {
	if s, ok := scalar(raw); ok {
		return s
	}
	return string(raw)
}

// oneLine bounds s and escapes what isn't printable: a message can't forge a second log line.
func oneLine(s string, most int) string {
	clean := len(s) <= most
	for i := 0; clean && i < len(s); i++ {
		clean = s[i] >= ' ' && s[i] < utf8.RuneSelf-1
	}
	if clean {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if b.Len() >= most {
			b.WriteString("...")
			break
		}
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
