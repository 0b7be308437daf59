package linkittest

import (
	"net/http"
	"time"
)

var authRoutes = []route{
	{method: http.MethodPost, path: "/auth/login", handle: login, open: true},
	{method: http.MethodGet, path: "/auth/credentials", handle: credentials, always: true},
}

// login responds to a wrong email or password as PocketBase does: with a 400.
func login(r *request) response {
	s := r.server
	var body struct {
		Email    string `json:"email"`
		Password string `json:"password"`
	}
	if refusal := decode(r.body, &body); refusal != nil {
		return refusal.response()
	}
	who, bearer, ttl := s.accounts.signIn(body.Email, body.Password)
	if who == nil {
		return pocketBase(http.StatusBadRequest, "Failed to authenticate.")
	}
	return reply(http.StatusOK, map[string]any{
		"token":      bearer,
		"expires_at": r.now.Truncate(time.Second).Add(ttl), // truncated like Date, so that the difference is exactly ttl
		"user":       map[string]string{"id": who.id, "email": who.email, "organization_id": who.organizations[0]},
	})
}

// credentials returns the status of the credential. OVERDUE is Linkit's documented billing status
// of a suspended organization; ACTIVE is linkittest's own.
func credentials(r *request) response {
	operational, billing := true, "ACTIVE"
	if r.org.suspended.Load() {
		operational, billing = false, "OVERDUE"
	}
	return reply(http.StatusOK, map[string]any{
		"checked_at": r.now,
		"user": map[string]string{
			"id": r.who.id, "email": r.who.email, "name": r.who.name, "type": r.who.kind,
		},
		"service_operational": operational,
		"billing":             map[string]string{"status": billing},
	})
}

// SetSuspended suspends an organization whose payments are past due, or lifts the suspension. While
// it is suspended, its endpoints respond 403 BILLING_SERVICE_SUSPENDED, except for sign-in,
// credentials, payments, ping and health, and [linkit.AuthService.Check] reports the billing status
// OVERDUE.
func (s *Server) SetSuspended(organization string, suspended bool) {
	s.data.organization(organization).suspended.Store(suspended)
}
