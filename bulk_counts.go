package linkit

import (
	"encoding/json"
	"slices"
	"strings"
)

// reportCounts is the numbers of records in a bulk report, from its members and its message.
type reportCounts struct {
	sent      int  // records in the request
	failed    int  // the largest number of records that are said to have failed
	cleared   bool // that number is said to be 0
	taken     int  // the smallest number of records that are said to have been processed, and one; 0: it doesn't say
	created   int  // likewise, and one
	updated   int
	upserted  int
	unchanged int
	told      bool // something failed, without a number
}

// failureStems are parts of the names of members that count or list failures, and of the words of
// a status.
var failureStems = []string{
	"fail",
	"error",
	"reject",
	"invalid",
	"notfound",
	"skipped",
	"conflict",
	"duplicate",
	"unprocess",
	"unsuccess",
	"notprocessed",
	"notupdated",
	"notcreated",
	"missing",
	"ignored",
	"dropped",
	"denied",
	"refused",
	"forbidden",
	"unauthorized",
	"toolarge",
	"exception",
}

// Parts of the names that contain a stem and are no failures: settings that a response repeats,
// links and codes.
var (
	settingPrefixes = []string{"max", "min", "allow", "tolera", "ignore", "skip", "retry", "warn", "on"}
	settingParts    = []string{"onerror", "onfail", "oninvalid", "onconflict", "onduplicate", "failfast", "warning"}
	settingSuffixes = []string{"code", "rate", "url", "uri", "link", "id", "type", "limit",
		"threshold", "percent", "handling", "mode", "policy", "strategy", "format", "durationms", "timems"}
)

// isFailure reports whether a normalized name is one of failures.
func isFailure(name string) bool {
	switch name {
	case "err", "errs", "partial", "partialsuccess", "invalid", "notvalid":
		return true
	}
	if !slices.ContainsFunc(failureStems, func(stem string) bool { return strings.Contains(name, stem) }) {
		return false
	}
	return strings.HasPrefix(name, "ignored") || strings.HasPrefix(name, "skipped") || !isSetting(name)
}

func isSetting(name string) bool {
	return slices.ContainsFunc(settingPrefixes, func(part string) bool { return strings.HasPrefix(name, part) }) ||
		slices.ContainsFunc(settingParts, func(part string) bool { return strings.Contains(name, part) }) ||
		slices.ContainsFunc(settingSuffixes, func(part string) bool { return strings.HasSuffix(name, part) })
}

// isAside reports whether a normalized name is one of remarks that reject nothing.
func isAside(name string) bool {
	for _, part := range []string{"warning", "notice", "hint", "deprecat", "pagination"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return name == "links" || name == "info"
}

// member reads a member that is no list and no object. It reports whether it knows the member.
func (c *reportCounts) member(name string, value json.RawMessage) bool {
	switch name {
	case "message", "msg", "detail", "details", "description", "summary", "info", "title":
		if text, ok := reportText(value); ok {
			c.text(text)
		}
		return true
	case "status", "result", "outcome", "state":
		return c.word(value)
	}
	if n, ok := reportInt(value); ok {
		return c.figure(name, n)
	}
	if !isFailure(name) {
		return false
	}
	if isBlankReport(value) {
		return true
	}
	c.told = true
	if text, ok := reportText(value); ok {
		c.text(text)
	}
	return true
}

// word reads a status of the whole request: "ok", "partial_success", "error".
func (c *reportCounts) word(value json.RawMessage) bool {
	text, ok := reportText(value)
	if !ok {
		return false
	}
	if isFailure(reportName(text)) {
		c.told = true
		return true
	}
	c.text(text)
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
	switch name {
	case "success", "ok", "completed", "passed":
		if n < 2 {
			return true // a bool
		}
	}
	switch countedThing(name) {
	case "processed", "success", "succeeded", "successful", "successes", "accepted", "imported", "saved",
		"written", "applied", "passed", "ok", "completed":
		c.take(n)
	case "created", "inserted", "added":
		c.created = max(c.created, n+1)
	case "updated", "modified", "replaced":
		c.updated = max(c.updated, n+1)
	case "upserted":
		c.upserted = max(c.upserted, n+1)
	case "unchanged", "unmodified", "notmodified", "notchanged", "uptodate", "noop", "matched":
		c.unchanged = max(c.unchanged, n+1)
	default:
		return false
	}
	return true
}

// countedThing returns a name without what says that it is a number of records: processed_count,
// totalUpdated, records_created.
func countedThing(name string) string {
	for _, affix := range []string{
		"count", "records", "items", "rows", "total", "number", "num", "of",
		"products", "skus", "branches", "brands", "categories", "generics", "orders", "offers",
	} {
		name = strings.TrimPrefix(strings.TrimSuffix(name, affix), affix)
	}
	return name
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

// settle derives the failures from the numbers of records that were taken, of n. refused: the
// response says of the request as a whole that it failed.
func (c *reportCounts) settle(n int, mode BulkMode, refused bool) {
	if c.told && !refused {
		c.failed = max(c.failed, 1)
	}
	if c.taken > 0 {
		c.failed = max(c.failed, n-(c.taken-1))
	}
	if written, known := c.written(mode); known && written < n && !c.cleared {
		c.failed = max(c.failed, n-written)
	}
}

// written is how many records the numbers of created, updated and unchanged ones make. known:
// these are all there are in mode.
func (c *reportCounts) written(mode BulkMode) (n int, known bool) {
	for _, counted := range []int{c.created, c.updated, c.unchanged} {
		n += max(counted-1, 0)
	}
	switch mode {
	case BulkCreate:
		return n, c.created > 0
	case BulkUpdate:
		return n, c.updated > 0
	}
	return n + max(c.upserted-1, 0), c.upserted > 0 || c.created > 0 && c.updated > 0
}
