package linkit_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// FuzzStoredSession puts any bytes into a stored session's place: they cost a sign-in at most, and
// never a call.
func FuzzStoredSession(f *testing.F) {
	for _, text := range []string{
		"", "not ours", `{}`, `null`, `[]`, `{"version":1}`, `{"version":2,"token":"t0ken"}`, `{"version":1,"token":7}`, `{"version":1,"token":"t0ken\n"}`,
		`{"version":1,"token":"t0ken-عربي"}`, `{"version":1,"token":"tok-1-Qw8eRt","expires_at":"2999-01-01T00:00:00Z","user":{"id":"usr_7"}}`,
		`{"version":1,"token":"tok-1-Qw8eRt","expires_at":"0000-00-00"}`, `{"version":1,"token":"tok-9-Qw8eRt","expires_at":1705314600}`,
		`{"version":1,"token":"` + strings.Repeat("x", 9000) + `"}`, `{"version":1,"token":"tok-1-Qw8eRt","user":[]}`, "\x00\x01", `{"version":1,"token":"t0ken"`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var session, again linkit.Session
		err := session.UnmarshalBinary(text)
		checkFuzzed(t, err)
		if err == nil {
			written, err := session.MarshalBinary()
			require.NoError(t, err)
			require.NoError(t, again.UnmarshalBinary(written))
			require.True(t, session.Token.Equal(again.Token))
			require.True(t, session.ExpiresAt.Equal(again.ExpiresAt.Time))
			require.Equal(t, session.User, again.User)
		} else {
			require.True(t, session.Token.IsZero(), "a session that isn't one has a token")
		}

		s, dir := newSignInServer(time.Hour), t.TempDir()
		store := linkit.WithSessionStore(linkit.FileSessionStore(dir))
		require.NoError(t, getOne(t.Context(), s.client(t, store)))
		files, err := filepath.Glob(filepath.Join(dir, "*.session"))
		require.NoError(t, err)
		require.Len(t, files, 1)
		require.NoError(t, os.WriteFile(files[0], text, 0o600))
		client := s.client(t, store)
		require.NoError(t, getOne(t.Context(), client))
		require.NoError(t, getOne(t.Context(), client))
		signIns, calls := s.counts()
		require.LessOrEqual(t, signIns, 2)
		require.LessOrEqual(t, calls, 4, "one 401 at most")
	})
}
