package lenient_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/lenient"
)

type place struct {
	Name string   `json:"name,omitzero"`
	Size float64  `json:"size,omitzero"`
	Tags []string `json:"tags,omitzero"`
	In   *place   `json:"in,omitzero"`
	More map[string]any
}

func TestMarshalErrorsNameTheFieldInJSONAndGo(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]any{
		"Name (name) is not valid UTF-8":                        place{Name: "\xff"},
		"In.Name (in.name) is not valid UTF-8":                  place{In: &place{Name: "\xff"}},
		"In.Tags[1] (in.tags[1]) is not valid UTF-8":            &place{In: &place{Tags: []string{"a", "\xc8"}}},
		"Size (size) is NaN, which JSON has no form for":        place{Size: math.NaN()},
		"In.Size (in.size) is +Inf, which JSON has no form for": place{In: &place{Size: math.Inf(1)}},
		"More.a.b is not valid UTF-8":                           place{More: map[string]any{"a": map[string]any{"b": "\xff"}}},
		"More.a is a chan bool, which JSON has no form for":     place{More: map[string]any{"a": make(chan bool)}},
	} {
		_, err := lenient.Marshal(v)
		var field *lenient.FieldError
		if assert.ErrorAs(t, err, &field, want) {
			assert.Equal(t, want, field.Error())
		}
	}
}

func TestMarshalAnyWritesAsEncodingJSONWithoutReplacingText(t *testing.T) {
	t.Parallel()
	text, err := lenient.MarshalAny(map[string]any{"b": []string(nil), "a": "<&>\u2028\ufffd"})
	require.NoError(t, err)
	assert.Equal(t, "{\"a\":\"<&>\u2028\ufffd\",\"b\":null}", string(text))
	_, err = lenient.MarshalAny(map[string]any{"a": []any{1, "\xff"}})
	assert.EqualError(t, err, "a[1] is not valid UTF-8")
}

func TestCheckTakesWhatCanBeSentAsItIs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"a":1,"a":[ 2 ]}`: "", `1.50`: "", `"\ud83d\ude00"`: "",
		`"\ud83d"`: "is not valid UTF-8", "{\"a\":\"\xff\"}": "a is not valid UTF-8", `{"a":`: "a is not valid JSON", "": "is not valid JSON: it is empty",
	} {
		if err := lenient.Check([]byte(text)); want == "" {
			assert.NoError(t, err, text)
		} else {
			assert.EqualError(t, err, want, text)
		}
	}
}
