package linkit_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestEchoOfACredentialIsMaskedHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	const secret = `pa55<w0rd>>>???&"x`
	escaped := `pa55\u003cw0rd\u003e\u003e\u003e???\u0026\"x`
	for name, row := range map[string]struct{ body, shows string }{
		"in clear":          {"refused: " + secret, secret},
		"quoted":            {"refused: " + strconv.Quote(secret), strconv.Quote(secret)},
		"JSON in a text":    {`refused: {"password":"` + escaped + `"}`, escaped},
		"JSON":              {`{"error":"refused ` + escaped + `"}`, "pa55"},
		"JSON in JSON":      {`{"error":` + strconv.Quote(`{"password":"`+escaped+`"}`) + `}`, "pa55"},
		"deep in JSON":      {`{"error":"no","details":{"sent":[7,{"password":"` + escaped + `"}]}}`, "pa55"},
		"all escaped":       {`{"error":"no","details":"\u0070a55\u003cw0rd\u003e>>???&\"\u0078"}`, "pa55"},
		"the name of a key": {`{"error":"no","details":{"\u0070a55\u003cw0rd\u003e>>???&\"\u0078":"unknown"}}`, "pa55"},
		"HTML":              {"<p>" + html.EscapeString(secret) + "</p>", "pa55"},
		"a query":           {"?password=" + url.QueryEscape(secret), "pa55"},
		"a path":            {"/login/" + url.PathEscape(secret), "pa55"},
		"base64":            {"Basic " + base64.StdEncoding.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte(secret))},
		"base64url":         {"Basic " + base64.RawURLEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret))},
		"hex":               {hex.EncodeToString([]byte(secret)), hex.EncodeToString([]byte(secret))},
		"HEX":               {strings.ToUpper(hex.EncodeToString([]byte(secret))), strings.ToUpper(hex.EncodeToString([]byte(secret)))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NotEqual(
				t,
				base64.StdEncoding.EncodeToString([]byte(secret)),
				base64.URLEncoding.EncodeToString([]byte(secret)),
			)
			client := newClient(t, &replies{responses: []reply{{status: 400, body: row.body}}}, linkit.WithLogin("a", secret))
			err := getOne(t.Context(), client)
			var ae *linkit.APIError
			require.ErrorAs(t, err, &ae)
			shown := err.Error() + string(ae.Body) + ae.Message + ae.Details + fmt.Sprint(ae.Fields)
			assert.NotContains(t, shown, row.shows)
			assert.Contains(t, shown, "[redacted]")
		})
	}
}

func TestShortCredentialsAreMaskedToo(t *testing.T) {
	t.Parallel()
	for name, opt := range map[string]linkit.Option{
		"key": linkit.WithAPIKey("k7!z"), "token": linkit.WithToken("k7!z"), "password": linkit.WithLogin("a", "k7!z"),
	} {
		client := newClient(
			t,
			&replies{responses: []reply{{status: 400, body: `{"error":"got k7!z","details":{"\u006b7!z":"\u006b7!z"}}`}}},
			opt,
		)
		err := getOne(t.Context(), client)
		leaks(t, name, err, "k7!z")
		assert.ErrorContains(t, err, "got [redacted]")
	}
}

func TestEchoedRequestIDShowsNoKey(t *testing.T) {
	t.Parallel()
	client := newClient(
		t,
		&replies{responses: []reply{{status: 400, body: `{}`, header: http.Header{"X-Request-Id": {"7-" + testKey}}}}},
	)
	var ae *linkit.APIError
	err := getOne(t.Context(), client)
	require.ErrorAs(t, err, &ae)
	assert.Equal(t, "7-[redacted]", ae.RequestID)
	leaks(t, "error", err, testKey)
}

func TestKeyAcrossTheEndOfTheKeptBodyIsMasked(t *testing.T) {
	t.Parallel()
	for name, around := range map[string][2]string{"text": {"", ""}, "JSON": {`{"error":"`, `"}`}} {
		for _, before := range []int{0, 1, 10, len(testKey) - 1, len(testKey)} {
			body := around[0] + strings.Repeat("x", 64<<10-before-len(around[0])) + testKey + "tail" + around[1]
			var ae *linkit.APIError
			require.ErrorAs(t, getOne(t.Context(), newClient(t, &replies{responses: []reply{{status: 400, body: body}}})), &ae)
			assert.LessOrEqual(t, len(ae.Body), 64<<10)
			kept := string(bytes.TrimRight(ae.Body, "x"))
			assert.NotContains(t, kept, testKey[:3], "%s, %d bytes before the cut", name, before)
		}
	}
}

// hidingError is an error that doesn't say what it wraps.
type hidingError struct{ inner error }

func (hidingError) Error() string   { return "hidden" }
func (h hidingError) Unwrap() error { return h.inner }

