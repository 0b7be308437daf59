package retry

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A pool of bodies as large as the largest would keep that memory for good.
func TestOnlySmallBodiesArePooled(t *testing.T) {
	t.Parallel()
	p := New(Config{Concurrency: 1, MaxBody: 32 << 20})
	for size, pooled := range map[int]bool{0: true, 100: true, 1 << 19: true, 1<<20 + 1: false, 3 << 20: false} {
		res := new(Result)
		require.NoError(t, p.read("GET", &http.Response{
			StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(strings.Repeat("x", size))), ContentLength: -1,
		}, res))
		assert.Len(t, res.Body, size)
		assert.Equal(t, pooled, res.buffer != nil, "%d bytes", size)
		res.Close()
	}
}
