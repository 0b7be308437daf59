package linkittest_test

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

func TestFaultsHappenToWhatMatches(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault        linkittest.Fault
		method, path string
		want         bool
	}{
		"anything":               {linkittest.Fault{}, "GET", "/ping", true},
		"method":                 {linkittest.Fault{Method: "POST"}, "POST", "/products", true},
		"another method":         {linkittest.Fault{Method: "POST"}, "GET", "/products", false},
		"literal":                {linkittest.Fault{Path: "/products/A"}, "GET", "/products/A", true},
		"another literal":        {linkittest.Fault{Path: "/products/A"}, "GET", "/products/B", false},
		"not a prefix":           {linkittest.Fault{Path: "/products"}, "GET", "/products/A", false},
		"template":               {linkittest.Fault{Path: "/products/{iv_id}"}, "GET", "/products/A", true},
		"template, another name": {linkittest.Fault{Path: "/products/{id}"}, "GET", "/products/A", true},
		"template, another path": {linkittest.Fault{Path: "/products/{iv_id}"}, "POST", "/products/bulk", false},
		"with the base path":     {linkittest.Fault{Path: "/api/v1/products/{iv_id}"}, "GET", "/products/A", true},
		"escaped":                {linkittest.Fault{Path: "/products/a b"}, "GET", "/products/a%20b", true},
		"escaped in both":        {linkittest.Fault{Path: "/products/a%20b"}, "GET", "/products/a%20b", true},
		"an unknown path":        {linkittest.Fault{Path: "/nowhere"}, "GET", "/nowhere", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			row.fault.Status = http.StatusTeapot
			server.Inject(row.fault)
			assert.Equal(t, row.want, send(t, server, row.method, row.path, "").status == http.StatusTeapot)
		})
	}
}

func TestFaultsHappenAsOftenAsTheySay(t *testing.T) {
	t.Parallel()
	for times, want := range map[int]int{0: 1, 1: 1, 3: 3, -1: 5} {
		server := newServer(t)
		server.Inject(linkittest.Fault{Status: 503, Times: times})
		met := 0
		for range 5 {
			if send(t, server, "GET", "/ping", "").status == 503 {
				met++
			}
		}
		assert.Equal(t, want, met, times)
	}
	server := newServer(t)
	remove := server.Inject(linkittest.Fault{Status: 503, Times: -1})
	assert.Equal(t, 503, send(t, server, "GET", "/ping", "").status)
	remove()
	remove()
	assert.Equal(t, 200, send(t, server, "GET", "/ping", "").status)
}

func TestFaultsHappenInOrder(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.Inject(linkittest.Fault{Header: http.Header{"x-one": {"1"}}, Times: 2})
	server.Inject(linkittest.Fault{Status: 500})
	server.Inject(linkittest.Fault{Status: 502, Header: http.Header{"X-Two": {"2"}}})
	first, second, third := send(
		t,
		server,
		"GET",
		"/ping",
		"",
	), send(
		t,
		server,
		"GET",
		"/ping",
		"",
	), send(
		t,
		server,
		"GET",
		"/ping",
		"",
	)
	assert.Equal(t, []int{500, 502, 200}, []int{first.status, second.status, third.status})
	assert.Equal(
		t,
		[]string{"1", "1", ""},
		[]string{first.header.Get("X-One"), second.header.Get("X-One"), third.header.Get("X-One")},
	)
	assert.Equal(t, "2", second.header.Get("X-Two"))
}

func TestFaultHeadersAreTheirOwn(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	header := http.Header{"X-One": {"1"}}
	server.Inject(linkittest.Fault{Header: header, Times: 3})
	header["X-One"][0] = "changed"
	header.Set("X-Late", "1")
	server.Inject(linkittest.Fault{Header: http.Header{"X-Two": {"2"}}})
	server.Inject(linkittest.Fault{Status: 503, Header: http.Header{"X-Three": {"3"}}, Times: 2})
	for i, want := range [][]string{{"1", "2", "3"}, {"1", "", "3"}, {"1", "", ""}, {"", "", ""}} {
		res := send(t, server, "GET", "/ping", "")
		assert.Equal(
			t,
			want,
			[]string{res.header.Get("X-One"), res.header.Get("X-Two"), res.header.Get("X-Three")},
			"response %d",
			i+1,
		)
		assert.Empty(t, res.header.Get("X-Late"))
	}
}

