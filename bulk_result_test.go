package linkit_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// bulked sends one record by Bulk, and by BulkAll to the same response; it returns what Bulk does,
// and each of BulkAll was told.
func bulked(t *testing.T, response string) (result *linkit.BulkResult, err error, told linkit.BulkResult, joined error) {
	t.Helper()
	client := newRecorder(t, http.StatusOK, response).client
	result, err = client.Products.Bulk(t.Context(), linkit.BulkUpsert, []linkit.ProductParams{{IvID: "A"}})
	times := 0
	joined = client.Products.BulkAll(
		t.Context(),
		linkit.BulkUpsert,
		linkit.Records(linkit.ProductParams{IvID: "A"}),
		func(r linkit.BulkResult) {
			times++
			told = r
		},
	)
	require.Equal(t, 1, times)
	return result, err, told, joined
}

func TestABulkAnswerWithoutSuccessIsASuccess(t *testing.T) {
	t.Parallel()
	for _, response := range []string{`{"message":"Processed 1 products"}`, `{"success":null,"message":"Processed 1 products"}`, `{"success":true,"message":"Processed 1 products"}`} {
		result, err, told, joined := bulked(t, response)
		require.NoError(t, err)
		require.NoError(t, joined)
		want := linkit.BulkResult{
			Success:    true,
			StatusCode: 200,
			Message:    "Processed 1 products",
			Count:      1,
			Keys:       []string{"A"},
			Raw:        []byte(response),
		}
		assert.Equal(t, want, *result)
		assert.Equal(t, want, told)
	}
}

func TestABulkResultHasTheStatusOfARefusal(t *testing.T) {
	t.Parallel()
	client := newClient(t, canned{status: http.StatusUnprocessableEntity, body: `{"error":"no"}`})
	var told []linkit.BulkResult
	err := client.Products.BulkAll(t.Context(), linkit.BulkUpsert, linkit.Records(linkit.ProductParams{IvID: "A"}),
		func(r linkit.BulkResult) { told = append(told, r) })
	require.ErrorIs(t, err, linkit.ErrValidation)
	require.Len(t, told, 1)
	assert.Equal(t, 422, told[0].StatusCode)
}

func TestABulkAnswerThatIsNotThePromisedObjectIsAnError(t *testing.T) {
	t.Parallel()
	for _, row := range [][2]string{
		{"null", "it is null"},
		{" null\n", "it is null"},
		{"[]", "not the promised JSON"},
		{`"done"`, "not the promised JSON"},
		{"<html>", "HTML page"},
		{"", "empty"},
		{`{"success":true`, "not the promised JSON"},
	} {
		response, hint := row[0], row[1]
		result, err, told, joined := bulked(t, response)
		var useless *linkit.TransportError
		for _, err := range []error{err, told.Err, joined} {
			require.ErrorAs(t, err, &useless, "%q", response)
			require.ErrorContains(t, err, hint)
			assert.True(t, useless.Sent)
			assert.Equal(t, "/products/bulk", useless.Route)
		}
		require.NotNil(t, result, "%q", response)
		assert.False(t, result.Success, "%q", response)
		assert.False(t, told.Success, "%q", response)
		assert.Equal(t, response, string(result.Raw))
		assert.Equal(t, response, string(told.Raw))
	}
}

func TestARefusedBulkRequestTellsWhatTheServerSaid(t *testing.T) {
	t.Parallel()
	const response = `{"success":false,"message":"the stock is locked","records":[{"key":"A","status":423}]}`
	result, err, told, joined := bulked(t, response)
	var refusal *linkit.APIError
	for _, err := range []error{err, told.Err, joined} {
		require.ErrorAs(t, err, &refusal)
		assert.Equal(t, "the stock is locked", refusal.Message)
	}
	require.NotNil(t, result)
	for _, r := range []linkit.BulkResult{*result, told} {
		assert.False(t, r.Success)
		assert.Equal(t, "the stock is locked", r.Message)
		assert.Equal(t, response, string(r.Raw))
		assert.Equal(t, 1, r.Count)
	}
}

func TestBulkAllErrorIsOneBoundedLineWhateverTheSourceSays(t *testing.T) {
	t.Parallel()
	for name, said := range map[string]string{"long": strings.Repeat("x", 100_000), "many lines": strings.Repeat("ERROR forged\r\n", 1000)} {
		mine := errors.New(said)
		err := newClient(t, newBulkServer()).Products.BulkAll(t.Context(), linkit.BulkUpdate, products(7, mine), nil)
		require.ErrorIs(t, err, mine, name)
		assert.Less(t, len(err.Error()), 1000, name)
		assert.NotContains(t, err.Error(), "\n", name)
		assert.NotContains(t, err.Error(), "\r", name)
		assert.Contains(t, err.Error(), "after 7 records: "+said[:5], name)
	}
}

func TestBulkAllChecksWhatItCanBeforeItReadsTheSource(t *testing.T) {
	t.Parallel()
	client, mt := newMockedClient(t)
	closed, _ := newMockedClient(t)
	require.NoError(t, closed.Close())
	without, _ := newMockedClient(t, linkit.WithoutCredentials())
	for name, row := range map[string]struct {
		client *linkit.Client
		mode   linkit.BulkMode
		is     error
		hint   string
	}{
		"a mode that there isn't": {client, "x", linkit.ErrInvalid, `the mode "x" is not one of create, update and upsert`},
		"no mode":                 {client, "", linkit.ErrInvalid, `the mode "" is not one of create, update and upsert`},
		"a closed client":         {closed, linkit.BulkUpsert, linkit.ErrClosed, "POST /products/bulk: the client is closed"},
		"a view without a name":   {client.ForOrganization(""), linkit.BulkUpsert, linkit.ErrInvalid, "ForOrganization: the id is empty"},
		"a organizationErr view":  {client.ForOrganization("a\nb"), linkit.BulkUpsert, linkit.ErrInvalid, "ForOrganization"},
		"no credential":           {without, linkit.BulkUpsert, linkit.ErrInvalid, "WithoutCredentials"},
	} {
		unread := func(func(linkit.ProductParams, error) bool) { t.Error("the source is read: ", name) }
		err := row.client.Products.BulkAll(
			t.Context(),
			row.mode,
			unread,
			func(linkit.BulkResult) { t.Error("a request is reported: ", name) },
		)
		require.ErrorIs(t, err, row.is, name)
		assert.ErrorContains(t, err, row.hint, name)
	}
	unread := func(func(linkit.OrderParams, error) bool) { t.Error("the source is read without a context") }
	require.ErrorIs(t, client.Orders.BulkAll(nil, unread, nil), linkit.ErrInvalid) //nolint:staticcheck // the mistake
	assert.Zero(t, mt.GetTotalCallCount())
}
