package linkittest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

func TestCredentialsAreDistinguishedByTheirForm(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	token := signIn(t, server, linkittest.Email, linkittest.Password)
	for name, row := range map[string]struct {
		authorization string
		status        int
	}{
		"key":             {linkittest.APIKey, 200},
		"token":           {"Bearer " + token, 200},
		"none":            {"", 401},
		"wrong key":       {"nobody's-key", 401},
		"wrong token":     {"Bearer nobody's-token", 401},
		"key as token":    {"Bearer " + linkittest.APIKey, 401},
		"token as key":    {token, 401},
		"scheme, no more": {"Bearer ", 401},
	} {
		res := send(t, server, "GET", "/products", "", "Authorization", row.authorization)
		assert.Equal(t, row.status, res.status, name)
		if row.status == 401 {
			assert.JSONEq(t, `{"code":401,"error":"Unauthorized","details":"Invalid or expired token"}`, res.body, name)
			assert.Equal(t, "application/json", res.header.Get("Content-Type"))
		}
	}
}

func TestOpenRoutesNeedNoCredential(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for _, path := range []string{"/ping", "/health"} {
		assert.Equal(t, 200, send(t, server, "GET", path, "", "Authorization", "").status, path)
	}
}

func TestLoginRespondsAsDocumented(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddUser("two@example.com", "pass", "org_b", "org_a")
	day, _ := send(t, server, "POST", "/auth/login", `{"email":"two@example.com","password":"pass"}`).at(t, "expires_at").(string)
	expires, err := time.Parse(time.RFC3339, day)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now().Add(24*time.Hour), expires, time.Minute, "unless it is set")
	server.SetTokenTTL(1500 * time.Millisecond)
	res := send(t, server, "POST", "/auth/login", `{"email":"two@example.com","password":"pass"}`, "Authorization", "")
	require.Equal(t, 200, res.status)
	var body struct {
		Token     string            `json:"token"`
		ExpiresAt time.Time         `json:"expires_at"`
		User      map[string]string `json:"user"`
	}
	require.NoError(t, json.Unmarshal([]byte(res.body), &body))
	assert.NotEmpty(t, body.Token)
	date, err := http.ParseTime(res.header.Get("Date"))
	require.NoError(t, err)
	assert.Equal(t, 1500*time.Millisecond, body.ExpiresAt.Sub(date))
	assert.Equal(t, "two@example.com", body.User["email"])
	assert.Equal(t, "org_b", body.User["organization_id"])
	assert.NotEmpty(t, body.User["id"])
	assert.NotEqual(t, body.Token, signIn(t, server, "two@example.com", "pass"))

	for _, skew := range []time.Duration{0, 500 * time.Millisecond} { // a clock in either half of its second
		server.SetClockSkew(skew)
		res := send(t, server, "POST", "/auth/login", `{"email":"two@example.com","password":"pass"}`)
		require.NoError(t, json.Unmarshal([]byte(res.body), &body))
		date, err := http.ParseTime(res.header.Get("Date"))
		require.NoError(t, err)
		assert.Equal(t, 1500*time.Millisecond, body.ExpiresAt.Sub(date))
	}
}

func TestCredentialsAreThoseOfAUserOrOfAKey(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	token := signIn(t, server, linkittest.Email, linkittest.Password)
	user := send(t, server, "GET", "/auth/credentials", "", "Authorization", "Bearer "+token)
	contains(t, `{"email":"`+linkittest.Email+`","name":"user","type":"user"}`, user.at(t, "user"))
	key := send(t, server, "GET", "/auth/credentials", "")
	contains(t, `{"email":"","name":"","type":"api_key"}`, key.at(t, "user"))
	assert.NotEqual(t, user.at(t, "user", "id"), key.at(t, "user", "id"))
	assert.Equal(t, "ACTIVE", key.at(t, "billing", "status"))
	assert.Equal(t, true, key.at(t, "service_operational"))
}

