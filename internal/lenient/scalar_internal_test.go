package lenient

import (
	"errors"
	"math"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWholeNumbersAreReadAndNeverRounded(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"12": 12, "-12": -12, " 12\n": 12, `"12"`: 12, `" 12 "`: 12, "0": 0, "-0": 0, "2.0": 2, "-2.0": -2, "2e3": 2000,
		"2E+3": 2000, "1.50e3": 1500, "1.5e1": 15, "10e-1": 1, "0.5e1": 5, "0.0": 0, "-0.0": 0, "0e5": 0, "5e0": 5, "100.00": 100,
		"9223372036854775807": math.MaxInt64, "-9223372036854775808": math.MinInt64,
		"1e18": 1e18, "1.0e18": 1e18, "9e18": 9e18, "-9e18": -9e18, "1000000000000000000.0": 1e18, "0.1e1": 1, "0.01e2": 1,
	} {
		n, ok := Int([]byte(text))
		assert.True(t, ok, text)
		assert.Equal(t, want, n, text)
	}
	for _, text := range []string{
		"2.5", "1e-1", "01", `"01"`, "1.", ".5", "1e", "1e+", "+1", "1/2", "1:2", `"1/2"`, `"12 3"`, "", `""`, "-", "x", "null", "true",
		"9223372036854775808", "-9223372036854775809", "1e19", "1e20", "1e400", "12e18", "1e99999999999999999999", "1e9000000000000000000", "1.5e0", "1e5x",
		"0x10", "NaN", "Infinity", "1_000", "[1]",
	} {
		n, ok := Int([]byte(text))
		assert.False(t, ok, text)
		assert.Zero(t, n, text)
	}
}

func TestNumbersFollowTheGrammarOfJSON(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{
		"12.50": 12.5, `"12.50"`: 12.5, `" 12.50 "`: 12.5, "-0.5": -0.5, "1e2": 100, "1E-2": 0.01, "0": 0, "1e308": 1e308,
	} {
		f, ok := Float([]byte(text))
		assert.True(t, ok, text)
		assert.InDelta(t, want, f, 0, text)
	}
	for _, text := range []string{"01", ".5", "5.", "1e", "1e400", "NaN", `"1,5"`, "1/2", "1:2", "1e5/", "", "true", "-", "--1"} {
		f, ok := Float([]byte(text))
		assert.False(t, ok, text)
		assert.Zero(t, f, text)
	}
}

func TestTextsAndBooleansAreReadFromWhatHoldsThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`"a"`: "a", `""`: "", "\t\"a\"\n": "a", `"\u0041"`: "A", "12.50": "12.50", "-1": "-1", "0": "0", "9": "9", "\"\xff\"": "\ufffd",
	} {
		s, ok := Text([]byte(text))
		assert.True(t, ok, text)
		assert.Equal(t, want, s, text)
	}
	for _, text := range []string{"", " ", `"`, `"\x"`, "true", "null", "/", ":", "{}", "[]"} {
		_, ok := Text([]byte(text))
		assert.False(t, ok, text)
	}
	for text, want := range map[string]bool{
		"true": true, "1": true, `"1"`: true, `"TRUE"`: true, "1.0": true, "false": false, "0": false, `"False"`: false, "0.0": false,
	} {
		b, ok := Bool([]byte(text))
		assert.True(t, ok, text)
		assert.Equal(t, want, b, text)
	}
	for _, text := range []string{"2", "-1", `"yes"`, "null", "", `"tru"`} {
		b, ok := Bool([]byte(text))
		assert.False(t, ok, text)
		assert.False(t, b, text)
	}
}

