package linkit_test

import (
	"database/sql"
	"database/sql/driver"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

var (
	_ driver.Valuer = linkit.Time{}
	_ driver.Valuer = linkit.Date{}
	_ sql.Scanner   = (*linkit.Time)(nil)
	_ sql.Scanner   = (*linkit.Date)(nil)
)

func TestTimeGoesIntoSQLAndComesOut(t *testing.T) {
	t.Parallel()
	value, err := created.Value()
	require.NoError(t, err)
	assert.Equal(t, created.Time, value)
	value, err = linkit.Time{}.Value()
	require.NoError(t, err)
	assert.Nil(t, value, "zero is NULL")
	for _, src := range []any{created.Time, "2026-03-02 08:15:00", []byte("2026-03-02T08:15:00Z"), "2026-03-02 08:15:00+00", " 2026-03-02 08:15:00 +0000 UTC"} {
		read := linkit.Time{Time: time.Unix(1, 0)}
		require.NoError(t, read.Scan(src), src)
		assert.True(t, read.Equal(created.Time), "%v", src)
	}
	for _, none := range []any{nil, "", []byte{}} {
		read := created
		require.NoError(t, read.Scan(none))
		assert.True(t, read.IsZero())
	}
	for _, bad := range []any{7, true, 1.5, "N/A", []byte("31/05/1990"), "2024-02-30"} {
		read := created
		require.ErrorContains(t, read.Scan(bad), "Time.Scan", bad)
		assert.True(t, read.IsZero(), bad)
	}
}

func TestDateGoesIntoSQLAndComesOut(t *testing.T) {
	t.Parallel()
	day := linkit.Date{Year: 1990, Month: time.May, Day: 31}
	value, err := day.Value()
	require.NoError(t, err)
	assert.Equal(t, "1990-05-31", value)
	value, err = linkit.Date{}.Value()
	require.NoError(t, err)
	assert.Nil(t, value, "zero is NULL")
	_, err = linkit.Date{Year: 1990, Month: 2, Day: 30}.Value()
	require.ErrorContains(t, err, "calendar")
	riyadh := time.FixedZone("", 3*60*60)
	for _, src := range []any{time.Date(1990, 5, 31, 0, 0, 0, 0, riyadh), "1990-05-31", []byte("1990-05-31"), "1990-05-31 00:00:00", "1990-05-31T00:00:00+03:00"} {
		read := linkit.Date{Year: 1}
		require.NoError(t, read.Scan(src), src)
		assert.Equal(t, day, read, "%v", src)
	}
	for _, none := range []any{nil, "", []byte{}, time.Time{}} {
		read := day
		require.NoError(t, read.Scan(none))
		assert.True(t, read.IsZero())
	}
	for _, bad := range []any{7, false, "31/05/1990", "1990", []byte("0000-00-00")} {
		read := day
		require.ErrorContains(t, read.Scan(bad), "Date.Scan", bad)
		assert.True(t, read.IsZero(), bad)
	}
}

func TestParseDateTakesADayOfTheCalendar(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]linkit.Date{
		"1990-05-31": {Year: 1990, Month: 5, Day: 31}, "": {}, "1990-05-31T10:00:00Z": {Year: 1990, Month: 5, Day: 31},
	} {
		read, err := linkit.ParseDate(in)
		require.NoError(t, err, in)
		assert.Equal(t, want, read)
	}
	for _, bad := range []string{"31/05/1990", "1990", "1990-02-30", "1990/05/31", "1705314600", "yesterday", "0000-00-00", "1990-5-31", "1990-05-31x"} {
		_, err := linkit.ParseDate(bad)
		require.ErrorIs(t, err, linkit.ErrInvalid, bad)
	}
}
