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
