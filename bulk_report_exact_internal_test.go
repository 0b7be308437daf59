package linkit

import (
	"math"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRejectedRecordsSayWhatTheReportSays(t *testing.T) {
	t.Parallel()
	type fields = map[string]string
	for body, want := range map[string][]RejectedRecord{
		`{"results":[{"index":1,"code":"A","status":409}]}`:   {{Index: 1, Key: "B", Code: "A", StatusCode: 409}},
		`{"failed":[{"record":{"iv_id":"A"},"error":"bad"}]}`: {{Index: 0, Key: "A", Message: "bad"}},
		`{"failed":[{"field":"2","error":"bad"}]}`:            nil,
		`{"failed":[{"field":"products[2]","error":"bad"}]}`:  {{Index: 2, Key: "C", Message: "bad"}},
		`{"failed":[{"iv_id":"A","error":"Not found","reason":"no such SKU"}]}`: {
			{Index: 0, Key: "A", Message: "Not found: no such SKU"},
		},
		`{"failed":[{"iv_id":"A","error":"Not found","message":"Not found"}]}`: {{Index: 0, Key: "A", Message: "Not found"}},
		`{"failed":[{"error":"bad","data":{"iv_id":"A","price":1}}]}`:          {{Index: 0, Key: "A", Message: "bad"}},
		`{"failed":[{"iv_id":"A","details":{},"errors":{"price":"too low"}}]}`: {
			{Index: 0, Key: "A", Fields: fields{"price": "too low"}},
		},
		`{"failed":[{"iv_id":"A","data":{"price":{"code":"min","message":"too low"}}}]}`: {
			{Index: 0, Key: "A", Fields: fields{"price": "too low"}},
		},
		`{"failed":[{"A":{"price":["too low"]}}]}`:                      {{Index: 0, Key: "A", Fields: fields{"price": "too low"}}},
		`{"failed":[{"A":{"code":"taken"}}]}`:                           {{Index: 0, Key: "A", Code: "taken"}},
		`{"errors":{"A":null,"B":"bad","C":[]}}`:                        {{Index: 1, Key: "B", Message: "bad"}},
		`{"results":[{"iv_id":"A","status":"404 Not Found"}]}`:          {{Index: 0, Key: "A", StatusCode: 404}},
		`{"results":[{"iv_id":"A","status":"HTTP/1.1 404 Not Found"}]}`: {{Index: 0, Key: "A", StatusCode: 404}},
		`{"results":[{"iv_id":"A","status":304,"message":"could not be saved"}]}`: {
			{Index: 0, Key: "A", Message: "could not be saved"},
		},
		`{"results":[{"iv_id":"A","status":"pending","message":"could not be saved"}]}`: {
			{Index: 0, Key: "A", Message: "could not be saved"},
		},
		`{"results":[{"iv_id":"A","status":400}]}`: {{Index: 0, Key: "A", StatusCode: 400}},
		`{"results":[{"iv_id":"A","status":599}]}`: {{Index: 0, Key: "A", StatusCode: 599}},
		`{"results":[{"iv_id":"A","status":399}]}`: nil,
		`{"results":[{"iv_id":"A","status":600}]}`: nil,
		`{"errors":{"A":{"price":["too low"]}}}`:   {{Index: 0, Key: "A", Fields: fields{"price": "too low"}}},
		`{"results":[{"iv_id":"A","result":{"x":1},"message":"could not be saved"}]}`: {
			{Index: 0, Key: "A", Message: "could not be saved"},
		},
		`{"errors":[{"iv_id":"A","status":404}],"results":[{"iv_id":"A","code":"gone","error":"no such SKU"}]}`: {
			{Index: 0, Key: "A", StatusCode: 404, Code: "gone", Message: "no such SKU"},
		},
		`{"errors":[{"A":"not found"}]}`:                                           {{Index: 0, Key: "A", Message: "not found"}},
		`{"errors":[{"item":"A","message":"m"}]}`:                                  {{Index: 0, Key: "A", Message: "m"}},
		`{"errors":[{"name":"B","message":"m"}]}`:                                  {{Index: 1, Key: "B", Message: "m"}},
		`{"results":[{"iv_id":"B","status":404,"code":409}]}`:                      {{Index: 1, Key: "B", StatusCode: 404, Code: "409"}},
		`{"errors":[{"iv_id":"B","code":"E1"},{"iv_id":"B","code":"E2"}]}`:         {{Index: 1, Key: "B", Code: "E1"}},
		`{"results":[{"iv_id":"B","errcode":"E1","message":"see the manual"}]}`:    {{Index: 1, Key: "B", Code: "E1", Message: "see the manual"}},
		`{"results":[{"iv_id":"A","error_code":""},{"iv_id":"B","errcode":null}]}`: nil,
		`{"results":[{"iv_id":"B","status":"updated","reason":"it was rounded"}]}`: nil,
		`{"results":[{"iv_id":"B","action":"skip"}]}`:                              {{Index: 1, Key: "B"}},
		`{"rejected":"A; C"}`: {{Index: 0, Key: "A"}, {Index: 2, Key: "C"}},
		`{"errors":[{"iv_id":"B","fields":{"a":"1"}},{"iv_id":"B","fields":{"a":"2"}}]}`: {
			{Index: 1, Key: "B", Fields: fields{"a": "1"}},
		},
		`{"results":[{"iv_id":"A","status":"HTTP/1.1"}]}`:                     nil,
		`{"errors":["product A is bad"]}`:                                     {{Index: 0, Key: "A", Message: "product A is bad"}},
		`{"errors":["[2]: bad"]}`:                                             {{Index: 2, Key: "C", Message: "[2]: bad"}},
		`{"errors":["[3]: bad"]}`:                                             nil,
		`{"errors":[{"index":2,"name":"A","message":"m"}]}`:                   {{Index: 2, Key: "C", Message: "m"}},
		`{"results":[{"status":200},{"status":404,"code":"E5"},{"ok":true}]}`: {{Index: 1, Key: "B", StatusCode: 404, Code: "E5"}},
		`{"results":[{"status":200},{"status":404,"name":"Tea"},{"ok":1}]}`:   {{Index: 1, Key: "B", StatusCode: 404}},
		`{"results":[{"status":200},{"status":404,"id":"x7"},{"ok":1}]}`:      nil,
		`{"failed":[{"iv_id":"A","code":399}]}`:                               {{Index: 0, Key: "A", Code: "399"}},
		`{"failed":[{"iv_id":"A","code":400}]}`:                               {{Index: 0, Key: "A", StatusCode: 400, Code: "400"}},
		`{"failed":[{"iv_id":"A","error":{"code":599}}]}`:                     {{Index: 0, Key: "A", StatusCode: 599, Code: "599"}},
		`{"failed":[{"iv_id":"A","error":{"code":600}}]}`:                     {{Index: 0, Key: "A", Code: "600"}},
		`{"failed":[{"iv_id":"A","error":{"error":{"error":{"error":{"message":"deep"}}}}}]}`: {
			{Index: 0, Key: "A", Message: "deep"},
		},
		`{"failed":[{"iv_id":"A","error":{"error":{"error":{"error":{"error":{"message":"deeper"}}}}}}]}`: {{Index: 0, Key: "A"}},
		`{"failed":[{"iv_id":"A","details":"too low","data":"b"}]}`:                                       {{Index: 0, Key: "A", Message: "too low"}},
		`{"failed":[{"A":{}}]}`: {{Index: 0, Key: "A"}},
		`{"failed":[{"iv_id":"A","data":{"price":{"code":"min"}}}]}`:          {{Index: 0, Key: "A", Fields: fields{"price": `{"code":"min"}`}}},
		`{"failed":[{"iv_id":"A","data":{"price":{"message":"m"},"qty":1}}]}`: {{Index: 0, Key: "A"}},
		`{"failed":[{"iv_id":"A","errors":{"price":{"message":["a","b"]}}}]}`: {{Index: 0, Key: "A", Fields: fields{"price": "a; b"}}},
		`{"errors":[{"iv_id":"A","error":"bad"}],"results":[{"iv_id":"A","status":404,"fields":{"price":"x"}}]}`: {
			{Index: 0, Key: "A", StatusCode: 404, Message: "bad", Fields: fields{"price": "x"}},
		},
		`{"results":{"2":{"status":404}}}`:                                      {{Index: 2, Key: "C", StatusCode: 404}},
		`{"results":{"3":{"status":404}}}`:                                      nil,
		`{"results":{"-1":{"status":404}}}`:                                     nil,
		`{"failed":[{"field":"products[3]","error":"bad"}]}`:                    nil,
		"\ufeff[{\"iv_id\":\"A\",\"status\":404}]":                              {{Index: 0, Key: "A", StatusCode: 404}},
		`{"results":[{"iv_id":"A","error":"bad","success":"maybe"}]}`:           {{Index: 0, Key: "A", Message: "bad"}},
		`{"results":[{"iv_id":"A","error":"bad","ok":true}]}`:                   {{Index: 0, Key: "A", Message: "bad"}},
		`{"results":[{"iv_id":"A","error":"bad","status":true}]}`:               {{Index: 0, Key: "A", Message: "bad"}},
		`{"results":[{"iv_id":"A","response":"ok","reason":"bad"}]}`:            {{Index: 0, Key: "A", Message: "bad: ok"}},
		`{"results":[{"iv_id":"A","body":"ok","reason":"bad"}]}`:                {{Index: 0, Key: "A", Message: "bad: ok"}},
		`{"results":[{"iv_id":"A","code":"ok","reason":"bad"}]}`:                {{Index: 0, Key: "A", Code: "ok", Message: "bad"}},
		`{"errors":[{"iv_id":"A","severity":"error","message":"bad"}]}`:         {{Index: 0, Key: "A", Message: "bad"}},
		`{"errors":[{"iv_id":"A","severity":"warn","message":"rounded"}]}`:      nil,
		`{"errors":[{"index":0,"code":"B","message":"m"}]}`:                     {{Index: 0, Key: "A", Code: "B", Message: "m"}},
		`{"errors":[{"index":2,"field":"products[0].price","message":"m"}]}`:    {{Index: 2, Key: "C", Message: "m"}},
		`{"errors":[{"iv_id":"zz","field":"products[0].price","message":"m"}]}`: nil,
		`{"errors":[{"iv_id":"zz","record":{"iv_id":"A"}}]}`:                    nil,
		`{"errors":[{"index":0,"error":"a"},{"index":3,"error":"b"}]}`:          {{Index: 0, Key: "A", Message: "a"}},
		`{"invalid_lines":[2]}`:                                                 {{Index: 1, Key: "B"}},
		// where indexes begin
		`{"results":[{"index":1,"status":404},{"status":200},{"status":200}]}`: {{Index: 0, Key: "A", StatusCode: 404}},
		`{"results":[{"index":1,"status":200},{"index":2,"status":404},{"index":0,"status":200}]}`: {
			{Index: 2, Key: "C", StatusCode: 404},
		},
		`{"failed":[{"index":2,"iv_id":"B"},{"index":3,"error":"bad"}]}`: {{Index: 1, Key: "B"}, {Index: 2, Key: "C", Message: "bad"}},
		`{"failed":[{"index":3,"iv_id":"A"},{"index":2,"error":"bad"}]}`: {{Index: 0, Key: "A"}, {Index: 1, Key: "B", Message: "bad"}},
		`{"failed":[{"index":1,"iv_id":"C"},{"index":1,"error":"bad"}]}`: {{Index: 1, Key: "B", Message: "bad"}, {Index: 2, Key: "C"}},
		// no rejections
		`{"results":[{"iv_id":"A","code":false}]}`:                                                            nil,
		`{"results":[{"iv_id":"A","status":"already exists"}]}`:                                               nil,
		`{"results":[{"iv_id":"A","action":"created","status":"new","message":"not found, so it was made"}]}`: nil,
		`{"results":[{"iv_id":"A","status":"false"}]}`:                                                        {{Index: 0, Key: "A"}},
		`{"results":[{"iv_id":"A","status":false}]}`:                                                          {{Index: 0, Key: "A"}},
	} {
		report, err := readBulkReport(http.StatusOK, []byte(body), []string{"A", "B", "C"}, BulkUpsert)
		require.NoError(t, err, body)
		if want == nil {
			want = []RejectedRecord{}
		}
		assert.Equal(t, want, report.records(), body)
	}
}

func TestReportsOfOtherRequestsAreReadToo(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		body     string
		mode     BulkMode
		keys     []string
		rejected []RejectedRecord
	}{
		{`[{"status":404}]`, BulkUpsert, []string{"A"}, []RejectedRecord{{Index: 0, Key: "A", StatusCode: 404}}},
		{
			`{"failed":[{"ERROR-1":{"status":404,"message":"gone"}}]}`, BulkUpsert, []string{"ERROR-1", "B"},
			[]RejectedRecord{{Index: 0, Key: "ERROR-1", StatusCode: 404, Message: "gone"}},
		},
		{`{"results":[{"iv_id":"A","status":"already exists"}]}`, BulkCreate, []string{"A"}, []RejectedRecord{{Index: 0, Key: "A"}}},
		{`{"results":[{"iv_id":"A","status":"exists"}]}`, BulkCreate, []string{"A"}, []RejectedRecord{{Index: 0, Key: "A"}}},
		{`{"failed":1}`, BulkUpsert, []string{"1", "B"}, []RejectedRecord{}},
		{`{"failed":[7]}`, BulkUpsert, []string{"7", "B"}, []RejectedRecord{{Index: 0, Key: "7"}}},
		{`{"failed":[1]}`, BulkUpsert, []string{"7", "B"}, []RejectedRecord{{Index: 1, Key: "B"}}},
		{`{"results":[{"iv_id":"A","status":"created"}]}`, BulkCreate, []string{"A"}, []RejectedRecord{}},
		{`{"results":[{"iv_id":"A","status":"exists"}]}`, BulkUpdate, []string{"A"}, []RejectedRecord{}},
	} {
		report, err := readBulkReport(http.StatusOK, []byte(row.body), row.keys, row.mode)
		require.NoError(t, err, row.body)
		assert.Equal(t, row.rejected, report.records(), row.body)
	}
}

