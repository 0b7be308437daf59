package linkit

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Ptr returns a pointer to v, for the optional fields of params:
//
//	linkit.SKUParams{Price: linkit.Ptr(0.0)}
func Ptr[T any](v T) *T { return &v }

// Time is an instant as Linkit writes it. It reads RFC 3339, PocketBase's "2006-01-02 15:04:05.000Z", and "" and
// null, which both give the zero Time: Linkit has no date there. It is written as RFC 3339, and as "" when zero.
type Time struct{ time.Time }

// The second layout is PocketBase's; time.Parse accepts a fraction of a second after either.
var timeLayouts = [...]string{time.RFC3339, "2006-01-02 15:04:05Z07:00"}

// UnmarshalJSON reads any of the forms that Time accepts.
func (t *Time) UnmarshalJSON(b []byte) error {
	s, err := dateText(b)
	if err != nil || s == "" {
		*t = Time{}
		return err
	}
	for _, layout := range timeLayouts {
		if parsed, err := time.Parse(layout, s); err == nil {
			t.Time = parsed
			return nil
		}
	}
	return fmt.Errorf("%s is neither an RFC 3339 time nor a PocketBase one", excerpt(s))
}

// MarshalJSON writes RFC 3339, or "" for the zero Time.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte(`""`), nil
	}
	return t.Time.MarshalJSON()
}

// Date is a day without a time, written YYYY-MM-DD: a birthdate. The zero Date means none.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf returns the day of t in t's own location.
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{year, month, day}
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

// UnmarshalJSON reads YYYY-MM-DD, the day of any form that Time accepts, "" and null.
func (d *Date) UnmarshalJSON(b []byte) error {
	s, err := dateText(b)
	if err != nil || s == "" {
		*d = Date{}
		return err
	}
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		*d = DateOf(day)
		return nil
	}
	var t Time
	if err := t.UnmarshalJSON(b); err != nil {
		return fmt.Errorf("%s is not a date of the form YYYY-MM-DD", excerpt(s))
	}
	*d = DateOf(t.Time)
	return nil
}

// MarshalJSON writes "YYYY-MM-DD", or "" for the zero Date. A day no calendar has is an error.
func (d Date) MarshalJSON() ([]byte, error) {
	if !d.IsZero() && DateOf(time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)) != d {
		return nil, fmt.Errorf("%s is not a day of the calendar", d)
	}
	return strconv.AppendQuote(nil, d.String()), nil
}

// dateText returns the text of a JSON string, and "" for null.
func dateText(b []byte) (string, error) {
	if len(b) >= 2 && b[0] == '"' {
		if inner := b[1 : len(b)-1]; plainText(inner) {
			return string(inner), nil
		}
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
