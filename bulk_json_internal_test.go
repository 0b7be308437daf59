package linkit

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestValuesOfReportsAreReadInAnyForm(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{`"x"`: "x", "7": "7", "7.50": "7.50"} {
		text, ok := reportText([]byte(value))
		assert.True(t, ok, value)
		assert.Equal(t, want, text, value)
	}
	for _, value := range []string{`""`, "null", "true", "{}", "[]", ""} {
		_, ok := reportText([]byte(value))
		assert.False(t, ok, value)
	}
	for value, want := range map[string]bool{
		"true": true, "1": true, `"yes"`: true, `"Y"`: true, `" TRUE "`: true, "false": false, "0": false, `"no"`: false, `"n"`: false,
	} {
		is, ok := reportBool([]byte(value))
		assert.True(t, ok, value)
		assert.Equal(t, want, is, value)
	}
	for _, value := range []string{"2", `"maybe"`, "null", `""`, "{}"} {
		_, ok := reportBool([]byte(value))
		assert.False(t, ok, value)
	}
	for value, want := range map[string][]string{
		`"x"`: {"x"}, "7": {"7"}, `["a","b"]`: {"a", "b"}, `[{"message":"a"},{"error":"b"}]`: {"a", "b"},
		`{"msg":"a"}`: {"a"}, `{"reason":"a","x":1}`: {"a"}, `{"detail":"a"}`: {"a"}, `{"description":"a"}`: {"a"},
		`{"x":1}`: {`{"x":1}`}, "{}": {"{}"}, "null": nil, "true": nil, `""`: nil, "[]": nil,
	} {
		assert.Equal(t, want, reportTexts([]byte(value)), value)
	}
	for value, want := range map[string]bool{
		"null": true, `""`: true, `"none"`: true, `"N/A"`: true, "false": true, `"No"`: true, "0": true, "{}": true, "[]": true, `"-"`: true,
		`"no errors"`: true, `"0 failures"`: true, `"without errors"`: true, "[null,{}]": true, `{"a":"","b":[]}`: true,
		`"bad"`: false, "1": false, "true": false, `["bad"]`: false, `{"a":"","b":"bad"}`: false, `"bad, but no errors"`: false,
		"[[[[[[]]]]]]": false, "[[[[[]]]]]": true,
	} {
		assert.Equal(t, want, isBlankReport([]byte(value)), value)
	}
	assert.Equal(t, "statuscode2", reportName("Status-Code_2"))
	assert.Nil(t, reportObject([]byte(`{"a":`)))
	assert.Nil(t, reportObject([]byte("null")))
	assert.Nil(t, reportList([]byte("[1,")))
	assert.Nil(t, reportList(nil))
	assert.Len(t, reportList([]byte("[1,2]")), 2)
}
