package linkit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/linkit-go/linkit/internal/retry"
	"github.com/linkit-go/linkit/internal/session"
)

// newCache returns a cache of the source's tokens.
func (c *core) newCache(source session.Source[authValue]) *tokenCache {
	return session.New(session.Config[authValue]{Source: source, Classify: classifyFetch, RenewalFailed: c.renewalFailed})
}

// classifyFetch decides how long not to sign in again after err.
func classifyFetch(err error) (rejected bool, wait time.Duration) {
	var response *APIError
	if _, ok := errors.AsType[*funcError](err); ok {
		wait = -1 // the function may succeed at once
	}
	if errors.As(err, &response) && response.StatusCode == http.StatusTooManyRequests {
		wait = response.RetryAfter
	}
	return errors.Is(err, ErrLogin), wait
}

// loginSource signs in for [WithLogin] and [WithLoginFunc].
type loginSource struct {
	core            *core
	email, password string
	// fn is WithLoginFunc's; nil: email and password are fixed.
	fn    func(context.Context) (email, password string, err error)
	store SessionStore // nil: none

	// rejected is the Authorization of the last stored session that was rejected. Save may fail to
	// replace it.
	rejected atomic.Pointer[string]
	warned   atomic.Bool // that the store isn't trusted
}

// Fetch returns a stored session, if there is a good one, or a new one.
func (s *loginSource) Fetch(ctx context.Context, old *authToken, skipStore bool) (authGrant, error) {
	email, password, err := s.emailAndPassword(ctx, old)
	if err != nil {
		return authGrant{}, err
	}
	login := func() (authGrant, error) { return s.core.login(ctx, email, password, true) }
	if s.store == nil {
		return login()
	}
	entry := &storeEntry{source: s, key: storeKey(s.core.base.String(), email)}
	return entry.signIn(ctx, old, skipStore, login)
}

func (s *loginSource) emailAndPassword(ctx context.Context, old *authToken) (email, password string, err error) {
	if s.fn == nil {
		return s.email, s.password, nil
	}
	email, password, err = s.fn(ctx)
	if err != nil {
		return "", "", &funcError{"WithLoginFunc", redacted(redacted(err, password), tokenText(old))}
	}
	return email, password, checkLogin("WithLoginFunc", email, password)
}

const loginRoute = "/auth/login"

// login signs in. automatic is false for the caller's own Auth.Login.
//
//	POST /auth/login
func (c *core) login(ctx context.Context, email, password string, automatic bool) (authGrant, error) {
	op := &operation{
		method: http.MethodPost, route: loginRoute, kind: signIn,
		body: loginRequest{email, password}, secret: password,
	}
	if automatic {
		op.kind = automaticSignIn
		op.onRetry = func(last *retry.Result, wait time.Duration) {
			if last.RetryAfter > 0 || last.Status == http.StatusTooManyRequests {
				c.credential.cache.RetryNotBefore(ctx, time.Now().Add(wait), op.apiError(last))
			}
		}
	}
	var signedIn *Session
	op.decode = func(res *retry.Result) (err error) {
		if err := checkSuccess(res.Body); err != nil {
			return err
		}
		signedIn, err = readSession(res.Body)
		return err
	}
	res, err := c.send(ctx, op)
	if err != nil {
		return authGrant{}, signInError(res, err, email, password)
	}
	return withLifetime(newGrant(signedIn), res), nil
}

// signInError marks the error of a rejected sign-in. A page of HTML is not Linkit's: whatever its
// status, it says nothing about the email and password.
func signInError(res *retry.Result, err error, email, password string) error {
	switch res.Status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity:
	default:
		return err
	}
	var response *APIError
	if errors.As(err, &response) && isHTML(res.Header, response.Body) {
		return &TransportError{
			Method: response.Method, Route: response.Route, Attempts: response.Attempts, Sent: res.Sent,
			Err: &gatewayError{response.StatusCode, err},
		}
	}
	return &loginError{err, suspectInput("email", email) + suspectInput("password", password)}
}

