package program

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOutputKnowsATerminal(t *testing.T) {
	t.Parallel()
	file, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, file.Close()) })
	assert.True(t, NewOutput(file).Terminal)
}
