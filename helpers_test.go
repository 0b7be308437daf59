package linkit_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

const testOrganization = "org_9f2"

// The dates of the samples.
var (
	created = linkit.Time{Time: time.Date(2026, 3, 2, 8, 15, 0, 0, time.UTC)}
	updated = linkit.Time{Time: time.Date(2026, 4, 11, 17, 40, 30, 0, time.UTC)}
)

// recorder is a client of testOrganization, and what it sent. Its responses are the documented ones,
// not those of a server of ours.
type recorder struct {
	client   *linkit.Client
	mu       sync.Mutex
	requests []sent
}

// sent is one request as it arrived.
type sent struct {
	line  string // "GET /skus/ITEM-4410_BR-07": below the base URL, still escaped
	query string
	body  string
}

// newRecorder responses every request with this status and body. Options given replace the defaults.
func newRecorder(t *testing.T, status int, response string, opts ...linkit.Option) *recorder {
	t.Helper()
	client, mt := newMockedClient(t, append([]linkit.Option{linkit.WithOrganization(testOrganization)}, opts...)...)
	w := &recorder{client: client}
	mt.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
		request := sent{line: r.Method + " " + strings.TrimPrefix(r.URL.EscapedPath(), "/api/v1"), query: r.URL.RawQuery}
		if r.Body != nil {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			request.body = string(body)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.requests = append(w.requests, request)
		return httpmock.NewStringResponse(status, response), nil
	})
	return w
}

// all returns what was sent.
func (w *recorder) all() []sent {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]sent(nil), w.requests...)
}

// exchange is one use of a method: what it must send, and what it makes of the response.
type exchange struct {
	name     string
	call     func(ctx context.Context, c *linkit.Client) (any, error)
	line     string // of the request
	body     string // of the request, a file in testdata/requests; "": it must have none
	status   int    // of the response; 0: 200
	response string
	record   bool // the response may also come as {success, message, data}: both are tried
	want     any  // of the call; nil: it returns only an error
}

func exchanges(t *testing.T, rows []exchange) {
	t.Helper()
	for _, row := range rows {
		responses := map[string]string{"": row.response}
		if row.record {
			responses[" enveloped"] = `{"success":true,"message":"done","data":` + row.response + `}`
		}
		for form, response := range responses {
			t.Run(row.name+form, func(t *testing.T) {
				t.Parallel()
				w := newRecorder(t, max(row.status, http.StatusOK), response)
				got, err := row.call(t.Context(), w.client)
				require.NoError(t, err)
				assert.Equal(t, withoutRaw(row.want), withoutRaw(got))
				requests := w.all()
				require.Len(t, requests, 1)
				assert.Equal(t, row.line, requests[0].line)
				assert.Empty(t, requests[0].query)
				if row.body == "" {
					assert.Empty(t, requests[0].body)
					return
				}
				assert.JSONEq(t, sample(t, "requests/"+row.body), requests[0].body)
			})
		}
	}
}

// lister is a service with a paged list of T, selected by P.
type lister[T, P any] interface {
	List(ctx context.Context, params P) (*linkit.Page[T], error)
	All(ctx context.Context, params P) iter.Seq2[T, error]
	Count(ctx context.Context, params P) (int, error)
}

// listing is one selection of a list, and what it must send and return.
type listing[T, P any] struct {
	service func(*linkit.Client) lister[T, P]
	params  P
	line    string
	query   string // of the selection: All and Count add their paging
	record  string // as Linkit gives it
	want    T
}

// check reads a page of the record, all records and their count, with the list under "data" and
// under "items".
func (l listing[T, P]) check(t *testing.T) {
	t.Helper()
	for _, key := range []string{"data", "items"} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			w := newRecorder(
				t,
				http.StatusOK,
				`{"`+key+`":[`+l.record+`],"count":1,"total_count":1,"page":1,"limit":20,"has_next":false,"meta":{"a":1},"new":[]}`,
			)
			service := l.service(w.client)

			page, err := service.List(t.Context(), l.params)
			require.NoError(t, err)
			assert.Equal(
				t,
				&linkit.Page[T]{
					Data:       []T{withoutRaw(l.want)},
					Count:      1,
					TotalCount: 1,
					Page:       1,
					Limit:      20,
					Meta:       []byte(`{"a":1}`),
				},
				withoutRaw(page),
			)
			all, err := linkit.Collect(service.All(t.Context(), l.params))
			require.NoError(t, err)
			assert.Equal(t, withoutRaw([]T{l.want}), withoutRaw(all))
			count, err := service.Count(t.Context(), l.params)
			require.NoError(t, err)
			assert.Equal(t, 1, count)

			requests := w.all()
			require.Len(t, requests, 3)
			for i, paging := range []string{"", "limit=100&page=1", "limit=1&page=1"} {
				assert.Equal(t, l.line, requests[i].line)
				assert.Empty(t, requests[i].body)
				assert.ElementsMatch(t, parameters(l.query, paging), parameters(requests[i].query))
			}
		})
	}
}

// parameters splits queries: the order of a query's parameters doesn't matter, their form does.
func parameters(queries ...string) (all []string) {
	for _, query := range queries {
		if query != "" {
			all = append(all, strings.Split(query, "&")...)
		}
	}
	return all
}

// sentOnce checks that a write whose response is lost is not sent again, and that its error says that
// it may have been done.
func sentOnce(t *testing.T, call func(ctx context.Context, c *linkit.Client) error) {
	t.Helper()
	arrived := 0
	transport := roundTrip(func(*http.Request) (*http.Response, error) {
		arrived++
		return nil, syscall.ECONNRESET
	})
	err := call(t.Context(), newClient(t, transport, linkit.WithOrganization(testOrganization)))
	var lost *linkit.TransportError
	require.ErrorAs(t, err, &lost)
	assert.True(t, lost.Sent)
	assert.Equal(t, 1, lost.Attempts)
	assert.Equal(t, 1, arrived)
}

