package linkit

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	reportNumber = `(\d+(?:,\d{3})*)`
	// What the numbers of a message may count: "2 fields" and "2 batches" aren't records.
	reportNoun = `(?:records?|items?|rows?|entr(?:y|ies)|objects?|documents?|products?|skus?|branch(?:es)?|` +
		`brands?|categor(?:y|ies)|generics?|orders?|offers?)`
)

var (
	// "98 of 100", "98/100", "98 out of 100", with the words before and after
	partOfAll = regexp.MustCompile(
		`(?i)((?:\b[a-z]+[:\s]+){0,4})` + reportNumber + `\s*(?:of|/|out of)\s*` + reportNumber + `((?:\s+[a-z]+){0,4})`,
	)
	dates = regexp.MustCompile(`\d+/\d+/\d+|\d+-\d+-\d+\S*|\d[\d,.]*\s*%`)
	// "2 failed", "2 records were rejected"
	failedAfter = regexp.MustCompile(`(?i)` + reportNumber + `((?:\s+[a-z]+){1,5})`)
	// "failed: 2", "2 errors" is above
	failedBefore = regexp.MustCompile(
		`(?i)\b(failed|failures?|errors?|rejected|skipped|invalid|not found|conflicts?|duplicates?)` +
			`\s*[:=(]?\s*` + reportNumber + `\b`,
	)
	// "Processed 98 products"
	takenBefore = regexp.MustCompile(
		`(?i)\b(processed|imported|saved|accepted|succeeded|created|updated|upserted|inserted)` +
			`\s*[:=]?\s*` + reportNumber + `\b\s*([a-z]*)`,
	)
	countsWhat = regexp.MustCompile(
		`(?i)^(?:` + reportNoun + `|successfully|successful|new|existing|and|of|out|with|without|but|while|in|failed|or|)$`,
	)
	// "Partially succeeded", without a number
	failedInPart = regexp.MustCompile(
		`(?i)\bpartial(?:ly)?[\s_-]+(?:success|succe|fail|complet|process|accept)` +
			`|\b(?:completed|finished|processed|done) with (?:errors|failures)\b` +
			`|\b(?:some|not all) ` + reportNoun + `\b.*` +
			`\b(?:fail|reject|invalid|not|could|skipped|processed|written|accepted|saved|imported)`,
	)
	// "product not found", in the message of one record
	failedOne = regexp.MustCompile(
		`(?i)\b(?:fail|error|reject|invalid|conflict|duplicate|denied|forbidden|not found|` +
			`does(?:n't| not) exist|could(?:n't| not)|can(?:'t|not)\b)`,
	)
	noFailure = regexp.MustCompile(
		`(?i)\b(?:no|without|0|zero)\s+(?:validation\s+)?(?:errors?|failures?|conflicts?|duplicates?)`,
	)
)

// text reads the numbers of a message: "Processed 98 of 100 products, 2 failed".
func (c *reportCounts) text(message string) {
	rest := dates.ReplaceAllString(message[:min(len(message), 1000)], ";")
	if failedInPart.MatchString(rest) {
		c.failed = max(c.failed, 1)
	}
	rest = partOfAll.ReplaceAllStringFunc(rest, func(text string) string {
		c.part(partOfAll.FindStringSubmatch(text))
		return ";"
	})
	for _, m := range failedBefore.FindAllStringSubmatch(rest, -1) {
		c.fail(reportFigure(m[2]))
	}
	for _, m := range takenBefore.FindAllStringSubmatch(rest, -1) {
		if countsWhat.MatchString(m[3]) {
			c.figure(reportName(m[1]), reportFigure(m[2]))
		}
	}
	for _, m := range failedAfter.FindAllStringSubmatch(rest, -1) {
		words := strings.Fields(strings.ToLower(m[2]))
		switch {
		case saysFailure(m[2]):
			c.fail(reportFigure(m[1]))
		case slices.ContainsFunc(words[:min(len(words), 3)], func(w string) bool {
			return w == "processed" || w == "imported" || w == "succeeded"
		}):
			c.take(reportFigure(m[1]))
		}
	}
}

// part reads "98 of 100", with the words before and after it.
func (c *reportCounts) part(m []string) {
	part, all := reportFigure(m[2]), reportFigure(m[3])
	words := strings.FieldsFunc(strings.ToLower(m[1]), func(r rune) bool { return r == ' ' || r == ':' })
	if len(words) > 0 &&
		slices.Contains(
			[]string{"batch", "page", "chunk", "attempt", "part", "step", "request", "job", "try", "shard"},
			words[len(words)-1],
		) {
		return
	}
	switch {
	case part < 0 || all < part || all != c.sent:
	case saysFailure(m[1]), saysFailure(m[4]):
		c.fail(part)
	case part < all:
		c.fail(all - part)
	}
}

// saysFailure reports whether the words beside a number say that this many records failed.
func saysFailure(words string) bool {
	for word := range strings.FieldsSeq(strings.ToLower(words)) {
		switch word {
		case "without",
			"no",
			"and",
			"successfully",
			"processed",
			"succeeded",
			"created",
			"updated",
			"imported",
			"but",
			"with":
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

// saysRejected reports whether the message of one record says that it was not written.
func saysRejected(message string) bool {
	return failedOne.MatchString(message) && !noFailure.MatchString(message)
}

func reportFigure(digits string) int {
	n, err := strconv.Atoi(strings.ReplaceAll(digits, ",", ""))
	if err != nil {
		return -1
	}
	return n
}

// reportStatus returns the HTTP status in a value: 404, "404", "404 Not Found" or "HTTP/1.1 404
// Not Found".
func reportStatus(value json.RawMessage) (int, bool) {
	if n, ok := reportInt(value); ok {
		return n, true
	}
	text, _ := reportText(value)
	words := strings.Fields(text)
	if len(words) > 1 && strings.HasPrefix(strings.ToUpper(words[0]), "HTTP/") {
		words = words[1:]
	}
	if len(words) < 2 {
		return 0, false
	}
	n, _ := strconv.Atoi(words[0])
	return n, http.StatusText(n) != ""
}
