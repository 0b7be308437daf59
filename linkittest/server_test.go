package linkittest_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

func TestClientWorksAtOnce(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddProducts(linkit.Product{IvID: "ITEM-1", NameEn: "Aspirin"})
	product, err := server.Client().Products.Get(t.Context(), "ITEM-1")
	require.NoError(t, err)
	assert.Equal(t, "Aspirin", product.NameEn)
	assert.Equal(t, linkittest.OrganizationID, product.OrganizationID)
	assert.Regexp(t, `^http://127\.0\.0\.1:\d+/api/v1$`, server.URL)
}

func TestClientTakesAnyCredential(t *testing.T) {
	t.Setenv("LINKIT_API_KEY", "")
	t.Setenv("LINKIT_TOKEN", "")
	t.Setenv("LINKIT_EMAIL", "")
	t.Setenv("LINKIT_PASSWORD", "")
	server := newServer(t)
	server.AddAPIKey("another-key")
	server.AddToken("dashboard-token")
	for name, row := range map[string]struct {
		option linkit.Option
		sent   string
	}{
		"none":        {nil, linkittest.APIKey},
		"key":         {linkit.WithAPIKey("another-key"), "another-key"},
		"token":       {linkit.WithToken("dashboard-token"), "Bearer dashboard-token"},
		"empty env":   {linkit.FromEnv(), linkittest.APIKey},
		"key by func": {linkit.WithAPIKeyFunc(func(context.Context) (string, error) { return "another-key", nil }), "another-key"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := server.Client(row.option).Products.List(t.Context(), nil)
			require.NoError(t, err)
			requests := server.Requests()
			assert.Equal(t, row.sent, requests[len(requests)-1].Header.Get("Authorization"))
		})
	}
	t.Run("login", func(t *testing.T) {
		_, err := server.Client(linkit.WithLogin(linkittest.Email, linkittest.Password)).Products.List(t.Context(), nil)
		require.NoError(t, err)
	})
	t.Run("wrong options", func(t *testing.T) {
		defer func() { assert.Contains(t, recover(), "WithRetries: -1 is negative") }()
		assert.Panics(t, func() { server.Client(linkit.WithAPIKey("")) })
		assert.Panics(t, func() { server.Client(linkit.WithAPIKey("a-key"), linkit.WithToken("a-token")) })
		server.Client(linkit.WithRetries(-1))
	})
}

func TestCloseEndsClientsAndMayBeRepeated(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	client := server.Client()
	_, err := client.Products.List(t.Context(), nil)
	require.NoError(t, err)
	server.Close()
	server.Close()
	_, err = client.Products.List(t.Context(), nil)
	require.ErrorIs(t, err, linkit.ErrClosed)
}

func TestAddrIsLoopbackOnly(t *testing.T) {
	t.Parallel()
	server := newServer(t, linkittest.WithAddr("localhost:0"))
	assert.Regexp(t, `^http://127\.0\.0\.1:\d+/api/v1$`, server.URL)
	for _, addr := range []string{"0.0.0.0:0", ":8090", "example.com:80", "127.0.0.1", "192.0.2.1:80"} {
		assert.Panics(t, func() { linkittest.NewServer(linkittest.WithAddr(addr)) }, addr)
	}
	taken := server.URL[len("http://") : len(server.URL)-len("/api/v1")]
	defer func() {
		assert.Contains(t, recover(), "linkittest: NewServer: listen tcp "+taken, "nothing else is reached")
	}()
	linkittest.NewServer(linkittest.WithAddr(taken))
}

