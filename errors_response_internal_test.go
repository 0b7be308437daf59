package linkit

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/internal/retry"
)

func TestErrorBodiesOfAnyFormAreReadExactly(t *testing.T) {
	t.Parallel()
	type fields = map[string]string
	for body, want := range map[string]APIError{
		`[]`:                                     {},
		`null`:                                   {},
		`"no"`:                                   {},
		`{"error":"","message":"no"}`:            {Message: "no"},
		`{"error":{},"message":"no"}`:            {Message: "no"},
		`{"error":{"message":"no","code":"x1"}}`: {Message: "no", Code: "x1"},
		`{"code":"x2","error":{"code":"x1"}}`:    {Code: "x2"},
		`{"message":"no","error":{"message":"b"}}`:                  {Message: "no"},
		`{"details":"a","detail":"b"}`:                              {Details: "a"},
		`{"detail":"b"}`:                                            {Details: "b"},
		`{"error":"invalid_grant","error_description":"b"}`:         {Message: "invalid_grant", Details: "b"},
		`{"details":{"price":"too low"},"detail":"b"}`:              {Fields: fields{"price": "too low"}},
		`{"details":{"price":{"message":"too low"}}}`:               {Fields: fields{"price": "too low"}},
		`{"details":{"price":"first"},"errors":{"price":"second"}}`: {Fields: fields{"price": "first"}},
		`{"details":[]}`:                                            {Details: "[]"},
		`{"details":[{"field":"price","message":"too low"}]}`: {
			Details: `[{"field":"price","message":"too low"}]`, Fields: fields{"price": "too low"},
		},
		`{"errors":{"price":"","name":"too long"}}`:             {Fields: fields{"name": "too long"}},
		`{"errors":{"price":["too low","odd"]}}`:                {Fields: fields{"price": "too low; odd"}},
		`{"errors":{"price":["too low",1]}}`:                    {Fields: fields{"price[0]": "too low", "price[1]": "1"}},
		`{"errors":{"price":[{"message":"too low"}]}}`:          {Fields: fields{"price[0]": "too low"}},
		`{"errors":{"lines":{"price":["too low"]}}}`:            {Fields: fields{"lines.price": "too low"}},
		`{"errors":["no","never"]}`:                             {Fields: fields{"errors[0]": "no", "errors[1]": "never"}},
		`{"errors":[["no"]]}`:                                   {},
		`{"errors":[{"message":"no"}]}`:                         {Fields: fields{"errors[0]": "no"}},
		`{"errors":[{"price":"too low"}]}`:                      {},
		`{"errors":[{"price":{"message":"too low"}}]}`:          {Fields: fields{"price": "too low"}},
		`{"errors":[{"loc":[],"msg":"no"}]}`:                    {Fields: fields{"errors[0]": "no"}},
		`{"detail":[{"loc":["body","price"],"msg":"too low"}]}`: {Fields: fields{"price": "too low"}},
		`{"errors":[{"source":{"pointer":"/data/attributes/price"},"detail":"too low"}]}`: {
			Fields: fields{"price": "too low"},
		},
		`{"errors":[{"source":{"parameter":"limit"},"detail":"too high"}]}`: {Fields: fields{"limit": "too high"}},
		`{"message":["no"]}`: {Fields: fields{"errors[0]": "no"}},
		`{"data":{"price":{"code":"min","message":"too low"}}}`:       {Fields: fields{"price": "too low"}},
		`{"errors":{"a":{"b":{"c":{"d":{"e":["deep"]}}}}}}`:           {Fields: fields{"a.b.c.d.e": "deep"}},
		`{"errors":{"a":{"b":{"c":{"d":{"e":{"f":["deeper"]}}}}}}}`:   {},
		`{"errors":[{"a":{"b":{"c":{"d":["deep"]}}}}]}`:               {Fields: fields{"a.b.c.d": "deep"}},
		`{"errors":[{"a":{"b":{"c":{"d":{"e":["deeper"]}}}}}]}`:       {},
		`{"data":{"price":"7"}}`:                                      {},
		`{"violations":[{"propertyPath":"price","title":"too low"}]}`: {Fields: fields{"price": "too low"}},
	} {
		var got APIError
		got.read([]byte(body))
		assert.Equal(t, want, got, body)
	}
}

func TestErrorKeepsAThousandFieldsAtMost(t *testing.T) {
	t.Parallel()
	errs := map[string]string{}
	for i := range 1500 {
		errs[fmt.Sprint("f", i)] = "bad"
	}
	body, err := json.Marshal(map[string]any{"errors": errs})
	require.NoError(t, err)
	var got APIError
	got.read(body)
	assert.Len(t, got.Fields, 1000)
}

func TestRedirectsErrorNamesOnlySchemeAndHost(t *testing.T) {
	t.Parallel()
	from := &url.URL{Scheme: "https", Host: "linkit.works", Path: "/api/v1/products"}
	for _, row := range []struct {
		status   int
		location string
		from     *url.URL
		want     string
	}{
		{302, "https://other.test/x?key=1", from, "https://other.test"},
		{300, "http://other.test/", nil, "http://other.test"},
		{399, "/login", from, "https://linkit.works"},
		{299, "https://other.test/", from, ""},
		{400, "https://other.test/", from, ""},
		{302, "", from, ""},
		{302, "/login", nil, ""},
		{302, "https:///login", nil, ""},
		{302, "mailto:a@b", from, ""},
		{302, "http://[::1", from, ""},
	} {
		res := &retry.Result{Status: row.status, Header: http.Header{"Location": {row.location}}}
		assert.Equal(t, row.want, redirectTarget(res, row.from), "%+v", row)
	}
}
