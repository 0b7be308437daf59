package linkit_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestFileStoreKeepsOneFilePrivateAndWhole(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "sessions")
	store, ctx := linkit.FileSessionStore(dir), t.Context()
	loaded, err := store.Load(ctx, "key")
	require.NoError(t, err)
	assert.Nil(t, loaded)
	require.NoError(t, store.Save(ctx, "key", &linkit.Session{Token: linkit.NewSecret("t0ken")}))
	loaded, err = store.Load(ctx, "key")
	require.NoError(t, err)
	assert.Equal(t, "t0ken", loaded.Token.Reveal())

	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 1, "no temporary file is left")
	if runtime.GOOS != "windows" {
		info, err := os.Stat(filepath.Join(dir, files[0].Name()))
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		info, err = os.Stat(dir)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	}
	require.ErrorIs(t, store.Save(ctx, "key", nil), linkit.ErrInvalid)
	loaded, err = store.Load(ctx, "key")
	require.NoError(t, err)
	assert.NotNil(t, loaded)

	for _, key := range []string{"", ".", "..", "a/b", "../key"} {
		_, err := store.Load(ctx, key)
		require.ErrorIs(t, err, linkit.ErrInvalid)
		require.ErrorIs(t, store.Save(ctx, key, &linkit.Session{}), linkit.ErrInvalid)
	}
}

func TestUnusableFileCostsOneSignInAndOneLogLine(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(path string) error{
		"torn":       func(path string) error { return os.Truncate(path, 20) },
		"foreign":    func(path string) error { return os.WriteFile(path, []byte("not ours"), 0o600) },
		"empty":      func(path string) error { return os.Truncate(path, 0) },
		"huge":       func(path string) error { return os.Truncate(path, 2<<20) },
		"unreadable": func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, dir := newSignInServer(time.Hour), t.TempDir()
			require.NoError(t, getOne(t.Context(), s.client(t, linkit.WithSessionStore(linkit.FileSessionStore(dir)))))
			files, err := filepath.Glob(filepath.Join(dir, "*.session"))
			require.NoError(t, err)
			require.Len(t, files, 1)
			require.NoError(t, spoil(files[0]))
			var log bytes.Buffer
			client := s.client(
				t,
				linkit.WithSessionStore(linkit.FileSessionStore(dir)),
				linkit.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
			)
			require.NoError(t, getOne(t.Context(), client))
			s.assertCounts(t, 2, 2)
			lines := strings.Count(log.String(), "step=load")
			assert.Equal(t, 1, lines, log.String())
		})
	}
}

func TestFileStoreNeedsAFolderThatCanBeMeant(t *testing.T) {
	t.Parallel()
	for dir, hint := range map[string]string{"": "is empty", "~/.cache/linkit": "~", "~": "~"} {
		store := linkit.FileSessionStore(dir)
		_, err := linkit.NewClient(linkit.WithLogin("a", "b-secret"), linkit.WithSessionStore(store))
		require.ErrorIs(t, err, linkit.ErrInvalid)
		require.ErrorContains(t, err, "FileSessionStore: dir")
		require.ErrorContains(t, err, hint)
		_, err = store.Load(t.Context(), "key")
		require.ErrorIs(t, err, linkit.ErrInvalid)
		require.ErrorIs(t, store.Save(t.Context(), "key", &linkit.Session{}), linkit.ErrInvalid)
		locker, _ := store.(linkit.SessionLocker)
		_, err = locker.Lock(t.Context(), "key")
		require.ErrorIs(t, err, linkit.ErrInvalid)
	}
}

func TestStoredSessionIsUsedWhileAnotherProcessHoldsTheLock(t *testing.T) {
	t.Parallel()
	s, dir := newSignInServer(time.Hour), t.TempDir()
	require.NoError(t, getOne(t.Context(), s.client(t, linkit.WithSessionStore(linkit.FileSessionStore(dir)))))
	locks, err := filepath.Glob(filepath.Join(dir, "*.lock"))
	require.NoError(t, err)
	require.Len(t, locks, 1)
	locker, _ := linkit.FileSessionStore(dir).(linkit.SessionLocker)
	unlock, err := locker.Lock(t.Context(), strings.TrimSuffix(filepath.Base(locks[0]), ".lock"))
	require.NoError(t, err)
	defer unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // a lock is waited for for twice as long
	defer cancel()
	require.NoError(t, getOne(ctx, s.client(t, linkit.WithSessionStore(linkit.FileSessionStore(dir)))))
	s.assertCounts(t, 1, 2)
}

func TestSessionFilesThatOthersCanWriteAreNotUsed(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" { // where rights are the folder's
		return
	}
	for name, spoil := range map[string]string{"folder": ".", "session": "*.session", "lock": "*.lock"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, dir := newSignInServer(time.Hour), t.TempDir()
			require.NoError(t, getOne(t.Context(), s.client(t, linkit.WithSessionStore(linkit.FileSessionStore(dir)))))
			spoiled, err := filepath.Glob(filepath.Join(dir, spoil))
			require.NoError(t, err)
			require.Len(t, spoiled, 1)
			require.NoError(t, os.Chmod(spoiled[0], 0o777))
			before := content(t, dir)

			var log bytes.Buffer
			client := s.client(
				t,
				linkit.WithSessionStore(linkit.FileSessionStore(dir)),
				linkit.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
			)
			for range 3 {
				require.NoError(t, getOne(t.Context(), client))
				client.Auth.Reset()
			}
			s.assertCounts(t, 4, 4)
			assert.Equal(t, before, content(t, dir), "nothing is written")
			assert.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
			assert.Contains(t, log.String(), "level=WARN")
			assert.Contains(t, log.String(), "every user can write to "+spoiled[0])
			assert.NotContains(t, log.String(), "tok-")
		})
	}
}

