package linkit_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestSessionIsTheClientsOwnAndLoginChangesNothing(t *testing.T) {
	t.Parallel()
	s := newSignInServer(time.Hour)
	client := s.client(t)
	own, err := client.Auth.Session(t.Context())
	require.NoError(t, err)
	assert.Equal(t, linkit.User{ID: "usr_7", Email: "ops@example.com", OrganizationID: "org_1"}, own.User)
	assert.Equal(t, "tok-1-Qw8eRt", own.Token.Reveal())
	assert.WithinDuration(t, time.Now().Add(time.Hour), own.ExpiresAt.Time, time.Minute)
	other, err := client.Auth.Login(t.Context(), "ops@example.com", s.password)
	require.NoError(t, err)
	assert.Equal(t, "tok-2-Qw8eRt", other.Token.Reveal())
	own.Token = other.Token // a copy
	require.NoError(t, getOne(t.Context(), client))
	assert.Equal(t, "Bearer tok-1-Qw8eRt", s.seen[0])
	for _, bad := range [][2]string{{"", "x"}, {"x", ""}} {
		_, err = client.Auth.Login(t.Context(), bad[0], bad[1])
		require.ErrorIs(t, err, linkit.ErrInvalid)
	}
	require.NoError(t, client.Close())
	_, err = client.Auth.Session(t.Context())
	require.ErrorIs(t, err, linkit.ErrClosed)
}

func TestCheckReportsTheCredential(t *testing.T) {
	t.Parallel()
	body := sample(t, "credentials.json")
	client := newClient(t, &replies{responses: []reply{{status: 200, body: body}}})
	status, err := client.Auth.Check(t.Context())
	require.NoError(t, err)
	assert.Equal(t, linkit.CredentialUser{ID: "usr_7", Email: "ops@example.com", Name: "Ops", Type: "user"}, status.User)
	assert.True(t, status.ServiceOperational)
	assert.Equal(t, "ACTIVE", status.Billing.Status)
	assert.Equal(t, time.Date(2026, 4, 11, 17, 40, 30, 0, time.UTC), status.CheckedAt.Time)
	assert.Equal(t, body, string(status.Raw))
}

func TestErrNoSessionNamesTheOptionThatGaveTheCredential(t *testing.T) {
	t.Parallel()
	for option, opt := range map[string]linkit.Option{
		"WithAPIKey": linkit.WithAPIKey(testKey), "WithToken": linkit.WithToken(testKey), "WithoutCredentials": linkit.WithoutCredentials(),
		"WithAPIKeyFunc": linkit.WithAPIKeyFunc(func(context.Context) (string, error) { return testKey, nil }),
	} {
		client := newClient(t, &replies{responses: []reply{{status: 200}}}, opt)
		_, err := client.Auth.Session(t.Context())
		require.ErrorIs(t, err, linkit.ErrNoSession)
		assert.Regexp(t, option+"$", err.Error())
		client.Auth.Reset() // has nothing to do
	}
}

func TestSecretsCompareByValue(t *testing.T) {
	t.Parallel()
	a, again, other := linkit.NewSecret("a"), linkit.NewSecret("a"), linkit.NewSecret("b")
	assert.True(t, a.Equal(again))
	assert.False(t, a.Equal(other))
	assert.False(t, a.Equal(linkit.NewSecret("ab")))
	assert.False(t, a.Equal(linkit.Secret{}))
	assert.True(t, linkit.Secret{}.Equal(linkit.NewSecret("")))
	assert.True(t, linkit.Secret{}.IsZero())
	assert.True(t, linkit.NewSecret("").IsZero())
	assert.False(t, a.IsZero())
}

func TestCredentialsAndOrganizationsInQuotesAreRefused(t *testing.T) {
	for _, value := range []string{`"lk_live_71"`, `'lk_live_71'`, "`lk_live_71`", `"Bearer lk_live_71"`, `""`, `' '`} {
		for name, opts := range map[string][]linkit.Option{
			"WithAPIKey":       {linkit.WithAPIKey(value)},
			"WithToken":        {linkit.WithToken(value)},
			"WithOrganization": {linkit.WithAPIKey(testKey), linkit.WithOrganization(value)},
		} {
			_, err := linkit.NewClient(opts...)
			assertInQuotes(t, err, name)
		}
		for _, name := range []string{"LINKIT_API_KEY", "LINKIT_TOKEN", "LINKIT_ORGANIZATION_ID"} {
			setenv(t, map[string]string{name: value})
			_, err := linkit.NewClient(linkit.FromEnv())
			assertInQuotes(t, err, name)
		}
		client := newClient(t, &replies{responses: []reply{{status: 200}}})
		assertInQuotes(t, getOne(t.Context(), client.ForOrganization(value)), "ForOrganization")
	}
	setenv(t, map[string]string{"LINKIT_API_KEY": testKey, "LINKIT_BASE_URL": `"https://lk_live_71.test/api/v1"`})
	_, err := linkit.NewClient(linkit.FromEnv())
	assertInQuotes(t, err, "LINKIT_BASE_URL")
}

func assertInQuotes(t *testing.T, err error, name string) {
	t.Helper()
	require.ErrorIs(t, err, linkit.ErrInvalid)
	require.ErrorContains(t, err, name+": ")
	require.ErrorContains(t, err, "in quotes")
	assert.NotContains(t, err.Error(), "lk_live_71")
}

func TestOneQuoteOrQuotesWithinAreNoMistake(t *testing.T) {
	t.Parallel()
	for _, value := range []string{`"lk`, `lk"`, `'lk"`, `l"k"`, `'`} {
		_, err := linkit.NewClient(linkit.WithAPIKey(value))
		require.NoError(t, err, value)
	}
}
