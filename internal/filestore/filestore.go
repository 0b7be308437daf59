// Package filestore keeps small values in files that only their user can read, that are replaced
// atomically, and that processes can lock.
package filestore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	maxSize = 1 << 20
	// temporaryPrefix begins the name of a file that is being written.
	temporaryPrefix = ".session-"
	// temporaryLife is the age from which a temporary file belongs to a writer that was killed.
	temporaryLife = time.Minute
	lockPoll      = 25 * time.Millisecond
)

// ErrUntrusted is wrapped by the errors about files and folders that others may have written.
var ErrUntrusted = errors.New("not used")

// Dir is a folder of values, each under a name of its own. It is made when it is first written to.
type Dir struct{ path string }

// New returns the folder at path, which is made absolute: a later change of the working directory
// has no effect. Path must not begin with ~, which only a shell expands.
func New(path string) (*Dir, error) {
	switch {
	case strings.TrimSpace(path) == "":
		return nil, errors.New("is empty")
	case path[0] == '~':
		return nil, errors.New("begins with ~, which only a shell expands: use os.UserCacheDir or os.UserHomeDir")
	case strings.ContainsRune(path, 0):
		return nil, errors.New("contains a NUL character")
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("can't be made absolute: %w", err)
	}
	return &Dir{absolute}, nil
}

// Read returns the value under name, and nil when there is none.
func (d *Dir) Read(name string) ([]byte, error) {
	if err := d.check(); err != nil {
		return nil, orNothing(err)
	}
	file, err := os.Open(filepath.Join(d.path, name)) //nolint:gosec // in the folder that the program chose
	if err != nil {
		return nil, orNothing(err)
	}
	defer func() { _ = file.Close() }()
	if err := checkFile(file); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(file, maxSize+1)) //nolint:forbidigo // bounded
	if err != nil {
		return nil, err
	}
	if len(b) > maxSize {
		return nil, fmt.Errorf("%s has more than %d bytes", file.Name(), maxSize)
	}
	return b, nil
}

func orNothing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Write replaces the value under name: whatever happens, readers find the old one or the new one.
// It also removes the temporary files of writers that were killed.
func (d *Dir) Write(name string, value []byte) error {
	if err := d.make(); err != nil {
		return err
	}
	path := filepath.Join(d.path, name)
	if info, err := os.Stat(path); err == nil {
		if err := trusted(path, info); err != nil {
			return err
		}
	}
	d.clean(time.Now())
	temporary, err := os.CreateTemp(d.path, temporaryPrefix+"*") // 0600
	if err != nil {
		return err
	}
	_, err = temporary.Write(value)
	// Without the sync, a crash could leave an empty file under the new name.
	if err = cmp.Or(err, temporary.Sync(), temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
	}
	return err
}

// clean removes old temporary files. A younger one may still be being written.
func (d *Dir) clean(now time.Time) {
	entries, _ := os.ReadDir(d.path)
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), temporaryPrefix) || !entry.Type().IsRegular() {
			continue
		}
		if info, err := entry.Info(); err == nil && now.Sub(info.ModTime()) > temporaryLife {
			_ = os.Remove(filepath.Join(d.path, entry.Name()))
		}
	}
}

// Lock keeps other processes out until unlock, or until this process ends. It waits until ctx ends.
func (d *Dir) Lock(ctx context.Context, name string) (unlock func(), err error) {
	if err := d.make(); err != nil {
		return nil, err
	}
	for {
		if unlock, err = tryLock(filepath.Join(d.path, name)); unlock != nil || err != nil {
			return unlock, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lockPoll):
		}
	}
}

func (d *Dir) make() error {
	if err := os.MkdirAll(d.path, 0o700); err != nil {
		return err
	}
	return d.check()
}

func (d *Dir) check() error {
	info, err := os.Stat(d.path)
	if err != nil {
		return err
	}
	return trusted(d.path, info)
}

func checkFile(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	return trusted(file.Name(), info)
}
