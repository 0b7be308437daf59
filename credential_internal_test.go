package linkit

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFailureOfAKeyFuncNamesTheOption(t *testing.T) {
	t.Parallel()
	client, err := NewClient(WithAPIKeyFunc(func(context.Context) (string, error) { panic("mine") }))
	require.NoError(t, err)
	defer func() { assert.NoError(t, client.Close()) }()
	_, err = client.Products.Get(t.Context(), "x")
	require.ErrorContains(t, err, "WithAPIKeyFunc: panic with a string")
	require.NotErrorIs(t, err, ErrLogin)
	assert.NotContains(t, err.Error(), loginRoute)
}
