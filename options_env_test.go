package linkit_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

var variables = []string{
	"LINKIT_API_KEY",
	"LINKIT_TOKEN",
	"LINKIT_EMAIL",
	"LINKIT_PASSWORD",
	"LINKIT_ORGANIZATION_ID",
	"LINKIT_BASE_URL",
	"LINKIT_LOG",
}

func setenv(t *testing.T, env map[string]string) {
	t.Helper()
	for _, name := range variables {
		t.Setenv(name, env[name])
	}
}

func TestFromEnvReadsWhatNoOptionHasSet(t *testing.T) {
	for name, row := range map[string]struct {
		env  map[string]string
		opts []linkit.Option
		want map[string]string // header
		url  string
	}{
		"key and the rest": {
			env:  map[string]string{"LINKIT_API_KEY": "env-key", "LINKIT_ORGANIZATION_ID": "org_env", "LINKIT_BASE_URL": "https://env.test/v1"},
			want: map[string]string{"Authorization": "env-key", "X-Organization-Id": "org_env"}, url: "https://env.test/v1/products/x",
		},
		"token": {
			env:  map[string]string{"LINKIT_TOKEN": "env-token"},
			want: map[string]string{"Authorization": "Bearer env-token", "X-Organization-Id": ""}, url: linkit.DefaultBaseURL + "/products/x",
		},
		"options first": {
			env:  map[string]string{"LINKIT_API_KEY": "env-key", "LINKIT_TOKEN": "env-token", "LINKIT_ORGANIZATION_ID": "org_env", "LINKIT_BASE_URL": "https://env.test/v1"},
			opts: []linkit.Option{linkit.WithToken("own-token"), linkit.WithOrganization("org_own"), linkit.WithBaseURL("https://own.test")},
			want: map[string]string{"Authorization": "Bearer own-token", "X-Organization-Id": "org_own"}, url: "https://own.test/products/x",
		},
	} {
		t.Run(name, func(t *testing.T) {
			setenv(t, row.env)
			rs := &replies{responses: []reply{{status: 200, body: product1}}}
			opts := append([]linkit.Option{linkit.FromEnv(), linkit.WithHTTPClient(&http.Client{Transport: rs})}, row.opts...)
			for range 2 {
				client, err := linkit.NewClient(opts...)
				require.NoError(t, err)
				_, err = client.Products.Get(t.Context(), "x")
				require.NoError(t, err)
				got := rs.requests[len(rs.requests)-1]
				for header, value := range row.want {
					assert.Equal(t, value, got.Header.Get(header))
				}
				assert.Equal(t, row.url, got.URL.String())
				slices.Reverse(opts)
			}
		})
	}
}

func TestFromEnvSaysWhichVariables(t *testing.T) {
	for _, row := range []struct {
		env   map[string]string
		names []string
	}{
		{nil, []string{"FromEnv", "LINKIT_API_KEY", "LINKIT_TOKEN", "LINKIT_EMAIL", "LINKIT_PASSWORD"}},
		{map[string]string{"LINKIT_API_KEY": "s3cr3t", "LINKIT_TOKEN": "s3cr3t"}, []string{"LINKIT_API_KEY", "LINKIT_TOKEN"}},
		{map[string]string{"LINKIT_API_KEY": "s3cr3t", "LINKIT_EMAIL": "a", "LINKIT_PASSWORD": "s3cr3t"}, []string{"LINKIT_API_KEY", "LINKIT_EMAIL"}},
		{map[string]string{"LINKIT_EMAIL": "a"}, []string{"LINKIT_PASSWORD"}},
		{map[string]string{"LINKIT_PASSWORD": "s3cr3t"}, []string{"LINKIT_EMAIL"}},
		{map[string]string{"LINKIT_API_KEY": "Bearer s3cr3t"}, []string{"LINKIT_API_KEY", "put a bearer token into LINKIT_TOKEN"}},
		{map[string]string{"LINKIT_TOKEN": "s3cr3t\n"}, []string{"LINKIT_TOKEN"}},
		{map[string]string{"LINKIT_API_KEY": "k3y", "LINKIT_BASE_URL": "http://s3cr3t.example"}, []string{"LINKIT_BASE_URL"}},
		{map[string]string{"LINKIT_API_KEY": "k3y", "LINKIT_ORGANIZATION_ID": "a b"}, []string{"LINKIT_ORGANIZATION_ID"}},
	} {
		t.Run(strings.Join(row.names, " "), func(t *testing.T) {
			setenv(t, row.env)
			_, err := linkit.NewClient(linkit.FromEnv())
			require.ErrorIs(t, err, linkit.ErrInvalid)
			for _, name := range row.names {
				assert.ErrorContains(t, err, name)
			}
			assert.NotContains(t, err.Error(), "s3cr3t")
		})
	}
}