func TestAReportThatSaysSomethingOfEachRecordLeavesNothingOpen(t *testing.T) {
	t.Parallel()
	for body, count := range map[string]int{
		`{}`: 1,
		`{"results":{"A":{"status":200},"B":{"status":200},"C":{"status":200}}}`:      0,
		`{"results":{"A":{"status":200},"B":{"status":200}}}`:                         1,
		`{"results":[{"status":200},{"status":299},{"status":"created"}]}`:            0,
		`{"results":[{"status":200},{"status":300},{"status":"created"}]}`:            1,
		`{"results":[{"status":200},{"status":199},{"status":"created"}]}`:            1,
		`{"results":[{"ok":true},{"processed":"yes"},{"severity":"info"}]}`:           0,
		`{"results":[true,"created",204]}`:                                            0,
		`{"results":[{"status":{"code":200}},{"status":{"body":{"status":"ok"}}},1]}`: 1,
		`{"failed":0}`: 0,
		`{"failed":["A","no such record"],"results":[{"iv_id":"C","status":200}]}`: 2,
	} {
		report, err := readBulkReport(http.StatusMultiStatus, []byte(body), []string{"A", "B", "C"}, BulkUpsert)
		require.NoError(t, err, body)
		assert.Equal(t, count, report.count(), body)
	}
}

