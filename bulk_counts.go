package linkit

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// reportCounts is the numbers of records in a bulk report, from its members and its message.
type reportCounts struct {
	sent     int  // records in the request
	failed   int  // the largest number of records that are said to have failed
	cleared  bool // that number is said to be 0
	taken    int  // the smallest number of records that are said to have been processed, and one; 0: it doesn't say
	created  int  // likewise, and one
	updated  int
	upserted int
}

// failureStems are parts of the names of members that count or list failures, and of the words of a status.
var failureStems = []string{
	"fail", "error", "reject", "invalid", "notfound", "skip", "conflict", "duplicate", "unprocess", "unsuccess", "notprocessed", "notupdated",
	"notcreated", "missing", "ignored", "dropped", "denied", "refused", "forbidden", "unauthorized", "toolarge", "exception",
}

// isFailure reports whether a normalized name is one of failures.
func isFailure(name string) bool {
	if name == "err" || name == "partial" || name == "partialsuccess" {
		return true
	}
	for _, end := range []string{"code", "rate", "url", "link", "id", "type", "limit", "threshold", "percent", "ms"} {
		if strings.HasSuffix(name, end) && name != "invalid" {
			return false
		}
	}
	return slices.ContainsFunc(failureStems, func(stem string) bool { return strings.Contains(name, stem) })
}

// member reads a member that is no list and no object. It reports whether it knows the member.
func (c *reportCounts) member(name string, value json.RawMessage) bool {
	switch name {
	case "message", "msg", "detail", "details", "description", "summary", "info", "title", "result":
		text, ok := reportText(value)
		if ok {
			c.text(text)
		}
		return true
	}
	if n, ok := reportInt(value); ok {
		return c.figure(name, n)
	}
	if !isFailure(name) {
		return false
	}
	if is, ok := reportBool(value); ok {
		if is {
			c.failed = max(c.failed, 1)
		}
		return true
	}
	if text, ok := reportText(value); ok && strings.TrimSpace(text) != "" {
		c.failed = max(c.failed, 1)
		c.text(text)
	}
	return true
}

// figure reads a number. It reports whether it knows the name.
func (c *reportCounts) figure(name string, n int) bool {
	if n < 0 {
		return false
	}
	if isFailure(name) {
		c.fail(n)
		return true
	}
	for _, affix := range []string{"count", "records", "items", "rows", "total", "num", "number", "of"} {
		name = strings.TrimPrefix(strings.TrimSuffix(name, affix), affix)
	}
	switch name {
	case "success":
		if n < 2 {
			return true // a bool
		}
		c.take(n)
	case "processed", "succeeded", "successful", "successes", "accepted", "imported", "saved", "written", "applied", "passed", "ok", "completed":
		c.take(n)
	case "created", "inserted", "added":
		c.created = max(c.created, n+1)
	case "updated":
		c.updated = max(c.updated, n+1)
	case "upserted":
		c.upserted = max(c.upserted, n+1)
	default:
		return false
	}
	return true
}

func (c *reportCounts) fail(n int) {
	c.failed = max(c.failed, n)
	c.cleared = c.cleared || n == 0
}

func (c *reportCounts) take(n int) {
	if c.taken == 0 || n+1 < c.taken {
		c.taken = n + 1
	}
}

// listed notes the length of a list: of rejected records, or of others.
func (c *reportCounts) listed(name string, length, rejected int) {
	switch {
	case isFailure(name):
		c.fail(rejected)
	case rejected > 0:
		c.failed = max(c.failed, rejected)
	case name != "success" || length > 1:
		c.figure(name, length)
	}
}

// settle derives the failures from the numbers of records that were taken, of n.
func (c *reportCounts) settle(n int, mode BulkMode) {
	if c.taken > 0 {
		c.failed = max(c.failed, n-(c.taken-1))
	}
	written, known := 0, false
	switch mode {
	case BulkCreate:
		written, known = c.created-1, c.created > 0
	case BulkUpdate:
		written, known = c.updated-1, c.updated > 0
	default:
		written, known = max(c.upserted-1, 0)+max(c.created-1, 0)+max(c.updated-1, 0), c.upserted > 0 || c.created > 0 && c.updated > 0
	}
	if known && written < n && !c.cleared {
		c.failed = max(c.failed, n-written)
	}
	c.cleared = c.cleared && c.failed == 0
}

const reportNumber = `(\d[\d,]*)`

var (
	// "98 of 100", "98/100", "98 out of 100"
	partOfAll = regexp.MustCompile(`(?i)` + reportNumber + `\s*(?:of|/|out of)\s*` + reportNumber + `((?:\s+[a-z]+){0,4})`)
	// "2 failed", "2 records were rejected"
	failedAfter = regexp.MustCompile(`(?i)` + reportNumber + `((?:\s+[a-z]+){1,5})`)
	// "failed: 2", "2 errors" is above
	failedBefore = regexp.MustCompile(`(?i)\b(failed|failures?|errors?|rejected|skipped|invalid|not found|conflicts?|duplicates?)\s*[:=(]?\s*` + reportNumber + `\b`)
	// "Processed 98 products"
	takenBefore = regexp.MustCompile(`(?i)\b(processed|imported|saved|accepted|succeeded|created|updated|upserted|inserted)\s*[:=]?\s*` + reportNumber + `\b`)
)

