package linkit

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/linkit-go/linkit/internal/lenient"
)

// Ptr returns a pointer to v, for the optional fields of params:
//
//	linkit.SKUParams{Price: linkit.Ptr(0.0)}
func Ptr[T any](v T) *T { return &v }

// Time is an instant in a response. The zero Time means that there is none.
//
// It reads RFC 3339, PocketBase's "2006-01-02 15:04:05.000Z", other dates that begin with the year
// (UTC where they name no zone), and Unix seconds or milliseconds; "" and null give the zero Time.
// It is written as RFC 3339, and as "" when zero. In SQL it is a timestamp, and NULL when zero.
type Time struct{ time.Time }

// Date is a day without a time, written YYYY-MM-DD: a birthdate. The zero Date means that there is
// none. In SQL it is a date, and NULL when zero.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

var errNoTime = errors.New("it is not a date that begins with the year, nor Unix seconds or milliseconds")

// UnmarshalJSON reads any of the forms that Time accepts. Another one is an error, and leaves the
// zero Time.
func (t *Time) UnmarshalJSON(b []byte) error {
	*t = Time{}
	if len(b) > 12 && (b[11] == 'T' || b[11] == ' ') { // the usual forms cost no memory
		var text [40]byte
		usual := text[:copy(text[:], b)]
		usual[11] = 'T'
		if t.Time.UnmarshalJSON(usual) == nil && writable(t.Time) {
			return nil
		}
		*t = Time{}
	}
	s, err := dateText(b)
	if s == "" {
		return err
	}
	parsed, err := parseTime(s)
	if err != nil {
		return fmt.Errorf("%s: %w", excerpt(s), err)
	}
	t.Time = parsed
	return nil
}

// MarshalJSON writes RFC 3339, or "" for the zero Time.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte(`""`), nil
	}
	return t.Time.MarshalJSON()
}

// Scan reads a timestamp or a text of a database; NULL gives the zero Time.
func (t *Time) Scan(src any) error {
	*t = Time{}
	switch src := src.(type) {
	case nil:
		return nil
	case time.Time:
		t.Time = src
		return nil
	}
	s, err := scanText("Time", src)
	if s == "" {
		return err
	}
	if t.Time, err = parseTime(s); err != nil {
		return fmt.Errorf("linkit: Time.Scan: %s: %w", excerpt(s), err)
	}
	return nil
}

// Value is the time for a database; NULL for the zero Time.
func (t Time) Value() (driver.Value, error) {
	if t.IsZero() {
		return nil, nil
	}
	return t.Time, nil
}

// DateOf returns the day of t in t's own location.
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{year, month, day}
}

// ParseDate reads YYYY-MM-DD, or the day of a longer form that begins with it. An empty text is the
// zero Date; what is not a day of the calendar is [ErrInvalid].
func ParseDate(s string) (Date, error) {
	s = strings.TrimSpace(s)
	d, err := parseDate(s)
	if err != nil || s != "" && !strings.HasPrefix(s, d.String()) {
		return Date{}, invalid("ParseDate: %s is not a date of the form YYYY-MM-DD", excerpt(s))
	}
	return d, nil
}

// IsZero reports whether d means "no date".
func (d Date) IsZero() bool { return d == Date{} }

// String returns YYYY-MM-DD, or "" for the zero Date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// UnmarshalJSON reads YYYY-MM-DD, the day of any form that [Time] accepts, "" and null. Another
// form is an error, and leaves the zero Date.
func (d *Date) UnmarshalJSON(b []byte) error {
	*d = Date{}
	s, err := dateText(b)
	if s == "" {
		return err
	}
	read, err := parseDate(s)
	if err != nil {
		return fmt.Errorf("%s is not a date of the form YYYY-MM-DD", excerpt(s))
	}
	*d = read
	return nil
}

// MarshalJSON writes "YYYY-MM-DD", or "" for the zero Date. A day that no calendar has is an error.
func (d Date) MarshalJSON() ([]byte, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	return strconv.AppendQuote(nil, d.String()), nil
}

func (d Date) check() error {
	if d.IsZero() {
		return nil
	}
	if d.Year < 1 || d.Year > 9999 || DateOf(time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)) != d {
		return fmt.Errorf("%s is not a day of the calendar", d)
	}
	return nil
}

// Scan reads a date, a timestamp or a text of a database; NULL gives the zero Date.
func (d *Date) Scan(src any) error {
	*d = Date{}
	switch src := src.(type) {
	case nil:
		return nil
	case time.Time:
		if !src.IsZero() {
			*d = DateOf(src)
		}
		return nil
	}
	s, err := scanText("Date", src)
	if err != nil {
		return err
	}
	if *d, err = parseDate(s); err != nil {
		return fmt.Errorf("linkit: Date.Scan: %s is not a date of the form YYYY-MM-DD", excerpt(s))
	}
	return nil
}