func TestOnlyWhatCannotBeRecognisedIsUnclear(t *testing.T) {
	t.Parallel()
	for body, unclear := range map[string]bool{
		`{"message":"ok","id":"x7"}`: false, `{"data":{"message":"ok"}}`: false, `{"data":{"status":"ok"}}`: false, `{"data":{"failed":null}}`: false,
		`{"data":{"failed":"yes"}}`: false, `{"data":{"state":"failed"}}`: false, `{"data":{"processed":3}}`: false, `{"data":{}}`: false, `{"results":[]}`: false,
		`{"meta":{"id":"x7"}}`: false, `{"warnings":[]}`: false, `{"failed":["no such record"]}`: false, `{"results":[{"iv_id":"A"}]}`: false,
		`{"data":{"results":{"A":"ok"}}}`: false, `{"data":{"failed":["B"]}}`: false, `{"data":{"errors":[]}}`: false,
		`{"data":{"id":"x7"}}`: true, `{"data":{"state":{"x":1}}}`: true, `{"results":[{"x":1}]}`: true, `{"warnings":["rounded"]}`: true,
		`{"data":{"results":[{"x":1}]}}`: true, `{"data":{"took":12}}`: true, `{"data":{"created_at":"2026-11-26"}}`: true,
	} {
		report, err := readBulkReport(http.StatusOK, []byte(body), []string{"A", "B", "C"}, BulkUpsert)
		require.NoError(t, err, body)
		assert.Equal(t, unclear, report.unclear, body)
	}
}

