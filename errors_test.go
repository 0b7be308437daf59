package linkit_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

var sentinels = map[string]error{
	"ErrInvalid":          linkit.ErrInvalid,
	"ErrBadRequest":       linkit.ErrBadRequest,
	"ErrUnauthorized":     linkit.ErrUnauthorized,
	"ErrForbidden":        linkit.ErrForbidden,
	"ErrServiceSuspended": linkit.ErrServiceSuspended,
	"ErrNotFound":         linkit.ErrNotFound,
	"ErrConflict":         linkit.ErrConflict,
	"ErrValidation":       linkit.ErrValidation,
	"ErrRateLimited":      linkit.ErrRateLimited,
	"ErrServer":           linkit.ErrServer,
	"ErrLogin":            linkit.ErrLogin,
	"ErrNoSession":        linkit.ErrNoSession,
	"ErrCircuitOpen":      linkit.ErrCircuitOpen,
	"ErrClosed":           linkit.ErrClosed,
}

func sample(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	return string(b)
}

func TestEveryStatusMatchesItsErrValuesAndNoOther(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		status int
		body   string
		want   []string
	}{
		{400, `{}`, []string{"ErrBadRequest"}},
		{401, `{"code":401,"error":"Unauthorized"}`, []string{"ErrUnauthorized"}},
		{403, `{"code":403,"error":"Forbidden"}`, []string{"ErrForbidden"}},
		{403, `{"code":"BILLING_SERVICE_SUSPENDED","error":"Forbidden"}`, []string{"ErrForbidden", "ErrServiceSuspended"}},
		{404, ``, []string{"ErrNotFound"}},
		{409, ``, []string{"ErrConflict"}},
		{422, ``, []string{"ErrValidation"}},
		{429, ``, []string{"ErrRateLimited"}},
		{500, ``, []string{"ErrServer"}},
		{503, ``, []string{"ErrServer"}},
		{599, ``, []string{"ErrServer"}},
		{301, ``, nil},
		{402, `{"code":"BILLING_SERVICE_SUSPENDED"}`, nil},
		{418, ``, nil},
	} {
		t.Run(fmt.Sprint(row.status, row.body), func(t *testing.T) {
			t.Parallel()
			client := newClient(t, &replies{responses: []reply{{status: row.status, body: row.body}}}, linkit.WithRetries(0))
			_, err := client.Products.Get(t.Context(), "x")
			var got []string
			for name, sentinel := range sentinels {
				if errors.Is(err, sentinel) {
					got = append(got, name)
				}
			}
			assert.ElementsMatch(t, row.want, got)
			var ae *linkit.APIError
			require.ErrorAs(t, err, &ae)
			assert.Equal(t, row.status, ae.StatusCode)
			var unauthorized *linkit.UnauthorizedError
			assert.Equal(t, row.status == 401, errors.As(err, &unauthorized))
			var forbidden *linkit.ForbiddenError
			assert.Equal(t, row.status == 403, errors.As(err, &forbidden))
		})
	}
}

