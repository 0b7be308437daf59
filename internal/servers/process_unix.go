//go:build unix

package servers

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// ownGroup lets a command's process lead a group of its own.
func ownGroup(command *exec.Cmd) {
	if command.SysProcAttr == nil {
		command.SysProcAttr = new(syscall.SysProcAttr)
	}
	command.SysProcAttr.Setpgid = true
}

func killGroup(leader int) { _ = syscall.Kill(-leader, syscall.SIGKILL) }

// Guard kills the group of a process when this process ends before release is called, however it
// ends: a process that is stopped, or that has lost its parent, would otherwise be left over.
func Guard(leader int) (release func()) {
	const script = `read -r _; kill -9 -"$1"`
	//nolint:noctx,gosec // release ends it; and the argument is a number
	guard := exec.Command("/bin/sh", "-c", script, "guard", strconv.Itoa(leader))
	ownGroup(guard)
	held, err := guard.StdinPipe() // closed by the end of this process
	if err == nil {
		err = guard.Start()
	}
	if err != nil {
		killGroup(leader)
		panic(err)
	}
	return func() {
		_ = guard.Process.Kill()
		_ = guard.Wait()
		_ = held.Close()
	}
}

// Children returns the processes that another one has started, where the system shows them.
func Children(parent int) (pids []int) {
	folders, _ := filepath.Glob("/proc/[0-9]*") // the pattern is correct
	for _, folder := range folders {
		text, err := os.ReadFile(filepath.Join(folder, "stat")) //nolint:gosec // it is below /proc
		if err != nil {
			continue // it has ended
		}
		// The number, the name in parentheses, the state, the parent's number.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		pid, err := strconv.Atoi(filepath.Base(folder))
		if err == nil && len(fields) > 1 && fields[0] != "Z" && fields[1] == strconv.Itoa(parent) {
			pids = append(pids, pid)
		}
	}
	return pids
}
