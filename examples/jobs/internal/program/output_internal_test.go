package program

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOutputIsJSONLinesWhereNobodyWatches(t *testing.T) {
	t.Parallel()
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	out := NewOutput(file)
	assert.False(t, out.Terminal)
	out.StartBar(10, "0 rejected")
	out.Advance(5, "1 rejected")
	out.Say(`On "host", this writes.`)
	out.Log.Info("pass", "sent", 5)
	out.EndBar()
	text, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	var messages []any
	for line := range strings.Lines(string(text)) {
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &fields))
		messages = append(messages, fields["msg"])
		assert.NotEmpty(t, fields["time"])
	}
	assert.Equal(t, []any{`On "host", this writes.`, "pass"}, messages)
}

func TestOutputIsTextAndABarOnATerminal(t *testing.T) {
	t.Parallel()
	var screen bytes.Buffer
	out := newOutput(&screen, true)
	out.Say("On host, this writes.")
	out.Log.Info("pass", "sent", 5)
	out.Log.Error("failed", slog.Group("order", "time", 7))
	assert.Equal(t, "On host, this writes.\nmsg=pass sent=5\nlevel=ERROR msg=failed order.time=7\n", screen.String())
	screen.Reset()
	out.StartBar(1000, "0 rejected")
	out.Advance(500, "3 rejected")
	assert.InDelta(t, 0.5, out.bar.State().CurrentPercent, 0)
	out.Printf("a line")
	out.EndBar()
	out.Advance(1, "") // after its end
	out.EndBar()
	before := screen.Len()
	out.Printf("without a bar")
	assert.Equal(t, "without a bar\n", screen.String()[before:])
	for _, part := range []string{"3 rejected", "/1000", "%", "records/", "a line\n"} {
		assert.Contains(t, screen.String(), part)
	}
}
