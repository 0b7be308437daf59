package linkit

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/linkit-go/linkit/internal/retry"
	"github.com/linkit-go/linkit/internal/session"
)

// authValue is what a credential sends.
type authValue struct {
	header  []string // Authorization: one value, never changed
	session *Session // of a sign-in
}

type (
	tokenCache = session.Cache[authValue]
	authToken  = session.Token[authValue]
	authGrant  = session.Grant[authValue]
)

// credential is the client's identity. Nothing else writes the Authorization header.
type credential struct {
	option  string      // the option that gave it
	fixed   []string    // the header, if it never changes
	cache   *tokenCache // the tokens, if it does
	signsIn bool
	none    bool // WithoutCredentials: public calls only
}

// callAuth is one call's use of the credential. A nil one is a public call's.
type callAuth struct {
	*credential
	token  *authToken     // used last
	status int            // of the response that a replay may change
	reason session.Reason // of the replay
}

// TryAuthorize returns the Authorization header that is at hand. It reports false where a token
// must be waited for.
func (t *callAuth) TryAuthorize(ctx context.Context, now time.Time) ([]string, bool) {
	if t.cache == nil {
		return t.fixed, true
	}
	token := t.cache.TryGet(ctx, now)
	if token == nil {
		return nil, false
	}
	t.token = token
	return token.Value.header, true
}

// Authorize returns the Authorization header, and waits for a token where it must.
func (t *callAuth) Authorize(ctx context.Context) ([]string, error) {
	if t.cache == nil {
		return t.fixed, nil
	}
	token, err := t.cache.Get(ctx, time.Now())
	if err != nil {
		return nil, t.publicError(err)
	}
	t.token = token
	return token.Value.header, nil
}

// Clean removes the credential from a response or error that other calls are about to see: theirs
// may be another one.
func (t *callAuth) Clean(res *retry.Result) {
	secret := t.secret(&operation{})
	res.Body, res.Err = maskedBody(bytes.Clone(res.Body), secret), redacted(res.Err, secret)
	if id := res.Header.Get("X-Request-Id"); id != "" { // the one header that shows in an error
		res.Header = res.Header.Clone()
		res.Header.Set("X-Request-Id", masked(id, secret))
	}
}

// renewAfter401 reports whether the request should be sent once more with a new token: after a 401,
// and after a 403 or 404 that met an expired token, which the server treats as none at all.
func (t *callAuth) renewAfter401(ctx context.Context, res *retry.Result) (bool, error) {
	if t == nil || t.cache == nil || t.token == nil || res.Stop != nil {
		return false, nil //nolint:nilerr // result tells why it stopped
	}
	switch res.Status {
	case http.StatusUnauthorized:
		t.reason = session.Rejected
	case http.StatusForbidden, http.StatusNotFound:
		reason, expired := t.expired(res)
		if !expired {
			return false, nil
		}
		t.reason = reason
	default:
		if !t.signsIn && res.Status >= 200 && res.Status < 300 {
			t.cache.Accepted()
		}
		return false, nil
	}
	t.status = res.Status
	next, err := t.cache.Replace(ctx, t.token, t.reason)
	switch {
	case err != nil && ctx.Err() != nil: // the caller didn't wait for the sign-in
		res.Stop = contextError(ctx)
		return false, nil //nolint:nilerr // the result says so
	case next == nil || err != nil:
		return false, t.publicError(err)
	}
	if t.signsIn {
		return true, nil
	}
	return !sameKey(t.token.Value, next.Value), nil // the same key would be rejected again
}

// expired reports whether the token was past its end when res arrived, and by which clock.
func (t *callAuth) expired(res *retry.Result) (session.Reason, bool) {
	if t.token.NeverExpires() {
		return 0, false
	}
	if t.token.Expired(res.Received) {
		return session.Expired, true
	}
	date, _ := http.ParseTime(res.Header.Get("Date")) // zero, and so before it, where there is none
	return session.ExpiredByServer, !date.Before(t.token.Value.session.ExpiresAt.Time)
}

