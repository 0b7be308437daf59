package feed

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var two = []Event{
	{ID: 7, OrderID: "o1", Change: ChangeNew, To: "pending", Order: []byte("{\n \"id\": \"o1\"\n}")},
	{ID: 9, OrderID: "o1", Change: ChangeStatus, From: "pending", To: "ready", Order: []byte(`{"id":"o1"}`)},
}

var later = time.Now().Add(time.Hour)

const firstLine = `{"id":7,"order_id":"o1","change":"new","from":"","to":"pending","seen":"0001-01-01T00:00:00Z","order":{"id":"o1"}}`

func TestExecGetsALinePerEventAndItsEndAcceptsAllOrNone(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "events")
	var output bytes.Buffer
	accepted, err := Exec("cat > '"+file+"'; echo taken", &output).HandOn(t.Context(), two, later)
	require.NoError(t, err)
	assert.Equal(t, 2, accepted)
	assert.Equal(t, "taken\n", output.String())
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	lines := strings.Split(string(text), "\n")
	require.Len(t, lines, 3, "a line each, and an end")
	assert.JSONEq(t, firstLine, lines[0])
	for _, command := range []string{"exit 3", "head -n 1 >/dev/null; false", "/no/such/command", "kill -9 $$"} {
		accepted, err := Exec(command, io.Discard).HandOn(t.Context(), two, later)
		require.ErrorContains(t, err, "-exec", command)
		assert.Zero(t, accepted, command)
	}
}

func TestPostAcceptsUpToTheFirstRefusal(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		statuses []int
		accepted int
	}{
		"all":         {[]int{200, 204}, 2},
		"none":        {[]int{500}, 0},
		"the first":   {[]int{202, 409}, 1},
		"a redirect":  {[]int{307}, 0},
		"nothing new": {[]int{304}, 0},
		"several":     {[]int{300}, 0},
		"the last":    {[]int{299, 299}, 2},
	} {
		var keys, bodies []string
		receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			keys, bodies = append(keys, r.Header.Get("Idempotency-Key")), append(bodies, string(body))
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(row.statuses[len(keys)-1])
		}))
		t.Cleanup(receiver.Close)
		post, err := Post(receiver.URL + "/erp?token=t0ken")
		require.NoError(t, err)
		accepted, err := post.HandOn(t.Context(), two, later)
		assert.Equal(t, row.accepted, accepted, name)
		assert.Equal(t, row.accepted < len(two), err != nil, name)
		assert.Equal(t, []string{"order-event-7", "order-event-9"}[:len(keys)], keys, name)
		assert.JSONEq(t, firstLine, bodies[0], name)
		if err != nil {
			assert.NotContains(t, err.Error(), "t0ken", name)
		}
	}
}

func TestPostsErrorsNameTheHostAlone(t *testing.T) {
	t.Parallel()
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	post, err := Post(away.URL + "/s3cret?token=t0ken")
	require.NoError(t, err)
	_, err = post.HandOn(t.Context(), two, later)
	require.ErrorContains(t, err, strings.TrimPrefix(away.URL, "http://"))
	for _, text := range []string{"t0ken", "s3cret"} {
		assert.NotContains(t, err.Error(), text)
	}
	for _, target := range []string{"", "example.com/t0ken", "ftp://example.com/t0ken", "http:///t0ken", "://t0ken"} {
		_, err := Post(target)
		require.Error(t, err, target)
		assert.NotContains(t, err.Error(), "t0ken")
	}
}

func TestSlowReceiverIsNoFailure(t *testing.T) {
	t.Parallel()
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(receiver.Close)
	post, err := Post(receiver.URL)
	require.NoError(t, err)
	accepted, err := post.HandOn(t.Context(), two, time.Now().Add(-time.Second))
	require.NoError(t, err)
	assert.Equal(t, 1, accepted, "at least one, so that it goes on")
}

// told is an output that tells when something was printed.
type told struct {
	text string
	then func()
}

func (o *told) Write(text []byte) (int, error) {
	o.text += string(text)
	o.then()
	return len(text), nil
}

func TestCommandIsAskedToEnd(t *testing.T) {
	t.Parallel()
	ctx, end := context.WithCancel(t.Context())
	output := &told{then: end}
	accepted, err := Exec("trap 'echo asked; exit 0' TERM; echo ready; while :; do sleep 0.01; done", output).HandOn(ctx, two, later)
	require.ErrorIs(t, err, context.Canceled)
	assert.Zero(t, accepted)
	assert.Equal(t, "ready\nasked\n", output.text)
}

func TestEventThatIsNoJSONIsNotHandedOn(t *testing.T) {
	t.Parallel()
	broken := []Event{two[0], {ID: 9, Order: []byte("{")}}
	accepted, err := Exec("exit 0", io.Discard).HandOn(t.Context(), broken, later)
	require.ErrorContains(t, err, "event 9: ")
	assert.Zero(t, accepted)

	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(receiver.Close)
	post, err := Post(receiver.URL)
	require.NoError(t, err)
	accepted, err = post.HandOn(t.Context(), broken, later)
	require.ErrorContains(t, err, "event 9: ")
	assert.Equal(t, 1, accepted)
}

func TestPostsAreJSONOnOneConnection(t *testing.T) {
	t.Parallel()
	var kinds, from []string
	receiver := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kinds, from = append(kinds, r.Method+" "+r.Header.Get("Content-Type")), append(from, r.RemoteAddr)
		_, _ = io.WriteString(w, "a response that nobody reads")
	}))
	t.Cleanup(receiver.Close)
	post, err := Post(receiver.URL) // which begins with https
	require.NoError(t, err)
	post.(*postReceiver).client.Transport = receiver.Client().Transport //nolint:errcheck // it is one
	accepted, err := post.HandOn(t.Context(), two, later)
	require.NoError(t, err)
	assert.Equal(t, 2, accepted)
	assert.Equal(t, []string{"POST application/json", "POST application/json"}, kinds)
	assert.Equal(t, from[0], from[1])
}
