package linkit

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