func TestDocumentedErrorBodiesAreRead(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		file string
		want linkit.APIError
		text string
	}{
		{"error-401.json", linkit.APIError{StatusCode: 401, Code: "401", Message: "Unauthorized", Details: "Invalid or expired token"},
			"linkit: POST /products: 401 Unauthorized: Invalid or expired token (organization org_1, request req-9): the credential is wrong, revoked or expired; an API key goes to WithAPIKey, a bearer token to WithToken"},
		{"error-403.json", linkit.APIError{StatusCode: 403, Code: "403", Message: "Forbidden", Details: "Insufficient permissions for this organization"},
			"linkit: POST /products: 403 Forbidden: Insufficient permissions for this organization (organization org_1, request req-9): has the credential access to that organization?"},
		{"error-403-suspended.json", linkit.APIError{StatusCode: 403, Code: "BILLING_SERVICE_SUSPENDED", Message: "Forbidden", Details: "service suspended"},
			"linkit: POST /products: 403 Forbidden: service suspended (code BILLING_SERVICE_SUSPENDED, organization org_1, request req-9): the organization is past due; Payments.Status and Auth.Check still work"},
		{"error-409.json", linkit.APIError{StatusCode: 409, Code: "409", Message: "a group with this name exists", Fields: map[string]string{"name": "Wholesale"}},
			`linkit: POST /products: 409 Conflict: a group with this name exists: {"name":"Wholesale"} (organization org_1, request req-9)`},
		{"error-422.json", linkit.APIError{StatusCode: 422, Code: "422", Message: "Validation error", Details: "name is required"},
			"linkit: POST /products: 422 Unprocessable Entity: Validation error: name is required (organization org_1, request req-9)"},
	} {
		t.Run(row.file, func(t *testing.T) {
			t.Parallel()
			body := sample(t, row.file)
			client := newClient(
				t,
				&replies{
					responses: []reply{{status: row.want.StatusCode, body: body, header: http.Header{"X-Request-Id": {"req-9"}}}},
				},
				linkit.WithOrganization("org_1"),
			)
			_, err := client.Products.Create(t.Context(), linkit.ProductParams{})
			var ae *linkit.APIError
			require.ErrorAs(t, err, &ae)
			want := row.want
			want.Method, want.Route, want.OrganizationID, want.RequestID, want.Attempts, want.Body = "POST", "/products", "org_1", "req-9", 1, []byte(
				body,
			)
			assert.Equal(t, want, *ae)
			assert.Equal(t, row.text, err.Error())
		})
	}
}

func TestNoBodyHidesTheStatusOrTheMessage(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]linkit.APIError{
		`{"code":{"a":1},"error":"m","details":[1,2]}`:                {Message: "m", Details: "[1,2]"},
		`{"code":[1],"error":["x"],"message":"m"}`:                    {Message: "m"},
		`{"code":null,"error":"m","details":null}`:                    {Message: "m"},
		`{"code":12.5,"error":"m","details":7}`:                       {Code: "12.5", Message: "m", Details: "7"},
		`{"code":true,"error":{"x":"y"},"message":"m"}`:               {Code: "true", Message: "m"},
		`{"status":400,"message":"Failed.","data":{}}`:                {Message: "Failed."},
		`{"code":1,"error":"m","details":{"a":"b","c":[1],"d":null}}`: {Code: "1", Message: "m", Fields: map[string]string{"a": "b", "c": "[1]", "d": ""}},
		`{"error":"m"`:           {},
		`<html>oops</html>`:      {},
		``:                       {},
		`null`:                   {},
		`[]`:                     {},
		"\x00\xff":               {},
		strings.Repeat("[", 1e5): {},
	} {
		client := newClient(t, &replies{responses: []reply{{status: 422, body: body}}})
		_, err := client.Products.Get(t.Context(), "x")
		var ae *linkit.APIError
		require.ErrorAs(t, err, &ae, body)
		require.ErrorIs(t, err, linkit.ErrValidation)
		got := linkit.APIError{Code: ae.Code, Message: ae.Message, Details: ae.Details, Fields: ae.Fields}
		assert.Equal(t, want, got, body)
		assert.LessOrEqual(t, len(ae.Body), 64<<10)
	}
}

func TestErrorTextIsOneBoundedLine(t *testing.T) {
	t.Parallel()
	evil := "line\nbreak\r\x1b[31m\u2028\u202eend" + strings.Repeat("ع", 5000)
	quoted := strings.NewReplacer("\n", `\n`, "\r", `\r`, "\x1b", `\u001b`).Replace(evil)
	for name, a := range map[string]reply{
		"message":   {status: 400, body: `{"error":"` + quoted + `"}`},
		"details":   {status: 400, body: `{"error":"x","details":"` + quoted + `"}`},
		"fields":    {status: 400, body: `{"error":"x","details":{"` + quoted + `":"` + quoted + `"}}`},
		"code":      {status: 400, body: `{"code":"` + quoted + `"}`},
		"body":      {status: 400, body: evil},
		"request":   {status: 400, header: http.Header{"X-Request-Id": {evil}}},
		"plain":     {status: 400, body: `{"error":"` + strings.Repeat("a", 9000) + `"}`},
		"transport": {err: errors.New(evil)},
		"2xx":       {status: 200, body: `{"` + quoted + `":}`},
	} {
		client := newClient(t, &replies{responses: []reply{a}}, linkit.WithRetries(0))
		_, err := client.Products.Get(t.Context(), "x")
		require.Error(t, err, name)
		assert.Less(t, len(err.Error()), 1500, name)
		for _, r := range err.Error() {
			assert.False(t, r < ' ' || r == 0x2028 || r == 0x202e, "%s: %q", name, err.Error())
		}
	}
}

