package retry

import (
	"net/http"
	"testing"
	"time"
)

func BenchmarkRetryAfter(b *testing.B) {
	for _, response := range []struct {
		name   string
		header http.Header
		want   time.Duration
	}{
		{"none", http.Header{"Date": {"Mon, 23 Nov 2026 10:00:00 GMT"}}, 0},
		{"seconds", http.Header{"Retry-After": {"7"}}, 7 * time.Second},
		{"date", http.Header{"Date": {"Mon, 23 Nov 2026 10:00:00 GMT"}, "Retry-After": {"Mon, 23 Nov 2026 10:00:07 GMT"}}, 7 * time.Second},
		{"unreadable", http.Header{"Retry-After": {"soon"}}, 0},
	} {
		b.Run(response.name, func(b *testing.B) {
			now := time.Now()
			b.ReportAllocs()
			for b.Loop() {
				if got, _ := retryAfter(response.header, now); got != response.want {
					b.Fatal(got)
				}
			}
		})
	}
}
