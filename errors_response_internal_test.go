package linkit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/retry"
)

func TestErrorBodiesOfAnyFormAreReadExactly(t *testing.T) {
	t.Parallel()
	type fields = map[string]string
	for body, want := range map[string]APIError{
		`[]`:                                     {},
		`null`:                                   {},
		`"no"`:                                   {},
		`{"error":"","message":"no"}`:            {Message: "no"},
		`{"error":{},"message":"no"}`:            {Message: "no"},
		`{"error":{"message":"no","code":"x1"}}`: {Message: "no", Code: "x1"},
		`{"code":"x2","error":{"code":"x1"}}`:    {Code: "x2"},
		`{"message":"no","error":{"message":"b"}}`:          {Message: "no"},
		`{"details":"a","detail":"b"}`:                      {Details: "a"},
		`{"detail":"b"}`:                                    {Details: "b"},
		`{"error":"invalid_grant","error_description":"b"}`: {Message: "invalid_grant", Details: "b"},
		`{"details":{"price":"too low"},"detail":"b"}`:      {Fields: fields{"price": "too low"}},
		`{"details":{"price":{"message":"too low"}}}`:       {Fields: fields{"price": "too low"}},
		`{"details":[]}`:                                    {Details: "[]"},
		`{"details":[{"field":"price","message":"too low"}]}`: {
			Details: `[{"field":"price","message":"too low"}]`, Fields: fields{"price": "too low"},
		},
		`{"errors":{"price":"","name":"too long"}}`:             {Fields: fields{"name": "too long"}},
		`{"errors":{"price":["too low","odd"]}}`:                {Fields: fields{"price": "too low; odd"}},
		`{"errors":{"price":["too low",1]}}`:                    {Fields: fields{"price[0]": "too low", "price[1]": "1"}},
		`{"errors":{"price":[{"message":"too low"}]}}`:          {Fields: fields{"price[0]": "too low"}},
		`{"errors":{"lines":{"price":["too low"]}}}`:            {Fields: fields{"lines.price": "too low"}},
		`{"errors":["no","never"]}`:                             {Fields: fields{"errors[0]": "no", "errors[1]": "never"}},
		`{"errors":[["no"]]}`:                                   {},
		`{"errors":[{"message":"no"}]}`:                         {Fields: fields{"errors[0]": "no"}},
		`{"errors":[{"price":"too low"}]}`:                      {},
		`{"errors":[{"price":{"message":"too low"}}]}`:          {Fields: fields{"price": "too low"}},
		`{"errors":[{"loc":[],"msg":"no"}]}`:                    {Fields: fields{"errors[0]": "no"}},
		`{"detail":[{"loc":["body","price"],"msg":"too low"}]}`: {Fields: fields{"price": "too low"}},
		`{"errors":[{"source":{"pointer":"/data/attributes/price"},"detail":"too low"}]}`: {
			Fields: fields{"price": "too low"},
		},
		`{"errors":[{"source":{"parameter":"limit"},"detail":"too high"}]}`: {Fields: fields{"limit": "too high"}},
		`{"message":["no"]}`: {Fields: fields{"errors[0]": "no"}},
		`{"data":{"price":{"code":"min","message":"too low"}}}`:       {Fields: fields{"price": "too low"}},
		`{"data":{"price":"7"}}`:                                      {},
		`{"violations":[{"propertyPath":"price","title":"too low"}]}`: {Fields: fields{"price": "too low"}},
	} {
		var got APIError
		got.read([]byte(body))
		assert.Equal(t, want, got, body)
	}
}

func TestErrorKeepsAThousandFieldsAtMost(t *testing.T) {
	t.Parallel()
	errs := map[string]string{}
	for i := range 1500 {
		errs[fmt.Sprint("f", i)] = "bad"
	}
	body, err := json.Marshal(map[string]any{"errors": errs})
	require.NoError(t, err)
	var got APIError
	got.read(body)
	assert.Len(t, got.Fields, 1000)
}

func TestRedirectsErrorNamesOnlySchemeAndHost(t *testing.T) {
	t.Parallel()
	from := &url.URL{Scheme: "https", Host: "linkit.works", Path: "/api/v1/products"}
	for _, row := range []struct {
		status   int
		location string
		from     *url.URL
		want     string
	}{
		{302, "https://other.test/x?key=1", from, "https://other.test"},
		{300, "http://other.test/", nil, "http://other.test"},
		{399, "/login", from, "https://linkit.works"},
		{299, "https://other.test/", from, ""},
		{400, "https://other.test/", from, ""},
		{302, "", from, ""},
		{302, "/login", nil, ""},
		{302, "https:///login", nil, ""},
		{302, "mailto:a@b", from, ""},
		{302, "http://[::1", from, ""},
	} {
		res := &retry.Result{Status: row.status, Header: http.Header{"Location": {row.location}}}
		assert.Equal(t, row.want, redirectTarget(res, row.from), "%+v", row)
	}
}

