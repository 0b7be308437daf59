package linkit

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/linkit-go/linkit/internal/redact"
)

// Errors to test for with [errors.Is]. [APIError] and [TransportError] hold the details.
var (
	ErrInvalid      = errors.New("linkit: invalid argument") // found before the network: nothing was sent
	ErrBadRequest   = errors.New("linkit: bad request")      // 400
	ErrUnauthorized = errors.New("linkit: unauthorized")     // 401, and every ErrLogin
	ErrForbidden    = errors.New("linkit: forbidden")        // 403
	// 403 BILLING_SERVICE_SUSPENDED: the organization is past due
	ErrServiceSuspended = errors.New("linkit: service suspended")
	ErrNotFound         = errors.New("linkit: not found") // 404
	// 409, or a 400 with the code validation_not_unique: a key or name is taken
	ErrConflict    = errors.New("linkit: conflict")
	ErrValidation  = errors.New("linkit: validation failed") // 422
	ErrRateLimited = errors.New("linkit: rate limited")      // 429
	ErrServer      = errors.New("linkit: server error")      // 5xx
	// an automatic sign-in that the server refused, whatever its status
	ErrLogin = errors.New("linkit: sign-in refused")
	// the credential is a key or a fixed token: there is no sign-in
	ErrNoSession   = errors.New("linkit: no session")
	ErrCircuitOpen = errors.New("linkit: circuit open") // WithCircuitBreaker holds calls back
	ErrClosed      = errors.New("linkit: the client is closed")
	// a bulk request that was accepted while some of its records were not
	ErrRejected = errors.New("linkit: records rejected")
	// All, at its end: records may have been missed because the list changed meanwhile
	ErrListChanged = errors.New("linkit: the list changed")

	// ErrUncertain is a write that may have taken effect: check whether it did before retrying it.
	// It matches every error whose Sent is true and whose method is neither GET nor HEAD. A sign-in
	// is no write.
	ErrUncertain = errors.New("linkit: the write may have taken effect")
)

const (
	maxErrorBody = 64 << 10 // APIError.Body
	// How much of an error response is read: more than Body keeps, so that a long "details" hides
	// nothing beside it.
	maxErrorRead   = 1 << 20
	maxErrorText   = 300 // one text of the server's in Error()
	maxInvalidText = 1000
	suspended      = "BILLING_SERVICE_SUSPENDED"
	notUnique      = `"validation_not_unique"`
)

// APIError is an error response from the API: any status that isn't 2xx, or a 2xx that reports a
// failure. A 401 is an [*UnauthorizedError] and a 403 a [*ForbiddenError], both of which unwrap to
// it.
type APIError struct {
	StatusCode int    // HTTP status
	Code       string // the body's "code" as text: "401", "BILLING_SERVICE_SUSPENDED"
	Message    string // the body's "error"
	Details    string // the body's "details" when it is text
	// what is wrong with which field: the body's "details" when it is an object, "data" or "errors"
	Fields         map[string]string
	Method, Route  string        // GET, /products/{iv_id}: the template, so no id reaches a log
	OrganizationID string        // the organization of the request, if any
	RequestID      string        // the response's X-Request-Id, if any
	RetryAfter     time.Duration // the response's Retry-After; 0: none
	// requests sent for this call, sign-ins not counted; 0: held back by another call's response
	Attempts int
	Sent     bool   // an attempt of this call may have taken effect: see ErrUncertain
	Body     []byte // the first 64 KiB, credentials masked
}

// Error returns one bounded line: the call, the status, and what the server said about it.
func (e *APIError) Error() string {
	if e == nil {
		return "linkit: error response"
	}
	var b strings.Builder
	b.WriteString(callText(e.Method, e.Route) + "error response")
	if e.StatusCode != 0 {
		b.Reset()
		b.WriteString(
			strings.TrimRight(callText(e.Method, e.Route)+strconv.Itoa(e.StatusCode)+" "+http.StatusText(e.StatusCode), " "),
		)
	}
	for _, text := range e.texts() {
		b.WriteString(": " + text)
	}
	if notes := e.notes(); len(notes) > 0 {
		b.WriteString(" (" + strings.Join(notes, ", ") + ")")
	}
	if hint := e.hint(); hint != "" {
		b.WriteString(": " + hint)
	}
	return b.String()
}

