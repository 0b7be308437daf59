//go:build unix

package filestore

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// owned is a file of a user with these rights.
type owned struct {
	user uint32
	mode fs.FileMode
}

func (o owned) Name() string       { return "f" }
func (o owned) Size() int64        { return 0 }
func (o owned) Mode() fs.FileMode  { return o.mode }
func (o owned) ModTime() time.Time { return time.Time{} }
func (o owned) IsDir() bool        { return o.mode.IsDir() }
func (o owned) Sys() any           { return &syscall.Stat_t{Uid: o.user} }

func TestWhatOthersMayHaveWrittenIsNotTrusted(t *testing.T) {
	t.Parallel()
	self := uint32(os.Geteuid())
	other := self + 4711
	for _, row := range []struct {
		file   owned
		reason string // "": trusted
	}{
		{owned{self, 0o600}, ""},
		{owned{self, 0o660}, ""}, // the group is the administrator's business
		{owned{self, 0o644}, ""},
		{owned{0, 0o640}, ""},
		{owned{0, fs.ModeDir | 0o755}, ""},
		{owned{self, 0o602}, "every user can write"},
		{owned{self, 0o666}, "every user can write"},
		{owned{0, fs.ModeDir | fs.ModeSticky | 0o777}, "every user can write"}, // /tmp
		{owned{other, 0o600}, "another user"},
		{owned{other, fs.ModeDir | 0o700}, "another user"},
	} {
		err := trusted("/a/path", row.file)
		if row.reason == "" {
			require.NoError(t, err, row)
			continue
		}
		require.ErrorIs(t, err, ErrUntrusted, row)
		require.ErrorContains(t, err, row.reason)
		assert.ErrorContains(t, err, "/a/path")
	}
}

func TestUntrustedFoldersAndFilesAreNeitherReadNorWritten(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]string{"folder": ".", "file": "name", "lock": "lock"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "sessions")
			dir, err := New(path)
			require.NoError(t, err)
			require.NoError(t, dir.Write("name", []byte("before")))
			unlock, err := dir.Lock(t.Context(), "lock")
			require.NoError(t, err)
			unlock()
			require.NoError(t, os.Chmod(filepath.Join(path, spoil), 0o777))
			if spoil != "lock" {
				_, err = dir.Read("name")
				require.ErrorIs(t, err, ErrUntrusted)
				require.ErrorIs(t, dir.Write("name", []byte("after")), ErrUntrusted)
			}
			if spoil != "name" {
				_, err = dir.Lock(t.Context(), "lock")
				require.ErrorIs(t, err, ErrUntrusted)
			}
			value, err := os.ReadFile(filepath.Join(path, "name"))
			require.NoError(t, err)
			assert.Equal(t, "before", string(value))
			entries, err := os.ReadDir(path)
			require.NoError(t, err)
			assert.Len(t, entries, 2, "nothing was written")
		})
	}
}
