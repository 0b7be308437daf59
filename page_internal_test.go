package linkit

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAnUnusablePageTellsHowOftenItWasAsked(t *testing.T) {
	t.Parallel()
	client, err := NewClient(WithAPIKey("k3y-Zp0aQ9w8e7r6t5y4"), WithOrganization("org_9f2"))
	require.NoError(t, err)
	var te *TransportError
	require.ErrorAs(t, unusablePage(client, "/products", 3, errNoRecord), &te)
	assert.Equal(t, 3, te.Attempts)
	assert.True(t, te.Sent)
	assert.Equal(t, "org_9f2", te.OrganizationID)
}

func TestCountThatFailsIsZero(t *testing.T) {
	t.Parallel()
	client, err := NewClient(WithAPIKey("k3y-Zp0aQ9w8e7r6t5y4"))
	require.NoError(t, err)
	require.NoError(t, client.Close())
	n, err := client.Products.Count(t.Context(), nil)
	require.ErrorIs(t, err, ErrClosed)
	assert.Zero(t, n)
}
