package linkit_test

import (
	"strings"
	"testing"

	"github.com/linkit-go/linkit"
)

// BenchmarkPageOfOddRecords reads a page of which each record has an odd value, beside one that has
// none.
func BenchmarkPageOfOddRecords(b *testing.B) {
	plain := pageOfProducts()
	for _, page := range []struct{ name, body string }{
		{"as documented", plain},
		{"a price in a text", strings.ReplaceAll(plain, `"average_price":7.25`, `"average_price":"7.25"`)},
		{"a date as PocketBase writes it", strings.ReplaceAll(plain, `"2026-03-02T08:15:00Z"`, `"2026-03-02 08:15:00.000Z"`)},
		{"a date that can't be read", strings.ReplaceAll(plain, `"2026-03-02T08:15:00Z"`, `"N/A"`)},
	} {
		b.Run(page.name, func(b *testing.B) {
			client := overCanned(b, canned{body: page.body}, linkit.WithAPIKey(testKey))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := client.Products.List(b.Context(), nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
