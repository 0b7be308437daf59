package linkittest

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const defaultTTL = 24 * time.Hour

// identity is the user or key that a credential belongs to.
type identity struct {
	id, email, name, kind, password string
	organizations                   []string
}

type token struct {
	who     *identity
	expires time.Time // zero: never
}

// accounts are the credentials that the server accepts.
type accounts struct {
	mu      sync.RWMutex
	users   map[string]*identity // by email
	keys    map[string]*identity
	tokens  map[string]token
	ttl     time.Duration
	created int
}

func (a *accounts) start() {
	a.users, a.keys, a.tokens = map[string]*identity{}, map[string]*identity{}, map[string]token{}
	a.ttl = defaultTTL
	a.users[Email] = a.identity("usr", Email, Password, []string{OrganizationID})
	a.keys[APIKey] = a.identity("key", "", "", []string{OrganizationID})
}

// identity creates an identity. Without organizations it belongs to OrganizationID.
func (a *accounts) identity(kind, email, password string, organizations []string) *identity {
	a.created++
	if len(organizations) == 0 {
		organizations = []string{OrganizationID}
	}
	who := &identity{
		id: fmt.Sprintf("%s_%d", kind, a.created), email: email, password: password,
		organizations: slices.Clone(organizations),
	}
	who.name, _, _ = strings.Cut(email, "@")
	who.kind = map[string]string{"usr": "user", "key": "api_key"}[kind]
	return who
}

// AddUser adds a user who can sign in. Calls apply to the first of the user's organizations, or to
// [OrganizationID] if there are none, unless X-Organization-ID names another of them. An existing
// user with the same email is replaced, and that user's tokens expire.
func (s *Server) AddUser(email, password string, organizations ...string) {
	a := &s.accounts
	a.mu.Lock()
	defer a.mu.Unlock()
	a.users[email] = a.identity("usr", email, password, organizations)
}

// AddAPIKey adds an API key. Calls apply to the first of its organizations, or to [OrganizationID]
// if there are none, unless X-Organization-ID names another of them.
func (s *Server) AddAPIKey(key string, organizations ...string) {
	a := &s.accounts
	a.mu.Lock()
	defer a.mu.Unlock()
	a.keys[key] = a.identity("key", "", "", organizations)
}

// AddToken adds a long-lived bearer token, such as the dashboard issues. Calls apply to the first
// of its organizations, or to [OrganizationID] if there are none, unless X-Organization-ID names
// another of them. It is valid until [Server.ExpireTokens].
func (s *Server) AddToken(bearer string, organizations ...string) {
	a := &s.accounts
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tokens[bearer] = token{who: a.identity("usr", "", "", organizations)}
}

// RevokeAPIKey revokes an API key: requests that use it get a 401.
func (s *Server) RevokeAPIKey(key string) {
	a := &s.accounts
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.keys, key)
}

// SetTokenTTL sets the lifetime of the tokens of later sign-ins. The default is 24 hours. The
// difference between a sign-in's expires_at and its Date header is exactly d.
func (s *Server) SetTokenTTL(d time.Duration) {
	a := &s.accounts
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ttl = d
}

// ExpireTokens expires every bearer token issued or added so far.
func (s *Server) ExpireTokens() {
	a := &s.accounts
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.tokens)
}

// signIn issues a token. It returns nil if the email or the password is wrong.
func (a *accounts) signIn(email, password string) (who *identity, bearer string, ttl time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	who = a.users[email]
	if who == nil || who.password != password {
		return nil, "", 0
	}
	bearer = rand.Text()
	a.tokens[bearer] = token{who: who, expires: time.Now().Add(a.ttl)}
	return who, bearer, a.ttl
}

// identify returns the identity that an Authorization header belongs to, or nil. API keys and
// tokens are distinguished by their form.
func (a *accounts) identify(header string) (who *identity, isToken bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	bearer, isToken := strings.CutPrefix(header, "Bearer ")
	if !isToken {
		return a.keys[header], false
	}
	t := a.tokens[bearer]
	switch {
	case t.who == nil, !t.expires.IsZero() && !time.Now().Before(t.expires):
		return nil, true
	case t.who.email != "" && a.users[t.who.email] != t.who:
		return nil, true // replaced
	}
	return t.who, true
}

// admit sets the request's identity and organization. It returns an error response if the request
// is not allowed.
func (s *Server) admit(r *request, route route) *response {
	who, isToken := s.accounts.identify(r.Header.Get("Authorization"))
	if who == nil {
		var refusal response
		switch {
		case !isToken || !s.settings.guests || route.always:
			refusal = unauthorized().response()
		case route.list:
			refusal = reply(http.StatusOK, page{Data: []any{}, Page: 1, Limit: defaultLimit})
		case route.method == http.MethodGet:
			refusal = notFound("The requested resource wasn't found.").response()
		default:
			refusal = forbidden("Only authorized users can perform this action.").response()
		}
		return &refusal
	}
	id := r.Header.Get("X-Organization-Id")
	if id == "" {
		id = who.organizations[0]
	}
	if !slices.Contains(who.organizations, id) {
		refusal := foreign().response()
		return &refusal
	}
	r.who, r.org = who, s.data.organization(id)
	if !route.always && r.org.suspended.Load() {
		refusal := suspended().response()
		return &refusal
	}
	return nil
}
