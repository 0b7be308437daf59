package lenient_test

import (
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/lenient"
)

type inner struct {
	Lat  float64 `json:"lat"`
	Name word    `json:"name"`
}

type word string

type outer struct {
	Text   string          `json:"text"`
	Word   word            `json:"word"`
	Number float64         `json:"number"`
	Whole  int             `json:"whole"`
	Qty    *int            `json:"qty"`
	Flag   bool            `json:"flag"`
	Inner  inner           `json:"inner"`
	List   []inner         `json:"list"`
	Words  []string        `json:"words"`
	Raw    json.RawMessage `json:"raw"`
}

func TestScalarsAreReadAsWhatTheySay(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		`7`: 7, `"7"`: 7, `-7`: -7, `2.0`: 2, `1e3`: 1000, `"1.50e1"`: 15, `" 12 "`: 12, `1200e-2`: 12, `-0`: 0, `0.0e99`: 0, `9223372036854775807`: 1<<63 - 1,
		`-9223372036854775808`: -1 << 63, `9007199254740993.0`: 9007199254740993, `100E+0`: 100,
	} {
		n, ok := lenient.Int([]byte(text))
		assert.True(t, ok, text)
		assert.Equal(t, want, n, text)
	}
	for _, text := range []string{
		`2.5`, `"2.5"`, `0.99999999999999999999`, `1e-1`, `1e19`, `9223372036854775808`, `1e999999999999999999999`, `-`, `""`, ``, `null`, `true`, `{}`, `[]`,
		`"0x10"`, `"١٢"`, `"1_000"`, `"+5"`, `".5"`, `"5."`, `"05"`, `"1e"`, `"--1"`, `"1 2"`, "\"12\u00a0\"", `"`,
	} {
		n, ok := lenient.Int([]byte(text))
		assert.False(t, ok, text)
		assert.Zero(t, n, text)
	}
	for text, want := range map[string]bool{`1`: true, `"1"`: true, `true`: true, `"TRUE"`: true, `1.0`: true, `" true "`: true, `0`: false, `"false"`: false, `"0"`: false, `-0`: false} {
		b, ok := lenient.Bool([]byte(text))
		assert.True(t, ok, text)
		assert.Equal(t, want, b, text)
	}
	for _, text := range []string{`2`, `-1`, `"yes"`, `"on"`, `""`, `null`, `{}`, `[true]`, ``} {
		_, ok := lenient.Bool([]byte(text))
		assert.False(t, ok, text)
	}
	for text, want := range map[string]string{`"x"`: "x", `7`: "7", `1.50`: "1.50", `-1e3`: "-1e3", `"\u0041"`: "A", "\"\xff\"": "\ufffd", `"\ud800"`: "\ufffd"} {
		s, ok := lenient.Text([]byte(text))
		assert.True(t, ok, text)
		assert.Equal(t, want, s, text)
	}
}

func TestOddValueIsNamedAndCostsNothing(t *testing.T) {
	t.Parallel()
	r := lenient.New()
	var v outer
	unread, err := r.Read(
		[]byte(
			`{"text":{},"word":["x"],"number":"x","whole":2.5,"qty":2.5,"flag":"no","inner":{"lat":[],"name":7},"list":[{"lat":"1"},7,{"lat":{}}],`+
				`"words":["a",1,true],"raw":{"x":1},"Text":"other","unknown":{"text":1}}`,
		),
		&v,
	)
	require.NoError(t, err)
	assert.ElementsMatch(
		t,
		[]string{"text", "word", "number", "whole", "qty", "flag", "inner.lat", "list", "list.lat", "words"},
		unread,
	)
	assert.Equal(t, outer{
		Inner: inner{
			Name: "7",
		},
		List:  []inner{{Lat: 1}, {}, {}},
		Words: []string{"a", "1", ""},
		Raw:   json.RawMessage(`{"x":1}`),
	}, v)
	v = outer{}
	unread, err = r.Read([]byte(`{"text":"t","inner":[],"list":{},"words":"a"}`), &v)
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"inner", "list", "words"}, unread, "nothing is left of the reading before")
	assert.Equal(t, outer{Text: "t"}, v)
}

func TestTextThatIsNoJSONIsAnError(t *testing.T) {
	t.Parallel()
	r := lenient.New()
	for _, text := range []string{``, `{`, `{"text":}`, `{"text":"x"} x`, `{"whole":"x","text":}`, `{"inner":{"lat":"x"}`, `nul`, "\x00", strings.Repeat("[", 20_000)} {
		_, err := r.Read([]byte(text), new(outer))
		var malformed *lenient.Error
		require.ErrorAs(t, err, &malformed, text)
		assert.NotContains(t, err.Error(), "json:")
		assert.NotContains(t, err.Error(), "jsontext:")
	}
}

