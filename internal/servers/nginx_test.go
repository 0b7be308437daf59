package servers_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/servers"
)

func TestNginxPassesOnBodiesThatItMustStore(t *testing.T) {
	t.Parallel()
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		_, _ = fmt.Fprint(w, n, err)
	}))
	defer backend.Close()
	nginx := servers.StartNginx(t, servers.NginxConfig{Backend: strings.TrimPrefix(backend.URL, "http://")})
	target := fmt.Sprintf("http://127.0.0.1:%d/", nginx.Port)
	for range 2 { // its port stays the same
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader(strings.Repeat("x", 500_000)))
		require.NoError(t, err)
		response, err := new(http.Client).Do(request)
		require.NoError(t, err)
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, "500000 <nil>", string(text))
		assert.NotEmpty(t, servers.Children(nginx.Pid()), "its workers")
		nginx.Kill()
		require.NoError(t, nginx.Start())
	}
}
