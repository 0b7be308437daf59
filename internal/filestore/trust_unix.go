//go:build unix

package filestore

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

const writableByAll = 0o002

// trusted returns an [ErrUntrusted] for a file or folder whose content others may have written.
// The group's rights are the administrator's business.
func trusted(path string, info fs.FileInfo) error {
	if info.Mode().Perm()&writableByAll != 0 {
		return fmt.Errorf("%w: every user can write to %s", ErrUntrusted, path)
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Uid != 0 && int(stat.Uid) != os.Geteuid() {
		return fmt.Errorf("%w: %s belongs to another user (%d)", ErrUntrusted, path, stat.Uid)
	}
	return nil
}