// Whatever encoding/json reads is read the same: leniency adds, and changes nothing.
func TestWhatIsDocumentedIsReadAsEncodingJSONReadsIt(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	r := lenient.New()
	for range 2000 {
		text := randomOuter(random)
		var want, strict, again outer
		require.NoError(t, json.Unmarshal([]byte(text), &want), text)
		unread, err := r.Read([]byte(text), &strict)
		require.NoError(t, err, text)
		assert.Empty(t, unread)
		assert.Equal(t, want, strict, text)
		// The same beside a value that is odd.
		unread, err = r.Read([]byte(`{"flag":"odd",`+strings.TrimPrefix(text, "{")), &again)
		require.NoError(t, err, text)
		assert.LessOrEqual(t, len(unread), 1)
		assert.Equal(t, want, again, text)
	}
}

func randomOuter(r *rand.Rand) string {
	pick := func(choices ...string) string { return choices[r.IntN(len(choices))] }
	text := func() string {
		return pick(
			`"x"`,
			`""`,
			`null`,
			`"\u0623"`,
			`"أ"`,
			`"\ud83d\ude00"`,
			`"a\"b\\"`,
			strconv.Quote(strconv.Itoa(r.Int())),
		)
	}
	number := func() string {
		return pick("0", "-1.5", "1e3", "null", strconv.FormatFloat(r.NormFloat64(), 'g', -1, 64))
	}
	whole := func() string { return pick("0", "-1", "null", strconv.Itoa(r.IntN(1e9))) }
	in := func() string { return pick(`{}`, `null`, `{"lat":`+number()+`,"name":`+text()+`,"new":{}}`) }
	members := []string{
		`"text":` + text(),
		`"word":` + text(),
		`"number":` + number(),
		`"whole":` + whole(),
		`"qty":` + whole(),
		`"flag":` + pick("true", "false", "null"),
		`"inner":` + in(),
		`"list":` + pick(`[]`, `null`, `[`+in()+`,`+in()+`]`),
		`"words":[` + text() + `]`,
		`"raw":` + pick(`{"a":[1]}`, `"x"`, `7`),
		`"unknown":[{"text":7}]`,
	}
	r.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	return "{" + strings.Join(members[:1+r.IntN(len(members))], pick(",", " ,\n ")) + "}"
}

func TestObjectsAndListsAreSplitIntoTheirParts(t *testing.T) {
	t.Parallel()
	o, err := lenient.ReadObject([]byte(` {"a": 1, "b":{"a":2},"a":"x", "l":[1, {}], "m":[2]} `), "l")
	require.NoError(t, err)
	assert.Equal(t, `"x"`, string(o.Get("a")))
	assert.Equal(t, `{"a":2}`, string(o.Get("b")))
	assert.Nil(t, o.Get("A"))
	assert.True(t, o.Has("z", "b"))
	assert.Equal(t, [][]byte{[]byte("1"), []byte("{}")}, o.Member("l").Elements)
	assert.Equal(t, "[2]", string(o.Get("m")))
	for _, text := range []string{`[]`, `null`, `7`, `{`, `{"a"}`, `{} {}`, `{"l":[1,}`, ``} {
		_, err := lenient.ReadObject([]byte(text), "l")
		require.Error(t, err, text)
	}
	o, err = lenient.ReadObject([]byte(`{"l":[{"id":1},{"id":2},{"id":`), "l")
	require.Error(t, err)
	assert.Len(t, o.Member("l").Elements, 2, "what was read before the error")
	list, err := lenient.ReadList([]byte(`[1,"x",[2]]`))
	require.NoError(t, err)
	assert.Len(t, list, 3)
	_, err = lenient.ReadList([]byte(`{}`))
	require.ErrorContains(t, err, "not a list")
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{`{"text":7,"number":"1e3","whole":2.5,"flag":1,"inner":[],"list":[{"lat":"x"}]}`, `{"qty":null}`, `[]`, "{\"text\":\"\xff\"}", `{"a":1,"a":2}`} {
		f.Add([]byte(seed))
	}
	r := lenient.New()
	f.Fuzz(func(t *testing.T, text []byte) {
		var want, got outer
		unread, err := r.Read(text, &got)
		if json.Valid(text) && err != nil && !strings.Contains(err.Error(), "depth") {
			t.Fatal(err)
		}
		if json.Unmarshal(text, &want) == nil && err != nil {
			t.Fatalf("%q is read by encoding/json, and not here: %v", text, err)
		}
		for _, name := range unread {
			if strings.ContainsAny(name, "\n\"") {
				t.Fatal(name)
			}
		}
	})
}
