package linkit

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// reportRow is a response to an upsert of the records A, B and C, and what it says.
type reportRow struct {
	body     string
	rejected []int    // by index
	count    int      // 0: as many as rejected
	messages []string // of the rejected, where the row is about them
}

func checkReports(t *testing.T, status int, rows map[string]reportRow) {
	t.Helper()
	for name, row := range rows {
		report, err := readBulkReport(status, []byte(row.body), []string{"A", "B", "C"}, BulkUpsert)
		require.NoError(t, err, name)
		var indexes []int
		for i, r := range report.records() {
			indexes = append(indexes, r.Index)
			assert.Equal(t, []string{"A", "B", "C"}[r.Index], r.Key, name)
			if row.messages != nil {
				if assert.Less(t, i, len(row.messages), name) {
					assert.Equal(t, row.messages[i], r.Message, name)
				}
			}
		}
		assert.Equal(t, row.rejected, indexes, name)
		assert.Equal(t, max(row.count, len(row.rejected)), report.count(), "%s: count", name)
	}
}

func TestAReportPerRecordIsReadInWhateverForm(t *testing.T) {
	t.Parallel()
	checkReports(t, http.StatusOK, map[string]reportRow{
		"all well":             {body: `{"success":true,"message":"Processed 3 products successfully"}`},
		"all well, per record": {body: `{"results":[{"status":201},{"status":200},{"status":"created"}]}`},
		"the records themselves": {
			body: `{"success":true,"data":[{"id":"1","iv_id":"A"},{"id":"2","iv_id":"B"},{"id":"3","iv_id":"C"}]}`,
		},
		"status, in order": {
			`{"records":[{"status":201},{"status":404,"error":"no such SKU"},{"status":200}]}`,
			[]int{1},
			0,
			[]string{"no such SKU"},
		},
		"status as text": {
			`{"results":[{"iv_id":"C","status":"409","message":"taken"},{"iv_id":"A","status":"ok"}]}`,
			[]int{2},
			0,
			[]string{"taken"},
		},
		"a word": {
			`{"items":[{"key":"A","status":"failed","reason":"bad"},{"key":"B","status":"updated"},{"key":"C","status":"Not Found"}]}`,
			[]int{0, 2},
			0,
			nil,
		},
		"success per record": {
			`{"data":{"results":[{"id":"A","success":true},{"id":"B","success":false,"message":"m"}]}}`,
			[]int{1},
			0,
			[]string{"m"},
		},
		"success as text": {`{"results":[{"iv_id":"B","success":"false"}]}`, []int{1}, 0, nil},
		"an error per record": {
			`{"results":[{"iv_id":"A","error":null},{"iv_id":"B","error":{"code":"not_unique","message":"taken"}}]}`,
			[]int{1},
			0,
			[]string{"taken"},
		},
		"nested": {
			`{"data":{"report":{"entries":[{"record":{"iv_id":"C"},"result":{"statusCode":422,"message":"bad price"}}]}}}`,
			[]int{2},
			0,
			[]string{"bad price"},
		},
		"by index":        {`{"results":[{"index":0,"status":200},{"index":2,"status":422}]}`, []int{2}, 0, nil},
		"by index from 1": {`{"results":[{"index":1,"status":200},{"index":3,"status":422}]}`, []int{2}, 0, nil},
		"by index from 1, with keys": {
			`{"results":[{"index":1,"iv_id":"A","status":200},{"index":2,"status":422}]}`,
			[]int{1},
			0,
			nil,
		},
		"by row":                  {`{"errors":[{"row":1,"message":"m"}]}`, []int{0}, 0, []string{"m"}},
		"a bare list":             {`[{"status":201},{"status":404},{"status":201}]`, []int{1}, 0, nil},
		"after a byte order mark": {"\ufeff" + `{"results":[{"iv_id":"B","status":404}]}`, []int{1}, 0, nil},
		"a key that wasn't sent":  {`{"results":[{"iv_id":"X","status":404}]}`, nil, 1, nil},
		"an index out of range":   {`{"results":[{"index":7,"status":404},{"index":-1,"status":404}]}`, nil, 2, nil},
		"a huge index":            {`{"errors":[{"index":9223372036854775807},{"index":1e300}]}`, nil, 2, nil},
		"said twice": {
			`{"errors":[{"iv_id":"B","message":"m"}],"results":[{"iv_id":"B","status":404}],"failed":1}`,
			[]int{1},
			0,
			[]string{"m"},
		},
		"fields": {
			`{"results":[{"iv_id":"B","status":400,"data":{"iv_id":{"code":"c","message":"taken"}}}]}`,
			[]int{1},
			0,
			nil,
		},
	})
	report, err := readBulkReport(
		200,
		[]byte(
			`{"results":[{"iv_id":"B","error":{"status":400,"code":"x","data":{"price":{"code":"c","message":"too low"}}}}]}`,
		),
		[]string{"A", "B"},
		BulkUpsert,
	)
	require.NoError(t, err)
	assert.Equal(
		t,
		[]RejectedRecord{{Index: 1, Key: "B", StatusCode: 400, Code: "x", Fields: map[string]string{"price": "too low"}}},
		report.records(),
	)
}

