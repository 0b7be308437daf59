package retry

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// FuzzRetryAfter holds a Retry-After to what it says: never less, never negative, never overflown.
func FuzzRetryAfter(f *testing.F) {
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	date := now.Format(http.TimeFormat)
	for _, text := range []string{
		"", "0", "1", "120", " 7 ", "-1", "+5", "1.5", "1e3", "9223372036854775807", "99999999999999999999999", "0x10", "000030", "soon", "1,2", "٣",
		now.Add(time.Minute).Format(http.TimeFormat), now.Add(-time.Hour).Format(http.TimeFormat), now.Add(time.Hour).Format(time.RFC850),
		now.Add(time.Hour).Format(time.ANSIC), "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT",
	} {
		f.Add(text, date)
		f.Add(text, "")
		f.Add(text, "Mon, 01 Jan 0001 00:00:00 GMT")
	}
	f.Fuzz(func(t *testing.T, text, date string) {
		wait, ok := retryAfter(http.Header{"Retry-After": {text}, "Date": {date}}, now)
		if wait < 0 || !ok && wait != 0 {
			t.Fatalf("%q: %v, %t", text, wait, ok)
		}
		digits := strings.TrimSpace(text)
		if digits == "" || strings.Trim(digits, "0123456789") != "" {
			return
		}
		significant := strings.TrimLeft(digits, "0")
		if !ok || significant != "" && wait < time.Second || len(significant) > 10 && wait < time.Hour*24*365*100 {
			t.Fatalf("%q: %v, %t", text, wait, ok)
		}
		if want, err := time.ParseDuration("0" + significant + "s"); err == nil && wait != want {
			t.Fatalf("%q: %v, want %v", text, wait, want)
		}
	})
}
