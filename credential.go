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

// credential is who the client is. Nothing else writes Authorization.
type credential struct {
	option  string                    // that gave it
	fixed   []string                  // the header, where it never changes
	cache   *session.Cache[authValue] // where it has to be asked for
	signsIn bool
}

func (c *credential) none() bool { return c.fixed == nil && c.cache == nil }

// callAuth is one call's use of the credential.
type callAuth struct {
	*credential
	token *session.Token[authValue] // used last
}

// Authorize returns the Authorization header for an attempt.
func (t *callAuth) Authorize(ctx context.Context, now time.Time, mayWait bool) ([]string, error) {
	if t.cache == nil {
		return t.fixed, nil
	}
	token, err := t.cache.Peek(now), error(nil)
	if mayWait {
		token, err = t.cache.Get(ctx, now)
	}
	if err != nil {
		return nil, t.publicError(err)
	}
	if token == nil {
		return nil, nil
	}
	t.token = token
	return token.Value.header, nil
}

// Clean takes the credential out of an answer or error that other calls are about to see: theirs may be another.
func (t *callAuth) Clean(res *retry.Result) {
	secret := t.secret(&operation{})
	res.Body, res.Err = maskedBody(bytes.Clone(res.Body), secret), redacted(res.Err, secret)
	if id := res.Header.Get("X-Request-Id"); id != "" { // the one header that shows in an error
		res.Header = res.Header.Clone()
		res.Header.Set("X-Request-Id", masked(id, secret))
	}
}

// renewAfter401 reports whether res may be owed to a credential that has since been replaced: a 401, or a 403 or 404 that met a
// token past its end, which the server takes for no token at all.
func (t *callAuth) renewAfter401(ctx context.Context, res *retry.Result) (bool, error) {
	if t.cache == nil || t.token == nil || res.Stop != nil {
		return false, nil //nolint:nilerr // result tells why it stopped
	}
	switch res.Status {
	case http.StatusUnauthorized:
	case http.StatusForbidden, http.StatusNotFound:
		if !t.ended(res) {
			return false, nil
		}
	default:
		return false, nil
	}
	next, err := t.cache.Replace(ctx, t.token)
	if next == nil || err != nil {
		return false, t.publicError(err)
	}
	return t.signsIn || next.Value.header[0] != t.token.Value.header[0], nil // the same key again would be refused again
}

// ended reports whether the token was past its end when res arrived, by own reckoning or by the server's clock.
func (t *callAuth) ended(res *retry.Result) bool {
	if t.token.Expired(res.Received) {
		return true
	}
	date, err := http.ParseTime(res.Header.Get("Date"))
	return err == nil && !t.token.NeverExpires() && !date.Before(t.token.Value.session.ExpiresAt.Time)
}

// reportReplay tells the cache how the call went with the token that again brought.
func (t *callAuth) reportReplay(res *retry.Result) {
	if res.Status == 0 || t.token == nil || !t.signsIn { // a function's next key is asked for at the next 401
		return
	}
	accepted := res.Status < http.StatusInternalServerError && res.Status != http.StatusUnauthorized && res.Status != http.StatusTooManyRequests
	t.cache.Replayed(t.token, accepted)
}

// secret is what a call carries that must not show in its error.
func (t *callAuth) secret(op *operation) string {
	switch {
	case op.public:
		return op.secret
	case t.fixed != nil:
		return strings.TrimPrefix(t.fixed[0], "Bearer ")
	}
	return tokenText(t.token)
}

// tokenText is the key or token of t, which may be nil.
func tokenText(t *session.Token[authValue]) string {
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
	case errors.Is(err, session.ErrInside):
		return invalid("%s: %v", c.option, err)
	}
	var broken *session.BrokenError
	switch {
	case !errors.Is(err, session.ErrHung) && !errors.As(err, &broken):
		return err
	case c.signsIn:
		return &TransportError{Method: http.MethodPost, Route: loginRoute, Attempts: 1, Sent: true, Err: err}
	}
	return &funcError{c.option, err}
}

// funcError is what the caller's own function came to. Its deadline or cancel is not the call's.
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

// askKey is the source behind WithAPIKeyFunc.
func (c *core) askKey(fn func(context.Context) (string, error)) func(context.Context, *session.Token[authValue], bool) (session.Grant[authValue], error) {
	return func(ctx context.Context, old *session.Token[authValue], _ bool) (session.Grant[authValue], error) {
		key, err := fn(ctx)
		if err != nil {
			return session.Grant[authValue]{}, &funcError{"WithAPIKeyFunc", redacted(redacted(err, key), tokenText(old))}
		}
		if err := checkSecret("WithAPIKeyFunc", "key", key); err != nil {
			return session.Grant[authValue]{}, err
		}
		return session.Grant[authValue]{Value: authValue{header: []string{key}}}, nil
	}
}

// newCredential makes the one credential that the options name.
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
		cred.cache = c.newCache(c.askKey(cfg.apiKeyFunc))
	case cfg.email != "":
		email, password := cfg.email, cfg.password
		cred.signsIn, cred.cache = true, c.newCache(c.signIn(func(context.Context) (string, string, error) { return email, password, nil }, cfg.store))
	case cfg.loginFunc != nil:
		cred.signsIn, cred.cache = true, c.newCache(c.signIn(c.askLogin(cfg.loginFunc), cfg.store))
	}
	return cred, nil
}