// texts returns what the server said: its words or, if there are none, the start of the body.
func (e *APIError) texts() (texts []string) {
	if e.Message != "" && !strings.EqualFold(e.Message, http.StatusText(e.StatusCode)) {
		texts = append(texts, redact.Line(e.Message, maxErrorText))
	}
	if e.Details != "" {
		texts = append(texts, redact.Line(e.Details, maxErrorText))
	}
	if len(e.Fields) > 0 {
		fields, _ := json.Marshal(e.Fields) // sorted by name; a map of strings can't fail
		texts = append(texts, redact.Line(string(fields), maxErrorText))
	}
	if len(texts) == 0 && e.Message == "" && len(e.Body) > 0 {
		texts = append(texts, bodyText(e.Body, http.StatusText(e.StatusCode)))
	}
	return texts
}

func (e *APIError) notes() (notes []string) {
	if e.Code != "" && e.Code != strconv.Itoa(e.StatusCode) {
		notes = append(notes, "code "+redact.Line(e.Code, 60))
	}
	if e.OrganizationID != "" {
		notes = append(notes, "organization "+redact.Line(e.OrganizationID, 80))
	}
	if e.RequestID != "" {
		notes = append(notes, "request "+redact.Line(e.RequestID, 80))
	}
	if e.RetryAfter > 0 {
		notes = append(notes, "retry after "+e.RetryAfter.Round(time.Millisecond).String())
	}
	if e.Attempts > 1 || e.Attempts == 0 && e.StatusCode != 0 {
		notes = append(notes, plural(e.Attempts, "attempt"))
	}
	if e.Is(ErrUncertain) {
		notes = append(notes, "the server may have acted on it")
	}
	return notes
}

// hint returns what may help.
func (e *APIError) hint() string {
	switch {
	case e.Route == loginRoute:
	case e.StatusCode == http.StatusUnauthorized:
		return "the credential is wrong, revoked or expired; an API key goes to WithAPIKey, a bearer token to WithToken"
	case e.Is(ErrServiceSuspended):
		return "the organization is past due; Payments.Status and Auth.Check still work"
	case e.StatusCode == http.StatusForbidden && e.OrganizationID != "":
		return "has the credential access to that organization?"
	case e.lacksOrganization():
		return "if the credential isn't scoped to one organization, set it by WithOrganization or Client.ForOrganization"
	case e.StatusCode == http.StatusNotFound && e.Route != "" && !strings.Contains(e.Route, "{"):
		return "does the base URL end in /api/v1?"
	case e.StatusCode == http.StatusRequestEntityTooLarge && strings.HasSuffix(e.Route, "/bulk"):
		return "the request is too large: send fewer records, or set a smaller WithBulkSize"
	}
	return ""
}

// lacksOrganization reports whether the server may have refused the call because no organization
// was set.
func (e *APIError) lacksOrganization() bool {
	if e.OrganizationID != "" || e.Route == "" || publicRoute(e.Route) {
		return false
	}
	if e.StatusCode == http.StatusForbidden {
		return true
	}
	text := strings.ToLower(e.Message + " " + e.Details)
	return e.StatusCode == http.StatusBadRequest && len(e.Fields) == 0 &&
		(strings.HasPrefix(e.Route, "/customers") || strings.Contains(text, "organization"))
}

// Is matches the Err value of the status and code, and [ErrUncertain].
func (e *APIError) Is(target error) bool {
	if e == nil {
		return false
	}
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
		return e.StatusCode == http.StatusConflict ||
			e.StatusCode == http.StatusBadRequest && strings.Contains(string(e.Body), notUnique)
	case ErrValidation:
		return e.StatusCode == http.StatusUnprocessableEntity
	case ErrRateLimited:
		return e.StatusCode == http.StatusTooManyRequests
	case ErrServer:
		return e.StatusCode >= http.StatusInternalServerError
	case ErrUncertain:
		return uncertain(e.Sent, e.Method, e.Route)
	}
	return false
}

