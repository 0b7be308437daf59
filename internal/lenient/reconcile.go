package lenient

import (
	"bytes"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Reconcile returns a value that was read from raw as was, and is now: what hasn't changed stays as
// it came, or in its documented form where that could be read, and what was not read at all stays.
func Reconcile(raw, was, now []byte) []byte {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || len(was) == 0 || len(now) == 0 {
		return now
	}
	switch same := bytes.Equal(was, now); {
	case raw[0] == '{' && was[0] == '{' && now[0] == '{':
		return reconcileObject(raw, was, now)
	case raw[0] == '[' && was[0] == '[' && now[0] == '[':
		return reconcileList(raw, was, now)
	case same && !readAs(raw, was):
		return raw
	}
	return now
}

// readAs reports whether value, a scalar, is what raw says, and not what stands for a raw that
// can't be read.
func readAs(raw, value []byte) bool {
	if isZero(value) {
		number, ok := Float(plainNumber(raw))
		return ok && number == 0 && string(value) == "0"
	}
	return value[0] != '{' && value[0] != '[' && !Inexact(raw)
}

// Inexact reports whether raw is a number with more digits than a float64 is sure to keep.
func Inexact(raw []byte) bool {
	const exact = 15
	number := bare(raw)
	if !isNumber(number) {
		return false
	}
	mantissa, _, _ := strings.Cut(strings.ToLower(number), "e")
	return len(strings.Replace(strings.TrimLeft(mantissa, "-0."), ".", "", 1)) > exact
}

// plainNumber takes the zeros off a number in a text, which JSON's numbers don't have: "00".
func plainNumber(raw []byte) []byte {
	if len(raw) < 2 || raw[0] != '"' {
		return raw
	}
	digits := bytes.TrimLeft(bytes.TrimSpace(raw[1:len(raw)-1]), "0")
	if len(digits) == 0 && bytes.IndexByte(raw, '0') > 0 {
		return []byte("0")
	}
	return raw
}

func reconcileObject(raw, was, now []byte) []byte {
	came, err := ReadObject(raw)
	read, _ := ReadObject(was) // was and now were written here
	set, _ := ReadObject(now)
	if err != nil {
		return now
	}
	merged := make(Object, 0, len(came)+len(set))
	for i, m := range came {
		switch value := set.Get(m.Name); {
		case came.Member(m.Name) != &came[i]:
			continue
		case value != nil:
			m.Value = Reconcile(m.Value, read.Get(m.Name), value)
		case read.Has(m.Name): // it was unset
			continue
		}
		merged = append(merged, m)
	}
	for _, m := range set {
		if !came.Has(m.Name) && !bytes.Equal(m.Value, read.Get(m.Name)) {
			merged = append(merged, m)
		}
	}
	text, err := merged.JSON()
	if err != nil {
		return now
	}
	return text
}

// reconcileList finds for each element the one that it was read from: an equal one, or that in its
// place where the list is as long as it was.
func reconcileList(raw, was, now []byte) []byte {
	came, err := ReadList(raw)
	read, _ := ReadList(was) // was and now were written here
	set, _ := ReadList(now)
	if err != nil || len(came) != len(read) {
		return now
	}
	list := []byte{'['}
	for i, j := range origins(set, read) {
		if i > 0 {
			list = append(list, ',')
		}
		element := set[i]
		if j >= 0 {
			element = Reconcile(came[j], read[j], element)
		}
		list = append(list, element...)
	}
	return append(list, ']')
}

// origins returns for each element of set the index of the one in read that it comes from, or -1.
func origins(set, read [][]byte) []int {
	from := make([]int, len(set))
	used := make([]bool, len(read))
	for i, element := range set {
		from[i] = slices.IndexFunc(read, func(old []byte) bool { return bytes.Equal(element, old) })
		for from[i] >= 0 && used[from[i]] { // taken by an equal one before
			next := slices.IndexFunc(read[from[i]+1:], func(old []byte) bool { return bytes.Equal(element, old) })
			if next < 0 {
				from[i] = -1
				break
			}
			from[i] += next + 1
		}
		if from[i] >= 0 {
			used[from[i]] = true
		}
	}
	for i := range set {
		if from[i] < 0 && len(set) == len(read) && !used[i] {
			from[i] = i
		}
	}
	return from
}

// isZero reports whether a scalar is the zero value of its type.
func isZero(value []byte) bool {
	switch string(value) {
	case `""`, "0", "false", "null":
		return true
	}
	return false
}

// JSON writes the object, whose values are JSON. It fails where a name isn't UTF-8.
func (o Object) JSON() (text []byte, err error) {
	size := 2
	for _, m := range o {
		size += len(m.Name) + len(m.Value) + 4
	}
	text = append(make([]byte, 0, size), '{')
	for i, m := range o {
		if i > 0 {
			text = append(text, ',')
		}
		if text, err = jsontext.AppendQuote(text, m.Name); err != nil {
			return nil, err
		}
		text = append(append(text, ':'), m.Value...)
	}
	return append(text, '}'), nil
}