func TestWrongPasswordIsPocketBases400(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for _, body := range []string{
		`{"email":"user@example.com","password":"wrong"}`, `{"email":"nobody@example.com","password":"linkittest-password"}`, `{}`,
	} {
		res := send(t, server, "POST", "/auth/login", body)
		assert.Equal(t, 400, res.status)
		assert.JSONEq(t, `{"code":400,"message":"Failed to authenticate.","data":{}}`, res.body)
	}
	assert.Equal(t, 400, send(t, server, "POST", "/auth/login", `{"email"`).status)
	_, err := server.Client(linkit.WithLogin(linkittest.Email, "wrong")).Products.List(t.Context(), nil)
	require.ErrorIs(t, err, linkit.ErrLogin)
	require.ErrorIs(t, err, linkit.ErrBadRequest)
}

func TestLoginLimitRejectsWithoutRetryAfter(t *testing.T) {
	t.Parallel()
	server := newServer(t, linkittest.WithLoginLimit(2, time.Hour))
	send(t, server, "POST", "/auth/login", `{"email":"user@example.com","password":"wrong"}`)
	signIn(t, server, linkittest.Email, linkittest.Password)
	res := send(t, server, "POST", "/auth/login", `not looked at`)
	assert.Equal(t, 429, res.status)
	assert.Empty(t, res.header.Get("Retry-After"))

	soon := newServer(t, linkittest.WithLoginLimit(1, time.Millisecond))
	require.Eventually(t, func() bool {
		return send(
			t,
			soon,
			"POST",
			"/auth/login",
			`{"email":"user@example.com","password":"linkittest-password"}`,
		).status == 200
	}, 5*time.Second, 2*time.Millisecond)
}

func TestTokensExpire(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*linkittest.Server){
		"expired by hand":   func(s *linkittest.Server) { s.ExpireTokens() },
		"the user replaced": func(s *linkittest.Server) { s.AddUser(linkittest.Email, "another") },
	} {
		server := newServer(t)
		server.AddToken("dashboard-token")
		token := signIn(t, server, linkittest.Email, linkittest.Password)
		require.Equal(t, 200, send(t, server, "GET", "/products", "", "Authorization", "Bearer "+token).status, name)
		end(server)
		assert.Equal(t, 401, send(t, server, "GET", "/products", "", "Authorization", "Bearer "+token).status, name)
	}
	server := newServer(t)
	server.SetTokenTTL(time.Millisecond)
	token := signIn(t, server, linkittest.Email, linkittest.Password)
	require.Eventually(t, func() bool {
		return send(t, server, "GET", "/products", "", "Authorization", "Bearer "+token).status == 401
	}, 5*time.Second, time.Millisecond)
}

func TestClientsSignInAgainWhenTokensExpire(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	client := server.Client(linkit.WithLogin(linkittest.Email, linkittest.Password))
	for range 3 {
		_, err := client.Products.List(t.Context(), nil)
		require.NoError(t, err)
		server.ExpireTokens()
	}
	logins := 0
	for _, r := range server.Requests() {
		if r.Route == "/auth/login" {
			logins++
		}
	}
	assert.Equal(t, 3, logins)
}

func TestRevokedKeysAreRejected(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddAPIKey("new-key")
	server.RevokeAPIKey(linkittest.APIKey)
	assert.Equal(t, 401, send(t, server, "GET", "/products", "").status)
	assert.Equal(t, 200, send(t, server, "GET", "/products", "", "Authorization", "new-key").status)
}

func TestOrganizationsAreApart(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddUser("two@example.com", "pass", "org_a", "org_b")
	server.AddAPIKey("key-of-b", "org_b")
	server.AddProducts(
		linkit.Product{IvID: "A", OrganizationID: "org_a"},
		linkit.Product{IvID: "B", OrganizationID: "org_b"},
	)
	bearer := "Bearer " + signIn(t, server, "two@example.com", "pass")
	for _, row := range []struct {
		authorization, organization, product string
		status                               int
	}{
		{bearer, "", "A", 200},
		{bearer, "", "B", 404},
		{bearer, "org_a", "A", 200},
		{bearer, "org_b", "B", 200},
		{bearer, "org_b", "A", 404},
		{bearer, linkittest.OrganizationID, "A", 403},
		{"key-of-b", "", "B", 200},
		{"key-of-b", "org_a", "A", 403},
		{linkittest.APIKey, "", "A", 404},
	} {
		res := send(
			t,
			server,
			"GET",
			"/products/"+row.product,
			"",
			"Authorization",
			row.authorization,
			"X-Organization-ID",
			row.organization,
		)
		assert.Equal(t, row.status, res.status, row)
		if row.status == 403 {
			assert.JSONEq(
				t,
				`{"code":403,"error":"Forbidden","details":"Insufficient permissions for this organization"}`,
				res.body,
			)
		}
	}
}

