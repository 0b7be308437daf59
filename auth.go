package linkit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/linkit-go/linkit/internal/retry"
	"github.com/linkit-go/linkit/internal/session"
)

// Session is a sign-in: what the client goes by until ExpiresAt.
type Session struct {
	Token     Secret
	ExpiresAt Time // by the server's clock; zero when it didn't say
	User      User
}

// User is who signed in.
type User struct {
	ID             string `json:"id"`
	Email          string `json:"email"`
	OrganizationID string `json:"organization_id"` // the organization that the token is scoped to, if any
}

// Secret keeps a credential out of logs: it prints as [redacted] under every verb, in slog and in JSON.
type Secret struct{ v *string }

// NewSecret wraps v.
func NewSecret(v string) Secret { return Secret{&v} }

// Reveal returns the value.
func (s Secret) Reveal() string {
	if s.v == nil {
		return ""
	}
	return *s.v
}

// Format prints [redacted], whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redaction)) }

// String returns [redacted].
func (Secret) String() string { return redaction }

// MarshalText returns [redacted]; encoding/json and slog use it.
func (Secret) MarshalText() ([]byte, error) { return []byte(redaction), nil }

// CredentialStatus says what Linkit thinks of the credential. It answers even while the organization is suspended.
type CredentialStatus struct {
	CheckedAt          Time              `json:"checked_at"`
	User               CredentialUser    `json:"user"`
	ServiceOperational bool              `json:"service_operational"`
	Billing            CredentialBilling `json:"billing"`
	Raw                json.RawMessage   `json:"-"` // the whole answer
}

// CredentialUser is whom a credential stands for.
type CredentialUser struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	Name  string `json:"name"`
	Type  string `json:"type"`
}

// CredentialBilling is what is known of the billing: "ACTIVE", say.
type CredentialBilling struct {
	Status string `json:"status"`
}

// AuthService signs in and looks after the client's session. Use it as Client.Auth.
type AuthService service

// Login signs in once and returns the session; nothing in the client changes. A refusal is ErrLogin and ErrUnauthorized.
// A client that signs in by itself comes of WithLogin.
//
//	POST /auth/login
func (s *AuthService) Login(ctx context.Context, email, password string) (*Session, error) {
	if err := checkLogin("Login", email, password); err != nil {
		return nil, err
	}
	granted, err := s.client.core.login(ctx, email, password, false)
	if err != nil {
		return nil, err
	}
	return granted.Value.session, nil
}

// Session returns the client's own sign-in, signing in if there is none. It is ErrNoSession for keys and fixed tokens.
func (s *AuthService) Session(ctx context.Context) (*Session, error) {
	core := s.client.core
	if !core.credential.signsIn {
		return nil, fmt.Errorf("%w: the client was made with %s", ErrNoSession, core.credential.option)
	}
	switch {
	case ctx == nil:
		return nil, invalid("Session: the context is nil: pass context.Background(), or one with a deadline")
	case core.closed.Load():
		return nil, ErrClosed
	}
	token, err := core.credential.cache.Get(ctx, time.Now())
	if err != nil {
		return nil, core.credential.explain(err)
	}
	current := *token.Value.session
	return &current, nil
}

// Check asks Linkit about the credential.
//
//	GET /auth/credentials
func (s *AuthService) Check(ctx context.Context) (*CredentialStatus, error) {
	return object(ctx, s.client, &call{method: http.MethodGet, route: "/auth/credentials"}, func(v *CredentialStatus, body json.RawMessage) bool {
		v.Raw = body
		return v.User.ID != "" || !v.CheckedAt.IsZero()
	})
}

// Reset forgets the sign-in, and any wait after a failed one: the next call signs in. A stored session is passed over.
func (s *AuthService) Reset() {
	if cache := s.client.core.credential.cache; cache != nil {
		cache.Reset()
	}
}

// grant is what a credential sends.
type grant struct {
	header  []string // Authorization: one value, never changed
	session *Session // of a sign-in
}

// credential is who the client is. Nothing else writes Authorization.
type credential struct {
	option  string                // that gave it
	fixed   []string              // the header, where it never changes
	cache   *session.Cache[grant] // where it has to be asked for
	signsIn bool
}

func (c *credential) none() bool { return c.fixed == nil && c.cache == nil }

// ticket is one call's use of the credential.
type ticket struct {
	*credential
	token *session.Token[grant] // used last
}

// authorize returns the Authorization header for an attempt.
func (t *ticket) authorize(ctx context.Context, now time.Time) ([]string, error) {
	if t.cache == nil {
		return t.fixed, nil
	}
	token, err := t.cache.Get(ctx, now)
	if err != nil {
		return nil, t.explain(err)
	}
	t.token = token
	return token.Value.header, nil
}

// again reports whether res may be owed to a credential that has since been replaced: a 401, or a 403 or 404 that met a
// token past its end, which the server takes for no token at all.
func (t *ticket) again(ctx context.Context, res *retry.Result) (bool, error) {
	if t.cache == nil || t.token == nil || res.Stop != nil {
		return false, nil //nolint:nilerr // conclude tells why it stopped
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
		return false, t.explain(err)
	}
	if next.Value.header[0] == t.token.Value.header[0] {
		t.cache.Replayed(next, false) // the same key again: don't ask for it on every 401
		return false, nil
	}
	return true, nil
}

