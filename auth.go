package linkit

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/linkit-go/linkit/internal/lenient"
)

// Session is a sign-in. It is stored with [Session.MarshalBinary]; text, JSON and logs never show
// its token.
type Session struct { //nolint:recvcheck // what encodes it is on the value, so that a copy's token isn't lost either
	Token     Secret
	ExpiresAt Time // by the server's clock; zero if the end is unknown
	User      User
}

// User is the user of a [Session].
type User struct {
	ID             string `json:"id"`
	Email          string `json:"email"`
	OrganizationID string `json:"organization_id"` // the organization that the token is limited to, if any
}

// Secret keeps a credential out of logs: it prints as [redacted] under every verb, in slog and in
// JSON. Compare secrets with [Secret.Equal]: the operator == compares where they are kept, not what
// they are.
type Secret struct{ v *string }

// NewSecret returns v as a Secret.
func NewSecret(v string) Secret { return Secret{&v} }

// Reveal returns the value.
func (s Secret) Reveal() string {
	if s.v == nil {
		return ""
	}
	return *s.v
}

// Equal reports whether both have the same value, in a time that depends on its length only.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

// IsZero reports whether the value is empty.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

// Format prints [redacted], whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redaction)) }

// String returns [redacted].
func (Secret) String() string { return redaction }

// MarshalText returns [redacted]; encoding/json and slog use it.
func (Secret) MarshalText() ([]byte, error) { return []byte(redaction), nil }

// CredentialStatus is what the service knows of the client's credential.
type CredentialStatus struct {
	CheckedAt          Time              `json:"checked_at"`
	User               CredentialUser    `json:"user"`
	ServiceOperational bool              `json:"service_operational"`
	Billing            CredentialBilling `json:"billing"`
	Raw                json.RawMessage   `json:"-"` // the whole response
}

func (s *CredentialStatus) setRaw(text json.RawMessage) { s.Raw = text }

// CredentialUser is the user that a credential belongs to.
type CredentialUser struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	Name  string `json:"name"`
	Type  string `json:"type"`
}

// CredentialBilling is the billing state of the organization.
type CredentialBilling struct {
	Status string `json:"status"` // "OVERDUE" while the organization is past due; Linkit documents no other value
}

// AuthService signs in and manages the client's session. Use it as [Client].Auth.
type AuthService service

// Login signs in once and returns the session; nothing in the client changes. A rejected sign-in is
// [ErrLogin] and [ErrUnauthorized]; an empty email or password is [ErrInvalid]. For a client that
// signs in by itself use [WithLogin].
//
//	POST /auth/login
func (s *AuthService) Login(ctx context.Context, email, password string) (*Session, error) {
	if err := s.client.usable(ctx, &operation{method: http.MethodPost, route: loginRoute, kind: signIn}); err != nil {
		return nil, err
	}
	if err := checkLogin("Login", email, password); err != nil {
		return nil, err
	}
	granted, err := s.client.core.login(ctx, email, password, false)
	if err != nil {
		return nil, err
	}
	return granted.Value.session, nil
}

// Session returns the client's own session, signing in if there is none. With an API key or a fixed
// token it returns [ErrNoSession].
func (s *AuthService) Session(ctx context.Context) (*Session, error) {
	core := s.client.core
	if !core.credential.signsIn {
		return nil, fmt.Errorf("%w: the client was made with %s", ErrNoSession, core.credential.option)
	}
	switch {
	case ctx == nil:
		return nil, nilContext("Auth.Session")
	case core.closed.Load():
		return nil, closedError("Auth.Session")
	}
	token, err := core.credential.cache.Get(ctx, time.Now())
	if err != nil {
		return nil, core.credential.publicError(err)
	}
	current := *token.Value.session
	return &current, nil
}

// Check returns what the service knows of the credential. It works while the organization is
// suspended.
//
//	GET /auth/credentials
func (s *AuthService) Check(ctx context.Context) (*CredentialStatus, error) {
	op := &operation{method: http.MethodGet, route: "/auth/credentials"}
	return doObject(ctx, s.client, op, func(_ *CredentialStatus, o lenient.Object) bool {
		return o.Has("checked_at", "user", "service_operational", "billing")
	})
}

// Reset forgets the session, and any wait after a failed sign-in: the next call signs in, and
// replaces a stored session without using it. Without [WithLogin], [WithLoginFunc] or
// [WithAPIKeyFunc] it does nothing.
func (s *AuthService) Reset() {
	if cache := s.client.core.credential.cache; cache != nil {
		cache.Reset()
	}
}

// credentials returns the names of the options that give a credential.
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

const credentialOptions = "WithAPIKey, WithAPIKeyFunc, WithLogin, WithLoginFunc, WithToken, FromEnv " +
	"or WithoutCredentials"

// readCredentials reads the one credential in the environment.
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

const unset = "was it read from a variable that isn't set?"

const quotesHint = "leave them out; an env or secret file may have been read with its quotes"

// inQuotes reports whether a matching pair of quotes is around value.
func inQuotes(value string) bool {
	first, size := utf8.DecodeRuneInString(value)
	last, _ := utf8.DecodeLastRuneInString(value)
	if len(value) <= size {
		return false
	}
	for _, pair := range [][2]rune{{'"', '"'}, {'\'', '\''}, {'`', '`'}, {'“', '”'}, {'‘', '’'}, {'«', '»'}} {
		if first == pair[0] && last == pair[1] {
			return true
		}
	}
	return false
}

// checkSecret refuses what can't be a key or token, without showing it.
func checkSecret(option, what, value string) error {
	const bearer = "bearer "
	switch {
	case value == "":
		return invalid("%s: the %s is empty: %s", option, what, unset)
	case strings.TrimSpace(value) == "":
		return invalid("%s: the %s is blank: %s", option, what, unset)
	case len(value) >= len(bearer) && strings.EqualFold(value[:len(bearer)], bearer):
		instead := "pass a bearer token to WithToken"
		if strings.HasPrefix(option, "LINKIT_") {
			instead = "put a bearer token into LINKIT_TOKEN"
		}
		return invalid(`%s: the %s begins with "Bearer ": %s, without that word`, option, what, instead)
	case inQuotes(value):
		return invalid("%s: the %s is in quotes: %s", option, what, quotesHint)
	case !visible(value, ' '):
		return invalid("%s: the %s has a control or non-ASCII character: was a line break read with it?", option, what)
	case strings.TrimSpace(value) != value:
		return invalid("%s: the %s begins or ends with a space: trim it", option, what)
	}
	return nil
}
