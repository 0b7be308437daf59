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

// identity is whom a credential stands for.
type identity struct {
	id, email, name, kind, password string
	organizations                   []string
}

type token struct {
	who  *identity
	ends time.Time // zero: never
}

// accounts are the credentials that the server accepts.
type accounts struct {
	mu      sync.RWMutex
	users   map[string]*identity // by email
	keys    map[string]*identity
	tokens  map[string]token
	ttl     time.Duration
	created int
	limit   loginLimit
}

func (a *accounts) start(settings settings) {
	a.users, a.keys, a.tokens = map[string]*identity{}, map[string]*identity{}, map[string]token{}
	a.ttl, a.limit = defaultTTL, settings.loginLimit
	a.users[Email] = a.identity("usr", Email, Password, []string{OrganizationID})
	a.keys[APIKey] = a.identity("key", "", "", []string{OrganizationID})
}

// identity makes one; organizations are OrganizationID when there are none.
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

// AddUser lets a user sign in. Calls are about the first of the user's organizations, OrganizationID if there are none, unless
// X-Organization-ID names another of them. A user of the same email is replaced, and that user's tokens end.
func (s *Server) AddUser(email, password string, organizations ...string) {
	a := &s.accounts
	a.mu.Lock()
	defer a.mu.Unlock()
	a.users[email] = a.identity("usr", email, password, organizations)
}

// AddAPIKey accepts another API key, for the same organizations as AddUser.
func (s *Server) AddAPIKey(key string, organizations ...string) {
	a := &s.accounts
	a.mu.Lock()
	defer a.mu.Unlock()
	a.keys[key] = a.identity("key", "", "", organizations)
}

// AddToken accepts a bearer token that nobody signed in for, as the dashboard gives them out, for the same organizations as
// AddUser. It lasts until ExpireTokens.
func (s *Server) AddToken(bearer string, organizations ...string) {
	a := &s.accounts
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tokens[bearer] = token{who: a.identity("usr", "", "", organizations)}
}

// RevokeAPIKey refuses an API key from now on.
func (s *Server) RevokeAPIKey(key string) {
	a := &s.accounts
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.keys, key)
}

// SetTokenTTL sets how long the tokens of further sign-ins last; a day is the default. expires_at less Date is d exactly; both
// leave out what is begun of a second.
func (s *Server) SetTokenTTL(d time.Duration) {
	a := &s.accounts
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ttl = d
}

// ExpireTokens ends every bearer token given out so far.
func (s *Server) ExpireTokens() {
	a := &s.accounts
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.tokens)
}

// signIn gives out a token; nil is for a wrong password.
func (a *accounts) signIn(email, password string) (who *identity, bearer string, ttl time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	who = a.users[email]
	if who == nil || who.password != password {
		return nil, "", 0
	}
	bearer = rand.Text()
	a.tokens[bearer] = token{who: who, ends: time.Now().Add(a.ttl)}
	return who, bearer, a.ttl
}

// identify returns whom an Authorization header stands for, if anybody. The two kinds of credential are told apart by their form.
func (a *accounts) identify(header string) (who *identity, isToken bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	bearer, isToken := strings.CutPrefix(header, "Bearer ")
	if !isToken {
		return a.keys[header], false
	}
	t := a.tokens[bearer]
	switch {
	case t.who == nil, !t.ends.IsZero() && !time.Now().Before(t.ends):
		return nil, true
	case t.who.email != "" && a.users[t.who.email] != t.who:
		return nil, true // replaced
	}
	return t.who, true
}

// admit finds out who asks, and in which organization. It returns the answer to those who may not.
func (s *Server) admit(r *request, route route) *answer {
	who, isToken := s.accounts.identify(r.Header.Get("Authorization"))
	if who == nil {
		var refusal answer
		switch {
		case !isToken || !s.settings.guests || route.always:
			refusal = unauthorized().answer()
		case route.list:
			refusal = reply(http.StatusOK, page{Data: []any{}, Page: 1, Limit: defaultLimit})
		case route.method == http.MethodGet:
			refusal = notFound("The requested resource wasn't found.").answer()
		default:
			refusal = forbidden("Only authorized users can perform this action.").answer()
		}
		return &refusal
	}
	id := r.Header.Get("X-Organization-Id")
	if id == "" {
		id = who.organizations[0]
	}
	if !slices.Contains(who.organizations, id) {
		refusal := foreign().answer()
		return &refusal
	}
	r.who, r.in = who, s.data.organization(id)
	if !route.always && r.in.suspended.Load() {
		refusal := suspended().answer()
		return &refusal
	}
	return nil
}

// loginLimit is a limit on sign-ins, as a window that slides.
type loginLimit struct {
	most   int
	per    time.Duration
	recent []time.Time
}

// takeLogin reports whether one more sign-in is within the limit, and counts it.
func (a *accounts) takeLogin() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := &a.limit
	if l.per <= 0 {
		return true
	}
	now := time.Now()
	l.recent = slices.DeleteFunc(l.recent, func(at time.Time) bool { return now.Sub(at) >= l.per })
	if len(l.recent) >= l.most {
		return false
	}
	l.recent = append(l.recent, now)
	return true
}
