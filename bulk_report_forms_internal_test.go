package linkit

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReportsByRecordAreReadInFurtherForms(t *testing.T) {
	t.Parallel()
	checkReports(t, http.StatusOK, map[string]reportRow{
		"a map by key": {
			`{"results":{"A":{"status":200},"B":{"status":404,"error":"m"},"C":{"status":200}}}`,
			[]int{1},
			0,
			[]string{"m"},
		},
		"a map of words": {
			`{"results":{"A":"ok","B":"not found","C":"created"}}`,
			[]int{1},
			0,
			[]string{"not found"},
		},
		"a map of bools":    {`{"data":{"A":true,"B":false,"C":true}}`, []int{1}, 0, nil},
		"a map of statuses": {`{"results":{"A":201,"B":409}}`, []int{1}, 0, nil},
		"a map by index": {
			`{"results":{"0":{"ok":true},"2":{"ok":false,"message":"m"}}}`,
			[]int{2},
			0,
			[]string{"m"},
		},
		"a list of maps": {`{"results":[{"A":{"status":200}},{"C":{"status":422}}]}`, []int{2}, 0, nil},
		"errors as maps": {
			`{"errors":[{"B":"not found"},{"C":{"message":"m"}}]}`,
			[]int{1, 2},
			0,
			[]string{"not found", "m"},
		},
		"elasticsearch's": {
			`{"took":3,"errors":true,"items":[{"index":{"_id":"A","status":201}},{"index":{"_id":"B","status":409,"error":{"type":"x","reason":"m"}}},{"index":{"_id":"C","status":201}}]}`,
			[]int{1},
			0,
			[]string{"m"},
		},
		"status lines": {
			`{"results":[{"iv_id":"A","status":"200 OK"},{"iv_id":"B","status":"400 Bad Request"},{"iv_id":"C","status":"HTTP/1.1 404 Not Found"}]}`,
			[]int{1, 2},
			0,
			nil,
		},
		"PocketBase's batch": {
			`[{"status":200,"body":{"id":"1","iv_id":"A"}},{"status":400,"body":{"status":400,"message":"Failed.","data":{"price":{"code":"c","message":"too low"}}}},{"status":200,"body":{}}]`,
			[]int{1},
			0,
			[]string{"Failed."},
		},
		"a list of bools":    {`{"results":[true,false,true]}`, []int{1}, 0, nil},
		"a list of statuses": {`{"statuses":[200,404,201]}`, []int{1}, 0, nil},
		"a list of words":    {`{"results":["created","failed","created"]}`, []int{1}, 0, nil},
		"status as a bool":   {`{"results":[{"iv_id":"B","status":false}]}`, []int{1}, 0, nil},
		"success as a word":  {`{"results":[{"iv_id":"B","success":"failed"}]}`, []int{1}, 0, nil},
		"failed as text": {
			`{"results":[{"iv_id":"A","failed":"no"},{"iv_id":"B","failed":"true"}]}`,
			[]int{1},
			0,
			nil,
		},
		"an error code only": {`{"results":[{"iv_id":"A"},{"iv_id":"B","error_code":"E17"}]}`, []int{1}, 0, nil},
		"a message only": {
			`{"results":[{"iv_id":"A","message":"updated"},{"iv_id":"B","message":"Product not found"}]}`,
			[]int{1},
			0,
			[]string{"Product not found"},
		},
		"skipped": {
			`{"results":[{"iv_id":"A","action":"updated"},{"iv_id":"B","action":"skipped","reason":"m"}]}`,
			[]int{1},
			0,
			[]string{"m"},
		},
		"ids of a long name":       {`{"failed_items":[{"iv_id":"B"}],"rejectedItems":[]}`, []int{1}, 0, nil},
		"one key as a text":        {`{"failed":"B"}`, []int{1}, 0, nil},
		"keys in a text":           {`{"rejected":"A, C"}`, []int{0, 2}, 0, nil},
		"an index with a fraction": {`{"errors":[{"index":1.0,"message":"m"}]}`, []int{1}, 0, nil},
		"a JSON pointer": {
			`{"errors":[{"pointer":"/products/2/price","detail":"m"}]}`,
			[]int{2},
			0,
			[]string{"m"},
		},
		"a path as a list": {
			`{"errors":[{"loc":["body","products",1,"price"],"msg":"m"}]}`,
			[]int{1},
			0,
			[]string{"m"},
		},
		"a path":                     {`{"errors":[{"field":"products[0].price","message":"m"}]}`, []int{0}, 0, nil},
		"rows count from 1":          {`{"invalid_rows":[2]}`, []int{1}, 0, nil},
		"a code that is also a key":  {`{"errors":[{"index":2,"code":"A","message":"m"}]}`, []int{2}, 0, nil},
		"a key beside a wrong index": {`{"errors":{"iv_id":"A","index":99,"message":"m"}}`, []int{0}, 0, []string{"m"}},
		"an index out of the map":    {`{"errors":{"index":99,"message":"m"}}`, nil, 1, nil},
		"meta":                       {`{"success":true,"meta":{"failed":["B"]}}`, []int{1}, 0, nil},
		"pairs":                      {`{"errors":[["B","not found"]]}`, []int{1}, 0, nil},
		"fields by key":              {`{"errors":{"B":{"price":["too low"]}}}`, []int{1}, 0, nil},
		"success among the others":   {`{"success":["A"],"failed":["B","C"]}`, []int{1, 2}, 0, nil},
	})
	report, err := readBulkReport(
		200,
		[]byte(`{"results":[{"iv_id":"A","status":200},{"iv_id":"A","status":409}]}`),
		[]string{"A", "A"},
		BulkUpsert,
	)
	require.NoError(t, err)
	assert.Equal(
		t,
		[]RejectedRecord{{Index: 1, Key: "A", StatusCode: 409}},
		report.records(),
		"the second of two with one key",
	)
	report, err = readBulkReport(200, []byte(`{"errors":{"B":{"price":["too low"]}}}`), []string{"A", "B"}, BulkUpsert)
	require.NoError(t, err)
	assert.Equal(
		t,
		[]RejectedRecord{{Index: 1, Key: "B", Fields: map[string]string{"price": "too low"}}},
		report.records(),
	)
}

