package redact

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line bounds s to about limit bytes and escapes what isn't printable, so that a text from
// elsewhere can't forge a second log line.
func Line(s string, limit int) string {
	clean := len(s) <= limit
	for i := 0; clean && i < len(s); i++ {
		clean = s[i] >= ' ' && s[i] < utf8.RuneSelf-1
	}
	if clean {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if b.Len() >= limit {
			b.WriteString("...")
			break
		}
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}
