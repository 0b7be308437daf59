//go:build !unix

package servers

import (
	"os"
	"os/exec"
)

func ownGroup(*exec.Cmd) {}

func killGroup(leader int) {
	if process, err := os.FindProcess(leader); err == nil {
		_ = process.Kill()
	}
}

// Guard does nothing on this system.
func Guard(int) (release func()) { return func() {} }

// Children returns nothing on this system.
func Children(int) (pids []int) { return nil }
