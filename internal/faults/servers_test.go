package faults_test

import (
	"bytes"
	"context"
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
	"syscall"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
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

// program returns the path of a server from Debian. CI must have it; elsewhere the test is skipped.
func program(t *testing.T, name string) string {
	t.Helper()
	for _, dir := range []string{"/usr/sbin", "/usr/bin"} {
		if path := filepath.Join(dir, name); isFile(path) {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed", name)
	}
	t.Skipf("%s is not installed: apt-get install %s", name, name)
	return ""
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// freePort returns a port of 127.0.0.1 that nobody listens on.
func freePort(t *testing.T) int {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, listener.Close()) }()
	address, ok := listener.Addr().(*net.TCPAddr)
	require.True(t, ok)
	return address.Port
}

// startServer starts a program that stays in the foreground, waits until it listens on port, and
// ends it with the test.
func startServer(t *testing.T, port int, path string, args ...string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(context.Background(), path, args...)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		timer := time.AfterFunc(5*time.Second, func() { _ = command.Process.Kill() })
		defer timer.Stop()
		_ = command.Wait()
		if t.Failed() {
			t.Logf("%s: %s", path, output.String())
		}
	})
	require.Eventually(
		t,
		func() bool { return listens(port) },
		10*time.Second,
		20*time.Millisecond,
		"%s: %s",
		path,
		&output,
	)
	return command
}

func listens(port int) bool {
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(context.Background(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// nginx is a running nginx that passes requests on to a backend.
type nginx struct {
	port    int
	command *exec.Cmd
}

func (n *nginx) url() string { return fmt.Sprintf("https://127.0.0.1:%d/api/v1", n.port) }

// reload makes the workers finish what they do and starts new ones.
func (n *nginx) reload() { _ = n.command.Process.Signal(syscall.SIGHUP) }

// startNginx starts nginx with TLS before the backend. listen and server are lines of its
// configuration.
func startNginx(t *testing.T, b *backend, listen string, server ...string) *nginx {
	t.Helper()
	path := program(t, "nginx")
	dir, port := t.TempDir(), freePort(t)
	config := fmt.Sprintf(`daemon off;
worker_processes 2;
pid %[1]s/nginx.pid;
error_log %[1]s/error.log error;
events { worker_connections 512; }
http {
	access_log off;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
	limit_req_zone $server_name zone=calls:1m rate=200r/s;
	upstream backend { server %[2]s; keepalive 32; }
	server {
		listen 127.0.0.1:%[3]d ssl%[4]s;
		ssl_certificate %[5]s/cert.pem; ssl_certificate_key %[5]s/key.pem;
		proxy_http_version 1.1; proxy_set_header Connection ""; proxy_next_upstream off;
		%[6]s
		location / { proxy_pass http://backend; }
	}
}
`, dir, strings.TrimPrefix(b.URL, "http://"), port, listen, folder, strings.Join(server, "\n\t\t"))
	file := filepath.Join(dir, "nginx.conf")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	if os.Getuid() == 0 { // workers run as another user then
		require.NoError(t, os.Chmod(dir, 0o755))
	}
	return &nginx{port, startServer(t, port, path, "-c", file, "-p", dir, "-e", filepath.Join(dir, "error.log"))}
}

// startTinyproxy starts a proxy that allows CONNECT to any port; lines are further ones of its
// configuration.
func startTinyproxy(t *testing.T, lines ...string) (address string) {
	t.Helper()
	path := program(t, "tinyproxy")
	dir, port := t.TempDir(), freePort(t)
	file := filepath.Join(dir, "tinyproxy.conf")
	config := fmt.Sprintf(
		"Port %d\nListen 127.0.0.1\nTimeout 30\nMaxClients 50\nLogLevel Error\n%s\n",
		port,
		strings.Join(lines, "\n"),
	)
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	startServer(t, port, path, "-d", "-c", file)
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