// ended reports whether the token was past its end when res arrived, by own reckoning or by the server's clock.
func (t *ticket) ended(res *retry.Result) bool {
	if t.token.Ended(res.Received) {
		return true
	}
	date, err := http.ParseTime(res.Header.Get("Date"))
	return err == nil && !t.token.Endless() && !date.Before(t.token.Value.session.ExpiresAt.Time)
}

// replayed tells the cache how the call went with the token that again brought.
func (t *ticket) replayed(res *retry.Result) {
	if res.Status != 0 && t.token != nil {
		t.cache.Replayed(t.token, res.Status != http.StatusUnauthorized)
	}
}

// secret is what a call carries that must not show in its error.
func (t *ticket) secret(cl *call) string {
	if cl.public {
		return cl.secret
	}
	header := t.fixed
	if t.token != nil {
		header = t.token.Value.header
	}
	if len(header) == 0 {
		return ""
	}
	return strings.TrimPrefix(header[0], "Bearer ")
}

// explain gives the cache's own errors their public form.
func (c *credential) explain(err error) error {
	switch {
	case errors.Is(err, session.ErrClosed):
		return ErrClosed
	case errors.Is(err, session.ErrInside):
		return invalid("%s: %v", c.option, err)
	}
	return err
}

// askKey is the source behind WithAPIKeyFunc.
func (c *core) askKey(fn func(context.Context) (string, error)) func(context.Context, *session.Token[grant], bool) (session.Grant[grant], error) {
	return func(ctx context.Context, _ *session.Token[grant], _ bool) (session.Grant[grant], error) {
		key, err := fn(ctx)
		if err != nil {
			return session.Grant[grant]{}, fmt.Errorf("linkit: WithAPIKeyFunc: %w", err)
		}
		if err := checkSecret("WithAPIKeyFunc", "key", key); err != nil {
			return session.Grant[grant]{}, err
		}
		return session.Grant[grant]{Value: grant{header: []string{key}}}, nil
	}
}

// credentials returns the options that name a credential.
func (c *config) credentials() []string {
	var names []string
	for _, option := range []struct {
		name string
		set  bool
	}{
		{"WithAPIKey", c.apiKey != ""},
		{"WithAPIKeyFunc", c.apiKeyFunc != nil},
		{"WithLogin", c.email != ""},
		{"WithLoginFunc", c.loginFunc != nil},
		{"WithToken", c.token != ""},
		{"WithoutCredentials", c.noCredentials},
	} {
		if option.set {
			names = append(names, option.name)
		}
	}
	return names
}

const credentialOptions = "WithAPIKey, WithAPIKeyFunc, WithLogin, WithLoginFunc, WithToken, FromEnv or WithoutCredentials"

// readCredentials takes the one credential that the environment holds.
func (c *config) readCredentials() error {
	key, token := os.Getenv("LINKIT_API_KEY"), os.Getenv("LINKIT_TOKEN")
	email, password := os.Getenv("LINKIT_EMAIL"), os.Getenv("LINKIT_PASSWORD")
	var found []string
	for _, variable := range []struct{ name, value string }{
		{"LINKIT_API_KEY", key}, {"LINKIT_TOKEN", token}, {"LINKIT_EMAIL with LINKIT_PASSWORD", email + password},
	} {
		if variable.value != "" {
			found = append(found, variable.name)
		}
	}
	switch {
	case len(found) == 0:
		return invalid("FromEnv: no credential: set LINKIT_API_KEY, or LINKIT_TOKEN, or LINKIT_EMAIL and LINKIT_PASSWORD")
	case len(found) > 1:
		return invalid("FromEnv: %s are set: keep one credential", strings.Join(found, " and "))
	case key != "":
		c.apiKey = key
		return checkSecret("LINKIT_API_KEY", "key", key)
	case token != "":
		c.token = token
		return checkSecret("LINKIT_TOKEN", "token", token)
	case email == "":
		return invalid("FromEnv: LINKIT_PASSWORD is set, but LINKIT_EMAIL is not")
	case password == "":
		return invalid("FromEnv: LINKIT_EMAIL is set, but LINKIT_PASSWORD is not")
	}
	c.email, c.password = email, password
	return nil
}

// credential makes the one credential that the options name.
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

// checkSecret refuses what can't be a key or token, without showing it.
func checkSecret(option, what, value string) error {
	const bearer = "bearer "
	switch {
	case value == "":
		return invalid("%s: the %s is empty", option, what)
	case strings.TrimSpace(value) == "":
		return invalid("%s: the %s is blank", option, what)
	case len(value) >= len(bearer) && strings.EqualFold(value[:len(bearer)], bearer):
		return invalid(`%s: the %s begins with "Bearer ": pass a bearer token to WithToken, without that word`, option, what)
	case !visible(value, ' '):
		return invalid("%s: the %s has a control or non-ASCII character: was a line break read with it?", option, what)
	case strings.TrimSpace(value) != value:
		return invalid("%s: the %s begins or ends with a space: trim it", option, what)
	}
	return nil
}
