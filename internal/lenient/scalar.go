package lenient

import (
	"bytes"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
)

// setScalar reads the JSON value text into to, of a boolean, numeric or string kind. It reports
// false, and leaves to zero, where the meaning of text isn't clear.
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
	text = bytes.Trim(text, blanks)
	if len(text) == 0 {
		return "", false
	}
	switch c := text[0]; {
	case c == '"':
		if len(text) < 2 {
			return "", false
		}
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

// Int reads a whole number, or a text that holds one. It never rounds: 2.0 and 2e3 are whole, 2.5
// isn't.
func Int(text []byte) (int64, bool) {
	s := bare(text)
	if !isNumber(s) {
		return 0, false
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	n, err := strconv.ParseInt(wholeDigits(s), 10, 64)
	if err != nil {
		return 0, false
	}
	return n, true
}

// wholeDigits writes out a number, which is by JSON's grammar, without fraction and exponent:
// 1.50e3 is 1500. It returns "" where the number isn't whole, or has more zeros than an int64
// has digits.
func wholeDigits(s string) string {
	const most = 19 // digits of an int64
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	mantissa, power, _ := strings.Cut(strings.ToLower(s), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	kept := strings.TrimLeft(strings.TrimRight(whole+fraction, "0"), "0")
	if kept == "" {
		return "0"
	}
	exponent := 0
	if power != "" {
		n, err := strconv.Atoi(power)
		if err != nil {
			return ""
		}
		exponent = n
	}
	stripped := len(whole+fraction) - len(strings.TrimRight(whole+fraction, "0"))
	zeros := exponent - len(fraction) + stripped // to write after kept
	if zeros < 0 || zeros > most {
		return ""
	}
	return sign + kept + strings.Repeat("0", zeros)
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

const blanks = " \t\r\n" // JSON's

// bare returns what a string holds, without the blanks around it, and any other value as it is
// written.
func bare(text []byte) string {
	text = bytes.Trim(text, blanks)
	if len(text) > 0 && text[0] == '"' {
		s, _ := Text(text)
		return strings.Trim(s, blanks)
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
