package demo

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

// newService starts a server in the place of the service, and sets the variables that lead to it.
func newService(t *testing.T) *linkittest.Server {
	t.Helper()
	server := linkittest.New(t)
	for name, value := range map[string]string{
		"LINKIT_BASE_URL": server.URL, "LINKIT_API_KEY": linkittest.APIKey, "LINKIT_ORGANIZATION_ID": linkittest.OrganizationID,
		"LINKIT_TOKEN": "", "LINKIT_EMAIL": "", "LINKIT_PASSWORD": "",
	} {
		t.Setenv(name, value)
	}
	return server
}

// list makes one call with the client of an example.
func list(t *testing.T, e Example, live, yes bool, opts ...linkit.Option) (said string, err error) {
	t.Helper()
	var out bytes.Buffer
	client, err := e.client(&out, live, yes, opts)
	if err != nil {
		assert.Nil(t, client)
		return out.String(), err
	}
	defer func() { require.NoError(t, client.Close()) }()
	_, err = client.Products.List(t.Context(), nil)
	return out.String(), err
}

func TestVariablesAloneNeverSwitchToTheService(t *testing.T) {
	service := newService(t)
	for _, yes := range []bool{false, true} {
		filled := false
		said, err := list(t, Example{Fake: func(*linkittest.Server) { filled = true }, Writes: "adds a product"}, false, yes)
		require.NoError(t, err)
		assert.True(t, filled)
		assert.Contains(t, said, "fake server")
	}
	assert.Empty(t, service.Requests())
}

func TestFakeServerGetsTheExamplesCredential(t *testing.T) {
	newService(t)
	signedIn := false
	look := func(ctx context.Context, e *linkit.Event) (context.Context, func(*linkit.Event)) {
		signedIn = signedIn || e.SignIn
		return ctx, nil
	}
	example := Example{Options: []linkit.Option{linkit.WithLogin(linkittest.Email, linkittest.Password)}}
	_, err := list(t, example, false, false, linkit.WithHooks(linkit.Hooks{Attempt: look}))
	require.NoError(t, err)
	assert.True(t, signedIn)
}

func TestLiveWorksOnTheServiceAndReadersNeedNoYes(t *testing.T) {
	service := newService(t)
	noFake := func(*linkittest.Server) { assert.Fail(t, "there is no fake server") }
	said, err := list(t, Example{Fake: noFake}, true, false)
	require.NoError(t, err)
	assert.Empty(t, said)
	assert.Len(t, service.Requests(), 1)
}

func TestLiveNeedsACredentialVariable(t *testing.T) {
	service := newService(t)
	t.Setenv("LINKIT_API_KEY", "")
	t.Setenv("LINKIT_EMAIL", "user@example.com") // without a password it is none
	_, err := list(t, Example{}, true, true)
	assert.ErrorContains(t, err, "LINKIT_API_KEY")
	assert.Empty(t, service.Requests())
}

func TestLiveSaysWhatItWritesAndWhereAndRefusesWithoutYes(t *testing.T) {
	service := newService(t)
	example := Example{Writes: "adds a product and removes it again"}
	said, err := list(t, example, true, false)
	assert.ErrorContains(t, err, "-yes")
	assert.Empty(t, service.Requests())
	for _, part := range []string{service.URL[len("http://") : len(service.URL)-len("/api/v1")], linkittest.OrganizationID, example.Writes} {
		assert.Contains(t, said, part)
	}
	assert.NotContains(t, said, linkittest.APIKey)

	confirmed, err := list(t, example, true, true)
	require.NoError(t, err)
	assert.Equal(t, said, confirmed)
	assert.Len(t, service.Requests(), 1)
}

func TestLiveNamesTheServicesHostByDefault(t *testing.T) {
	newService(t)
	t.Setenv("LINKIT_BASE_URL", "")
	t.Setenv("LINKIT_ORGANIZATION_ID", "")
	said, err := list(t, Example{Writes: "adds a product"}, true, false)
	require.Error(t, err)
	assert.Equal(t, "On linkit.works, in the credential's own organization, this adds a product.\n", said)
}
