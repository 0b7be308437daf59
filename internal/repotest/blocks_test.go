package repotest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestGoBlocksOfThePagesRun(t *testing.T) {
	t.Parallel()
	Blocks{Root: root, Module: "."}.Run(t)
}

// An HTTP/2 connection that stays open but passes nothing on is found by pings alone.
func TestTransportsOfThePagesFindDeadConnections(t *testing.T) {
	t.Parallel()
	transports := 0
	for _, block := range goBlocks(t, root) {
		if strings.Contains(block.code, "http.Transport{") {
			transports++
			assert.Contains(t, block.code, "SendPingTimeout: 15 * time.Second, PingTimeout: 10 * time.Second", "%s:%d", block.page, block.line)
		}
	}
	assert.GreaterOrEqual(t, transports, 3)
}