func TestFaultRespondsInsteadAndWithoutEffect(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for _, row := range []struct {
		fault       linkittest.Fault
		status      int
		contentType string
	}{
		{linkittest.Fault{Status: 429, Body: `{"code":429}`, Header: http.Header{"Retry-After": {"7"}}}, 429, "application/json"},
		{linkittest.Fault{Status: 502, Body: "<html>"}, 502, "text/html; charset=utf-8"},
		{linkittest.Fault{Status: 500, Body: "oops"}, 500, "text/plain; charset=utf-8"},
		{linkittest.Fault{Status: 503}, 503, ""},
		{linkittest.Fault{Body: "[]"}, 200, "application/json"},
		{linkittest.Fault{Status: 201, Body: "{}", Header: http.Header{"Content-Type": {"text/json"}}}, 201, "text/json"},
		{linkittest.Fault{Status: 204, Body: "not sent"}, 204, "text/plain; charset=utf-8"},
	} {
		server.Inject(row.fault)
		res := send(t, server, "POST", "/products", `{"iv_id":"A"}`, "Authorization", "nobody's-key")
		assert.Equal(t, row.status, res.status)
		assert.Equal(t, row.contentType, res.header.Get("Content-Type"), row.status)
		assert.Equal(t, row.fault.Header.Get("Retry-After"), res.header.Get("Retry-After"))
		if row.status != 204 {
			assert.Equal(t, row.fault.Body, res.body)
		}
	}
	assert.Equal(t, 404, send(t, server, "GET", "/products/A", "").status)
	assert.Len(t, server.Requests(), 8, "requests that met a fault are recorded too")
	assert.Panics(t, func() { server.Inject(linkittest.Fault{Status: 42}) })
}

func TestFaultsMayTakeTheDateAway(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.Inject(linkittest.Fault{Header: http.Header{"Date": nil}})
	res := send(t, server, "GET", "/ping", "")
	assert.Equal(t, 200, res.status)
	assert.Empty(t, res.header.Values("Date"))
	assert.NotEmpty(t, send(t, server, "GET", "/ping", "").header.Get("Date"))
}

func TestConnectionsAreLostBeforeAndAfter(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fault  linkittest.Fault
		err    error
		effect bool
	}{
		"before":               {linkittest.Fault{DropBefore: true}, syscall.ECONNRESET, false},
		"after":                {linkittest.Fault{DropAfter: true}, syscall.ECONNRESET, true},
		"after, with a status": {linkittest.Fault{DropAfter: true, Status: 500}, syscall.ECONNRESET, true},
		"half way":             {linkittest.Fault{Truncate: true}, io.ErrUnexpectedEOF, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, option := range []linkittest.Option{nil, linkittest.WithTLS(), linkittest.WithHTTP2()} {
				server := newServer(t, option)
				server.Inject(row.fault)
				res, err := trySend(t, server, "POST", "/products", `{"iv_id":"A"}`)
				require.Error(t, err)
				if server.Certificate() == nil {
					require.ErrorIs(t, err, row.err)
				}
				if row.fault.Truncate {
					assert.Equal(t, 201, res.status)
					if size := res.header.Get("Content-Length"); size != "" {
						whole, err := strconv.Atoi(size)
						require.NoError(t, err)
						assert.Len(t, res.body, whole/2)
					}
				}
				effect := send(t, server, "GET", "/products/A", "").status == 200
				assert.Equal(t, row.effect, effect)
			}
		})
	}
}