func TestNothingThatAReportDoesNotSayIsARejection(t *testing.T) {
	t.Parallel()
	rows := map[string]reportRow{}
	for _, body := range []string{
		`{"success":true,"skipped":0,"updated":3}`, `{"updated":3,"errors":[],"failed":null}`, `{"errors":"none"}`, `{"errors":"no errors"}`,
		`{"failed":"n/a","rejected":"-"}`, `{"errors":{"count":0,"items":[]}}`, `{"failed":{"total":0}}`, `{"results":[{"iv_id":"A","error":{"code":0,"message":""}}]}`,
		`{"warnings":[{"iv_id":"B","reason":"price was rounded","error":"none"}]}`, `{"warnings":{"B":"slow"},"warning_count":2}`,
		`{"data":{"warnings":[{"iv_id":"B","message":"invalid barcode, ignored"}]}}`, `{"errors":[{"iv_id":"A","severity":"warning","message":"rounded"}]}`,
		`{"max_errors":100,"on_conflict":"update","fail_on_error":true,"skip_duplicates":true,"ignore_errors":true,"error_handling":"continue"}`,
		`{"skip":20,"limit":100,"failed_threshold":5}`, `{"errors_url":"https://host/e"}`, `{"ok":1,"nModified":3}`, `{"status":"ok"}`, `{"status":"success","result":"done"}`,
		`{"status":200,"code":200}`, `{"updated":"2026-01-02T03:04:05Z","created":1767225600}`, `{"affected":1}`, `{"updated":1,"unchanged":2}`, `{"created":1,"updated":1,"unchanged":1}`,
		`{"results":[{"iv_id":"A","status":"updated","reason":"price changed"}]}`, `{"results":[{"iv_id":"A","status":"unchanged"},{"iv_id":"B","status":"not_modified"}]}`,
		`{"results":[{"iv_id":"A","message":"no errors"},{"iv_id":"B","message":"updated without errors"}]}`, `{"results":[{"status":"exists"},{"status":"ok"},{"status":"ok"}]}`,
		`{"data":[{"iv_id":"A","payment_status":"failed","order_status":"rejected"}]}`, `{"missing":[],"duplicates":[],"conflicts":{}}`,
		`{"data":{"A":"2026-01-02","B":"2026-01-02"}}`, `{"results":[null,null,null]}`, `{"results":[{"index":0,"id":"r1"},{"index":1,"id":"r2"}]}`,
	} {
		rows[body] = reportRow{body: body}
	}
	for _, message := range []string{
		"Processed 100% of the products", "Updated 2 fields of 3 products", "Processed 2 batches", "Batch 1 of 3 processed", "Page 1/3", "Processed on 1/3/2026",
		"Processed 3 products with 2 warnings, 0 errors", "Validation errors: none", "Processed 3 products; failed: 0", "Partial update of 3 products applied",
		"0 of 3 products failed", "Completed in 2 ms", "3 products saved, 0 rejected, 0 skipped",
	} {
		rows[message] = reportRow{body: fmt.Sprintf(`{"success":true,"message":%q}`, message)}
	}
	checkReports(t, http.StatusOK, rows)
}

