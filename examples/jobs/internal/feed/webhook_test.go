package feed

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func post(t *testing.T, method, url, body string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	response, err := new(http.Client).Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode
}

func TestWebhookIsStoredBeforeItIsConfirmedAndCallsNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		r := newRig(t, dsn, nil)
		for name, row := range map[string]struct {
			method, path, body string
			want               int
		}{
			"an order":            {"POST", secret, orderBody("o1", "pending"), 204},
			"again":               {"POST", secret, orderBody("o1", "ready"), 204},
			"the older form":      {"POST", secret, `{"id":"o1","status":"ready"}`, 204},
			"another":             {"POST", secret, orderBody("o2", "pending"), 204},
			"without an id":       {"POST", secret, `{"order":{"order_status":"pending"}}`, 400},
			"not JSON":            {"POST", secret, "hello", 400},
			"nothing":             {"POST", secret, "", 400},
			"a zero byte":         {"POST", secret, `{"id":"a\u0000b"}`, 400},
			"a line end":          {"POST", secret, `{"id":"a\nb"}`, 400},
			"an endless id":       {"POST", secret, orderBody(strings.Repeat("a", 1000), ""), 400},
			"an endless body":     {"POST", secret, `{"id":"o3","comment":"` + strings.Repeat("a", 9<<20) + `"}`, 413},
			"another secret":      {"POST", "guess", orderBody("o4", "pending"), 404},
			"a part of it":        {"POST", secret[:5], orderBody("o4", "pending"), 404},
			"GET":                 {"GET", secret, "", 405},
			"a path behind it":    {"POST", secret + "/more", orderBody("o4", "pending"), 404},
			"no secret":           {"POST", "", orderBody("o4", "pending"), 404},
			"the id of the outer": {"POST", secret, `{"spec_version":"1","id":"evt","order":{"id":"o2"}}`, 204},
		} {
			assert.Equal(t, row.want, post(t, row.method, strings.TrimSuffix(r.url, secret)+row.path, row.body), name)
		}
		assert.Empty(t, r.server.Requests())
		assert.EqualValues(t, 3, r.value("SELECT hints FROM linkit_order_hints WHERE order_id = 'o1'"))
		assert.EqualValues(t, 2, r.value("SELECT count(*) FROM linkit_order_hints"))
		assert.EqualValues(t, 2, r.value("SELECT count(*) FROM river_job"))
	})
}

func TestWebhookIsRefusedWhileTheDatabaseFails(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		r := newRig(t, dsn, nil)
		_, err := r.DB.ExecContext(t.Context(), "ALTER TABLE river_job RENAME TO river_job_away")
		require.NoError(t, err)
		assert.Equal(t, http.StatusServiceUnavailable, post(t, "POST", r.url, orderBody("o1", "pending")))
		assert.Zero(t, r.value("SELECT count(*) FROM linkit_order_hints"), "half of it was stored")
	})
}

func TestWebhooksNeedASecret(t *testing.T) {
	t.Parallel()
	assert.Panics(t, func() { new(Feed).Webhooks("") })
}