func TestSuspensionLeavesSomeRoutesOpen(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddProviders(linkit.Provider{ID: "tamara"})
	server.SetSuspended(linkittest.OrganizationID, true)
	for _, row := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/products", "", 403},
		{"POST", "/products", `{"iv_id":"A"}`, 403},
		{"GET", "/telemetry", "", 403},
		{"GET", "/providers", "", 403},
		{"GET", "/auth/credentials", "", 200},
		{"GET", "/payments/status", "", 200},
		{"POST", "/payments/orders", `{"providers":["tamara"]}`, 201},
		{"GET", "/health", "", 200},
		{"GET", "/health/system", "", 200},
		{"GET", "/ping", "", 200},
	} {
		res := send(t, server, row.method, row.path, row.body)
		assert.Equal(t, row.status, res.status, row.path)
		if row.status == 403 {
			assert.JSONEq(t, `{"code":"BILLING_SERVICE_SUSPENDED","error":"Forbidden","details":"service suspended"}`, res.body)
		}
	}
	client := server.Client()
	_, err := client.Products.List(t.Context(), nil)
	require.ErrorIs(t, err, linkit.ErrServiceSuspended)
	status, err := client.Auth.Check(t.Context())
	require.NoError(t, err)
	assert.False(t, status.ServiceOperational)
	assert.Equal(t, "OVERDUE", status.Billing.Status)

	server.SetSuspended(linkittest.OrganizationID, false)
	status, err = client.Auth.Check(t.Context())
	require.NoError(t, err)
	assert.True(t, status.ServiceOperational)
	assert.Equal(t, "ACTIVE", status.Billing.Status)
	assert.NotEmpty(t, status.User.ID)
	_, err = client.Products.List(t.Context(), nil)
	require.NoError(t, err)
}

func TestExpiredTokensCountAsGuests(t *testing.T) {
	t.Parallel()
	server := newServer(t, linkittest.WithGuests())
	server.AddProducts(linkit.Product{IvID: "A"})
	token := signIn(t, server, linkittest.Email, linkittest.Password)
	server.ExpireTokens()
	for _, row := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/products", 200},
		{"GET", "/products/A", 404},
		{"PUT", "/products/A", 403},
		{"DELETE", "/products/A", 403},
		{"POST", "/products", 403},
		{"GET", "/auth/credentials", 401},
	} {
		res := send(t, server, row.method, row.path, "{}", "Authorization", "Bearer "+token)
		assert.Equal(t, row.status, res.status, row)
		if row.status == 200 {
			assert.JSONEq(t, `{"data":[],"count":0,"total_count":0,"page":1,"limit":20,"has_next":false,"meta":{}}`, res.body)
		}
	}
	assert.Equal(t, 401, send(t, server, "GET", "/products", "", "Authorization", "").status)
	assert.Equal(t, 401, send(t, server, "GET", "/products", "", "Authorization", "wrong-key").status)
	assert.Equal(t, 200, send(t, server, "GET", "/products/A", "").status)
}

func TestOnlyTheSignInPasswordIsMasked(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	secret := `p"ass`
	send(t, server, "POST", "/auth/login", `{"email":"a@example.com","Password":"p\"ass"}`)
	send(t, server, "POST", "/auth/login", `email=a&password=p"ass`)
	send(t, server, "POST", "/products?password=seen", `{"iv_id":"A","password":"seen"}`, "X-Trace", "t1")
	requests := server.Requests()
	require.Len(t, requests, 3)
	assert.JSONEq(t, `{"email":"a@example.com","Password":"[masked]"}`, string(requests[0].Body))
	assert.NotContains(t, string(requests[1].Body), secret)
	assert.JSONEq(t, `{"iv_id":"A","password":"seen"}`, string(requests[2].Body))
	assert.Equal(t, "seen", requests[2].Query.Get("password"))
	assert.Equal(t, "t1", requests[2].Header.Get("X-Trace"))
	assert.Equal(t, linkittest.APIKey, requests[2].Header.Get("Authorization"))
	assert.Equal(t, "/products /products", strings.Join([]string{requests[2].Path, requests[2].Route}, " "))
}