func TestTitlesOfPagesAreShownWhereThereIsOne(t *testing.T) {
	t.Parallel()
	for page, want := range map[string]string{
		"<html><title>Bad\n gateway &amp; more</title>": "Bad gateway & more",
		`<HTML><TITLE lang="en">Sorry</TITLE></HTML>`:   "Sorry",
		"<title></title>":          "",
		"<html>":                   "",
		"<title":                   "",
		"<title>never ends":        "",
		"<html><body>title</body>": "",
	} {
		assert.Equal(t, want, htmlTitle([]byte(page)), page)
	}
	assert.Equal(t, "an HTML page, from a proxy or gateway", bodyText([]byte("<title>502 Bad Gateway</title>"), "Bad Gateway"))
	assert.Equal(t, "an HTML page, from a proxy or gateway: Sorry", bodyText([]byte("\xef\xbb\xbf <title>Sorry</title>"), "Bad Gateway"))
	assert.Equal(t, "no healthy upstream", bodyText([]byte("no healthy upstream"), "Bad Gateway"))
}

func TestStatusesMatchTheirErrorsAndNoOthers(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]error{
		400: ErrBadRequest, 401: ErrUnauthorized, 403: ErrForbidden, 404: ErrNotFound, 409: ErrConflict, 422: ErrValidation,
		429: ErrRateLimited, 499: nil, 500: ErrServer, 503: ErrServer, 599: ErrServer, 402: nil,
	} {
		for _, kind := range failureKinds {
			assert.Equal(t, want != nil && errors.Is(kind, want), (&APIError{StatusCode: status}).Is(kind), "%d, %v", status, kind)
		}
	}
}

func TestWhatIsNoJSONTextIsInvalidWhereverItIsMade(t *testing.T) {
	t.Parallel()
	_, err := json.Marshal(ProductParams{IvID: "\xff"})
	require.ErrorIs(t, err, ErrInvalid)
	client, err := NewClient(WithAPIKey("k3y-Zp0aQ9w8e7r6t5y4"))
	require.NoError(t, err)
	for name, value := range map[string]string{"\xff": "1", "search": "\xff"} {
		err = client.Do(t.Context(), "GET", "/products", url.Values{name: {value}}, nil, nil)
		require.ErrorIs(t, err, ErrInvalid)
	}
	require.EqualError(t, new(Time).Scan(5), "linkit: Time.Scan: a int can't be read")
	require.EqualError(t, new(Date).Scan(5), "linkit: Date.Scan: a int can't be read")
}

func TestClientsOwnTransportUsesTheEnvironmentsProxyForHTTPSAlone(t *testing.T) {
	t.Parallel()
	for base, proxied := range map[string]bool{"https://linkit.test": true, "http://127.0.0.1:1": false} {
		client, err := NewClient(WithAPIKey("k3y-Zp0aQ9w8e7r6t5y4"), WithBaseURL(base))
		require.NoError(t, err)
		assert.Equal(t, proxied, ownTransport(t, client).Proxy != nil, base)
	}
}

func TestEndOfACallersContextIsToldOnceWithItsCause(t *testing.T) {
	t.Parallel()
	require.NoError(t, contextError(t.Context()))
	plain, cancel := context.WithCancel(t.Context())
	cancel()
	require.EqualError(t, contextError(plain), "context canceled")
	caused, stop := context.WithCancelCause(t.Context())
	stop(errors.New("shutting down"))
	require.EqualError(t, contextError(caused), "context canceled: shutting down")
	_, err := readAtMost(strings.NewReader("12345"), 4)
	require.EqualError(t, err, "more than 4 bytes")
	b, err := readAtMost(strings.NewReader("1234"), 4)
	require.NoError(t, err)
	assert.Equal(t, "1234", string(b))
}

func TestErrorTextsSayEachThingOnceAndOnlyWhatTheyMust(t *testing.T) {
	t.Parallel()
	body := []byte(`{"details":"no such SKU"}`)
	for want, e := range map[string]APIError{
		"no such SKU":              {StatusCode: 404, Attempts: 1, Details: "no such SKU", Body: body},
		"no such SKU (2 attempts)": {StatusCode: 404, Attempts: 2, Details: "no such SKU", Body: body},
		`{"a":1}`:                  {StatusCode: 404, Attempts: 1, Body: []byte(`{"a":1}`)},
		"no such SKU (0 attempts)": {StatusCode: 404, Details: "no such SKU"},
	} {
		e.Method, e.Route = "GET", "/skus/{iv_id}"
		assert.Contains(t, e.Error(), want)
		assert.Equal(t, strings.Contains(want, "attempts"), strings.Contains(e.Error(), "attempt"), e.Error())
		assert.LessOrEqual(t, strings.Count(e.Error(), "no such SKU"), 1)
	}
	assert.Contains(t, new(UnauthorizedError).Error(), "401")
	assert.Contains(t, new(ForbiddenError).Error(), "403")
}
