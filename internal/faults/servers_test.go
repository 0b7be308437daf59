package faults_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/servers"
)

// folder holds the certificate that nginx serves. The client's own transport trusts it through
// SSL_CERT_FILE, which Go reads once.
var folder string

func TestMain(m *testing.M) {
	os.Exit(run(m)) //nolint:forbidigo // what TestMain is for
}

func run(m *testing.M) int {
	var err error
	if folder, err = os.MkdirTemp("", "linkit-faults-"); err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	if err := writeCertificate(folder); err != nil {
		panic(err)
	}
	if err := os.Setenv("SSL_CERT_FILE", filepath.Join(folder, "cert.pem")); err != nil {
		panic(err)
	}
	return m.Run()
}

func writeCertificate(folder string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(
			1,
		),
		Subject:     pkix.Name{CommonName: "localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(
			-time.Hour,
		),
		NotAfter:              time.Now().Add(24 * time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	for name, block := range map[string]*pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: certificate}, "key.pem": {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(block), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// startNginx starts nginx with TLS before the backend. listen and server are lines of its
// configuration.
func startNginx(t *testing.T, b *backend, listen string, server ...string) *servers.Nginx {
	t.Helper()
	return servers.StartNginx(t, servers.NginxConfig{
		Backend: strings.TrimPrefix(b.URL, "http://"), Certificate: folder, Listen: listen, Server: server,
	})
}

// baseURL returns the base URL of what nginx passes on.
func baseURL(n *servers.Nginx) string { return fmt.Sprintf("https://127.0.0.1:%d/api/v1", n.Port) }

// startTinyproxy starts a proxy that allows CONNECT to any port; lines are further ones of its
// configuration.
func startTinyproxy(t *testing.T, lines ...string) (address string) {
	t.Helper()
	path := servers.Program(t, "tinyproxy")
	dir, port := t.TempDir(), servers.FreePort(t)
	file := filepath.Join(dir, "tinyproxy.conf")
	config := fmt.Sprintf(
		"Port %d\nListen 127.0.0.1\nTimeout 30\nMaxClients 50\nLogLevel Error\n%s\n",
		port,
		strings.Join(lines, "\n"),
	)
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	command := func() *exec.Cmd { return exec.Command(path, "-d", "-c", file) } //nolint:noctx // it ends with the test
	servers.StartProcess(t, command, func() bool { return servers.Listens(port) })
	return fmt.Sprintf("127.0.0.1:%d", port)
}

// startToxiproxy starts a proxy that passes bytes on to upstream, and does to them what its toxics
// say.
func startToxiproxy(t *testing.T, upstream string) *toxiproxy.Proxy {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	proxy := toxiproxy.NewProxy(server, "linkit", "127.0.0.1:0", upstream)
	require.NoError(t, proxy.Start())
	t.Cleanup(proxy.Stop)
	return proxy
}

// connectionsTo counts this process's open connections to a port of 127.0.0.1.
func connectionsTo(t *testing.T, port int) int {
	t.Helper()
	table, err := os.ReadFile("/proc/self/net/tcp")
	require.NoError(t, err)
	count := 0
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line)
		if len(fields) > 3 && strings.HasSuffix(fields[2], fmt.Sprintf(":%04X", port)) && fields[3] == "01" {
			count++
		}
	}
	return count
}
