package linkit_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// refusal returns the error of a Create that meets the response.
func refusal(t *testing.T, response reply) (*linkit.APIError, error) {
	t.Helper()
	client := newClient(t, &replies{responses: []reply{response}}, linkit.WithRetries(0))
	_, err := client.Products.Create(t.Context(), linkit.ProductParams{})
	var ae *linkit.APIError
	require.ErrorAs(t, err, &ae)
	return ae, err
}

func TestEveryFormOfAnErrorBodyNamesTheField(t *testing.T) {
	t.Parallel()
	const reason = "Value must be unique."
	for name, body := range map[string]string{
		"PocketBase":                 `{"status":400,"message":"Failed to create record.","data":{"iv_id":{"code":"validation_not_unique","message":"Value must be unique."}}}`,
		"details":                    `{"code":400,"error":"Validation error","details":{"iv_id":"Value must be unique."}}`,
		"details with objects":       `{"code":400,"error":"Validation error","details":{"iv_id":{"code":"not_unique","message":"Value must be unique."}}}`,
		"a list of details":          `{"code":400,"error":"Validation error","details":[{"field":"iv_id","message":"Value must be unique."}]}`,
		"errors, a list":             `{"message":"Validation failed","errors":[{"field":"iv_id","message":"Value must be unique."}]}`,
		"errors, by name":            `{"errors":[{"name":"iv_id","reason":"Value must be unique."}]}`,
		"errors, an object":          `{"errors":{"iv_id":"Value must be unique."}}`,
		"errors, an object of lists": `{"errors":{"iv_id":["Value must be unique."]}}`,
		"an error object":            `{"error":{"code":"invalid","message":"no","details":{"iv_id":{"message":"Value must be unique."}}}}`,
		"detail with places":         `{"detail":[{"loc":["body","iv_id"],"msg":"Value must be unique.","type":"value_error"}]}`,
		"a byte order mark":          "\xef\xbb\xbf" + `{"errors":{"iv_id":"Value must be unique."}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ae, err := refusal(t, reply{status: 400, body: body})
			assert.Equal(t, reason, ae.Fields["iv_id"])
			require.ErrorContains(t, err, "iv_id")
			require.ErrorContains(t, err, reason)
			require.ErrorIs(t, err, linkit.ErrBadRequest)
			assert.Equal(t, name == "PocketBase", errors.Is(err, linkit.ErrConflict), "validation_not_unique is a conflict too")
		})
	}
	ae, err := refusal(t, reply{status: 422, body: `{"errors":["name is required","price is negative"]}`})
	assert.Len(t, ae.Fields, 2)
	require.ErrorContains(t, err, "name is required")
	require.ErrorContains(t, err, "price is negative")

	ae, err = refusal(
		t,
		reply{status: 400, body: `{"message":"Failed.","data":{"items":{"2":{"iv_id":{"message":"Cannot be blank."}}}}}`},
	)
	assert.Equal(t, map[string]string{"items.2.iv_id": "Cannot be blank."}, ae.Fields)
	require.ErrorContains(t, err, "Cannot be blank.")
}

func TestPlainDataOfAnErrorIsNoField(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"error":"no","data":{"id":"x","count":7}}`, `{"error":"no","data":{}}`, `{"error":"no","data":[]}`, `{"error":"no","data":null}`, `{"error":"no","errors":[{}]}`} {
		ae, _ := refusal(t, reply{status: 400, body: body})
		assert.Empty(t, ae.Fields, body)
		assert.Equal(t, "no", ae.Message)
	}
	deep := strings.Repeat(`{"a":`, 5000) + `{"message":"x"}` + strings.Repeat("}", 5000)
	_, err := refusal(t, reply{status: 400, body: `{"data":` + deep + `}`})
	assertOneLine(t, err)
}

func TestPageOfAGatewayShowsItsTitleAtMost(t *testing.T) {
	t.Parallel()
	for page, shown := range map[string]string{
		"<html><head><title>502 Bad Gateway</title></head><body>nginx PRIVATE</body></html>":               "502 Bad Gateway: an HTML page, from a proxy or gateway",
		"<!DOCTYPE html>\n<HTML><TITLE>\n Just a\n moment&hellip; </TITLE><script>PRIVATE</script></HTML>": "an HTML page, from a proxy or gateway: Just a moment",
		" \n<html>PRIVATE</html>":             "an HTML page, from a proxy or gateway",
		"<title>PRIVATE":                      "an HTML page, from a proxy or gateway",
		"<title":                              "an HTML page, from a proxy or gateway",
		"\xef\xbb\xbf<html>PRIVATE</html>":    "an HTML page, from a proxy or gateway",
		"<?xml version='1.0'?><e>PRIVATE</e>": "an HTML page",
	} {
		_, err := refusal(t, reply{status: 502, body: page})
		require.ErrorContains(t, err, shown)
		assert.NotContains(t, err.Error(), "PRIVATE", page)
		assertOneLine(t, err)
	}
}