// uncertain reports whether a call may have taken effect, and is a write.
func uncertain(sent bool, method, route string) bool {
	return sent && method != http.MethodGet && method != http.MethodHead && route != loginRoute
}

// UnauthorizedError is a 401: the credential is missing, wrong, expired or revoked. Match it as a
// pointer:
//
//	var unauthorized *linkit.UnauthorizedError
//	if errors.As(err, &unauthorized) { ... }
type UnauthorizedError struct{ *APIError }

// Error returns the text of the [APIError].
func (e *UnauthorizedError) Error() string { return e.orElse(http.StatusUnauthorized).Error() }

// Is matches as the [APIError] does, and always [ErrUnauthorized].
func (e *UnauthorizedError) Is(target error) bool {
	return e.orElse(http.StatusUnauthorized).Is(target)
}

// Unwrap returns the [APIError], if there is one.
func (e *UnauthorizedError) Unwrap() error {
	if e.APIError == nil {
		return nil
	}
	return e.APIError
}

// ForbiddenError is a 403: the credential is good, but not for this call, or not in this
// organization. Match it as a pointer, like [UnauthorizedError].
type ForbiddenError struct{ *APIError }

// Error returns the text of the [APIError].
func (e *ForbiddenError) Error() string { return e.orElse(http.StatusForbidden).Error() }

// Is matches as the [APIError] does, and always [ErrForbidden].
func (e *ForbiddenError) Is(target error) bool { return e.orElse(http.StatusForbidden).Is(target) }

// Unwrap returns the [APIError], if there is one.
func (e *ForbiddenError) Unwrap() error {
	if e.APIError == nil {
		return nil
	}
	return e.APIError
}

// orElse returns e with at least a status: users build errors by hand for their fakes.
func (e *APIError) orElse(status int) *APIError {
	if e == nil {
		return &APIError{StatusCode: status, Attempts: 1}
	}
	if e.StatusCode == 0 {
		filled := *e
		filled.StatusCode = status
		return &filled
	}
	return e
}

// TransportError reports a call that got no usable response: refused, reset, timed out, cancelled,
// or a 2xx that isn't the promised JSON.
type TransportError struct {
	Method, Route, OrganizationID string
	Attempts                      int   // requests sent for this call, sign-ins not counted
	Sent                          bool  // an attempt of this call may have taken effect: see ErrUncertain
	Err                           error // never a *url.Error
}

// Error returns one bounded line: the call, why there is no response, and whether the server may
// have acted.
func (e *TransportError) Error() string {
	why := "no usable response"
	if e.Err != nil {
		why = redact.Line(e.Err.Error(), maxErrorText)
	}
	var notes []string
	if e.OrganizationID != "" {
		notes = append(notes, "organization "+redact.Line(e.OrganizationID, 80))
	}
	if e.Attempts > 1 {
		notes = append(notes, plural(e.Attempts, "attempt"))
	}
	switch {
	case e.Is(ErrUncertain):
		notes = append(notes, "the server may have acted on it")
	case e.Attempts == 0:
		notes = append(notes, "not sent")
	case e.Sent || e.Method == http.MethodGet || e.Method == http.MethodHead:
	default:
		notes = append(notes, "the server did not get it")
	}
	if len(notes) > 0 {
		why += " (" + strings.Join(notes, ", ") + ")"
	}
	return callText(e.Method, e.Route) + why
}

// Is matches [ErrUncertain].
func (e *TransportError) Is(target error) bool {
	return target == ErrUncertain && uncertain(e.Sent, e.Method, e.Route)
}

// Unwrap returns Err.
func (e *TransportError) Unwrap() error { return e.Err }

// callText begins the text of a call's error.
func callText(method, route string) string {
	text := "linkit: "
	if call := strings.TrimSpace(method + " " + redact.Line(route, maxErrorText)); call != "" {
		text += call + ": "
	}
	return text
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