func TestEnvironmentIsNotReadWithoutFromEnv(t *testing.T) {
	setenv(
		t,
		map[string]string{
			"LINKIT_API_KEY":         "env-key",
			"LINKIT_ORGANIZATION_ID": "org_env",
			"LINKIT_BASE_URL":        "https://env.test",
		},
	)
	_, err := linkit.NewClient()
	require.ErrorIs(t, err, linkit.ErrInvalid)
	rs := &replies{responses: []reply{{status: 200, body: product1}}}
	client, err := linkit.NewClient(linkit.WithToken("own"), linkit.WithHTTPClient(&http.Client{Transport: rs}))
	require.NoError(t, err)
	_, err = client.Products.Get(t.Context(), "x")
	require.NoError(t, err)
	assert.Empty(t, rs.requests[0].Header.Get("X-Organization-Id"))
	assert.Equal(t, "linkit.works", rs.requests[0].URL.Host)
}

func TestLoginFromEnvSignsIn(t *testing.T) {
	setenv(t, map[string]string{"LINKIT_EMAIL": "a@example.com", "LINKIT_PASSWORD": " pässword "})
	rs := &replies{responses: []reply{{status: 200, body: `{"token":"t0ken"}`}, {status: 200, body: product1}}}
	client, err := linkit.NewClient(
		linkit.FromEnv(),
		linkit.WithHTTPClient(&http.Client{Transport: rs}),
		linkit.WithAttemptTimeout(time.Second),
	)
	require.NoError(t, err)
	_, err = client.Products.Get(t.Context(), "x")
	require.NoError(t, err)
	assert.JSONEq(t, `{"email":"a@example.com","password":" pässword "}`, rs.bodies[0])
	assert.Equal(t, "Bearer t0ken", rs.requests[1].Header.Get("Authorization"))
	require.NoError(t, client.Close())
}

func TestQuotesThatEnvFilesLeaveAreNamed(t *testing.T) {
	for _, quote := range []string{`"`, `'`, "`"} {
		value := quote + "s3cr3t_71" + quote
		for name, env := range map[string]map[string]string{
			"LINKIT_API_KEY":         {"LINKIT_API_KEY": value},
			"LINKIT_TOKEN":           {"LINKIT_TOKEN": value},
			"LINKIT_ORGANIZATION_ID": {"LINKIT_API_KEY": testKey, "LINKIT_ORGANIZATION_ID": value},
			"LINKIT_BASE_URL":        {"LINKIT_API_KEY": testKey, "LINKIT_BASE_URL": quote + "https://s3cr3t.example" + quote},
		} {
			setenv(t, env)
			_, err := linkit.NewClient(linkit.FromEnv())
			require.ErrorIs(t, err, linkit.ErrInvalid)
			require.ErrorContains(t, err, name)
			require.ErrorContains(t, err, "quotes")
			assert.NotContains(t, err.Error(), "s3cr3t")
		}
		_, err := linkit.NewClient(linkit.WithAPIKey(testKey), linkit.WithOrganization(value))
		require.ErrorContains(t, err, "quotes")
		err = getOne(t.Context(), newClient(t, &replies{}).ForOrganization(value))
		require.ErrorIs(t, err, linkit.ErrInvalid)
		require.ErrorContains(t, err, "quotes")
	}
	for _, value := range []string{`"`, `"open`, `"a'`} {
		_, err := linkit.NewClient(linkit.WithAPIKey(value))
		require.NoError(t, err, value)
	}
}

func TestLogVariableIsReadWhereNoLoggerIsGiven(t *testing.T) {
	for _, level := range []string{"debug", "info", "warn", "error", "WARN", ""} {
		setenv(t, map[string]string{"LINKIT_API_KEY": testKey, "LINKIT_LOG": level})
		_, err := linkit.NewClient(linkit.FromEnv())
		require.NoError(t, err, level)
	}
	setenv(t, map[string]string{"LINKIT_API_KEY": testKey, "LINKIT_LOG": "verbose"})
	_, err := linkit.NewClient(linkit.FromEnv())
	require.ErrorIs(t, err, linkit.ErrInvalid)
	require.ErrorContains(t, err, "LINKIT_LOG")
	require.ErrorContains(t, err, "debug, info, warn and error")
	_, err = linkit.NewClient(linkit.WithLogger(nil), linkit.FromEnv())
	require.NoError(t, err, "an option counts first")
}
