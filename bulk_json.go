package linkit

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// reportName makes the spellings of a name alike: statusCode, status_code, Status-Code.
func reportName(name string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			return unicode.ToLower(c)
		}
		return -1
	}, name)
}

// reportObject returns the members of an object, by name; nil: it is none.
func reportObject(value json.RawMessage) (members map[string]json.RawMessage) {
	if bytes.HasPrefix(value, []byte("{")) { // a long list would be read in vain
		_ = json.Unmarshal(value, &members)
	}
	return members
}

// reportList returns the elements of a list; nil: it is none.
func reportList(value json.RawMessage) (elements []json.RawMessage) {
	if bytes.HasPrefix(value, []byte("[")) {
		_ = json.Unmarshal(value, &elements)
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
	err := json.Unmarshal(value, &n)
	return n.String(), err == nil
}

// reportTexts returns the texts in a value of any kind: of an error object its message, else the
// value as it stands.
func reportTexts(value json.RawMessage) (texts []string) {
	if text, ok := reportText(value); ok {
		return []string{text}
	}
	for _, element := range reportList(value) {
		texts = append(texts, reportTexts(element)...)
	}
	if members := reportObject(value); members != nil {
		for _, name := range []string{"message", "msg", "error", "reason", "detail", "description"} {
			if text, ok := reportText(members[name]); ok {
				return []string{text}
			}
		}
		texts = append(texts, string(value))
	}
	return texts
}

// reportInt returns a whole number, which may stand in a text or have a fraction of zero.
func reportInt(value json.RawMessage) (int, bool) {
	text, _ := reportText(value)
	text = strings.TrimSpace(text)
	if n, err := strconv.Atoi(text); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.Trunc(f) != f || math.Abs(f) > math.MaxInt32 {
		return 0, false
	}
	return int(f), true
}

// reportBool returns true or false, in any usual form.
func reportBool(value json.RawMessage) (is, ok bool) {
	switch strings.ToLower(string(bytes.Trim(bytes.TrimSpace(value), `" `))) {
	case "true", "1", "yes", "y":
		return true, true
	case "false", "0", "no", "n":
		return false, true
	}
	return false, false
}

// isBlankReport reports whether a value says nothing, or that there is nothing.
func isBlankReport(value json.RawMessage) bool { return isBlankAt(value, 0) }

func isBlankAt(value json.RawMessage, depth int) bool {
	switch text := strings.ToLower(string(bytes.Trim(bytes.TrimSpace(value), `"- `))); text {
	case "", "null", "none", "nil", "n/a", "false", "no", "0", "{}", "[]":
		return true
	default:
		if value[0] == '"' {
			at := noFailure.FindStringIndex(text)
			return at != nil && at[0] == 0
		}
	}
	if depth >= maxReportDepth {
		return false
	}
	members := reportList(value)
	for _, member := range reportObject(value) {
		members = append(members, member)
	}
	for _, member := range members {
		if !isBlankAt(member, depth+1) {
			return false
		}
	}
	return len(members) > 0
}