func TestListsOfErrorsAreReadInWhateverForm(t *testing.T) {
	t.Parallel()
	checkReports(t, http.StatusOK, map[string]reportRow{
		"empty": {body: `{"success":true,"errors":[],"failed":[],"rejected":null,"invalid":{}}`},
		"objects by key": {
			`{"success":true,"errors":[{"iv_id":"A","message":"m"},{"iv_id":"C","message":"n"}]}`,
			[]int{0, 2},
			0,
			[]string{"m", "n"},
		},
		"objects by index": {`{"errors":[{"index":1,"error":"m"}]}`, []int{1}, 0, []string{"m"}},
		"keys":             {`{"failed":["A","C"]}`, []int{0, 2}, 0, nil},
		"indexes":          {`{"failed":[0,2]}`, []int{0, 2}, 0, nil},
		"texts with keys": {
			`{"errors":["B: not found","C is a duplicate"]}`,
			[]int{1, 2},
			0,
			[]string{"B: not found", "C is a duplicate"},
		},
		"texts with paths":   {`{"errors":["products[2].price: too low"]}`, []int{2}, 0, nil},
		"texts without":      {`{"errors":["something is wrong","and something else"]}`, nil, 2, nil},
		"an object by key":   {`{"errors":{"B":"not found"}}`, []int{1}, 0, []string{"not found"}},
		"an object by index": {`{"errors":{"2":{"message":"m"}}}`, []int{2}, 0, []string{"m"}},
		"an object by path":  {`{"errors":{"products.1.iv_id":["is required"]}}`, []int{1}, 0, []string{"is required"}},
		"an object with a list": {
			`{"failed":{"count":1,"records":[{"iv_id":"C","reason":"r"}]}}`,
			[]int{2},
			0,
			[]string{"r"},
		},
		"one entry for each": {`{"errors":[null,{"message":"m"},null]}`, []int{1}, 0, []string{"m"}},
		"nested": {
			`{"data":{"failed":[{"iv_id":"A"}],"succeeded":[{"iv_id":"B"},{"iv_id":"C"}]}}`,
			[]int{0},
			0,
			nil,
		},
		"some written":            {`{"data":{"succeeded":["B","C"]}}`, nil, 1, nil},
		"a list that isn't":       {body: `{"success":true,"errors":[],"warnings":["slow"]}`},
		"not found":               {`{"not_found":["B"]}`, []int{1}, 0, nil},
		"skipped, in camel case":  {`{"skippedRecords":[{"ivId":"B"}]}`, []int{1}, 0, nil},
		"several for one record":  {`{"errors":[{"iv_id":"B","field":"x"},{"iv_id":"B","field":"y"}]}`, []int{1}, 0, nil},
		"success among failures":  {`{"errors":[{"iv_id":"B","success":true},{"iv_id":"C"}]}`, []int{2}, 0, nil},
		"one error as one object": {`{"data":{"error":{"index":1,"message":"m"}}}`, []int{1}, 0, []string{"m"}},
	})
}