func TestCountsAreReadInFurtherForms(t *testing.T) {
	t.Parallel()
	rows := map[string]reportRow{}
	for body, count := range map[string]int{
		`{"success_count":1}`:                                         2,
		`{"successCount":"2"}`:                                        1,
		`{"products_processed":2}`:                                    1,
		`{"total_processed":2,"failed":0}`:                            1,
		`{"inserted_count":1,"modified_count":1}`:                     1,
		`{"failed":1.0}`:                                              1,
		`{"status":"partial_success"}`:                                1,
		`{"result":"failed"}`:                                         1,
		`{"data":{"report":{"summary":{"rejected_count":2}}}}`:        2,
		`{"skipped":1,"updated":2}`:                                   1,
		`{"meta":{"failed":1}}`:                                       1,
		`{"status":207,"message":"Multi-Status"}`:                     1,
		`{"errors":{"total":2}}`:                                      2,
		`{"message":"Failed to process 1 of 3 products"}`:             1,
		`{"message":"Rejected 1/3"}`:                                  1,
		`{"message":"Completed with errors"}`:                         1,
		`{"message":"Some products could not be processed"}`:          1,
		`{"message":"Partially successful"}`:                          1,
		`{"message":"Processed 2 products"}`:                          1,
		`{"message":"Processed 2 products in 3 ms"}`:                  1,
		`{"message":"2 out of 3 records imported"}`:                   1,
		`{"message":"Processed: 2, failed: 1"}`:                       1,
		`{"message":"Processed 3 products on 1/3/2026, 2 rejected"}`:  2,
		`{"data":{"message":"3 products received, 1 was not found"}}`: 1,
	} {
		rows[body] = reportRow{body: body, count: count}
	}
	checkReports(t, http.StatusOK, rows)
	for mode, count := range map[BulkMode]int{BulkCreate: 1, BulkUpdate: 0, BulkUpsert: 0} {
		report, err := readBulkReport(http.StatusOK, []byte(`{"created":2}`), []string{"A", "B", "C"}, mode)
		require.NoError(t, err)
		assert.Equal(t, count, report.count(), mode)
		report, err = readBulkReport(
			http.StatusOK,
			[]byte(`{"results":[{"iv_id":"B","status":"exists"}]}`),
			[]string{"A", "B", "C"},
			mode,
		)
		require.NoError(t, err)
		assert.Equal(t, count, report.count(), mode)
	}
}

// A SKU may be sent without an iv_id: the server makes one of its product's and its branch's.
func TestRecordsSentWithoutAKeyArePlacedByTheOrderOfTheReport(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		keys     []string
		body     string
		rejected map[int]int // statuses by index
	}{
		"one": {[]string{""}, `{"records":[{"key":"A_1","status":404}]}`, map[int]int{0: 404}},
		"among others": {
			[]string{"A", "", "C"}, `{"records":[{"key":"A","status":404},{"key":"B_1","status":409},{"key":"C","status":422}]}`,
			map[int]int{0: 404, 1: 409, 2: 422},
		},
		"of a key that another has": {
			[]string{"A_1", ""}, `{"records":[{"key":"A_1","status":201},{"key":"A_1","status":409}]}`, map[int]int{1: 409},
		},
		"all of them": {[]string{"", ""}, `{"records":[{"key":"A_1","status":201},{"key":"A_2","status":409}]}`, map[int]int{1: 409}},
		"in a report that isn't in order": {
			[]string{"", "B"}, `{"records":[{"key":"B","status":409},{"key":"A_1","status":404}]}`, map[int]int{1: 409},
		},
		"in a report of some":         {[]string{"", "B"}, `{"failed":[{"key":"A_1","status":404}]}`, map[int]int{}},
		"where a known key is absent": {[]string{"A", ""}, `{"records":[{"key":"X","status":404},{"key":"B_1","status":409}]}`, map[int]int{}},
		"several of one key, not in order": {
			[]string{"A", "A", "B"}, `{"records":[{"key":"B","status":409},{"key":"A","status":404},{"key":"A","status":201}]}`,
			map[int]int{1: 404, 2: 409},
		},
	} {
		report, err := readBulkReport(http.StatusOK, []byte(row.body), row.keys, BulkUpsert)
		require.NoError(t, err, name)
		rejected := map[int]int{}
		for _, r := range report.records() {
			rejected[r.Index] = r.StatusCode
		}
		assert.Equal(t, row.rejected, rejected, name)
	}
}
