package linkit_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

const oneProduct = `"data":[{"id":"r1","iv_id":"A"}]`

func TestFigureOfAPageThatCannotBeReadCountsAsMissing(t *testing.T) {
	t.Parallel()
	for figures, want := range map[string]linkit.Page[linkit.Product]{
		`"has_next":"true","total_count":"250","page":"2","limit":"100"`:               {Count: 1, TotalCount: 250, Page: 2, Limit: 100, HasNext: true},
		`"has_next":1,"total_count":250.0,"page":2.0,"limit":1e2,"count":"1"`:          {Count: 1, TotalCount: 250, Page: 2, Limit: 100, HasNext: true},
		`"has_next":"0","total_count":" 7 ","page":"1"`:                                {Count: 1, TotalCount: 7, Page: 1, Limit: 1},
		`"has_next":"N/A","total_count":"250","page":1,"limit":100`:                    {Count: 1, TotalCount: 250, Page: 1, Limit: 100, HasNext: true},
		`"has_next":{},"total_count":"many","page":[],"limit":"x","count":{}`:          {Count: 1, Page: 1, Limit: 20},
		`"has_next":null,"total_count":null,"page":null,"limit":null,"count":null`:     {Count: 1, Page: 1, Limit: 20},
		`"has_next":false,"total_count":-1,"page":0,"limit":-5,"count":-3`:             {Count: 1, Page: 1, Limit: 20},
		`"has_next":false,"total_count":2.5,"page":1.5,"limit":"0x10","count":"1,000"`: {Count: 1, Page: 1, Limit: 20},
		`"has_next":false,"total_count":1e99,"page":"١","limit":1e99`:                  {Count: 1, Page: 1, Limit: 20},
		`"has_next":"false","meta":"x"`:                                                {Count: 1, Page: 1, Limit: 20, Meta: []byte(`"x"`)},
		`"HAS_NEXT":true,"Total_Count":9,"Page":{"size":1},"has_next":false`:           {Count: 1, Page: 1, Limit: 20},
	} {
		page, err := served(t, `{`+oneProduct+`,`+figures+`}`).Products.List(t.Context(), nil)
		require.NoError(t, err, figures)
		want.Data = []linkit.Product{{ID: "r1", IvID: "A"}}
		assert.Equal(t, &want, withoutRaw(page), figures)
	}
	_, err := served(t, `{`+oneProduct+`,"total_count":"N/A"}`).Products.Count(t.Context(), nil)
	require.ErrorContains(t, err, "total_count")
	count, err := served(t, `{`+oneProduct+`,"total_count":"250"}`).Products.Count(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, 250, count)
}

func TestListThatIsNoListIsAnError(t *testing.T) {
	t.Parallel()
	for body, records := range map[string]int{
		`{"data":null}`: 0, `{"items":null}`: 0, `{"data":[]}`: 0, `{"data":null,"items":[{"id":"r1"}]}`: 1, `{"data":[],"items":[{"id":"r1"}]}`: 1,
		`{"items":[{"id":"r1"}],"data":[]}`: 1, "\ufeff" + `{"items":[{"id":"r1"}]}`: 1, `{"data":[{"id":"r1"}],"errors":[]}`: 1, `{"data":[{"id":"r1"}],"error":"e"}`: 1,
		`{"data":[{"id":"r9"}],"data":[{"id":"r1"},{"id":"r2"}]}`: 2, "{\"data\":[{\"id\":\"r1\",\"name_en\":\"\xff\"}]}": 1,
	} {
		page, err := served(t, body).Products.List(t.Context(), nil)
		require.NoError(t, err, body)
		assert.Len(t, page.Data, records, body)
	}
	for _, body := range []string{
		`{"data":{}}`, `{"data":{"id":"r1"}}`, `{"data":""}`, `{"data":"x"}`, `{"data":false}`, `{"data":7}`, `{"items":{}}`, `{"items":0}`, `{}`, `[]`, `null`, `7`, `"x"`, ``,
		`{"Data":[{"id":"r1"}]}`, `{"data":[{"id":"r1"}]`, `{"data":[{"id":"r1"}]}}`, `{"data":[{"id":"r1"}]} x`, `<html></html>`, `{"data":{"items":[]},"success":true}`,
		`{"data":[{"id":"r1"}],"items":{}}`, `{"data":` + strings.Repeat("[", 20_000) + `}`,
	} {
		_, err := served(t, body).Products.List(t.Context(), nil)
		var useless *linkit.TransportError
		require.ErrorAs(t, err, &useless, body)
		assert.True(t, useless.Sent)
		assert.Equal(t, "/products", useless.Route)
		assertOneLine(t, err)
	}
}

func TestTextThatIsNotUTF8CostsNoRecord(t *testing.T) {
	t.Parallel()
	for _, record := range []string{
		"{\"id\":\"r1\",\"iv_id\":\"A\",\"name_en\":\"\xc8\xe4\"}", "{\"id\":\"r1\",\"iv_id\":\"A\",\"\xff\":1}", `{"id":"r1","iv_id":"A","name_en":"\ud800"}`,
		"{\"id\":\"r1\",\"iv_id\":\"A\",\"average_price\":\"\xff\"}", "{\"id\":\"r1\",\"iv_id\":\"A\",\"created\":\"\xff\",\"vat_value\":\"1\"}",
		`{"id":"r0","id":"r1","iv_id":["x"],"iv_id":"A"}`, `{"id":"r1","iv_id":"A","vat_value":"x","vat_value":5,"created":{},"created":null}`,
	} {
		product, err := served(t, record).Products.Get(t.Context(), "A")
		require.NoError(t, err, record)
		assert.Equal(t, "r1", product.ID, record)
		assert.Equal(t, "A", product.IvID, record)
		assert.Equal(t, record, string(product.Raw))
	}
}
