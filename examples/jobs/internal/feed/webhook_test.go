package feed

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

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

// answer is a response, and until when its request's body may be read.
type answer struct {
	*httptest.ResponseRecorder
	deadline time.Time
}

func (a *answer) SetReadDeadline(deadline time.Time) error {
	a.deadline = deadline
	return nil
}

// send sends a webhook without a server between: all that the handler writes is seen.
func (r *rig) send(secretOfPath, body string) *answer {
	r.t.Helper()
	request := httptest.NewRequestWithContext(r.t.Context(), http.MethodPost, "/", strings.NewReader(body))
	request.SetPathValue("secret", secretOfPath)
	got := &answer{ResponseRecorder: httptest.NewRecorder()}
	r.Webhooks(secret).ServeHTTP(got, request)
	return got
}

func TestWebhookIsAnsweredWithOneStatusAndOneReason(t *testing.T) {
	t.Parallel()
	r := newRig(t, sqlite(t), nil)
	largest := `{"id":"o1","comment":"` + strings.Repeat("a", 8<<20-len(`{"id":"o1","comment":""}`)) + `"}`
	require.Len(t, largest, 8<<20)
	for name, row := range map[string]struct {
		secret, body string
		status       int
		text         string
	}{
		"an order":          {secret, orderBody("o1", "pending"), 204, ""},
		"the largest order": {secret, largest, 204, ""},
		"one byte more":     {secret, largest + " ", 413, "the body is too large\n"},
		"no order":          {secret, "hello", 400, "the body is not an order\n"},
		"another secret":    {"guess", orderBody("o1", "pending"), 404, "404 page not found\n"},
	} {
		before := time.Now()
		got := r.send(row.secret, row.body)
		assert.Equal(t, row.status, got.Code, name)
		assert.Equal(t, row.text, got.Body.String(), name)
		assert.Empty(t, got.Header().Get("Retry-After"), name)
		if row.status != http.StatusNotFound {
			assert.WithinRange(t, got.deadline, before.Add(10*time.Second), time.Now().Add(10*time.Second), "a body that trickles ends")
		}
	}
	require.NoError(t, r.DB.Close())
	got := r.send(secret, orderBody("o1", "pending"))
	assert.Equal(t, http.StatusServiceUnavailable, got.Code)
	assert.Equal(t, "try again\n", got.Body.String())
	assert.Equal(t, "5", got.Header().Get("Retry-After"))
}

func TestIDOfAnOrderIsWhatCanBeStoredAndSent(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{
		"o1": true, "a b/c": true, "طلب": true, strings.Repeat("a", 200): true,
		"": false, strings.Repeat("a", 201): false, "a\x00b": false, "a\xffb": false, "a\nb": false, "a\u0085b": false,
	} {
		assert.Equal(t, want, isOrderID(id), "%q", id)
	}
}
