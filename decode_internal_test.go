package linkit

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestARecordThatIsNoObjectSaysSo(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"5", `"x"`, "[]", "true", " 5"} {
		_, err := readModel([]byte(text), new(Product))
		assert.ErrorIs(t, err, errNotObject, text)
	}
}

func TestErrorsOfOddRecordsAreInTheWordsOfTheWire(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ field, value, want string }{
		{"", "array", "it must not be an array"},
		{"", "object", "it must not be an object"},
		{"", "string", "it must not be a string"},
		{"lines.quantity", "number", "quantity must not be a number"},
		{"quantity", "bool", "quantity must not be a bool"},
	} {
		assert.EqualError(t, &mistypedError{&json.UnmarshalTypeError{Field: row.field, Value: row.value}}, row.want)
	}
	record := []byte(`{"iv_id":"","id":"k7m2"}`)
	require.EqualError(t, recordError(2, "page", 3, record, errNoRecord), "record 2 (id \"k7m2\") of page 3: "+errNoRecord.Error())
	require.EqualError(t, recordError(1, "providers", 0, nil, errNoRecord), "record 1 of providers: "+errNoRecord.Error())
}

// Only where the call and the record both name one is a record of another organization another call's.
func TestARecordIsAnotherCallsOnlyWhereBothNameOne(t *testing.T) {
	t.Parallel()
	product := Product{ID: "k7m2", IvID: "ITEM-1", OrganizationID: "org_2"}
	for name, row := range map[string]struct {
		op   operation
		v    tenantRecord
		want bool
	}{
		"another key":                         {operation{ids: ids{"ITEM-2"}}, product, true},
		"its key":                             {operation{ids: ids{"ITEM-1"}}, product, false},
		"its key in another case":             {operation{ids: ids{"item-1"}}, product, false},
		"its id":                              {operation{ids: ids{"K7M2"}}, product, false},
		"no key named":                        {operation{}, product, false},
		"no key in the record":                {operation{ids: ids{"ITEM-2"}}, Product{OrganizationID: "org_2"}, false},
		"no organization in the record":       {operation{ids: ids{"ITEM-2"}}, Product{IvID: "ITEM-1"}, false},
		"a key in the body":                   {operation{body: ProductParams{IvID: "ITEM-2"}}, product, true},
		"its key in the body":                 {operation{body: ProductParams{IvID: "ITEM-1"}}, product, false},
		"an offer's name, which is no key":    {operation{body: OfferParams{Name: "Ramadan"}}, product, false},
		"the organization alone is no key":    {operation{ids: ids{"org_1"}, tenant: "org_1"}, product, false},
		"a key after the organization's id":   {operation{ids: ids{"org_1", "ITEM-2"}, tenant: "org_1"}, product, true},
		"its key after the organization's id": {operation{ids: ids{"org_1", "ITEM-1"}, tenant: "org_1"}, product, false},
	} {
		assert.Equal(t, row.want, row.op.misdirected(row.v), name)
	}
}

func TestAWrapperIsToldFromARecord(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`{"id":"1","success":true}`:                               true,
		`{"id":"1","error":"no"}`:                                 true,
		`{"id":"1","error":"no","iv_id":"x"}`:                     true,
		`{"id":"1","message":"done"}`:                             true,
		`{"id":"1","data":null}`:                                  true,
		`{"id":"1","errors":[]}`:                                  true,
		`{"id":"1","details":{}}`:                                 true,
		`{"id":"1"}`:                                              false,
		`{"id":"1","error":null,"name_en":"x","price":1}`:         false,
		`{"id":"1","message":"done","iv_id":"x"}`:                 false,
		`{"id":"1","message":"done","created":"2026-01-01"}`:      false,
		`{"id":"1","message":"done","name_en":"x","barcode":"1"}`: false,
	} {
		outer, err := readEnvelope([]byte(text))
		require.NoError(t, err)
		assert.Equal(t, want, isWrapper[Product](outer), text)
	}
}

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

func TestFiguresOfAPageAreItsServers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Page[Product]{
		`{"data":[{"iv_id":"x"}],"limit":1}`:                                              {Limit: 1, HasNext: true},
		`{"data":[{"iv_id":"x"}],"limit":1,"total_count":1}`:                              {Limit: 1, TotalCount: 1},
		`{"data":[{"iv_id":"x"}],"limit":1,"page":3,"total_count":3}`:                     {Limit: 1, Page: 3, TotalCount: 3},
		`{"data":[{"iv_id":"x"}],"limit":1,"page":2,"total_count":3}`:                     {Limit: 1, Page: 2, TotalCount: 3, HasNext: true},
		`{"data":[{"iv_id":"x"}],"limit":0,"total_count":9,"count":4}`:                    {Limit: 1, Count: 4, TotalCount: 9, HasNext: true},
		`{"data":[{"iv_id":"x"}],"limit":-1,"total_count":-1,"count":-1}`:                 {Limit: 50},
		`{"data":[{"iv_id":"x"}],"error":"one of the branches did not respond","page":1}`: {Limit: 50},
	} {
		if want.Page == 0 {
			want.Page = 1
		}
		if want.Count == 0 {
			want.Count = 1
		}
		body, err := decodePage[Product]([]byte(text), ListParams{Limit: 50})
		require.NoError(t, err, text)
		got := body.page
		got.Data = nil
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{`{"data":{},"error":"no"}`, `{"error":"no"}`, `{"data":[],"errors":["no"]}`} {
		_, err := decodePage[Product]([]byte(text), ListParams{})
		require.ErrorIs(t, err, errRefused, text)
	}
	over := Page[Product]{Data: make([]Product, 5), Limit: 3, Page: 1, TotalCount: 20}
	assert.Equal(t, 3, over.fullSize())
}

func TestAnUnusablePageTellsHowOftenItWasAsked(t *testing.T) {
	t.Parallel()
	client, err := NewClient(WithAPIKey("k3y-Zp0aQ9w8e7r6t5y4"))
	require.NoError(t, err)
	var te *TransportError
	require.ErrorAs(t, unusablePage(client, "/products", 3, errNoRecord), &te)
	assert.Equal(t, 3, te.Attempts)
	assert.True(t, te.Sent)
}