func TestCountsAreReadFromFieldsAndFromTheMessage(t *testing.T) {
	t.Parallel()
	rows := map[string]reportRow{}
	for body, count := range map[string]int{
		`{"failed":1}`:                            1,
		`{"failed":"1"}`:                          1,
		`{"failed":0}`:                            0,
		`{"failed":9000}`:                         3,
		`{"failed":-4}`:                           0,
		`{"failed_count":2,"success_count":1}`:    2,
		`{"failedCount":2}`:                       2,
		`{"data":{"summary":{"errors":1}}}`:       1,
		`{"stats":{"total":3,"succeeded":2}}`:     1,
		`{"processed":3,"succeeded":2}`:           1,
		`{"processed":3}`:                         0,
		`{"processed":"2"}`:                       1,
		`{"created":1,"updated":2}`:               0,
		`{"created":1,"updated":1}`:               1,
		`{"created":1}`:                           0,
		`{"upserted":2}`:                          1,
		`{"success":2,"failure":1}`:               1,
		`{"success":1}`:                           0,
		`{"success":true,"has_errors":true}`:      1,
		`{"success":true,"partial":true}`:         1,
		`{"success":true,"partial":false}`:        0,
		`{"success":true,"error_code":0}`:         0,
		`{"success":true,"error_code":17}`:        0,
		`{"success":true,"duration_ms":17}`:       0,
		`{"success":true,"fail_on_error":false}`:  0,
		`{"success":true,"failed":false}`:         0,
		`{"success":true,"total":3,"limit":1000}`: 0,
	} {
		rows[body] = reportRow{body: body, count: count}
	}
	for message, count := range map[string]int{
		"Processed 3 products successfully":        0,
		"Processed 3 products":                     0,
		"Processed 2 products":                     1,
		"Processed 100 products successfully":      0,
		"Processed 2 of 3 products":                1,
		"2/3 products processed":                   1,
		"3 of 3 products processed":                0,
		"2 of 3 records failed":                    2,
		"1 of 3 records could not be written":      1,
		"Processed 2 products, 1 failed":           1,
		"Processed 3 products, 1 failed":           1,
		"Processed 3 products, 0 failed":           0,
		"Processed 3 products. Failed: 2":          2,
		"Processed 3 products (errors: 1)":         1,
		"Processed 3 products without errors":      0,
		"Processed 3 products with no errors":      0,
		"Processed 3 products with 1 error":        1,
		"3 products processed and 1 skipped":       1,
		"2 products were rejected":                 2,
		"1 record was not found":                   1,
		"Created 1, updated 2":                     0,
		"Created 1 and updated 1 products":         1,
		"Processed 1,000 products successfully":    0,
		"Processed 99999999999999999999 products":  0,
		"Request 17 of 2026 done in 12 ms":         0,
		"Bulk operation completed":                 0,
		"1 failed, see https://host/errors?page=2": 1,
	} {
		body := fmt.Sprintf(`{"success":true,"message":%q}`, message)
		rows[body] = reportRow{body: body, count: count}
	}
	checkReports(t, http.StatusOK, rows)
}

func TestA207IsARejectionUnlessItsReportClearsIt(t *testing.T) {
	t.Parallel()
	checkReports(t, http.StatusMultiStatus, map[string]reportRow{
		"with a count":       {body: `{"success":true,"failed":1}`, count: 1},
		"per record":         {body: `{"results":[{"status":200},{"status":404},{"status":200}]}`, rejected: []int{1}},
		"all well, each":     {body: `{"results":[{"status":200},{"status":201},{"status":200}]}`},
		"all well, by count": {body: `{"failed":0,"succeeded":3}`},
		"which says nothing": {body: `{"success":true,"message":"done"}`, count: 1},
		"of part of them":    {body: `{"results":[{"status":200}]}`, count: 1},
	})
}

