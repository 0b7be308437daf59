package linkit_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestTimeReadsEveryFormAndWritesOne(t *testing.T) {
	t.Parallel()
	for in, out := range map[string]string{
		`"2024-01-15T10:30:00Z"`:         `"2024-01-15T10:30:00Z"`,
		`"2024-01-15T10:30:00.25+03:00"`: `"2024-01-15T10:30:00.25+03:00"`,
		`"2024-01-15 10:30:00.123Z"`:     `"2024-01-15T10:30:00.123Z"`,
		`"2024-01-15 10:30:00Z"`:         `"2024-01-15T10:30:00Z"`,
		`"2024-01-15T10:30:00\u005a"`:    `"2024-01-15T10:30:00Z"`,
		`""`:                             `""`,
		`null`:                           `""`,
	} {
		v := linkit.Time{Time: time.Unix(1, 0)}
		require.NoError(t, json.Unmarshal([]byte(in), &v), in)
		b, err := json.Marshal(v)
		require.NoError(t, err)
		assert.Equal(t, out, string(b), in)
	}
	for _, bad := range []string{`"yesterday"`, `"2024-13-01T00:00:00Z"`, `7`, `{}`, `true`} {
		assert.Error(t, json.Unmarshal([]byte(bad), new(linkit.Time)), bad)
	}
}

func TestDateReadsADayAndWritesIt(t *testing.T) {
	t.Parallel()
	for in, out := range map[string]string{
		`"1988-11-03"`:                `"1988-11-03"`,
		`"1988-11-03 00:00:00.000Z"`:  `"1988-11-03"`,
		`"1988-11-03T23:00:00+03:00"`: `"1988-11-03"`,
		`""`:                          `""`,
		`null`:                        `""`,
	} {
		v := linkit.Date{Year: 1}
		require.NoError(t, json.Unmarshal([]byte(in), &v), in)
		b, err := json.Marshal(v)
		require.NoError(t, err)
		assert.Equal(t, out, string(b), in)
	}
	for _, bad := range []string{`"3 Nov 1988"`, `"1988-02-30"`, `7`} {
		assert.Error(t, json.Unmarshal([]byte(bad), new(linkit.Date)), bad)
	}
	_, err := json.Marshal(linkit.Date{Year: 1988, Month: 2, Day: 30})
	require.Error(t, err)
	assert.Equal(
		t,
		linkit.Date{Year: 1988, Month: 11, Day: 3},
		linkit.DateOf(time.Date(1988, 11, 3, 23, 0, 0, 0, time.FixedZone("", 3*3600))),
	)
	assert.True(t, linkit.Date{}.IsZero())
	assert.Equal(t, "1988-11-03", linkit.Date{Year: 1988, Month: 11, Day: 3}.String())
}