func TestTLSServersAreTrustedByTheirClients(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		option linkittest.Option
		proto  string
	}{
		"HTTP/1.1 over TLS": {linkittest.WithTLS(), "HTTP/1.1"},
		"HTTP/2":            {linkittest.WithHTTP2(), "HTTP/2.0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t, row.option)
			require.NotNil(t, server.Certificate())
			_, err := server.Client().Products.List(t.Context(), nil)
			require.NoError(t, err)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/ping", nil)
			require.NoError(t, err)
			res, err := server.HTTPClient().Do(r)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			assert.Equal(t, row.proto, res.Proto)

			server.Inject(linkittest.Fault{DropBefore: true, Times: -1})
			_, err = server.Client(linkit.WithRetries(0)).Products.Create(t.Context(), linkit.ProductParams{IvID: "A"})
			var lost *linkit.TransportError
			require.ErrorAs(t, err, &lost)
			assert.True(t, lost.Sent)
		})
	}
	t.Run("others don't trust them", func(t *testing.T) {
		t.Parallel()
		server := newServer(t, linkittest.WithTLS())
		other := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}}}
		_, err := server.Client(linkit.WithHTTPClient(other), linkit.WithRetries(0)).Products.List(t.Context(), nil)
		require.ErrorContains(t, err, "certificate")
	})
	t.Run("HTTP/2 is not forced on anybody", func(t *testing.T) {
		t.Parallel()
		server := newServer(t, linkittest.WithHTTP2())
		roots := x509.NewCertPool()
		roots.AddCert(server.Certificate())
		protocols := new(http.Protocols)
		protocols.SetHTTP1(true)
		old := &http.Transport{Protocols: protocols, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
		defer old.CloseIdleConnections()
		client := server.Client(linkit.WithHTTPClient(&http.Client{Transport: old}), linkit.WithRetries(0))
		_, err := client.Products.List(t.Context(), nil)
		require.NoError(t, err)
	})
	assert.Nil(t, newServer(t).Certificate())
}

func TestDelayHoldsEveryResponseBack(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.SetDelay(30 * time.Millisecond)
	began := time.Now()
	send(t, server, "GET", "/ping", "")
	assert.GreaterOrEqual(t, time.Since(began), 30*time.Millisecond)

	server.SetDelay(time.Hour)
	lost := make(chan error)
	go func() {
		_, err := trySend(t, server, "POST", "/products", `{"iv_id":"A"}`)
		lost <- err
	}()
	require.Eventually(t, func() bool { return len(server.Requests()) == 2 }, 5*time.Second, time.Millisecond)
	server.Close()
	require.Error(t, <-lost)
}

func TestClockSkewShowsInDates(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.SetClockSkew(-2 * time.Hour)
	res := send(t, server, "POST", "/products", `{"iv_id":"A"}`)
	date, err := http.ParseTime(res.header.Get("Date"))
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now().Add(-2*time.Hour), date, 10*time.Second)
	created, err := time.Parse(time.RFC3339, fmt.Sprint(res.at(t, "created")))
	require.NoError(t, err)
	assert.WithinDuration(t, date, created, 2*time.Second)
}

func TestFixturesAreWhatAServerStartsWith(t *testing.T) {
	t.Parallel()
	server := newServer(t, linkittest.WithFixtures(fstest.MapFS{
		"skus.json":     {Data: []byte(`{"items": [{"product_iv_id": "A", "branch_iv_id": "B", "qty": 7}]}`)},
		"products.json": {Data: []byte(`[{"iv_id": "A", "name_ar": "أسبرين", "created": "2026-03-02 08:15:00.000Z"}]`)},
		"branches.json": {Data: []byte(`[{"iv_id": "B"}]`)},
		"README.md":     {Data: []byte(`not a fixture`)},
	}))
	client := server.Client()
	product, err := client.Products.Get(t.Context(), "A")
	require.NoError(t, err)
	assert.Equal(t, "أسبرين", product.NameAr)
	assert.Equal(t, 2026, product.Created.Year())
	sku, err := client.SKUs.Get(t.Context(), "A_B")
	require.NoError(t, err)
	assert.Equal(t, linkit.Ptr(7), sku.Qty)
	for _, broken := range []string{`{}`, `[1]`, `{"data": 1}`, ``} {
		assert.Panics(t, func() {
			linkittest.NewServer(linkittest.WithFixtures(fstest.MapFS{"products.json": {Data: []byte(broken)}}))
		}, broken)
	}
}

func TestUnknownPathsAndMethodsAreJSONErrors(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for _, row := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/nowhere", 404, ""},
		{"GET", "/products/A/B", 404, ""},
		{"PATCH", "/products/A", 405, "DELETE, GET, PUT"},
		{"DELETE", "/auth/login", 405, "POST"},
	} {
		res := send(t, server, row.method, row.path, "")
		assert.Equal(t, row.status, res.status, row.path)
		assert.Equal(t, row.allow, res.header.Get("Allow"), row.path)
		assert.EqualValues(t, row.status, res.object(t)["code"], row.path)
		assert.NotEmpty(t, res.object(t)["details"], row.path)
	}
	head := send(t, server, "HEAD", "/products", "")
	assert.Equal(t, 200, head.status)
	assert.Empty(t, head.body)
}