// unusable checks that a success whose body isn't the promised one is an error, and that one that
// says "success": false is the server's refusal.
func decodeError(t *testing.T, call func(ctx context.Context, c *linkit.Client) error, bodies ...string) {
	t.Helper()
	for _, body := range append(bodies, "", "<html>proxy</html>", `{"id":"x","iv_id":"x"`) {
		w := newRecorder(t, http.StatusOK, body)
		err := call(t.Context(), w.client)
		var useless *linkit.TransportError
		require.ErrorAs(t, err, &useless, "body %q", body)
		assert.True(t, useless.Sent)
		assert.Len(t, w.all(), 1)
	}
	w := newRecorder(t, http.StatusOK, `{"success":false,"error":"not now"}`)
	var refusal *linkit.APIError
	require.ErrorAs(t, call(t.Context(), w.client), &refusal)
	assert.Equal(t, "not now", refusal.Message)
}

// invalidBefore checks that a call is refused before the network, for a reason that names all of
// these.
func invalidBefore(
	t *testing.T,
	call func(ctx context.Context, c *linkit.Client) error,
	names []string,
	opts ...linkit.Option,
) {
	t.Helper()
	w := newRecorder(t, http.StatusOK, `{}`, opts...)
	err := call(t.Context(), w.client)
	require.ErrorIs(t, err, linkit.ErrInvalid)
	for _, name := range names {
		assert.ErrorContains(t, err, name)
	}
	assert.Empty(t, w.all())
}

const (
	testKey  = "k3y-Zp0aQ9w8e7r6t5y4"
	testBase = "https://linkit.test/api/v1"
	product1 = `{"id":"k7m2p9q4x1c8v5b","iv_id":"ITEM-1","name_en":"Adol"}`
)

// newMockedClient returns a client over a transport of its own. httpmock.Activate would be global,
// and has no effect on a retrying client, which holds its transport.
func newMockedClient(t *testing.T, opts ...linkit.Option) (*linkit.Client, *httpmock.MockTransport) {
	t.Helper()
	mt := httpmock.NewMockTransport()
	return newClient(t, mt, opts...), mt
}

// newClient returns a client with an API key over any transport; an option given replaces the key.
func newClient(t *testing.T, transport http.RoundTripper, opts ...linkit.Option) *linkit.Client {
	t.Helper()
	base := []linkit.Option{
		linkit.WithBaseURL(testBase),
		linkit.WithHTTPClient(&http.Client{Transport: transport}),
		linkit.WithRetryWait(time.Millisecond, 2*time.Millisecond),
	}
	client, err := linkit.NewClient(append(base, opts...)...)
	if err != nil && errors.Is(err, linkit.ErrInvalid) && strings.Contains(err.Error(), "no credential") {
		client, err = linkit.NewClient(append(append(base, linkit.WithAPIKey(testKey)), opts...)...)
	}
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, client.Close()) })
	return client
}

// roundTrip is a transport in one function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// replies responses each request with the next status and body, and the last from then on; it notes
// the requests.
type replies struct {
	mu        sync.Mutex
	responses []reply
	requests  []*http.Request
	bodies    []string
}

type reply struct {
	status int
	body   string
	header http.Header
	err    error
}

func (rs *replies) RoundTrip(r *http.Request) (*http.Response, error) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	body := ""
	if r.Body != nil {
		b, _ := io.ReadAll(r.Body)
		body = string(b)
	}
	rs.requests = append(rs.requests, r)
	rs.bodies = append(rs.bodies, body)
	a := rs.responses[min(len(rs.requests), len(rs.responses))-1]
	if a.err != nil {
		return nil, a.err
	}
	h := a.header.Clone()
	if h == nil {
		h = http.Header{}
	}
	return &http.Response{
		StatusCode:    a.status,
		Header:        h,
		Body:          io.NopCloser(strings.NewReader(a.body)),
		ContentLength: int64(len(a.body)),
		Request:       r,
	}, nil
}

// withoutRaw returns v, a model or a pointer to one or more, less the text that it keeps.
func withoutRaw[T any](v T) T {
	copied := reflect.New(reflect.TypeFor[T]()).Elem()
	copied.Set(reflect.ValueOf(&v).Elem())
	clearRaw(copied)
	out, _ := reflect.TypeAssert[T](copied)
	return out
}

func clearRaw(v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return
		}
		inner := v.Elem()
		copied := reflect.New(inner.Type()).Elem()
		copied.Set(inner)
		clearRaw(copied)
		if v.Kind() == reflect.Pointer {
			v.Set(copied.Addr())
		} else {
			v.Set(copied)
		}
	case reflect.Slice:
		copied := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(copied, v)
		for i := range v.Len() {
			clearRaw(copied.Index(i))
		}
		if !v.IsNil() {
			v.Set(copied)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			switch f := v.Type().Field(i); {
			case !f.IsExported():
			case f.Name == "Raw":
				v.Field(i).SetZero()
			default:
				clearRaw(v.Field(i))
			}
		}
	}
}

// recordsOf returns the records of a page that a listServer is about to send.
func recordsOf(page map[string]any) []map[string]any {
	records, _ := page["data"].([]map[string]any)
	return records
}

// pageOf returns its number.
func pageOf(page map[string]any) int {
	number, _ := page["page"].(int)
	return number
}