func TestFaultDelayEndsWithTheClient(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.Inject(linkittest.Fault{Method: "POST", Delay: time.Hour, Times: -1})
	client := server.Client(linkit.WithAttemptTimeout(50 * time.Millisecond))
	_, err := client.Products.Create(t.Context(), linkit.ProductParams{IvID: "A"})
	var lost *linkit.TransportError
	require.ErrorAs(t, err, &lost)
	assert.True(t, lost.Sent)
	_, err = client.Products.Get(t.Context(), "A")
	require.NoError(t, err, "the request took effect before the response was held back")
	require.Len(t, server.Requests(), 2)
	server.Close() // would hang if the handler were still waiting
}

func TestFaultDelayOnlyDelays(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.Inject(linkittest.Fault{Delay: 20 * time.Millisecond})
	server.Inject(linkittest.Fault{Delay: 20 * time.Millisecond})
	began := time.Now()
	assert.Equal(t, 200, send(t, server, "GET", "/ping", "").status)
	assert.GreaterOrEqual(t, time.Since(began), 40*time.Millisecond)
}

func TestClientsRetryOverFaults(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddProducts(linkit.Product{IvID: "A"})
	server.Inject(linkittest.Fault{Path: "/products/{iv_id}", Status: 503})
	server.Inject(linkittest.Fault{Path: "/products/{iv_id}", DropBefore: true})
	server.Inject(linkittest.Fault{Path: "/products/{iv_id}", Truncate: true})
	_, err := server.Client().Products.Get(t.Context(), "A")
	require.NoError(t, err)
	assert.Len(t, server.Requests(), 4)
}

func TestFaultsCanDependOnTheBody(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	remove := server.Inject(linkittest.Fault{
		Method: "POST", Path: "/products", Status: 503, Times: 2,
		Match: func(r linkittest.Request) bool {
			return strings.Contains(string(r.Body), `"B"`) && r.Header.Get("X-Trace") == ""
		},
	})
	for i, row := range []struct {
		body, trace string
		status      int
	}{
		{`{"iv_id":"A"}`, "", 201}, {`{"iv_id":"B"}`, "", 503}, {`{"iv_id":"B"}`, "t", 201}, {`{"iv_id":"B","x":1}`, "", 503},
		{`{"iv_id":"B"}`, "", 409},
	} {
		assert.Equal(t, row.status, send(t, server, "POST", "/products", row.body, "X-Trace", row.trace).status, i)
	}
	remove()
}

func TestMatchSeesACopyOfTheRequestsThatMatchOtherwise(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	var seen []string
	server.Inject(linkittest.Fault{Method: "POST", Times: -1, Status: 503, Match: func(r linkittest.Request) bool {
		seen = append(seen, r.Route+" "+string(r.Body))
		r.Header.Set("Authorization", "spoiled")
		clear(r.Body)
		server.Inject(linkittest.Fault{Header: http.Header{"X-One": {"1"}}}) // the server can be used
		return false
	}})
	assert.Equal(t, 200, send(t, server, "GET", "/products", "").status)
	assert.Equal(t, 201, send(t, server, "POST", "/products", `{"iv_id":"A"}`).status)
	assert.Equal(t, "1", send(t, server, "GET", "/ping", "").header.Get("X-One"))
	signIn(t, server, linkittest.Email, linkittest.Password)
	assert.Equal(
		t,
		[]string{`/products {"iv_id":"A"}`, `/auth/login {"email":"user@example.com","password":"[masked]"}`},
		seen,
	)
	assert.Equal(t, `{"iv_id":"A"}`, string(server.Requests()[1].Body))
}

func TestAFaultAppliesToNoMoreRequestsThanItSaysSideBySide(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.Inject(linkittest.Fault{Status: 503, Times: 7, Match: func(linkittest.Request) bool { return true }})
	var met atomic.Int32
	var wait sync.WaitGroup
	for range 30 {
		wait.Go(func() {
			if res, err := trySend(t, server, "GET", "/ping", ""); err == nil && res.status == 503 {
				met.Add(1)
			}
		})
	}
	wait.Wait()
	assert.EqualValues(t, 7, met.Load())
}
