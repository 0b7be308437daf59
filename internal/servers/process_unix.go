//go:build unix

package servers

import (
	"os/exec"
	"strconv"
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
	guard := exec.Command("/bin/sh", "-c", `read -r _; kill -9 -"$1"`, "guard", strconv.Itoa(leader)) //nolint:noctx // see release
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
