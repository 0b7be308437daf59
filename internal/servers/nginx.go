package servers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// NginxConfig is what an nginx in front of a backend does.
type NginxConfig struct {
	Backend     string   // host:port
	Certificate string   // the folder of cert.pem and key.pem; "": no TLS
	Listen      string   // more parameters of the listen line, such as "http2"
	Server      []string // more lines of the server block
}

// Nginx is a running nginx, of one master and two workers.
type Nginx struct {
	*Process
	Port int
}

// StartNginx starts an nginx that ends with the test.
func StartNginx(tb testing.TB, config NginxConfig) *Nginx {
	tb.Helper()
	path := Program(tb, "nginx")
	dir, port := tb.TempDir(), FreePort(tb)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(config.text(dir, port)), 0o600); err != nil {
		tb.Fatal(err)
	}
	command := func() *exec.Cmd {
		//nolint:noctx,gosec // an installed program, which ends with the test
		return exec.Command(path, "-c", file, "-p", dir, "-e", filepath.Join(dir, "error.log"))
	}
	return &Nginx{StartProcess(tb, command, func() bool { return Listens(port) }), port}
}

func (c *NginxConfig) text(dir string, port int) string {
	listen := strings.TrimSpace(fmt.Sprintf("listen 127.0.0.1:%d %s", port, c.Listen))
	if c.Certificate != "" {
		listen += fmt.Sprintf(" ssl;\n\t\tssl_certificate %[1]s/cert.pem; ssl_certificate_key %[1]s/key.pem", c.Certificate)
	}
	user := ""
	if os.Getuid() == 0 { // another user's workers couldn't store large bodies in the test's folder
		user = "user root;"
	}
	return fmt.Sprintf(`daemon off;
%[5]s
worker_processes 2;
pid %[1]s/nginx.pid;
error_log %[1]s/error.log error;
events { worker_connections 512; }
http {
	access_log off;
	client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fcgi;
	uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
	limit_req_zone $server_name zone=calls:1m rate=200r/s;
	upstream backend { server %[2]s; keepalive 32; }
	server {
		%[3]s;
		proxy_http_version 1.1; proxy_set_header Connection ""; proxy_next_upstream off;
		%[4]s
		location / { proxy_pass http://backend; }
	}
}
`, dir, c.Backend, listen, strings.Join(c.Server, "\n\t\t"), user)
}

// Reload makes the workers finish what they do and starts new ones.
func (n *Nginx) Reload() { n.Signal(syscall.SIGHUP) }
