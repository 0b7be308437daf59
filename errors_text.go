package linkit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"strings"

	"github.com/linkit-go/linkit/internal/redact"
)

// scalar returns the text of a JSON string, number or boolean; null is "".
func scalar(raw json.RawMessage) (string, bool) {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s, true
	}
	if len(raw) == 0 || raw[0] == '{' || raw[0] == '[' {
		return "", false
	}
	return string(raw), true
}

// looseText returns the text of any JSON value: a string's own, anything else as it is written.
func looseText(raw json.RawMessage) string {
	if s, ok := scalar(raw); ok {
		return s
	}
	return string(raw)
}

// bodyText returns what an error shows of a body that isn't understood: the title of an HTML page,
// else the start.
func bodyText(body []byte, status string) string {
	trimmed := bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	if !bytes.HasPrefix(trimmed, []byte("<")) {
		return redact.Line(string(body), 120)
	}
	title := htmlTitle(trimmed)
	if title == "" || status != "" && strings.HasSuffix(strings.ToLower(title), strings.ToLower(status)) {
		return "an HTML page, from a proxy or gateway"
	}
	return fmt.Sprintf("an HTML page, from a proxy or gateway: %s", redact.Line(title, 120))
}

func htmlTitle(page []byte) string {
	lower := bytes.ToLower(page)
	start := bytes.Index(lower, []byte("<title"))
	if start < 0 || len(lower) != len(page) {
		return ""
	}
	open := bytes.IndexByte(page[start:], '>')
	if open < 0 {
		return ""
	}
	start += open + 1
	end := bytes.Index(lower[start:], []byte("</title"))
	if end < 0 {
		return ""
	}
	return strings.Join(strings.Fields(html.UnescapeString(string(page[start:start+end]))), " ")
}
