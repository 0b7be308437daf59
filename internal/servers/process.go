// Package servers starts real servers and other programs for tests: on loopback, with their files in
// temporary folders, and so that nothing of them outlives the test. Package pgtest in its folder
// starts PostgreSQL.
package servers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	startTimeout = time.Minute
	endTimeout   = 5 * time.Second
)

// Folder returns the first of PATH's folders, or of the others, that has all of the programs. Without
// one the test is skipped, or fails if the variable CI is "true".
func Folder(tb testing.TB, debian string, others []string, programs ...string) string {
	tb.Helper()
	has := func(folder string) bool {
		return !slices.ContainsFunc(programs, func(name string) bool {
			info, err := os.Stat(filepath.Join(folder, name)) //nolint:gosec // below a folder of PATH
			return err != nil || !info.Mode().IsRegular()
		})
	}
	for _, folder := range append(filepath.SplitList(os.Getenv("PATH")), others...) {
		if has(folder) {
			return folder
		}
	}
	if os.Getenv("CI") == "true" {
		tb.Fatalf("%s is not installed", programs[0])
	}
	tb.Skipf("%s is not installed: apt-get install %s", programs[0], debian)
	return ""
}

// Program returns the path of an installed program of the Debian package of that name, see [Folder].
func Program(tb testing.TB, name string) string {
	tb.Helper()
	return filepath.Join(Folder(tb, name, []string{"/usr/sbin", "/usr/bin"}, name), name)
}

// FreePort returns a port of 127.0.0.1 that nobody listens on. It is below those that connections get
// as their own, so that a server that is started again finds it free.
func FreePort(tb testing.TB) int {
	tb.Helper()
	const first, ports, attempts = 10_000, 20_000, 100
	for range attempts {
		port := first + rand.N(ports) //nolint:gosec // no secret
		listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = listener.Close()
			return port
		}
	}
	tb.Fatal("no port is free")
	return 0
}

// Listens reports whether somebody accepts connections on a port of 127.0.0.1.
func Listens(port int) bool {
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(context.Background(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// A Process is a program that can be killed and started again. Its methods are safe for concurrent
// use, but for Start.
type Process struct {
	make  func() *exec.Cmd
	ready func() bool
	log   *os.File // of every start

	mu      sync.Mutex
	command *exec.Cmd
	ended   chan struct{} // closed when the process and its group have ended
}

// NewProcess returns a Process that isn't started. command returns a new command each time; its process
// leads a group of its own. ready, which may be nil, reports whether the program has started.
func NewProcess(command func() *exec.Cmd, ready func() bool) *Process {
	return &Process{make: command, ready: ready}
}

// StartProcess starts a program that ends with the test, by SIGTERM or, if it takes long, by SIGKILL.
func StartProcess(tb testing.TB, command func() *exec.Cmd, ready func() bool) *Process {
	tb.Helper()
	p := NewProcess(command, ready)
	tb.Cleanup(func() {
		p.End(syscall.SIGTERM, endTimeout)
		if tb.Failed() {
			tb.Logf("%s: %s", command().Path, p.Log())
		}
	})
	if err := p.Start(); err != nil {
		tb.Fatal(err)
	}
	return p
}

// Start starts the program, and waits until it is ready.
func (p *Process) Start() error {
	if err := p.openLog(); err != nil {
		return err
	}
	command, ended := p.make(), make(chan struct{})
	if command.Stdout == nil {
		command.Stdout = p.log
	}
	if command.Stderr == nil {
		command.Stderr = p.log
	}
	ownGroup(command)
	if err := command.Start(); err != nil {
		return err
	}
	leader := command.Process.Pid
	release := Guard(leader)
	go func() {
		_ = command.Wait()
		killGroup(leader) // what it has started
		release()
		close(ended)
	}()
	p.mu.Lock()
	p.command, p.ended = command, ended
	p.mu.Unlock()
	if err := p.untilReady(); err != nil {
		p.Kill()
		return fmt.Errorf("%s: %w: %s", command.Path, err, p.Log())
	}
	return nil
}

// openLog opens the file that the program writes to: with a pipe, the end of the program would be
// noticed only when all that it has started has ended as well.
func (p *Process) openLog() (err error) {
	if p.log == nil {
		if p.log, err = os.CreateTemp("", "linkit-servers-"); err == nil {
			err = os.Remove(p.log.Name())
		}
	}
	return err
}

func (p *Process) untilReady() error {
	if p.ready == nil {
		return nil
	}
	timeout := time.NewTimer(startTimeout)
	defer timeout.Stop()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for !p.ready() {
		select {
		case <-p.ended:
			return errors.New("the process ended")
		case <-timeout.C:
			return fmt.Errorf("not ready within %v", startTimeout)
		case <-ticker.C:
		}
	}
	return nil
}

// Pid returns the number of the process, which is also that of its group.
func (p *Process) Pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.command.Process.Pid
}

// Ended returns a channel that is closed when the process has ended, nil before the first start.
func (p *Process) Ended() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

// ExitCode waits for the end of the process and returns its exit code, -1 after a signal.
func (p *Process) ExitCode() int {
	p.mu.Lock()
	command, ended := p.command, p.ended
	p.mu.Unlock()
	<-ended
	return command.ProcessState.ExitCode()
}

// Signal sends a signal to the process, unless it has ended.
func (p *Process) Signal(signal syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.command != nil {
		_ = p.command.Process.Signal(signal)
	}
}

// End sends a signal, and kills the process and its group if it hasn't ended after some time.
func (p *Process) End(signal syscall.Signal, within time.Duration) {
	p.Signal(signal)
	timer := time.AfterFunc(within, p.Kill)
	defer timer.Stop()
	if ended := p.Ended(); ended != nil {
		<-ended
	}
}

// Kill ends the process and its group at once, and waits for that.
func (p *Process) Kill() {
	ended := p.Ended()
	if ended == nil {
		return
	}
	select {
	case <-ended:
	default:
		killGroup(p.Pid())
		<-ended
	}
}

// Log returns the end of what the program has written.
func (p *Process) Log() string {
	const most = 8000
	if p.log == nil {
		return ""
	}
	info, err := p.log.Stat()
	if err != nil {
		return err.Error()
	}
	text := make([]byte, min(info.Size(), most))
	n, _ := p.log.ReadAt(text, info.Size()-int64(len(text))) // the end is what it is for
	return strings.ToValidUTF8(string(text[:n]), "")
}