func TestRedirectNamesSchemeAndHostOnly(t *testing.T) {
	t.Parallel()
	for location, shown := range map[string]string{
		"https://api.linkit.works/v2/products?token=PRIVATE": "https://api.linkit.works",
		"https://user:PRIVATE@api.linkit.works:8443/":        "https://api.linkit.works:8443",
		"//cdn.linkit.works/PRIVATE":                         "https://cdn.linkit.works",
		"/PRIVATE/products":                                  "https://linkit.test",
		"http://linkit.test/PRIVATE":                         "http://linkit.test",
		"javascript:PRIVATE":                                 "",
		"https://%zz.PRIVATE":                                "",
		"":                                                   "",
	} {
		for _, status := range []int{301, 302, 307, 308} {
			_, err := refusal(t, reply{status: status, header: http.Header{"Location": {location}}})
			assert.NotContains(t, err.Error(), "PRIVATE", location)
			assert.NotContains(t, err.Error(), "user:", location)
			if shown == "" {
				assert.NotContains(t, err.Error(), "redirects to")
				continue
			}
			assert.Contains(t, err.Error(), "redirects to "+shown)
		}
	}
}

func compressed(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.String()
}

// Some transports of callers' leave the decoding to whoever asked.
func TestEncodingThatWasLeftOnAResponseIsReadOrNamed(t *testing.T) {
	t.Parallel()
	encoded := func(status int, encoding, body string) *linkit.Client {
		return newClient(
			t,
			&replies{responses: []reply{{status: status, body: body, header: http.Header{"Content-Encoding": {encoding}}}}},
			linkit.WithRetries(0),
		)
	}
	for _, encoding := range []string{"gzip", "GZIP", "x-gzip"} {
		p, err := encoded(200, encoding, compressed(product1)).Products.Get(t.Context(), "x")
		require.NoError(t, err)
		assert.Equal(t, "ITEM-1", p.IvID)
		err = getOne(t.Context(), encoded(404, encoding, compressed(`{"error":"no such product"}`)))
		require.ErrorIs(t, err, linkit.ErrNotFound)
		require.ErrorContains(t, err, "no such product")
	}
	require.NoError(t, getOne(t.Context(), encoded(200, "gzip", product1)), "decoded, with its header left")
	require.NoError(t, getOne(t.Context(), encoded(200, "identity", product1)))
	require.NoError(t, encoded(200, "br", "").Products.Delete(t.Context(), "x"), "there is nothing to decode")
	for encoding, body := range map[string]string{"br": "\x8b\x02\x80", "zstd": "(\xb5/\xfd", "deflate": "x\x9c", "gzip": "\x1f\x8bbroken"} {
		err := getOne(t.Context(), encoded(200, encoding, body))
		var te *linkit.TransportError
		require.ErrorAs(t, err, &te)
		require.ErrorContains(t, err, "encoded as "+encoding)
		err = getOne(t.Context(), encoded(500, encoding, body))
		require.ErrorIs(t, err, linkit.ErrServer)
		require.ErrorContains(t, err, "encoded as "+encoding)
	}
	bomb := compressed(strings.Repeat(" ", 33<<20))
	require.Error(t, getOne(t.Context(), encoded(200, "gzip", bomb)), "more than 32 MiB once it is decoded")
}

func TestHintsSayWhatMayHelp(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		response reply
		call     func(*linkit.Client) error
		opts     []linkit.Option
		hint     string
		not      string
	}{
		"403 without an organization": {
			response: reply{status: 403, body: `{"error":"Forbidden"}`}, hint: "WithOrganization",
		},
		"400 that asks for one": {
			response: reply{status: 400, body: `{"error":"X-Organization-ID is required: which organization?"}`}, hint: "WithOrganization",
		},
		"400 of customers": {
			response: reply{status: 400, body: `{"error":"Bad Request"}`}, hint: "WithOrganization",
			call: func(c *linkit.Client) error { return c.Do(t.Context(), "GET", "/customers", nil, nil, nil) },
		},
		"400 for another reason": {response: reply{status: 400, body: `{"error":"no such page"}`}, not: "WithOrganization"},
		"400 about a field": {
			response: reply{status: 400, body: `{"error":"no","details":{"email":"taken"}}`}, not: "WithOrganization",
			call: func(c *linkit.Client) error { return c.Do(t.Context(), "POST", "/customers", nil, nil, nil) },
		},
		"403 with one": {
			response: reply{status: 403}, opts: []linkit.Option{linkit.WithOrganization("org_1")}, hint: "access to that organization", not: "WithOrganization",
		},
		"403 of a public endpoint": {
			response: reply{status: 403}, not: "WithOrganization",
			call: func(c *linkit.Client) error { return c.Do(t.Context(), "GET", "/ping", nil, nil, nil) },
		},
		"413 of a bulk request": {
			response: reply{status: 413}, hint: "WithBulkSize",
			call: func(c *linkit.Client) error {
				_, err := c.Products.Bulk(t.Context(), linkit.BulkUpsert, []linkit.ProductParams{{IvID: "x"}})
				return err
			},
		},
		"413 of another": {response: reply{status: 413}, not: "WithBulkSize"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call := row.call
			if call == nil {
				call = func(c *linkit.Client) error { return getOne(t.Context(), c) }
			}
			err := call(newClient(t, &replies{responses: []reply{row.response}}, row.opts...))
			require.ErrorContains(t, err, row.hint)
			if row.not != "" {
				assert.NotContains(t, err.Error(), row.not)
			}
		})
	}
}
