package linkit_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// FuzzWebhook holds a webhook's handler to its statuses: fn sees an order only as Linkit has it, and
// only one that the webhook names.
func FuzzWebhook(f *testing.F) {
	addSamples(f)
	f.Add([]byte(webhook))
	f.Add([]byte(`{"order":{"id":".."}}`))
	f.Add([]byte(`{"order":{"id":"a/b?c#d%2e\u0000"}}`))
	f.Add([]byte("\x1f\x8b"))
	f.Fuzz(func(t *testing.T, body []byte) {
		notice, parseErr := linkit.ParseOrder(bytes.NewReader(body))
		var asked []string
		transport := roundTrip(func(r *http.Request) (*http.Response, error) {
			asked = append(asked, strings.TrimPrefix(r.URL.Path, "/api/v1/orders/"))
			return canned{body: `{"id":"o1","order_status":"pending"}`}.RoundTrip(r)
		})
		handled := 0
		h := newClient(t, transport).Orders.WebhookHandler(func(_ context.Context, o *linkit.Order) error {
			handled++
			require.Equal(t, "o1", o.ID)
			return nil
		})
		w := deliver(t.Context(), h, http.MethodPost, string(body))
		said, err := io.ReadAll(w.Body)
		require.NoError(t, err)
		require.Less(t, len(said), 100)
		if w.Code == http.StatusNoContent {
			require.NoError(t, parseErr)
			require.Equal(t, []string{notice.ID}, asked)
			require.Equal(t, 1, handled)
			return
		}
		require.Equal(t, http.StatusBadRequest, w.Code)
		require.Empty(t, asked)
		require.Zero(t, handled)
	})
}