func TestA2xxThatIsNotThePromisedJSONIsATransportError(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ body, hint string }{
		"empty":                      {"", "empty"},
		"blank":                      {" \n", "empty"},
		"html":                       {"<!doctype html><html>sign in to the hotel wifi</html>", "HTML page"},
		"truncated":                  {`{"id":"x","iv_id":"y"`, "not the promised JSON"},
		"trailing junk":              {product1 + "}", "not the promised JSON"},
		"two values":                 {product1 + product1, "not the promised JSON"},
		"nesting":                    {`{"id":"x","meta":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`, "not the promised JSON"},
		"an id of another type":      {`{"id":["x"],"average_price":"cheap"}`, "lacks what identifies"},
		"array":                      {`[]`, "not the promised JSON"},
		"null":                       {`null`, "lacks what identifies"},
		"no id":                      {`{"name_en":"Adol"}`, "lacks what identifies"},
		"envelope without a record":  {`{"success":true,"message":"done"}`, "lacks what identifies"},
		"envelope with a null":       {`{"success":true,"data":null}`, "lacks what identifies"},
		"envelope with an odd thing": {`{"success":true,"data":{"x":1}}`, "lacks what identifies"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, &replies{responses: []reply{{status: 201, body: row.body}}})
			created, err := client.Products.Create(t.Context(), linkit.ProductParams{})
			var te *linkit.TransportError
			require.ErrorAs(t, err, &te)
			assert.Nil(t, created)
			assert.True(t, te.Sent)
			assert.Equal(t, "/products", te.Route)
			assert.ErrorContains(t, err, row.hint)
			assert.ErrorContains(t, err, "the write was accepted (201)")
			_, err = client.Products.Get(t.Context(), "x")
			require.ErrorAs(t, err, &te)
			assert.NotContains(t, err.Error(), "accepted")
			if name != "envelope with a null" { // which is an empty list
				_, err = client.Products.List(t.Context(), nil)
				require.ErrorAs(t, err, &te)
			}
		})
	}
}

func TestAHugeAnswerIsRefused(t *testing.T) {
	t.Parallel()
	client := newClient(t, roundTrip(func(*http.Request) (*http.Response, error) {
		body := io.MultiReader(
			strings.NewReader(`{"id":"x","name_en":"`),
			io.LimitReader(letters{}, 33<<20),
			strings.NewReader(`"}`),
		)
		return &http.Response{
			StatusCode:    http.StatusOK,
			Header:        http.Header{},
			Body:          io.NopCloser(body),
			ContentLength: -1,
		}, nil
	}))
	_, err := client.Products.Get(t.Context(), "x")
	var te *linkit.TransportError
	require.ErrorAs(t, err, &te)
	assert.ErrorContains(t, err, "more than 32 MiB")
	assert.Equal(t, 1, te.Attempts)
}

type letters struct{}

func (letters) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'a'
	}
	return len(b), nil
}

func TestA2xxThatSaysNoIsAnAPIError(t *testing.T) {
	t.Parallel()
	body := `{"success":false,"error":"Quota reached","code":"QUOTA"}`
	client := newClient(t, &replies{responses: []reply{{status: 200, body: body}}})
	var ae *linkit.APIError
	check := func(err error) {
		t.Helper()
		require.ErrorAs(t, err, &ae)
		assert.Equal(t, 200, ae.StatusCode)
		assert.Equal(t, "Quota reached", ae.Message)
	}
	_, err := client.Products.Create(t.Context(), linkit.ProductParams{})
	check(err)
	_, err = client.Products.List(t.Context(), nil)
	check(err)
	check(client.Products.Delete(t.Context(), "x"))
	result, err := client.Products.Bulk(t.Context(), linkit.BulkUpsert, []linkit.ProductParams{{IvID: "x"}})
	check(err)
	assert.Equal(t, body, string(result.Raw), "a bulk report is kept")
	check(client.Do(t.Context(), "GET", "/x", nil, nil, &struct{}{}))
}

