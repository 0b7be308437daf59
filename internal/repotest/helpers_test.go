package repotest

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// root is the repository's, from this folder.
const root = "../.."

// recorder is a client whose requests all get the response anything.
type recorder struct {
	client *linkit.Client
	mu     sync.Mutex
	lines  []string
}

func newRecorder(t *testing.T) *recorder {
	t.Helper()
	r := new(recorder)
	transport := httpmock.NewMockTransport()
	transport.RegisterNoResponder(func(request *http.Request) (*http.Response, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.lines = append(r.lines, request.Method+" "+strings.TrimPrefix(request.URL.EscapedPath(), "/api/v1"))
		return httpmock.NewStringResponse(http.StatusOK, anything), nil
	})
	client, err := linkit.NewClient(
		linkit.WithBaseURL("https://linkit.test/api/v1"), linkit.WithHTTPClient(&http.Client{Transport: transport}),
		linkit.WithAPIKey("k3y-Zp0aQ9w8e7r6t5y4"), linkit.WithOrganization("org_9f2"),
	)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, client.Close()) })
	r.client = client
	return r
}

// requests returns what was sent: "GET /skus/ITEM-4410_BR-07", below the base URL, still escaped.
func (r *recorder) requests() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.lines...)
}
