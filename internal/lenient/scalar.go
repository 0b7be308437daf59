package lenient

import (
	"bytes"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
)

// setScalar reads the JSON value text into to, of a boolean, numeric or string kind. It reports false, and leaves to zero,
// where the meaning of text isn't clear.
func setScalar(to reflect.Value, text []byte) bool {
	to.SetZero()
	if isNone(text) {
		return true
	}
	switch to.Kind() {
	case reflect.String:
		s, ok := Text(text)
		to.SetString(s)
		return ok
	case reflect.Bool:
		b, ok := Bool(text)
		to.SetBool(b)
		return ok
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, ok := Int(text)
		if !ok || to.OverflowInt(n) {
			return false
		}
		to.SetInt(n)
		return true
	case reflect.Float32, reflect.Float64:
		f, ok := Float(text)
		to.SetFloat(f)
		return ok
	default:
		return false
	}
}

// isNone reports whether a JSON value says that there is none: null and "".
func isNone(text []byte) bool {
	return string(text) == "null" || string(text) == `""`
}

// Text reads a string, or a number as it is written. No other value is a text.
func Text(text []byte) (string, bool) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return "", false
	}
	switch c := text[0]; {
	case c == '"':
		if inner := text[1 : len(text)-1]; bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
			return string(inner), true
		}
		var s string
		err := json.Unmarshal(text, &s, tolerant)
		return s, err == nil
	case c == '-' || c >= '0' && c <= '9':
		return string(text), true
	}
	return "", false
}

// Bool reads true, false, 1 and 0, or a text that holds one of them.
func Bool(text []byte) (value, ok bool) {
	s := bare(text)
	switch {
	case strings.EqualFold(s, "true"):
		return true, true
	case strings.EqualFold(s, "false"):
		return false, true
	}
	f, ok := parseFloat(s)
	return f == 1, ok && (f == 0 || f == 1)
}

// Int reads a whole number, or a text that holds one. It never rounds.
func Int(text []byte) (int64, bool) {
	s := bare(text)
	if !isNumber(s) {
		return 0, false
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	const exact = 1 << 53 // above, a float64 isn't exact
	f, ok := parseFloat(s)
	if !ok || f != math.Trunc(f) || math.Abs(f) > exact {
		return 0, false
	}
	return int64(f), true
}

// Float reads a number, or a text that holds one by JSON's grammar.
func Float(text []byte) (float64, bool) { return parseFloat(bare(text)) }

func parseFloat(s string) (float64, bool) {
	if !isNumber(s) {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, false
	}
	return f, true
}

// bare returns what a string holds, without the blanks around it, and any other value as it is written.
func bare(text []byte) string {
	text = bytes.TrimSpace(text)
	if len(text) > 0 && text[0] == '"' {
		s, _ := Text(text)
		return strings.TrimSpace(s)
	}
	return string(text)
}

// isNumber reports whether s is a number by JSON's grammar.
func isNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole := digits(s)
	if whole == 0 || whole > 1 && s[0] == '0' {
		return false
	}
	if s = s[whole:]; strings.HasPrefix(s, ".") {
		fraction := digits(s[1:])
		if fraction == 0 {
			return false
		}
		s = s[1+fraction:]
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		s = s[1:]
		if s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		exponent := digits(s)
		return exponent > 0 && exponent == len(s)
	}
	return s == ""
}

// digits is how many digits s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