// hidingSeveralError is one that wraps several.
type hidingSeveralError struct{ inner []error }

func (hidingSeveralError) Error() string     { return "hidden" }
func (h hidingSeveralError) Unwrap() []error { return h.inner }

func TestErrorThatWrapsOneThatShowsTheKeyIsReplaced(t *testing.T) {
	t.Parallel()
	shows := errors.New("sent Authorization: " + testKey)
	for name, hides := range map[string]error{
		"one": &hidingError{shows}, "a value": hidingError{shows}, "two deep": &hidingError{&hidingError{shows}},
		"several": &hidingSeveralError{[]error{http.ErrAbortHandler, shows}}, "a field": &struct{ hidingError }{hidingError{shows}},
	} {
		client := newClient(t, &replies{responses: []reply{{err: hides}}}, linkit.WithRetries(0))
		err := getOne(t.Context(), client)
		require.ErrorContains(t, err, "hidden")
		leaks(t, name, err, testKey)
		require.NotErrorIs(t, err, shows)
	}
	plain := &hidingError{http.ErrAbortHandler}
	require.ErrorIs(
		t,
		getOne(t.Context(), newClient(t, &replies{responses: []reply{{err: plain}}}, linkit.WithRetries(0))),
		http.ErrAbortHandler,
		"others are kept",
	)
}

// telling is a context of the caller's own whose error says too much.
type telling struct{ context.Context } //nolint:containedctx // it is one

func (telling) Err() error { return errors.New("gave up on " + testKey) }

func TestOwnContextsErrorShowsNoKey(t *testing.T) {
	t.Parallel()
	rs := &replies{responses: []reply{{status: 200, body: product1}}}
	err := getOne(telling{t.Context()}, newClient(t, rs))
	require.ErrorContains(t, err, "gave up on [redacted]")
	leaks(t, "error", err, testKey)
	assert.Empty(t, rs.requests)
}

func TestLineOfARetryShowsNoKey(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	rs := &replies{responses: []reply{{err: fmt.Errorf("odd transport shows %s", testKey)}, {status: 200, body: product1}}}
	require.NoError(t, getOne(t.Context(), newClient(t, rs, linkit.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))))
	assert.Contains(
		t,
		log.String(),
		`level=WARN msg="linkit: retrying" method=GET route=/products/{iv_id} attempts=1 error="odd transport shows [redacted]"`,
	)
	assert.NotContains(t, log.String(), testKey)
}

func TestCallHeldBackByAnothersAnswerShowsNoneOfItsKey(t *testing.T) {
	t.Parallel()
	echo := `{"error":"slow down, ` + testKey + `"}`
	for name, row := range map[string]struct {
		response reply
		opt      linkit.Option
		want     error
	}{
		"pause":   {reply{status: 429, body: echo, header: http.Header{"Retry-After": {"300"}, "X-Request-Id": {testKey}}}, linkit.WithRetries(0), linkit.ErrRateLimited},
		"breaker": {reply{status: 500, body: echo, header: http.Header{"X-Request-Id": {testKey}}}, linkit.WithCircuitBreaker(1, time.Hour), linkit.ErrCircuitOpen},
		"broken":  {reply{err: errors.New("odd transport shows " + testKey)}, linkit.WithCircuitBreaker(1, time.Hour), linkit.ErrCircuitOpen},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rs := &replies{responses: []reply{row.response}}
			client := newClient(t, rs, row.opt)
			require.Error(t, getOne(t.Context(), client))
			_, err := client.System.Ping(t.Context())
			require.ErrorIs(t, err, row.want)
			leaks(t, "ping's error", err, testKey)
			assert.Len(t, rs.requests, 1)
		})
	}
}

func TestSecretsInArraysOfAnEchoedBodyAreMaskedWhereverTheyStand(t *testing.T) {
	t.Parallel()
	const escaped = `\u006b3y-Zp0aQ9w8e7r6t5y4` // testKey
	for name, details := range map[string]string{
		"first":        `["` + escaped + `","other"]`,
		"last":         `["other",7,"` + escaped + `"]`,
		"both":         `["` + escaped + `","` + escaped + `"]`,
		"before clean": `[["` + escaped + `"],["clean"],{"a":"clean"}]`,
		"in objects":   `[{"a":["x",{"b":"` + escaped + `"}]},"clean"]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(
				t,
				&replies{responses: []reply{{status: 400, body: `{"error":"no","details":` + details + `,"clean":"yes"}`}}},
			)
			var ae *linkit.APIError
			require.ErrorAs(t, getOne(t.Context(), client), &ae)
			var body any
			require.NoError(t, json.Unmarshal(ae.Body, &body))
			assert.NotContains(t, fmt.Sprint(body), testKey)
			assert.Contains(t, ae.Details, "[redacted]")
		})
	}
}