func TestAReportOfAnUnknownFormIsUnclearAndNoRejection(t *testing.T) {
	t.Parallel()
	for body, unclear := range map[string]bool{
		`{"success":true,"message":"Processed 3 products"}`:               false,
		`{"success":true,"data":null,"meta":{"took":3}}`:                  false,
		`{"success":true,"data":{"job":"x"}}`:                             true,
		`{"success":true,"outcomes":[{"verdict":"bad"}]}`:                 true,
		`{"success":true,"warnings":["a","b"]}`:                           true,
		`{"success":true,"data":[{"iv_id":"A"},{"iv_id":"B"}]}`:           false,
		`{"success":true,"results":[{"status":200}]}`:                     false,
		`{"success":true,"results":[]}`:                                   false,
		`{"success":true,"summary":{"failed":0,"succeeded":3}}`:           false,
		`{"a":{"b":{"c":{"d":{"e":{"failed":1}}}}}}`:                      true,
		strings.Repeat(`{"a":`, 5000) + `1` + strings.Repeat(`}`, 5000):   true,
		`{"success":true,"errors":[]}`:                                    false,
		`{"success":true,"results":[{"iv_id":"A","verdict":"accepted"}]}`: false,
	} {
		report, err := readBulkReport(http.StatusOK, []byte(body), []string{"A", "B", "C"}, BulkUpsert)
		require.NoError(t, err)
		assert.Equal(t, unclear, report.unclear, body[:min(len(body), 80)])
		assert.Zero(t, report.count(), body[:min(len(body), 80)])
	}
}

func TestARefusalOfTheWholeRequestIsTheServersError(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"success":false}`, `{"success":"false","message":"no"}`, `{"success":0}`, `{"status":"error","message":"locked"}`,
		`{"success":false,"results":[{"iv_id":"A","status":422}]}`,
	} {
		_, err := readBulkReport(http.StatusOK, []byte(body), []string{"A"}, BulkUpsert)
		require.ErrorIs(t, err, errRefused, body)
	}
}

func FuzzBulkReport(f *testing.F) {
	for _, body := range []string{
		`{"success":true,"message":"Processed 3 products successfully"}`,
		`{"records":[{"key":"A","status":404,"error":"x","details":{"a":"b"}}]}`,
		`{"errors":{"products[1].iv_id":["m"],"B":{"code":1}},"failed":2}`,
		`[{"index":1,"status":"failed"},{"index":2}]`,
		`{"data":{"failed":[0,"A",null,[],{}]},"message":"1 of 3 failed, 2/3"}`,
		`{"success":"false","errors":[1e300,-1,9223372036854775807]}`, "\xff\xfe", "null", "[]", `{"a":[[[[1]]]]}`,
	} {
		f.Add(207, []byte(body), uint8(3))
		f.Add(200, []byte(body), uint8(0))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte, n uint8) {
		keys := make([]string, n)
		for i := range keys {
			keys[i] = string(rune('A' + i%4)) // some twice
		}
		for _, mode := range []BulkMode{BulkCreate, BulkUpdate, BulkUpsert, ""} {
			report, _ := readBulkReport(status, body, keys, mode)
			last := -1
			for _, r := range report.records() {
				if r.Index <= last || r.Index >= len(keys) || r.Key != keys[r.Index] {
					t.Fatalf("record %d of %d, after %d", r.Index, len(keys), last)
				}
				last = r.Index
			}
			if count := report.count(); count < 0 || count > max(len(keys), 1) || count < len(report.records()) {
				t.Fatalf("%d of %d records rejected", count, len(keys))
			}
		}
	})
}
