package linkit

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAMatchingPairOfQuotesIsOneOfAnyKind(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{
		`"x"`: true, `'x'`: true, "`x`": true, "“x”": true, "‘x’": true, "«x»": true, `""`: true,
		`"`: false, `"x`: false, `x"`: false, `"x'`: false, "“x“": false, "”x“": false, "»x«": false, "": false, "x": false, "’x‘": false,
	} {
		assert.Equal(t, want, inQuotes(value), value)
	}
}
