//go:build unix

package filestore_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/filestore"
)

func TestAPathFromAWorkingDirectoryThatIsGoneIsAnError(t *testing.T) { // not parallel: it changes the working directory
	gone := filepath.Join(t.TempDir(), "gone")
	require.NoError(t, os.Mkdir(gone, 0o700))
	t.Chdir(gone)
	require.NoError(t, os.Remove(gone))
	_, err := filestore.New("sessions")
	require.ErrorContains(t, err, "can't be made absolute")
	_, err = filestore.New(gone)
	require.NoError(t, err)
}
