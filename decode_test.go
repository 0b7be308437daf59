package linkit_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestAnswerWithoutABodyIsAnAnswer(t *testing.T) {
	t.Parallel()
	status := func(code int) roundTrip {
		return func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: code, Request: r}, nil
		}
	}
	require.NoError(t, newClient(t, status(204)).Products.Delete(t.Context(), "x"))
	_, err := newClient(t, status(404)).Products.Get(t.Context(), "x")
	require.ErrorIs(t, err, linkit.ErrNotFound)
	_, err = newClient(t, status(200)).Products.Get(t.Context(), "x")
	var te *linkit.TransportError
	require.ErrorAs(t, err, &te)
	assert.ErrorContains(t, err, "empty")
}

func TestHeadOfALargeAnswerSucceeds(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "50000000") }),
	)
	defer server.Close()
	require.NoError(t, dialing(t, server.URL).Do(t.Context(), "HEAD", "/x", nil, nil, nil))
}

func TestLongDetailsHideNothingBesideThem(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 70_000)
	for name, row := range map[string]struct {
		status        int
		details, tail string
	}{
		"text":                      {403, `"` + long + `"`, ""},
		"an object":                 {403, `{"x":"` + long + `"}`, ""},
		"a list":                    {403, `["` + long + `"]`, ""},
		"a success that says no":    {200, `"` + long + `"`, `,"success":false`},
		"the rest comes after them": {403, `"` + long + `","z":1`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := `{"details":` + row.details + `,"code":"BILLING_SERVICE_SUSPENDED","error":"Forbidden by billing"` + row.tail + `}`
			client := newClient(t, &replies{responses: []reply{{status: row.status, body: body}}})
			_, err := client.Products.Get(t.Context(), "x")
			var ae *linkit.APIError
			require.ErrorAs(t, err, &ae)
			assert.Equal(t, row.status, ae.StatusCode)
			assert.Equal(t, "BILLING_SERVICE_SUSPENDED", ae.Code)
			assert.Equal(t, "Forbidden by billing", ae.Message)
			assert.Equal(t, row.status == 403, errors.Is(err, linkit.ErrServiceSuspended))
			assert.Equal(t, body[:64<<10], string(ae.Body))
			assertOneLine(t, err)
		})
	}
}

func TestErrorKeepsABoundedPartOfAnAnswer(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 403} {
		body := `{"success":false,"error":"` + strings.Repeat(
			"e",
			2<<20,
		) + `","details":"` + strings.Repeat(
			"d",
			2<<20,
		) + `"}`
		_, err := newClient(t, &replies{responses: []reply{{status: status, body: body}}}).Products.Get(t.Context(), "x")
		var ae *linkit.APIError
		require.ErrorAs(t, err, &ae)
		assert.Equal(t, status, ae.StatusCode)
		assert.LessOrEqual(t, len(ae.Body), 64<<10)
		assert.LessOrEqual(t, len(ae.Message)+len(ae.Details), 1<<20)
	}
}

func TestProxysPageIsNoProofOfADelete(t *testing.T) {
	t.Parallel()
	for _, page := range []string{"<html>sign in to the hotel wifi</html>", "\r\n <!doctype html>"} {
		client := newClient(t, &replies{responses: []reply{{status: 200, body: page}}})
		err := client.Products.Delete(t.Context(), "x")
		var te *linkit.TransportError
		require.ErrorAs(t, err, &te)
		assert.True(t, te.Sent)
		assert.ErrorContains(t, err, "HTML page")
	}
}

func TestDeleteThatFoundNothingIsDoneWhateverTheAnswerSays(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"success":false,"error":"Not found"}`, `<html>404</html>`} {
		client := newClient(t, &replies{responses: []reply{{status: 502}, {status: 404, body: body}}})
		require.NoError(t, client.Products.Delete(t.Context(), "x"))
		client = newClient(t, &replies{responses: []reply{{status: 502}, {status: 404, body: body}}})
		require.NoError(t, client.Do(t.Context(), "DELETE", "/x", nil, nil, &struct{}{}))
	}
}

func TestWhatCannotTakeAnAnswerIsRefusedBeforeTheNetwork(t *testing.T) {
	t.Parallel()
	client, mt := newMockedClient(t)
	var product *linkit.Product
	var raw *json.RawMessage
	for name, out := range map[string]any{
		"a map": map[string]any{}, "a struct": linkit.Product{}, "a RawMessage": json.RawMessage{}, "a function": func() {},
		"a nil pointer": product, "a nil *RawMessage": raw,
	} {
		for where, err := range map[string]error{
			"Do":                   client.Do(t.Context(), "POST", "/x", nil, nil, out),
			"Integrations.Execute": client.Integrations.Execute(t.Context(), "org_1", "shop", nil, out),
		} {
			require.ErrorIs(t, err, linkit.ErrInvalid, name)
			assert.ErrorContains(t, err, where)
			assert.ErrorContains(t, err, "must be a pointer that isn't nil")
		}
	}
	assert.Zero(t, mt.GetTotalCallCount())
}

func TestMethodsThatChangeNothingTwiceAreSentAgain(t *testing.T) {
	t.Parallel()
	for method, attempts := range map[string]int{"GET": 2, "HEAD": 2, "OPTIONS": 2, "PUT": 2, "DELETE": 2, "POST": 1, "PATCH": 1} {
		rs := &replies{responses: []reply{{status: 502}, {status: 200}}}
		err := newClient(t, rs).Do(t.Context(), method, "/x", nil, nil, nil)
		assert.Equal(t, attempts == 2, err == nil, method)
		assert.Len(t, rs.requests, attempts, method)
	}
}

func TestCallThatTheBreakerHoldsBackWasNotSent(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		last reply
		want string
	}{
		"after a response":  {reply{status: 500, body: `{"error":"boom"}`}, "linkit: POST /products: 500 Internal Server Error: boom (0 attempts) (not sent: linkit: circuit open)"},
		"after no response": {reply{err: errors.New("reset")}, "linkit: POST /products: reset (not sent) (not sent: linkit: circuit open)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rs := &replies{responses: []reply{row.last}}
			client := newClient(t, rs, linkit.WithCircuitBreaker(1, time.Hour), linkit.WithRetries(0))
			_, err := client.Products.Create(t.Context(), linkit.ProductParams{})
			require.Error(t, err)
			require.NotErrorIs(t, err, linkit.ErrCircuitOpen)
			_, err = client.Products.Create(t.Context(), linkit.ProductParams{})
			require.ErrorIs(t, err, linkit.ErrCircuitOpen)
			require.EqualError(t, err, row.want)
			var te *linkit.TransportError
			if ae, ok := errors.AsType[*linkit.APIError](err); ok {
				assert.Zero(t, ae.Attempts)
			} else if assert.ErrorAs(t, err, &te) {
				assert.Zero(t, te.Attempts)
				assert.False(t, te.Sent)
			}
			assert.Len(t, rs.requests, 1)
		})
	}
}

func TestJSONThatIsBrokenIsAnErrorOfEachType(t *testing.T) {
	t.Parallel()
	for _, value := range []json.Unmarshaler{
		new(linkit.Order), new(linkit.LineItem), new(linkit.IntegrationCustomConfig), new(linkit.WorkingHoursPeriod),
		new(linkit.Time), new(linkit.Date),
	} {
		for _, text := range []string{`{"id`, `{"id":}`, `{]`} {
			require.Error(t, value.UnmarshalJSON([]byte(text)), "%T: %s", value, text)
		}
	}
}
