package linkit_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// refusals are bodies of a 2xx that report a failure.
var refusals = map[string]string{
	"success is false":        `{"success":false,"message":"no"}`,
	"success is a text":       `{"success":"false","error":"no"}`,
	"success in capitals":     `{"success":"False"}`,
	"success is 0":            `{"success":0,"message":"no"}`,
	"success is \"0\"":        `{"success":"0","message":"no"}`,
	"success comes last":      `{"message":"no","data":null,"success":false}`,
	"false beside data":       `{"success":false,"data":{"id":"r1","iv_id":"A","name":"x"}}`,
	"false beside a list":     `{"success":false,"data":[],"items":[]}`,
	"a validation error":      `{"code":422,"error":"Validation error","details":"mode is not allowed here"}`,
	"its code is a text":      `{"code":"422","error":"Validation error","details":{"mode":"not allowed"}}`,
	"code and details":        `{"code":422,"details":"mode is not allowed here"}`,
	"PocketBase's":            `{"status":400,"message":"Failed to create record.","data":{"iv_id":{"code":"validation_required","message":"Cannot be blank."}}}`,
	"PocketBase's older form": `{"code":403,"message":"Only admins can do this.","data":{}}`,
	"an error object":         `{"error":{"code":"forbidden","message":"no"}}`,
	"an error and null data":  `{"data":null,"error":"no"}`,
	"an error and no records": `{"data":[],"error":"no"}`,
	"a suspension":            `{"code":"BILLING_SERVICE_SUSPENDED","error":"Forbidden"}`,
	"a problem of RFC 9457":   `{"type":"about:blank","title":"Forbidden","status":403,"detail":"no"}`,
	"NestJS's":                `{"statusCode":400,"message":["iv_id must be a string"],"error":"Bad Request"}`,
	"JSend's":                 `{"status":"error","message":"no"}`,
	"ok is false":             `{"ok":false,"message":"no"}`,
	"a byte order mark":       "\ufeff" + ` {"success":false}`,
	"an id of its own":        `{"id":"req_9","success":false,"message":"no"}`,
	"an id and an error":      `{"id":"req_9","code":422,"error":"no"}`,
}

func TestEveryCallTellsASuccessThatRefuses(t *testing.T) {
	t.Parallel()
	type ctx = context.Context
	type client = *linkit.Client
	calls := map[string]func(ctx, client) error{
		"Products.Delete":  func(ctx ctx, c client) error { return c.Products.Delete(ctx, "A") },
		"Customers.Delete": func(ctx ctx, c client) error { return c.Customers.Delete(ctx, "A") },
		"Products.Bulk": func(ctx ctx, c client) error {
			_, err := c.Products.Bulk(ctx, linkit.BulkUpsert, []linkit.ProductParams{{IvID: "A"}})
			return err
		},
		"Products.BulkAll": func(ctx ctx, c client) error {
			return c.Products.BulkAll(ctx, linkit.BulkUpdate, linkit.Records(linkit.ProductParams{IvID: "A"}), nil)
		},
		"Products.Count": func(ctx ctx, c client) error { _, err := c.Products.Count(ctx, nil); return err },
		"Products.All":   func(ctx ctx, c client) error { _, err := linkit.Collect(c.Products.All(ctx, nil)); return err },
		"Products.Create": func(ctx ctx, c client) error {
			_, err := c.Products.Create(ctx, linkit.ProductParams{IvID: "A"})
			return err
		},
		"Offers.SetStatus": func(ctx ctx, c client) error {
			_, err := c.Offers.SetStatus(ctx, "A", linkit.OfferStatusParams{Status: "active"})
			return err
		},
		"Offers.Report": func(ctx ctx, c client) error { _, err := c.Offers.Report(ctx); return err },
		"Integrations.Execute": func(ctx ctx, c client) error {
			return c.Integrations.Execute(ctx, "org", "slug", nil, new(map[string]any))
		},
		"Do":             func(ctx ctx, c client) error { return c.Do(ctx, http.MethodPost, "/x", nil, nil, new(map[string]any)) },
		"Do without out": func(ctx ctx, c client) error { return c.Do(ctx, http.MethodPost, "/x", nil, nil, nil) },
		"Auth.Login":     func(ctx ctx, c client) error { _, err := c.Auth.Login(ctx, "user@example.com", "password"); return err },
		"FindByEmail":    func(ctx ctx, c client) error { _, err := c.Customers.FindByEmail(ctx, "user@example.com"); return err },
	}
	for _, r := range readings() {
		name := r.frame + r.wrap
		if r.one != nil && r.wrap == "" {
			calls["one "+modelName(r)] = func(ctx ctx, c client) error { _, err := r.one(ctx, c); return err }
		}
		if r.list != nil {
			calls["list "+name+modelName(r)] = func(ctx ctx, c client) error { _, err := r.list(ctx, c); return err }
		}
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for form, body := range refusals {
				err := call(t.Context(), served(t, body))
				var response *linkit.APIError
				if assert.ErrorAs(t, err, &response, "%s: %s", form, body) {
					assert.Equal(t, http.StatusOK, response.StatusCode)
					assertOneLine(t, err)
				}
			}
		})
	}
	err := calls["Products.Delete"](t.Context(), served(t, refusals["a validation error"]))
	var response *linkit.APIError
	require.ErrorAs(t, err, &response)
	assert.Equal(t, "422", response.Code)
	assert.Equal(t, "mode is not allowed here", response.Details)
}

func TestASuccessThatMentionsErrorsIsOne(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"success":true,"message":"Deleted","error":null,"errors":[]}`, `{"success":1,"error":"","code":200}`, `{"error":false}`, `{"error":0,"status":"ok"}`,
		`{"error":"e","data":{"id":"x"}}`, `{"code":0,"message":"ok"}`, `{"status":204,"message":"gone"}`, ``, `[]`, `deleted`, `{}`, `null`,
	} {
		require.NoError(t, served(t, body).Products.Delete(t.Context(), "A"), body)
	}
}