func TestASuccessThatIsFalseInAnyFormRefuses(t *testing.T) {
	t.Parallel()
	for _, no := range []string{"false", "0", `"false"`, `"no"`, `"N"`} {
		_, err := readBulkReport(http.StatusOK, []byte(`{"success":`+no+`}`), []string{"A"}, BulkUpsert)
		require.ErrorIs(t, err, errRefused, no)
	}
	for _, yes := range []string{"true", "1", `"yes"`, "null", `""`, `"maybe"`} {
		_, err := readBulkReport(http.StatusOK, []byte(`{"success":`+yes+`}`), []string{"A"}, BulkUpsert)
		require.NoError(t, err, yes)
	}
}

func TestCountsThatLeaveOpenWhatFailedAreNoRejections(t *testing.T) {
	t.Parallel()
	for body, count := range map[string]int{
		`{"created":1,"updated":1}`:                                  1,
		`{"created":1,"updated":1,"failed":0}`:                       0,
		`{"created":1,"updated":1,"unchanged":1}`:                    0,
		`{"created":1,"updated":0,"unchanged":1}`:                    1,
		`{"failed":"2 of 3 records failed"}`:                         2,
		`{"errors":{"total":2}}`:                                     2,
		`{"errors":{"total":0}}`:                                     0,
		`{"errors":{"total":"some"}}`:                                1,
		`{"updated":2}`:                                              0,
		`{"created":2}`:                                              0,
		`{"upserted":2}`:                                             1,
		`{"message":"2 records processed"}`:                          1,
		`{"message":"Processed 99999999999999999999 of 3 products"}`: 0,
		`{"message":"Processed 2 of 3 products"}`:                    1,
		`{"status":"Processed 1 of 3 products"}`:                     2,
		`{"message":"Processed 0 of 3 products"}`:                    3,
	} {
		report, err := readBulkReport(http.StatusOK, []byte(body), []string{"A", "B", "C"}, BulkUpsert)
		require.NoError(t, err, body)
		assert.Equal(t, count, report.count(), body)
	}
	for body, unclear := range map[string]bool{
		`{"data":{"status":"ok"}}`:       false,
		`{"data":{"A":{"x":1}}}`:         true,
		`{"data":{"status":"soon"}}`:     false,
		`{"data":{"x":1}}`:               true,
		`{"data":{"status":null}}`:       true,
		`{"data":{"x":{"processed":3}}}`: false,
		`{"data":{}}`:                    false,
		`{"data":{"x":{"results":[{"status":200},{"status":200},{"status":200}]}}}`: false,
		`{"info":["done"]}`: true,
	} {
		report, err := readBulkReport(http.StatusOK, []byte(body), []string{"A", "B", "C"}, BulkUpsert)
		require.NoError(t, err, body)
		assert.Equal(t, unclear, report.unclear, body)
	}
	for text, want := range map[string]int{"3": 3, `" 3 "`: 3, "3.0": 3, "-1": -1, "2147483647.0": math.MaxInt32} {
		n, ok := reportInt([]byte(text))
		assert.True(t, ok, text)
		assert.Equal(t, want, n, text)
	}
	for _, text := range []string{"1e300", "2147483648.0", "-1e300", "1.5", `"x"`, "null", "true"} {
		_, ok := reportInt([]byte(text))
		assert.False(t, ok, text)
	}
}

