package filestore_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/filestore"
)

func open(t *testing.T, path string) *filestore.Dir {
	t.Helper()
	dir, err := filestore.New(path)
	require.NoError(t, err)
	return dir
}

func TestValueIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a", "b")
	dir := open(t, path)
	value, err := dir.Read("name")
	require.NoError(t, err)
	assert.Nil(t, value, "there is none yet")
	require.NoDirExists(t, path, "reading makes nothing")

	for _, want := range []string{"first", "second", ""} {
		require.NoError(t, dir.Write("name", []byte(want)))
		value, err = dir.Read("name")
		require.NoError(t, err)
		assert.Equal(t, want, string(value))
	}
	value, err = dir.Read("other")
	require.NoError(t, err)
	assert.Nil(t, value)
	assert.Equal(t, []string{"name"}, names(t, path), "no temporary file is left")
}

func names(t *testing.T, path string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(path)
	require.NoError(t, err)
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return all
}

func TestFolderThatCannotBeMeantIsAnError(t *testing.T) {
	t.Parallel()
	for path, hint := range map[string]string{
		"": "is empty", "  ": "is empty", "~": "~", "~/sessions": "~", "~user/sessions": "~", "a\x00b": "NUL", "\x00a": "NUL",
	} {
		_, err := filestore.New(path)
		require.ErrorContains(t, err, hint, "%q", path)
	}
	for _, path := range []string{".", "a/~/b", "./~", "..", " a"} {
		_, err := filestore.New(path)
		require.NoError(t, err, "%q", path)
	}
}

func TestFolderIsAbsoluteFromTheStart(t *testing.T) { // not parallel: it changes the working directory
	first, second := t.TempDir(), t.TempDir()
	t.Chdir(first)
	dir := open(t, "sessions")
	t.Chdir(second)
	require.NoError(t, dir.Write("name", []byte("value")))
	assert.FileExists(t, filepath.Join(first, "sessions", "name"))
	assert.NoDirExists(t, filepath.Join(second, "sessions"))
}

func TestFilesAndFolderAreForTheirUserOnly(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" { // where rights are the folder's
		return
	}
	path := filepath.Join(t.TempDir(), "sessions")
	dir := open(t, path)
	unlock, err := dir.Lock(t.Context(), "lock") // before there is a folder
	require.NoError(t, err)
	defer unlock()
	require.NoError(t, dir.Write("name", nil))
	for path, want := range map[string]os.FileMode{path: 0o700, filepath.Join(path, "name"): 0o600, filepath.Join(path, "lock"): 0o600} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, want, info.Mode().Perm(), path)
	}
}

func TestReadersSeeNoHalfWrittenValue(t *testing.T) {
	t.Parallel()
	dir := open(t, t.TempDir())
	long := []byte(strings.Repeat("x", 100_000))
	require.NoError(t, dir.Write("name", long))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				assert.NoError(t, dir.Write("name", long))
				value, err := dir.Read("name")
				assert.NoError(t, err)
				assert.Len(t, value, len(long))
			}
		})
	}
	wg.Wait()
}

func TestTooLargeAFileIsNotRead(t *testing.T) {
	t.Parallel()
	dir := open(t, t.TempDir())
	require.NoError(t, dir.Write("name", make([]byte, 1<<20)))
	_, err := dir.Read("name")
	require.NoError(t, err)
	require.NoError(t, dir.Write("name", make([]byte, 1<<20+1)))
	_, err = dir.Read("name")
	require.ErrorContains(t, err, "more than 1048576 bytes")
}

func TestFailedWriteLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(path, "name", "in the way"), 0o700))
	require.Error(t, open(t, path).Write("name", []byte("t0ken")))
	assert.Equal(t, []string{"name"}, names(t, path))
}

func TestWriteRemovesTheTemporaryFilesOfKilledWriters(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	put := func(name string, age time.Duration) {
		full := filepath.Join(path, name)
		require.NoError(t, os.WriteFile(full, []byte("t0ken"), 0o600))
		at := time.Now().Add(-age)
		require.NoError(t, os.Chtimes(full, at, at))
	}
	put(".session-1", 61*time.Second)
	put(".session-2", 48*time.Hour)
	put(".session-young", 30*time.Second)
	put(".session-future", -time.Hour)
	put("old.session", time.Hour)
	put(".sessions", time.Hour)
	require.NoError(t, os.Mkdir(filepath.Join(path, ".session-folder"), 0o700))
	old := time.Now().Add(-time.Hour)
	require.NoError(t, os.Chtimes(filepath.Join(path, ".session-folder"), old, old))

	require.NoError(t, open(t, path).Write("name", nil))
	assert.Equal(
		t,
		[]string{".session-folder", ".session-future", ".session-young", ".sessions", "name", "old.session"},
		names(t, path),
	)
}

func TestLockIsExclusiveByNameAndFollowsItsContext(t *testing.T) {
	t.Parallel()
	dir := open(t, t.TempDir())
	unlock, err := dir.Lock(t.Context(), "lock")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Millisecond)
	defer cancel()
	_, err = dir.Lock(ctx, "lock")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	other, err := dir.Lock(t.Context(), "other")
	require.NoError(t, err)
	other()

	got := make(chan error)
	go func() {
		unlock, err := dir.Lock(t.Context(), "lock")
		if err == nil {
			unlock()
		}
		got <- err
	}()
	unlock()
	require.NoError(t, <-got, "whoever waits gets it")
}

func TestErrorsSayWhatFailed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a-file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	below := open(t, filepath.Join(file, "sessions"))
	_, err := below.Read("name")
	require.ErrorContains(t, err, "a-file")
	require.ErrorContains(t, below.Write("name", nil), "a-file")
	_, err = below.Lock(t.Context(), "lock")
	require.ErrorContains(t, err, "a-file")

	dir := open(t, filepath.Dir(file))
	require.NoError(t, os.Mkdir(filepath.Join(filepath.Dir(file), "folder"), 0o700))
	_, err = dir.Read("folder")
	require.ErrorContains(t, err, "folder")
	_, err = dir.Lock(t.Context(), "folder")
	require.ErrorContains(t, err, "folder")

	long := strings.Repeat("n", 1000) // no system has such names
	_, err = dir.Read(long)
	require.Error(t, err, "which isn't nothing")
	require.Error(t, dir.Write(long, nil))
	_, err = dir.Lock(t.Context(), long)
	require.Error(t, err)
}
