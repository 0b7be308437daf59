package linkittest

import (
	"net/http"
	"time"
)

var authRoutes = []route{
	{method: http.MethodPost, path: "/auth/login", handle: login, open: true},
	{method: http.MethodGet, path: "/auth/credentials", handle: credentials, always: true},
}

// login answers a wrong email or password as PocketBase does: with 400.
func login(r *request) answer {
	s := r.server
	if !s.accounts.takeLogin() {
		return pocketBase(http.StatusTooManyRequests, "Too many requests.")
	}
	var body struct {
		Email    string `json:"email"`
		Password string `json:"password"`
	}
	if refusal := decode(r.body, &body); refusal != nil {
		return refusal.answer()
	}
	who, bearer, ttl := s.accounts.signIn(body.Email, body.Password)
	if who == nil {
		return pocketBase(http.StatusBadRequest, "Failed to authenticate.")
	}
	return reply(http.StatusOK, map[string]any{
		"token":      bearer,
		"expires_at": r.now.Truncate(time.Second).Add(ttl), // as Date is cut, so that the difference is exact
		"user":       map[string]string{"id": who.id, "email": who.email, "organization_id": who.organizations[0]},
	})
}

// credentials' billing status for a suspended organization is linkittest's own: only ACTIVE is documented.
func credentials(r *request) answer {
	operational, billing := true, "ACTIVE"
	if r.in.suspended.Load() {
		operational, billing = false, "SUSPENDED"
	}
	return reply(http.StatusOK, map[string]any{
		"checked_at":          r.now,
		"user":                map[string]string{"id": r.who.id, "email": r.who.email, "name": r.who.name, "type": r.who.kind},
		"service_operational": operational,
		"billing":             map[string]string{"status": billing},
	})
}

// SetSuspended makes an organization past due, or ends that: its endpoints answer 403 BILLING_SERVICE_SUSPENDED, but for
// sign-in, credentials, payments, ping and health.
func (s *Server) SetSuspended(organization string, suspended bool) {
	s.data.organization(organization).suspended.Store(suspended)
}
