package linkit

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
	for attempts, want := range []string{"", "", " (2 attempts"} {
		lost := TransportError{Method: "GET", Route: "/skus", Attempts: attempts, Err: io.ErrUnexpectedEOF}
		assert.Equal(t, want != "", strings.Contains(lost.Error(), "attempt"), lost.Error())
		assert.Contains(t, lost.Error(), want)
	}
	for want, lost := range map[string]TransportError{
		"linkit: GET /skus: unexpected EOF":                                          {Method: "GET", Attempts: 1, Sent: true},
		"linkit: GET /skus: unexpected EOF (not sent)":                               {Method: "GET"},
		"linkit: HEAD /skus: unexpected EOF":                                         {Method: "HEAD", Attempts: 1},
		"linkit: PUT /skus: unexpected EOF (the server may have acted on it)":        {Method: "PUT", Attempts: 1, Sent: true},
		"linkit: PUT /skus: unexpected EOF (the server did not get it)":              {Method: "PUT", Attempts: 1},
		"linkit: POST /skus: unexpected EOF (2 attempts, the server did not get it)": {Method: "POST", Attempts: 2},
	} {
		lost.Route, lost.Err = "/skus", io.ErrUnexpectedEOF
		require.EqualError(t, &lost, want)
	}
	require.EqualError(t, &TransportError{Method: "POST", Route: loginRoute, Attempts: 1, Sent: true, Err: io.EOF},
		"linkit: POST /auth/login: EOF", "a sign-in changes nothing")
	require.EqualError(t, new(APIError), "linkit: error response")
	assert.Contains(t, new(UnauthorizedError).Error(), "401")
	assert.Contains(t, new(ForbiddenError).Error(), "403")
}

func TestAnUncertainErrorIsStillWhatItWas(t *testing.T) {
	t.Parallel()
	err := error(uncertainError{ErrCircuitOpen})
	require.ErrorIs(t, err, ErrUncertain)
	require.ErrorIs(t, err, ErrCircuitOpen)
}