// reportReplay tells the cache whether the new token made a difference. A key that has changed is
// judged by the next call.
func (t *callAuth) reportReplay(res *retry.Result) {
	if t == nil || res.Status == 0 || t.token == nil || !t.signsIn {
		return
	}
	failed := res.Status >= http.StatusInternalServerError || res.Status == http.StatusTooManyRequests
	changed := !failed && res.Status != http.StatusUnauthorized && res.Status != t.status
	t.cache.Replayed(t.token, t.reason, changed)
}

// secret is what a call carries that must not show in its error.
func (t *callAuth) secret(op *operation) string {
	switch {
	case t == nil || op.kind != tenantCall:
		return op.secret
	case t.fixed != nil:
		return strings.TrimPrefix(t.fixed[0], "Bearer ")
	}
	return tokenText(t.token)
}

// tokenText is the key or token of t, which may be nil.
func tokenText(t *authToken) string {
	if t == nil {
		return ""
	}
	return strings.TrimPrefix(t.Value.header[0], "Bearer ")
}

// publicError gives the cache's own errors their public form.
func (c *credential) publicError(err error) error {
	switch {
	case errors.Is(err, session.ErrClosed):
		return ErrClosed
	case errors.Is(err, session.ErrReentrant):
		return invalid("%s: %v", c.option, err)
	}
	var aborted *session.AbortError
	switch {
	case !errors.Is(err, session.ErrTimeout) && !errors.As(err, &aborted):
		return err
	case c.signsIn:
		return &TransportError{Method: http.MethodPost, Route: loginRoute, Attempts: 1, Sent: true, Err: err}
	}
	return &funcError{c.option, err}
}

// funcError is an error of the caller's own function. Its deadline or cancellation is not the
// call's.
type funcError struct {
	option string
	err    error
}

func (e *funcError) Error() string {
	return "linkit: " + e.option + ": " + oneLine(e.err.Error(), maxErrorText)
}

func (e *funcError) Unwrap() error {
	if errors.Is(e.err, context.DeadlineExceeded) || errors.Is(e.err, context.Canceled) {
		return nil
	}
	return e.err
}

// keySource gets keys from the function of [WithAPIKeyFunc].
type keySource struct {
	fn func(context.Context) (string, error)
}

func (s *keySource) Fetch(ctx context.Context, old *authToken, _ bool) (authGrant, error) {
	key, err := s.fn(ctx)
	if err != nil {
		return authGrant{}, &funcError{"WithAPIKeyFunc", redacted(redacted(err, key), tokenText(old))}
	}
	if err := checkSecret("WithAPIKeyFunc", "key", key); err != nil {
		return authGrant{}, err
	}
	return authGrant{Value: authValue{header: []string{key}}}, nil
}

func sameKey(a, b authValue) bool { return a.header[0] == b.header[0] }

// newCredential returns the one credential that the options give.
func (c *core) newCredential(cfg *config) (*credential, error) {
	names := cfg.credentials()
	switch {
	case len(names) == 0:
		return nil, invalid("no credential: pass one of %s to NewClient", credentialOptions)
	case len(names) > 1:
		return nil, invalid("%s are both given: pass one credential", strings.Join(names, " and "))
	}
	cred := &credential{option: names[0]}
	switch {
	case cfg.apiKey != "":
		cred.fixed = []string{cfg.apiKey}
	case cfg.token != "":
		cred.fixed = []string{"Bearer " + cfg.token}
	case cfg.apiKeyFunc != nil:
		cred.cache = c.newCache(&keySource{cfg.apiKeyFunc})
		cred.cache.Same = sameKey
	case cfg.email != "" || cfg.loginFunc != nil:
		cred.signsIn = true
		cred.cache = c.newCache(&loginSource{
			core: c, email: cfg.email, password: cfg.password, fn: cfg.loginFunc, store: cfg.store,
		})
	default:
		cred.none = true
	}
	return cred, nil
}