func TestFieldsOfEveryScalarKindAreRead(t *testing.T) {
	t.Parallel()
	type scalars struct {
		A int8
		B int16
		C int32
		D int64
		E int
		F float32
		G float64
		H bool
		I string
		J *int
		K *string
		L struct{ M int8 }
		N []int
		O *bool
	}
	read := func(text string) (v scalars, unread []string) {
		unread, err := New().Read([]byte(text), &v)
		require.NoError(t, err, text)
		return v, unread
	}
	v, unread := read(`{"A":"1","B":"2","C":"3","D":"4","E":"5","F":"6.5","G":"7.5","H":1,"I":8,"J":"9","K":10,"L":{"M":"11"},"N":["1",2],"O":"1"}`)
	assert.Empty(t, unread)
	nine, ten, yes := 9, "10", true
	want := scalars{A: 1, B: 2, C: 3, D: 4, E: 5, F: 6.5, G: 7.5, H: true, I: "8", J: &nine, K: &ten, N: []int{1, 2}, O: &yes}
	want.L.M = 11
	assert.Equal(t, want, v)

	v, unread = read(`{"A":300,"B":40000,"C":3000000000,"D":"x","E":2.5,"F":"x","G":[],"H":"maybe","I":{},"J":"x","K":true,"L":[],"N":{}}`)
	assert.Equal(t, []string{"A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "N"}, unread)
	assert.Equal(t, scalars{}, v)

	v, unread = read(`{"A":"","B":null,"F":"","H":"","I":null,"J":"","K":null,"L":null,"N":null,"E":"1"}`)
	assert.Empty(t, unread)
	assert.Equal(t, scalars{E: 1}, v)
	v, unread = read(`{"L":{"M":"x"},"E":"1"}`)
	assert.Equal(t, []string{"L.M"}, unread)
	assert.Equal(t, scalars{E: 1}, v)
}

func TestTextThatIsNoJSONSaysWhere(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"{", `{"A":`, `{"A":"1"`, `{"A":"1",}`, `{"A":[1}`, "{} x"} {
		var v struct{ A int }
		_, err := New().Read([]byte(text), &v)
		require.Error(t, err, text)
		assert.NotEmpty(t, err.Error(), text)
		syntactic := new(jsontext.SyntacticError)
		assert.True(t, errors.As(err, &syntactic) || errors.Unwrap(err) != nil, text)
	}
}

func TestWhatFollowsAnObjectIsPlaced(t *testing.T) {
	t.Parallel()
	_, err := ReadObject([]byte(`{"a":1}  x y`))
	assert.ErrorContains(t, err, "at offset 9")
}

func TestEachElementIsTheOneThatItWasReadFrom(t *testing.T) {
	t.Parallel()
	list := func(names string) (elements [][]byte) {
		for _, name := range names {
			elements = append(elements, []byte(string(name)))
		}
		return elements
	}
	for _, row := range []struct {
		set, read string
		want      []int
	}{
		{"abc", "abc", []int{0, 1, 2}},
		{"cab", "abc", []int{2, 0, 1}},
		{"aab", "aba", []int{0, 2, 1}},
		{"aaa", "aa", []int{0, 1, -1}},
		{"aa", "a", []int{0, -1}},
		{"xb", "ab", []int{0, 1}},
		{"bx", "ab", []int{1, -1}},
		{"x", "ab", []int{-1}},
		{"", "ab", []int{}},
	} {
		assert.Equal(t, row.want, origins(list(row.set), list(row.read)), row.set+" of "+row.read)
	}
	for _, row := range []struct{ raw, was, now, want string }{
		{"", "1", "2", "2"},
		{"1", "", "2", "2"},
		{"1", "2", "", ""},
		{" ", "1", "2", "2"},
		{`"1"`, "1", "1", "1"},
		{`"x"`, "0", "0", `"x"`},
		{`"00"`, "0", "0", "0"},
		{`"0"`, "0", "0", "0"},
		{`""`, `""`, `""`, `""`},
		{`"x"`, "0", "5", "5"},
		{`[1,`, `[1]`, `[1]`, `[1]`},
		{`["1","2"]`, `[1]`, `[1]`, `[1]`},
		{`["x","2"]`, `[0,2]`, `[0,3]`, `["x",3]`},
		{`{"a":"x","b":1}`, `{"a":0}`, `{"a":0}`, `{"a":"x","b":1}`},
		{`{"a":"x","b":1}`, `{"a":0}`, `{"a":2}`, `{"a":2,"b":1}`},
		{`{"a":1,"b":1}`, `{"a":1}`, `{}`, `{"b":1}`},
		{"12345678901234567890", "12345678901234567000", "12345678901234567000", "12345678901234567890"},
	} {
		assert.Equal(t, row.want, string(Reconcile([]byte(row.raw), []byte(row.was), []byte(row.now))), "%+v", row)
	}
	for text, want := range map[string]bool{
		"123456789012345": false, "1234567890123456": true, "0.00123456789012345": false, "-1234567890123456": true,
		"1234567890123456e3": true, `"1234567890123456"`: true, `"A1234567890123456"`: false, "true": false, "1e300": false,
	} {
		assert.Equal(t, want, Inexact([]byte(text)), text)
	}
}

type unwritable struct{}

func (unwritable) MarshalJSON() ([]byte, error) { return nil, errors.New("out of ink") }

func TestFieldErrorsNameWhatTheyAreAbout(t *testing.T) {
	t.Parallel()
	assert.EqualError(t, &FieldError{Name: "Name", GoName: "Name", Reason: "is bad"}, "Name is bad")
	assert.EqualError(t, &FieldError{Name: "name", GoName: "Name", Reason: "is bad"}, "Name (name) is bad")
	assert.EqualError(t, &FieldError{Name: "name", Reason: "is bad"}, "name is bad")
	assert.EqualError(t, &FieldError{Reason: "is bad"}, "is bad")
	assert.EqualError(t, Check(nil), "is not valid JSON: it is empty")
	assert.Error(t, Check([]byte(`{"a":"\xff"}`+"\xff")))
	require.NoError(t, Check([]byte(`{"a":1,"a":2}`)))
	for want, v := range map[string]any{
		"A[1] is NaN, which JSON has no form for": struct{ A [2]float64 }{[2]float64{0, math.NaN()}},
		"A[0] is NaN, which JSON has no form for": struct{ A []float64 }{[]float64{math.NaN()}},
		"A can't be written as JSON: out of ink":  struct{ A unwritable }{},
		"B (A) is not valid UTF-8": struct {
			B string `json:"A"`
		}{"\xff"},
		"C is not valid UTF-8": struct {
			C string `json:",omitempty"`
		}{"\xff"},
		"D.E (D.e) is not valid UTF-8": struct {
			D struct {
				E string `json:"e"`
			}
		}{struct {
			E string `json:"e"`
		}{"\xff"}},
	} {
		_, err := MarshalAny(v)
		assert.EqualError(t, err, want)
	}
}