// Value is the text YYYY-MM-DD, which every database takes for a date and no time zone can shift;
// NULL for the zero Date. A day that no calendar has is an error.
func (d Date) Value() (driver.Value, error) {
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("linkit: Date.Value: %w", err)
	}
	if d.IsZero() {
		return nil, nil
	}
	return d.String(), nil
}

// scanText returns the text of a database; "" with an error.
func scanText(what string, src any) (string, error) {
	switch src := src.(type) {
	case string:
		return strings.TrimSpace(src), nil
	case []byte:
		return strings.TrimSpace(string(src)), nil
	}
	return "", fmt.Errorf("linkit: %s.Scan: a %T can't be read", what, src)
}

func parseDate(s string) (Date, error) {
	if s == "" {
		return Date{}, nil
	}
	t, err := parseTime(s)
	if t.IsZero() {
		return Date{}, err
	}
	return DateOf(t), nil
}

// With an RFC 3339 "T" before the time and no space before the zone. time.Parse takes a fraction of
// a second after each.
var timeLayouts = [...]string{
	time.RFC3339, "2006-01-02T15:04:05", time.DateOnly, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07",
	"2006-01-02T15:04", "2006-01-02T15:04Z07:00",
}

// parseTime reads a text that isn't empty. A time that couldn't be written again is none.
func parseTime(s string) (time.Time, error) {
	t, err := parseYearFirst(strings.TrimSpace(s))
	if err != nil {
		return time.Time{}, err
	}
	if !writable(t) {
		return time.Time{}, errNoTime
	}
	return t, nil
}

// writable reports whether t can be written as RFC 3339, with a year that a date has.
func writable(t time.Time) bool {
	const day = 24 * 60 * 60
	_, offset := t.Zone()
	return t.Year() >= 1 && offset > -day && offset < day
}

func parseYearFirst(s string) (time.Time, error) {
	if len(s) < len(time.DateOnly) || s[4] != '-' && s[4] != '/' {
		return unixTime(s)
	}
	s = strings.ReplaceAll(s[:10], "/", "-") + strings.ToUpper(s[10:])
	if len(s) > 10 && (s[10] == ' ' || s[10] == 'T') {
		s = s[:10] + "T" + clockText(s[11:])
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errNoTime
}

// clockText writes the zone of a time of day as RFC 3339 does, or leaves it out where it is UTC:
// "10:30:00 UTC", "10:30:00 +0300" and Go's "10:30:00 +0000 UTC".
func clockText(clock string) string {
	for _, name := range []string{" UTC", " GMT"} {
		clock = strings.TrimSuffix(clock, name)
	}
	return strings.ReplaceAll(clock, " ", "")
}

// unixTime reads seconds or milliseconds since 1970: of any year from 1973 to 5138 one of the two
// is meant, and no other number is read, so that "1990" and "20240115" aren't. 14 digits that are a
// date without separators are not taken for milliseconds.
func unixTime(s string) (time.Time, error) {
	const first, last = 1e8, 1e11 // seconds
	if strings.Trim(s, "0123456789+-.eE") != "" {
		return time.Time{}, errNoTime
	}
	n, ok := lenient.Float([]byte(s))
	if _, err := time.Parse("20060102150405", s); !ok || err == nil {
		return time.Time{}, errNoTime
	}
	switch {
	case n >= first && n < last:
		seconds, fraction := math.Modf(n)
		return time.Unix(int64(seconds), int64(math.Round(fraction*1e6))*1000).UTC(), nil
	case n >= last && n < last*1000:
		return time.UnixMilli(int64(n)).UTC(), nil
	}
	return time.Time{}, errNoTime
}

// dateText returns the text of a JSON string, a number as it is written, and "" for null and with an
// error.
func dateText(b []byte) (string, error) {
	if len(b) >= 2 && b[0] == '"' {
		if inner := b[1 : len(b)-1]; plainText(inner) {
			return string(inner), nil
		}
	}
	if len(b) > 0 && b[0] >= '0' && b[0] <= '9' {
		return string(b), nil
	}
	var s *string
	if err := json.Unmarshal(b, &s); err != nil || s == nil {
		return "", err
	}
	return *s, nil
}

func plainText(b []byte) bool {
	for _, c := range b {
		if c == '\\' || c == '"' {
			return false
		}
	}
	return true
}

// excerpt quotes the start of s for an error message.
func excerpt(s string) string {
	const most = 40
	if len(s) > most {
		s = s[:most] + "..."
	}
	return strconv.Quote(s)
}
