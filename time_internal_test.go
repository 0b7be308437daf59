package linkit

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestABadDateIsQuotedBriefly(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("31/05/1990 ", 50)
	for _, err := range []error{
		new(Time).UnmarshalJSON([]byte(`"` + long + `"`)), new(Date).UnmarshalJSON([]byte(`"` + long + `"`)),
		new(Time).Scan(long), new(Date).Scan(long),
	} {
		require.ErrorContains(t, err, "31/05/1990 31/05")
		assert.Less(t, len(err.Error()), 160)
	}
	_, err := ParseDate(long)
	require.ErrorContains(t, err, "31/05/1990")
	assert.Less(t, len(err.Error()), 160)
	for _, text := range []string{"{}", "true", "[1]"} {
		var at Time
		require.Error(t, at.UnmarshalJSON([]byte(text)), text)
		require.Error(t, new(Date).UnmarshalJSON([]byte(text)), text)
	}
}
