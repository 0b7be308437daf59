package linkit

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/retry"
)

func TestGatewaysPageAtASignInTellsHowOftenItWasSent(t *testing.T) {
	t.Parallel()
	res := &retry.Result{Status: http.StatusForbidden, Header: http.Header{"Content-Type": {"text/html"}}, Sent: true}
	refused := &APIError{StatusCode: 403, Method: "POST", Route: loginRoute, Attempts: 2, Body: []byte("<html>")}
	var te *TransportError
	require.ErrorAs(t, signInError(res, refused, "user@example.com", "x"), &te)
	assert.Equal(t, 2, te.Attempts)
	assert.True(t, te.Sent)
}
