package linkit

import (
	"strings"
	"testing"
	"time"

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

func TestInstantsAreReadFromTheirUsualForms(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 25, 10, 30, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		`"2026-11-25T10:30:00Z"`: at, `"2026-11-25 10:30:00.000Z"`: at, `"2026-11-25 10:30:00 UTC"`: at, `"2026-11-25 10:30:00 GMT"`: at,
		`"2026-11-25 10:30:00 +0000 UTC"`: at, `"2026-11-25 13:30:00 +0300"`: at, `"2026-11-25T13:30:00+03"`: at,
		`"2026-11-25T13:30+03:00"`: at, `"2026-11-25T10:30"`: at, `"2026/11/25 10:30:00"`: at, `"2026-11-25t10:30:00z"`: at,
		`"2026-11-25"`: at.Truncate(24 * time.Hour), "1795602600": at, "1795602600000": at, `"1795602600"`: at,
		"100000000": time.Unix(1e8, 0), "99999999999": time.Unix(99999999999, 0), "100000000000": time.UnixMilli(1e11),
		"99999999999999": time.UnixMilli(99999999999999), "1795602600.5": at.Add(500 * time.Millisecond), `""`: {}, "null": {},
	} {
		var got Time
		require.NoError(t, got.UnmarshalJSON([]byte(text)), text)
		assert.True(t, want.Equal(got.Time), "%s: %v", text, got)
	}
	for _, text := range []string{
		"99999999", "100000000000000", "0", "1", "-1795602600", `"31/05/1990"`, `"25-11-2026"`, `"2026-13-01"`, `"2026-11-25X10:30"`, `"x"`,
		`"20261125103000"`, `"2026"`, `"2026-11-25T10:30:00+24:00"`, `"0000-01-01"`, "true",
	} {
		var got Time
		require.Error(t, got.UnmarshalJSON([]byte(text)), text)
		assert.True(t, got.IsZero(), text)
	}
	for date, fits := range map[Date]bool{
		{2026, 2, 28}: true, {2024, 2, 29}: true, {1, 1, 1}: true, {9999, 12, 31}: true, {}: true,
		{2026, 2, 29}: false, {10000, 1, 1}: false, {2026, 13, 1}: false, {2026, 1, 0}: false, {0, 1, 1}: false, {-1, 1, 1}: false,
	} {
		assert.Equal(t, fits, date.check() == nil, "%v", date)
		_, err := date.MarshalJSON()
		assert.Equal(t, fits, err == nil, "%v", date)
	}
}
