package pgtest

import (
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// account returns the user that PostgreSQL runs as, or nil for the one that runs the test:
// PostgreSQL refuses root.
func account() *syscall.Credential {
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		entry, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(entry.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(entry.Gid, 10, 32)
		if uidErr == nil && gidErr == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	return nil
}

// own gives a folder to the user that PostgreSQL runs as.
func own(folder string) error {
	credential := account()
	if credential == nil {
		return nil
	}
	return os.Chown(folder, int(credential.Uid), int(credential.Gid))
}

// unprivileged makes a command run as a user that PostgreSQL accepts.
func unprivileged(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Credential: account()}
}
