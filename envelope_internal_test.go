package linkit

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFailuresOf2xxResponsesAreToldFromRecords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`{"success":false}`:                                  true,
		`{"success":"false"}`:                                true,
		`{"ok":false}`:                                       false,
		`{"ok":false,"error":"no"}`:                          true,
		`{"message":"no","code":399}`:                        false,
		`{"message":"no","code":400}`:                        true,
		`{"message":"no","code":"404"}`:                      true,
		`{"message":"no","code":599}`:                        true,
		`{"message":"no","code":600}`:                        false,
		`{"message":"no","code":"none"}`:                     false,
		`{"title":"no","status":500}`:                        true,
		`{"detail":"no","statusCode":500}`:                   true,
		`{"details":{},"status_code":500}`:                   true,
		`{"message":"no","status":500,"iv_id":"x"}`:          false,
		`{"status":500}`:                                     false,
		`{"message":"no","status":"Failed"}`:                 true,
		`{"message":"no","status":"error"}`:                  true,
		`{"message":"no","status":"failure"}`:                true,
		`{"message":"no","status":"fail"}`:                   true,
		`{"message":"down","status":"failed","version":"1"}`: false,
		`{"message":"down","status":"failed","id":"1"}`:      false,
	} {
		e, err := readEnvelope([]byte(text))
		require.NoError(t, err)
		assert.Equal(t, want, e.failed(), text)
	}
	for text, want := range map[string]bool{
		`{"error":"no"}`:                true,
		`{"error":"no","data":null}`:    true,
		`{"error":"no","data":[]}`:      true,
		`{"error":"no","data":{}}`:      true,
		`{"error":"no","data":[1]}`:     false,
		`{"error":"no","data":{"a":1}}`: false,
		`{"error":{}}`:                  false,
		`{"error":false}`:               false,
		`{"errors":["no"]}`:             false,
	} {
		for _, lists := range [][]string{nil, {"data"}} {
			e, err := readEnvelope([]byte(text), lists...)
			require.NoError(t, err)
			assert.Equal(t, want, e.reportsError("error"), text)
		}
	}
	_, err := readEnvelope([]byte("5"))
	require.ErrorIs(t, err, errNotObject)
	_, err = readNamedList([]byte(`{"providers":5}`), "providers")
	require.EqualError(t, err, "the response is not the promised list: its providers is not a list")
	_, err = readNamedList([]byte(`{"other":5}`), "providers")
	require.EqualError(t, err, "the response is not the promised list: it has no providers")
}
