package lenient_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/lenient"
)

func TestReconcileChangesOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ raw, was, now, want string }{
		"nothing":                      {`{"a":1,"x":[1]}`, `{"a":1}`, `{"a":1}`, `{"a":1,"x":[1]}`},
		"a member":                     {`{"a":1,"x":2}`, `{"a":1}`, `{"a":3}`, `{"a":3,"x":2}`},
		"a member that was unset":      {`{"a":1,"x":2}`, `{"a":1}`, `{}`, `{"x":2}`},
		"a member that was missing":    {`{"a":1}`, `{"a":1,"b":0}`, `{"a":1,"b":0}`, `{"a":1}`},
		"one that was missing and set": {`{"a":1}`, `{"a":1,"b":0}`, `{"a":1,"b":5}`, `{"a":1,"b":5}`},
		"unreadable":                   {`{"a":"noon"}`, `{"a":0}`, `{"a":0}`, `{"a":"noon"}`},
		"unreadable and set":           {`{"a":"noon"}`, `{"a":0}`, `{"a":12}`, `{"a":12}`},
		"unreadable, with a 0":         {`{"a":"10:30"}`, `{"a":0}`, `{"a":0}`, `{"a":"10:30"}`},
		"15 digits as a text":          {`{"a":"12345678901234.5"}`, `{"a":12345678901234.5}`, `{"a":12345678901234.5}`, `{"a":12345678901234.5}`},
		"an object that was not read":  {`{"x":{"y":1}}`, `{}`, `{"x":{"z":2}}`, `{"x":{"z":2}}`},
		"a list of another length":     {`[1]`, `[1,2]`, `[1,2]`, `[1,2]`},
		"blank":                        {`{"a":"","b":null}`, `{"a":0,"b":""}`, `{"a":0,"b":""}`, `{"a":"","b":null}`},
		"another form":                 {`{"a":"08","b":"00","c":7}`, `{"a":8,"b":0,"c":"7"}`, `{"a":8,"b":0,"c":"7"}`, `{"a":8,"b":0,"c":"7"}`},
		"more digits than a float64":   {`{"a":1.2345678901234567891}`, `{"a":1.2345678901234568}`, `{"a":1.2345678901234568}`, `{"a":1.2345678901234567891}`},
		"a name twice":                 {`{"a":1,"a":2}`, `{"a":2}`, `{"a":2}`, `{"a":2}`},
		"deeper":                       {`{"a":{"b":1,"x":2}}`, `{"a":{"b":1}}`, `{"a":{"b":3}}`, `{"a":{"b":3,"x":2}}`},
		"another kind":                 {`[]`, `{"a":0}`, `{"a":0}`, `[]`},
		"another kind and set":         {`[]`, `{"a":0}`, `{"a":1}`, `{"a":1}`},
		"an element":                   {`[{"a":1,"x":1},{"a":2,"x":2}]`, `[{"a":1},{"a":2}]`, `[{"a":1},{"a":3}]`, `[{"a":1,"x":1},{"a":3,"x":2}]`},
		"an element that went":         {`[{"a":1,"x":1},{"a":2,"x":2}]`, `[{"a":1},{"a":2}]`, `[{"a":2}]`, `[{"a":2,"x":2}]`},
		"elements that moved":          {`[{"a":1,"x":1},{"a":2,"x":2}]`, `[{"a":1},{"a":2}]`, `[{"a":2},{"a":1}]`, `[{"a":2,"x":2},{"a":1,"x":1}]`},
		"an element that was added":    {`[{"a":1,"x":1}]`, `[{"a":1}]`, `[{"a":1},{"a":1}]`, `[{"a":1,"x":1},{"a":1}]`},
		"an unreadable element":        {`["x",{"a":2}]`, `[{"a":0},{"a":2}]`, `[{"a":0},{"a":2}]`, `["x",{"a":2}]`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, row.want, string(lenient.Reconcile([]byte(row.raw), []byte(row.was), []byte(row.now))))
		})
	}
}

func TestAnObjectIsWrittenWithTheNamesItCameWith(t *testing.T) {
	t.Parallel()
	object, err := lenient.ReadObject([]byte(`{"a\"b":1, "é":[ 2 ]}`))
	require.NoError(t, err)
	text, err := object.JSON()
	require.NoError(t, err)
	assert.Equal(t, `{"a\"b":1,"é":[ 2 ]}`, string(text))

	object, err = lenient.ReadObject([]byte("{\"a\xff\":1}"))
	require.NoError(t, err)
	_, err = object.JSON()
	assert.ErrorContains(t, err, "UTF-8")
}
