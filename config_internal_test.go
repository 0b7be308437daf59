package linkit

import (
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLogVariableMakesALoggerOfItsLevel(t *testing.T) {
	levels := []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}
	for i, name := range []string{"debug", "info", "Warn", "ERROR"} {
		t.Setenv("LINKIT_API_KEY", "k3y-Zp0aQ9w8e7r6t5y4")
		t.Setenv("LINKIT_LOG", name)
		cfg, err := newConfig([]Option{FromEnv()})
		require.NoError(t, err)
		require.NotNil(t, cfg.logger, name)
		for j, level := range levels {
			assert.Equal(t, j >= i, cfg.logger.Enabled(context.Background(), level), "%s, %v", name, level)
		}
	}
	t.Setenv("LINKIT_LOG", "")
	cfg, err := newConfig([]Option{FromEnv()})
	require.NoError(t, err)
	assert.Nil(t, cfg.logger)
}