func TestBothFormsOfAWriteAnswerAreRead(t *testing.T) {
	t.Parallel()
	for _, body := range []string{product1, `{"success":true,"message":"done","data":` + product1 + `}`, `{"data":` + product1 + `}`} {
		client := newClient(t, &replies{responses: []reply{{status: 201, body: body}}})
		p, err := client.Products.Create(t.Context(), linkit.ProductParams{})
		require.NoError(t, err)
		assert.Equal(t, "Adol", p.NameEn)
	}
}

func TestErrorOfACutWaitIsBothTheAnswerAndTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, &replies{responses: []reply{{status: 429, header: http.Header{"Retry-After": {"5"}}}}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := client.Products.Get(ctx, "x")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, linkit.ErrRateLimited)
		var ae *linkit.APIError
		require.ErrorAs(t, err, &ae)
		assert.Equal(t, 5*time.Second, ae.RetryAfter)
		assert.NotContains(t, err.Error(), "\n")

		_, err = client.Products.Get(ctx, "y")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorAs(t, err, &ae)
		assert.Zero(t, ae.Attempts, "held back by the other call's response")
		assert.Equal(t, "/products/{iv_id}", ae.Route)
	})
}

func TestLongRetryAfterIsTheAnswersOwnError(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]error{429: linkit.ErrRateLimited, 503: linkit.ErrServer} {
		client := newClient(t, &replies{responses: []reply{{status: status, header: http.Header{"Retry-After": {"3600"}}}}})
		_, err := client.Products.Create(t.Context(), linkit.ProductParams{})
		require.ErrorIs(t, err, want)
		require.NotErrorIs(t, err, context.DeadlineExceeded)
		var ae *linkit.APIError
		require.ErrorAs(t, err, &ae)
		assert.Equal(t, time.Hour, ae.RetryAfter)
		assert.ErrorContains(t, err, "retry after 1h0m0s")
	}
}

func TestTransportErrorSaysWhetherTheServerMayHaveActed(t *testing.T) {
	t.Parallel()
	client := newClient(t, &replies{responses: []reply{{err: io.ErrUnexpectedEOF}}}, linkit.WithOrganization("org_1"))
	_, err := client.Products.Create(t.Context(), linkit.ProductParams{})
	assert.EqualError(
		t,
		err,
		"linkit: POST /products: unexpected EOF (organization org_1, the server may have acted on it)",
	)
	_, err = client.Products.Get(t.Context(), "x")
	assert.EqualError(t, err, "linkit: GET /products/{iv_id}: unexpected EOF (organization org_1, 4 attempts)")
}

// A call that is cut short by another's pause keeps what its own response asked for.
func TestOwnRetryAfterIsNotReplacedByAnothers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limited := func(after string) reply { return reply{status: 429, header: http.Header{"Retry-After": {after}}} }
		client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/first") {
				return (&replies{responses: []reply{limited("2")}}).RoundTrip(r)
			}
			time.Sleep(time.Second) //nolint:forbidigo // virtual time
			return (&replies{responses: []reply{limited("30")}}).RoundTrip(r)
		}), linkit.WithRetries(1))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		other := make(chan error)
		go func() {
			_, err := client.Products.Get(ctx, "second")
			other <- err
		}()
		synctest.Wait()
		_, err := client.Products.Get(ctx, "first") // waits 2 s; meanwhile the other's 30 s come, which don't fit
		require.ErrorIs(t, <-other, context.DeadlineExceeded)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		var ae *linkit.APIError
		require.ErrorAs(t, err, &ae)
		assert.Equal(t, 2*time.Second, ae.RetryAfter)
		assert.Equal(t, 1, ae.Attempts)
	})
}