// text reads the numbers of a message: "Processed 98 of 100 products, 2 failed".
func (c *reportCounts) text(message string) {
	message = message[:min(len(message), 1000)]
	rest := message
	for _, m := range partOfAll.FindAllStringSubmatch(message, -1) {
		part, all := reportFigure(m[1]), reportFigure(m[2])
		rest = strings.Replace(rest, m[1], "", 1)
		rest = strings.Replace(rest, m[2], "", 1)
		switch {
		case part < 0 || all < part || all != c.sent:
		case saysFailure(m[3]):
			c.fail(part)
		case part < all:
			c.fail(all - part)
		}
	}
	for _, m := range failedBefore.FindAllStringSubmatch(rest, -1) {
		c.fail(reportFigure(m[2]))
	}
	for _, m := range takenBefore.FindAllStringSubmatch(rest, -1) {
		c.figure(reportName(m[1]), reportFigure(m[2]))
	}
	for _, m := range failedAfter.FindAllStringSubmatch(rest, -1) {
		words := strings.Fields(strings.ToLower(m[2]))
		switch {
		case saysFailure(m[2]):
			c.fail(reportFigure(m[1]))
		case len(words) > 0 && slices.ContainsFunc(words[:min(len(words), 3)], func(w string) bool { return w == "processed" || w == "imported" || w == "succeeded" }):
			c.take(reportFigure(m[1]))
		}
	}
}

// saysFailure reports whether the words after a number say that this many records failed.
func saysFailure(words string) bool {
	for word := range strings.FieldsSeq(strings.ToLower(words)) {
		switch word {
		case "without", "no", "and", "successfully", "processed", "succeeded", "created", "updated", "imported", "but", "with":
			return false
		case "not", "couldn", "could":
			return true
		}
		if isFailure(reportName(word)) {
			return true
		}
	}
	return false
}

func reportFigure(digits string) int {
	n, err := strconv.Atoi(strings.ReplaceAll(digits, ",", ""))
	if err != nil {
		return -1
	}
	return n
}

// reportName makes the spellings of a name alike: statusCode, status_code, Status-Code.
func reportName(name string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			return unicode.ToLower(c)
		}
		return -1
	}, name)
}

// reportObject returns the members of an object, by normalized name; nil: it is none.
func reportObject(value json.RawMessage) map[string]json.RawMessage {
	var members map[string]json.RawMessage
	if len(value) == 0 || value[0] != '{' || json.Unmarshal(value, &members) != nil {
		return nil
	}
	return members
}

// reportList returns the elements of a list; nil: it is none.
func reportList(value json.RawMessage) []json.RawMessage {
	var elements []json.RawMessage
	if len(value) == 0 || value[0] != '[' || json.Unmarshal(value, &elements) != nil {
		return nil
	}
	return elements
}

// reportText returns the text of a string or a number.
func reportText(value json.RawMessage) (string, bool) {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text, text != ""
	}
	var n json.Number
	if json.Unmarshal(value, &n) == nil {
		return n.String(), n != ""
	}
	return "", false
}

// reportTexts returns the texts in a value, whatever it is: of an error object its message, else the value as it stands.
func reportTexts(value json.RawMessage) (texts []string) {
	if text, ok := reportText(value); ok {
		return []string{text}
	}
	for _, element := range reportList(value) {
		texts = append(texts, reportTexts(element)...)
	}
	if members := reportObject(value); members != nil {
		for _, name := range []string{"message", "error", "reason", "detail"} {
			if text, ok := reportText(members[name]); ok {
				return []string{text}
			}
		}
		texts = append(texts, string(value))
	}
	return texts
}

// reportInt returns a whole number, which may stand in a text.
func reportInt(value json.RawMessage) (int, bool) {
	text, ok := reportText(value)
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(strings.TrimSpace(text))
	return n, err == nil
}

// reportBool returns true or false, in any usual form.
func reportBool(value json.RawMessage) (is, ok bool) {
	switch strings.ToLower(string(bytes.Trim(bytes.TrimSpace(value), `" `))) {
	case "true", "1", "yes":
		return true, true
	case "false", "0", "no":
		return false, true
	}
	return false, false
}

// isBlankReport reports whether a value says nothing.
func isBlankReport(value json.RawMessage) bool {
	switch strings.ToLower(string(bytes.Trim(bytes.TrimSpace(value), `" `))) {
	case "", "null", "none", "false", "0", "{}", "[]":
		return true
	}
	return !slices.ContainsFunc(reportList(value), func(v json.RawMessage) bool { return !isBlankReport(v) }) && reportList(value) != nil
}
