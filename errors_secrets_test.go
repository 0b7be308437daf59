package linkit_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// leaks looks for a secret in v: in every verb, slog and JSON, and in everything an error unwraps
// to.
func leaks(t *testing.T, name string, v any, secrets ...string) {
	t.Helper()
	var out bytes.Buffer
	for verb := range strings.FieldsSeq("%v %+v %#v %s %q %x %X %d %t %o %c %p %T %e %U") {
		fmt.Fprintf(&out, verb+"\n", v)
	}
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("x", "v", v, "inside", slog.GroupValue(slog.Any("v", v)))
	}
	if b, err := json.Marshal(v); err == nil {
		out.Write(b)
	}
	text := out.String()
	for _, s := range secrets {
		for form, hidden := range map[string]string{
			"clear": s, "base64": base64.StdEncoding.EncodeToString([]byte(s)), "base64url": base64.RawURLEncoding.EncodeToString([]byte(s)),
			"hex": hex.EncodeToString([]byte(s)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(s))), "url": url.QueryEscape(s), "path": url.PathEscape(s),
			"bytes": strings.Trim(fmt.Sprintf("%d", []byte(s)), "[]"),
		} {
			if at := strings.Index(text, hidden); at >= 0 {
				t.Errorf("%s shows a secret in %s: ...%s", name, form, text[max(0, at-60):at+len(hidden)])
			}
		}
	}
	err, ok := v.(error)
	if !ok {
		return
	}
	switch u := err.(type) { //nolint:errorlint // the tree itself
	case interface{ Unwrap() error }:
		if inner := u.Unwrap(); inner != nil {
			leaks(t, name+" > inner", inner, secrets...)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range u.Unwrap() {
			leaks(t, name+" > inner", inner, secrets...)
		}
	}
}

func TestNoSecretShowsAnywhere(t *testing.T) {
	t.Parallel()
	const (
		key      = "k3y+/=Zp0aQ9w8e7r6t5y4"
		token    = "eyJhbGciOiJIUzI1NiJ9.e30.s1gnature"
		password = "pa55 wörd&?\"x"
	)
	echo := func(status int, secrets ...string) reply {
		b, err := json.Marshal(
			map[string]any{
				"code":    secrets[0],
				"error":   strings.Join(secrets, " "),
				"details": map[string]string{"given": secrets[0]},
			},
		)
		require.NoError(t, err)
		return reply{status: status, body: string(b)}
	}
	var log bytes.Buffer
	var events []linkit.Event
	note := func(ctx context.Context, e *linkit.Event) (context.Context, func(*linkit.Event)) {
		return ctx, func(e *linkit.Event) { events = append(events, *e) }
	}
	common := []linkit.Option{
		linkit.WithLogger(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		linkit.WithHooks(linkit.Hooks{Call: note, Attempt: note}),
	}
	signIn := reply{status: 200, body: `{"token":"` + token + `","expires_at":"2099-01-01T00:00:00Z","user":{"id":"u"}}`}
	for name, row := range map[string]struct {
		opt       linkit.Option
		responses []reply
	}{
		"key":              {linkit.WithAPIKey(key), []reply{{status: 200, body: product1}, echo(400, key), {err: errors.New("odd transport: " + key)}}},
		"key in a 2xx":     {linkit.WithAPIKey(key), []reply{{status: 200, body: `{"id":["` + key + `"]}`}}},
		"fixed token":      {linkit.WithToken(token), []reply{{status: 200, body: product1}, echo(401, token), {err: fmt.Errorf("odd: %w", &url.Error{Op: "Get", URL: token, Err: errors.New(token)})}}},
		"login":            {linkit.WithLogin("ops@example.com", password), []reply{signIn, {status: 200, body: product1}, echo(403, token), {err: errors.New("odd transport: " + token)}}},
		"refused login":    {linkit.WithLogin("ops@example.com", password), []reply{echo(400, password)}},
		"broken login":     {linkit.WithLogin("ops@example.com", password), []reply{{err: errors.New("odd transport: " + password)}}},
		"login func fails": {linkit.WithLoginFunc(func(context.Context) (string, string, error) { return "", password, errors.New("got " + password) }), []reply{signIn}},
		"refused replay":   {linkit.WithLogin("ops@example.com", password), []reply{signIn, {status: 401, body: `{}`}, echo(422, password)}},
	} {
		t.Run(name, func(t *testing.T) {
			rs := &replies{responses: row.responses}
			client, err := linkit.NewClient(
				append(
					[]linkit.Option{
						row.opt,
						linkit.WithBaseURL(testBase),
						linkit.WithHTTPClient(&http.Client{Transport: rs}),
						linkit.WithRetries(0),
					},
					common...)...)
			require.NoError(t, err)
			secrets := []string{key, token, password}
			for i := range 4 {
				p, err := client.Products.Create(t.Context(), linkit.ProductParams{IvID: "x"})
				leaks(t, fmt.Sprint("product ", i), p, secrets...)
				if err != nil {
					leaks(t, fmt.Sprint("error ", i), err, secrets...)
				}
				session, err := client.Auth.Session(t.Context())
				if err == nil {
					leaks(t, "session", session, secrets...)
					leaks(t, "session value", *session, secrets...)
				} else {
					leaks(t, "session error", err, secrets...)
				}
			}
			leaks(t, "client", client, secrets...)
			leaks(t, "client value", *client, secrets...)
			leaks(t, "view", client.ForOrganization("org_1"), secrets...)
			leaks(t, "auth", *client.Auth, secrets...)
			leaks(t, "option", row.opt, secrets...)
			for _, e := range events {
				leaks(t, "event", e, secrets...)
				if e.Err != nil {
					leaks(t, "event's error", e.Err, secrets...)
				}
			}
			for _, s := range secrets {
				assert.NotContains(t, log.String(), s)
			}
			require.NoError(t, client.Close())
		})
	}
}

func TestSecretShowsOnlyWhenRevealed(t *testing.T) {
	t.Parallel()
	const value = "s3cr3t-value-Zq"
	secret := linkit.NewSecret(value)
	assert.Equal(t, value, secret.Reveal())
	assert.Empty(t, linkit.Secret{}.Reveal())
	leaks(t, "secret", secret, value)
	leaks(t, "pointer", &secret, value)
	leaks(t, "slice", []linkit.Secret{secret}, value)
	leaks(t, "map", map[string]linkit.Secret{"a": secret}, value)
	leaks(t, "unexported field", struct{ s linkit.Secret }{secret}, value)
	leaks(t, "unexported pointer", struct{ s *linkit.Secret }{&secret}, value)
	leaks(t, "session", linkit.Session{Token: secret, ExpiresAt: linkit.Time{Time: time.Now()}}, value)
	assert.Equal(t, "[redacted]", fmt.Sprint(secret))
	assert.Equal(t, "[redacted]", fmt.Sprintf("%d", secret))
	b, err := json.Marshal(map[string]any{"secret": secret})
	require.NoError(t, err)
	assert.JSONEq(t, `{"secret":"[redacted]"}`, string(b))
}
