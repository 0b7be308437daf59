package servers

import (
	"fmt"
	"os/exec"
	"strconv"
	"testing"
)

// Redis is a running redis-server that keeps nothing when it ends.
type Redis struct {
	*Process
	Addr string
}

// StartRedis starts a redis-server that ends with the test.
func StartRedis(tb testing.TB) *Redis {
	tb.Helper()
	path := Program(tb, "redis-server")
	dir, port := tb.TempDir(), FreePort(tb)
	command := func() *exec.Cmd {
		//nolint:noctx,gosec // an installed program, which ends with the test
		return exec.Command(path, "--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", dir,
			"--save", "", "--appendonly", "no")
	}
	return &Redis{StartProcess(tb, command, func() bool { return Listens(port) }), fmt.Sprintf("127.0.0.1:%d", port)}
}