// isHTML reports whether a response is a page for people.
func isHTML(h http.Header, body []byte) bool {
	mediaType, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	text := strings.TrimLeft(string(body[:min(len(body), 512)]), "\ufeff \t\r\n")
	return strings.EqualFold(strings.TrimSpace(mediaType), "text/html") || strings.HasPrefix(text, "<")
}

// gatewayError is a response of something between the client and the service.
type gatewayError struct {
	status int
	err    error // the *APIError
}

func (e *gatewayError) Error() string {
	return fmt.Sprintf("a proxy or gateway responded with a page of HTML: %d %s", e.status, http.StatusText(e.status))
}
func (e *gatewayError) Unwrap() error { return e.err }

// loginError is a sign-in that the server rejected, whatever its status.
type loginError struct {
	err  error
	hint string // about the email and password as they were given
}

func (e *loginError) Error() string {
	hint := ""
	if errors.Is(e.err, ErrBadRequest) || errors.Is(e.err, ErrUnauthorized) {
		hint = ", check the email and password"
	}
	return "linkit: sign-in refused" + hint + e.hint + ": " + strings.TrimPrefix(e.err.Error(), "linkit: ")
}
func (e *loginError) Is(target error) bool { return target == ErrLogin || target == ErrUnauthorized }
func (e *loginError) Unwrap() error        { return e.err }

// suspectInput names what in an email or password is likely a mistake in a settings file. Both are
// sent as they are, since it may be meant.
func suspectInput(what, value string) string {
	trimmed := strings.TrimFunc(value, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) })
	hint := ""
	if inQuotes(trimmed) {
		hint += ", the " + what + " is in quotes"
	}
	if trimmed != value {
		hint += ", the " + what + " begins or ends with a space or line break"
	}
	return hint
}

// withLifetime computes how long a new session lasts: by the server's clock, so that a wrong local
// one changes nothing, and less the second that a Date header may be behind.
func withLifetime(g authGrant, res *retry.Result) authGrant {
	g.Asked = res.Began
	now, late := res.Received, time.Duration(0)
	if date, err := http.ParseTime(res.Header.Get("Date")); err == nil {
		now, late = date, time.Second
	}
	signedIn := g.Value.session
	g.Life = signedIn.ExpiresAt.Sub(now)
	if signedIn.ExpiresAt.IsZero() || g.Life <= 0 {
		g.Life, signedIn.ExpiresAt = 0, Time{} // unknown
		return g
	}
	g.Life -= min(late, g.Life/2)
	return g
}

type loginRequest struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

func newGrant(s *Session) authGrant {
	return authGrant{Value: authValue{header: []string{"Bearer " + s.Token.Reveal()}, session: s}}
}

// readSession reads the response to a sign-in, bare or under data. Only the token must be as
// documented: without a usable expires_at it is used until it is rejected.
func readSession(body []byte) (*Session, error) {
	response, err := readEnvelope(body)
	if err != nil {
		return nil, err
	}
	if data := response.object(); data != nil && !response.Has("token") {
		if response, err = readEnvelope(data); err != nil {
			return nil, err
		}
	}
	var token string
	switch text := response.Get("token"); {
	case text == nil:
		return nil, errors.New("the response to the sign-in has no token")
	case json.Unmarshal(text, &token) != nil:
		return nil, errors.New("the response's token is not text")
	case token == "":
		return nil, errors.New("the response's token is empty")
	case !visible(token):
		return nil, errors.New("the response's token can't stand in a header")
	}
	s := &Session{Token: NewSecret(token), ExpiresAt: readExpiry(response.Get("expires_at"))}
	if user := response.Get("user"); user != nil {
		_, _ = readModel(user, &s.User)
	}
	return s, nil
}

// readExpiry reads a time in any of its forms. Any other value is no time.
func readExpiry(value []byte) (t Time) {
	if t.UnmarshalJSON(value) != nil {
		return Time{}
	}
	return t
}

// checkLogin refuses an empty email or password. Both are sent as they are, untrimmed and in any
// script.
func checkLogin(name, email, password string) error {
	switch {
	case email == "":
		return invalid("%s: the email is empty: %s", name, unset)
	case password == "":
		return invalid("%s: the password is empty: %s", name, unset)
	}
	return nil
}