func TestRejectionsSayEachThingOnce(t *testing.T) {
	t.Parallel()
	for want, record := range map[string]RejectedRecord{
		"record 2 (A): 404 gone":         {Index: 2, Key: "A", StatusCode: 404, Code: "404", Message: "gone"},
		"record 0: 409 taken in use":     {StatusCode: 409, Code: "taken", Message: "in use"},
		"record 0: rejected":             {},
		"record 0: 404":                  {StatusCode: 404},
		"record 0: taken":                {Code: "taken"},
		"record 0: map[a:too low b:bad]": {Fields: map[string]string{"b": "bad", "a": "too low"}},
		"record 0: too low":              {Message: "too low", Fields: map[string]string{"a": "bad"}},
	} {
		assert.Equal(t, want, record.line())
	}
	e := &RejectedError{Method: "POST", Route: "/products/bulk", Count: 1}
	require.EqualError(t, e, "linkit: POST /products/bulk: 1 record was rejected, and the response doesn't say which")
	e.Count, e.Records = 5, make([]RejectedRecord, 5)
	require.EqualError(t, e, "linkit: POST /products/bulk: 5 records were rejected; "+
		"record 0: rejected; record 0: rejected; record 0: rejected; and 2 more")
}

func TestRejectedRecordsOfARequestAreInOrder(t *testing.T) {
	t.Parallel()
	records := []RejectedRecord{{Index: 5}, {Index: 1}, {Index: 3}}
	sortRejected(records)
	assert.Equal(t, []RejectedRecord{{Index: 1}, {Index: 3}, {Index: 5}}, records)
}

func TestModeOfABulkRequestIsWhatTheEndpointDoes(t *testing.T) {
	t.Parallel()
	for want, target := range map[BulkMode]bulkTarget{
		BulkCreate: {}, BulkUpsert: {idempotent: true}, BulkUpdate: {mode: BulkUpdate, idempotent: true},
	} {
		assert.Equal(t, want, target.effectiveMode())
	}
}
