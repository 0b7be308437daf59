package redact

import (
	"encoding/base64"
	"encoding/hex"
	"html"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Mark stands where a secret was.
const Mark = "[redacted]"

const (
	// shortest is the length from which a secret is looked for: a shorter one would match by accident.
	shortest = 4
	// shortestInside is how much of a longer text's base64 must be the secret's alone, likewise.
	shortestInside = 8
	// longestEntity is the length of HTML's longest named character, with & and ;.
	longestEntity = 33
)

// Text returns text with the secret masked.
func Text(text, secret string) string {
	if len(secret) < shortest {
		return text
	}
	m := matcher{text: text, letters: lettersOf(secret)}
	text = m.mask()
	for _, code := range codes(secret) {
		text = strings.ReplaceAll(text, code, Mark)
	}
	return text
}

// A matcher finds the letters of a secret, each of them written in any way, in a text.
type matcher struct {
	text    string
	letters []letter
	// tried are the places where letters were looked for since one was found to end in several:
	// without it, many letters such as \ in a row would take very long.
	tried map[place]bool
}

// A place is how many letters were found, and where the next may begin.
type place struct{ letters, at int }

// mask returns the text with what spells the letters masked.
func (m *matcher) mask() string {
	var b strings.Builder
	kept := 0 // the text before it is in b
	for i := 0; i < len(m.text); {
		if end := m.spelled(i); end > i {
			b.WriteString(m.text[kept:i])
			b.WriteString(Mark)
			i, kept = end, end
		} else {
			i++
		}
	}
	if kept == 0 {
		return m.text
	}
	b.WriteString(m.text[kept:])
	return b.String()
}

// spelled returns where the letters end that begin at start, or start if others stand there. Since
// one letter can be written in ways that begin alike, it follows all of them.
func (m *matcher) spelled(start int) (end int) {
	if !m.letters[0].mayBegin(m.text[start]) {
		return start
	}
	ends := []int{start}
	for i, l := range m.letters {
		var next []int
		for _, at := range ends {
			next = l.appendEnds(next, m.text, at)
		}
		if ends = m.untried(i+1, next); len(ends) == 0 {
			return start
		}
	}
	return slices.Max(ends)
}

// untried returns the ends of so many letters, each once, that weren't tried before: from those no
// secret follows, as what was found is masked up to its last end.
func (m *matcher) untried(letters int, ends []int) []int {
	if len(ends) < 2 && m.tried == nil {
		return ends
	}
	if m.tried == nil {
		m.tried = map[place]bool{}
	}
	return slices.DeleteFunc(ends, func(at int) bool {
		p := place{letters, at}
		before := m.tried[p]
		m.tried[p] = true
		return before
	})
}

// A letter is a character of a secret, or a byte of one that isn't UTF-8.
type letter struct {
	r   rune // utf8.RuneError for a byte that isn't UTF-8
	raw string
}

func lettersOf(secret string) []letter {
	var letters []letter
	for secret != "" {
		r, size := utf8.DecodeRuneInString(secret)
		letters = append(letters, letter{r, secret[:size]})
		secret = secret[size:]
	}
	return letters
}

// mayBegin reports whether one of the ways to write l begins with b.
func (l letter) mayBegin(b byte) bool {
	return b == l.raw[0] || b == '\\' || b == '%' || b == '&' || b == '+' || b == "\ufffd"[0]
}

// appendEnds appends to ends where l ends if it begins at.
func (l letter) appendEnds(ends []int, text string, at int) []int {
	add := func(size int) {
		if size > 0 {
			ends = append(ends, at+size)
		}
	}
	rest := text[at:]
	if strings.HasPrefix(rest, l.raw) {
		add(len(l.raw))
	}
	if rest == "" {
		return ends
	}
	switch rest[0] {
	case '+':
		if l.r == ' ' {
			add(1)
		}
	case '%':
		add(l.bytes(rest, "%"))
	case '&':
		add(l.entity(rest))
	case '\\':
		add(l.escape(rest))
	case "\ufffd"[0]: // what an encoder writes for a byte that isn't UTF-8
		if l.r == utf8.RuneError && strings.HasPrefix(rest, "\ufffd") {
			add(len("\ufffd"))
		}
	}
	return ends
}

// bytes returns the size of l at the start of text with each byte as a mark and two hexadecimal
// digits, or 0.
func (l letter) bytes(text, mark string) (size int) {
	for i := range len(l.raw) {
		if !strings.HasPrefix(text[size:], mark) || hexadecimal(text, size+len(mark), 2) != rune(l.raw[i]) {
			return 0
		}
		size += len(mark) + 2
	}
	return size
}

// entity returns the size of l at the start of text as HTML has it, or 0.
func (l letter) entity(text string) (size int) {
	size = strings.IndexByte(text[:min(len(text), longestEntity)], ';') + 1
	if html.UnescapeString(text[:size]) != l.raw {
		return 0
	}
	return size
}

// escapes are the escapes of JSON, JavaScript and Go that are one character.
var escapes = map[byte]rune{
	'"': '"', '\'': '\'', '\\': '\\', '/': '/',
	'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v',
}

// escape returns the size of l at the start of text as a JSON or Go string has it, or 0.
func (l letter) escape(text string) (size int) {
	if len(text) < 2 {
		return 0
	}
	switch text[1] {
	case 'x':
		return l.bytes(text, `\x`)
	case 'u':
		return l.utf16(text)
	case 'U':
		if hexadecimal(text, 2, 8) == l.r {
			return 10
		}
	default:
		if r, ok := escapes[text[1]]; ok && r == l.r {
			return 2
		}
	}
	return 0
}

// utf16 returns the size of l at the start of text as one \u or a pair of them, or 0.
func (l letter) utf16(text string) (size int) {
	r := hexadecimal(text, 2, 4)
	if r == l.r {
		return 6
	}
	if utf16.IsSurrogate(r) && strings.HasPrefix(text[6:], `\u`) && utf16.DecodeRune(r, hexadecimal(text, 8, 4)) == l.r {
		return 12
	}
	return 0
}

// hexadecimal returns the number that text has at an index in so many digits, or -1.
func hexadecimal(text string, at, digits int) rune {
	if len(text) < at+digits {
		return -1
	}
	n, err := strconv.ParseUint(text[at:at+digits], 16, 31)
	if err != nil {
		return -1
	}
	return rune(n)
}

// codes returns how a secret appears in encodings that its letters can't be seen in. The longest
// come first, so that none leaves a rest of another.
func codes(secret string) []string {
	raw := []byte(secret)
	lower := hex.EncodeToString(raw)
	found := []string{lower, strings.ToUpper(lower)}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		whole := encoding.EncodeToString(raw)
		found = append(found, whole, strings.TrimRight(whole, "="))
		for before := range 3 { // inside a longer text, such as the name and password of a proxy
			if inside := insideBase64(encoding, raw, before); len(inside) >= shortestInside {
				found = append(found, inside)
			}
		}
	}
	return found
}

// insideBase64 returns the characters that raw alone decides, if it follows so many bytes in the text
// that is encoded.
func insideBase64(encoding *base64.Encoding, raw []byte, before int) string {
	text := encoding.EncodeToString(append(make([]byte, before), raw...))
	first := (8*before + 5) / 6
	last := 8 * (before + len(raw)) / 6
	return text[first:last]
}