// content is what the files in dir hold.
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	files := map[string]string{}
	for _, entry := range entries {
		b, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		require.NoError(t, err)
		files[entry.Name()] = string(b)
	}
	return files
}

func TestSaveRemovesTheTemporaryFilesOfKilledProcesses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, age := range map[string]time.Duration{".session-old": 2 * time.Minute, ".session-young": time.Second} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(`{"token":"t0ken"}`), 0o600))
		at := time.Now().Add(-age)
		require.NoError(t, os.Chtimes(path, at, at))
	}
	require.NoError(
		t,
		linkit.FileSessionStore(dir).Save(t.Context(), "key", &linkit.Session{Token: linkit.NewSecret("t0ken")}),
	)
	assert.NoFileExists(t, filepath.Join(dir, ".session-old"))
	assert.FileExists(t, filepath.Join(dir, ".session-young"))
}

func TestFileStoreSaysWhatFailed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "broken.session"), []byte(`{"version":1,"token":"t0k`), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder.session"), 0o700))
	store := linkit.FileSessionStore(dir)
	for key, what := range map[string]string{"broken": "not a stored session", "folder": "folder.session"} {
		loaded, err := store.Load(t.Context(), key)
		require.ErrorContains(t, err, what)
		assert.Nil(t, loaded)
	}
	file := filepath.Join(dir, "a-file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	below := linkit.FileSessionStore(filepath.Join(file, "sessions"))
	_, err := below.Load(t.Context(), "key")
	require.Error(t, err)
	require.ErrorContains(t, below.Save(t.Context(), "key", &linkit.Session{Token: linkit.NewSecret("t0ken")}), "a-file")
	locker, _ := below.(linkit.SessionLocker)
	_, err = locker.Lock(t.Context(), "key")
	require.Error(t, err)
}

func TestFileStoreClosesWhatItOpens(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" { // where open files can be listed
		return
	}
	dir := t.TempDir()
	store := linkit.FileSessionStore(dir)
	locker, _ := store.(linkit.SessionLocker)
	for range 3 {
		unlock, err := locker.Lock(t.Context(), "key")
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		_, err = locker.Lock(ctx, "key")
		require.Error(t, err)
		cancel()
		require.NoError(t, store.Save(t.Context(), "key", &linkit.Session{Token: linkit.NewSecret("t0ken")}))
		_, err = store.Load(t.Context(), "key")
		require.NoError(t, err)
		unlock()
	}
	open, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	for _, fd := range open {
		target, _ := os.Readlink("/proc/self/fd/" + fd.Name())
		assert.False(t, strings.HasPrefix(target, dir), target)
	}
}

// The processes of the next test are this test binary, told by these variables to ping and to make
// one call each.
const childURL, childDir = "LINKIT_TEST_CHILD_URL", "LINKIT_TEST_CHILD_DIR"

func TestMain(m *testing.M) {
	if base := os.Getenv(childURL); base != "" {
		os.Exit(childProcess(base, os.Getenv(childDir))) //nolint:forbidigo // a process of its own
	}
	m.Run()
}

func childProcess(base, dir string) int {
	client, err := linkit.NewClient(
		linkit.WithBaseURL(base),
		linkit.WithLogin("ops@example.com", "pa55-word-Zq"),
		linkit.WithSessionStore(linkit.FileSessionStore(dir)),
	)
	if err == nil {
		_, err = client.System.Ping(context.Background()) // tells the server that this process has come
		err = errors.Join(err, getOne(context.Background(), client), client.Close())
	}
	if err != nil {
		_, _ = io.WriteString(os.Stderr, err.Error())
		return 1
	}
	return 0
}

func TestProcessesOnOneFileStoreMakeOneSignIn(t *testing.T) {
	t.Parallel()
	const processes = 4
	var signIns, come atomic.Int64
	all := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/ping":
			if come.Add(1) == processes {
				close(all)
			}
			_, _ = io.WriteString(w, `{"message":"pong"}`)
		case "/auth/login": // takes until all have come
			signIns.Add(1)
			select {
			case <-all:
			case <-r.Context().Done():
			}
			_, _ = io.WriteString(
				w,
				`{"token":"shared-t0ken","expires_at":"`+time.Now().Add(time.Hour).UTC().Format(time.RFC3339)+`"}`,
			)
		default:
			_, _ = io.WriteString(w, product1)
		}
	}))
	defer server.Close()
	dir := t.TempDir()
	var wg sync.WaitGroup
	for range processes {
		wg.Go(func() {
			child := exec.CommandContext(t.Context(), os.Args[0])
			child.Env = append(os.Environ(), childURL+"="+server.URL, childDir+"="+dir)
			out, err := child.CombinedOutput()
			assert.NoError(t, err, string(out))
		})
	}
	wg.Wait()
	assert.Equal(t, int64(1), signIns.Load())
}
