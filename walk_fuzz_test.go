package linkit_test

import (
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// alternating responds with two pages in turn, whatever is asked for.
type alternating struct {
	pages  [2]string
	served int
}

func (a *alternating) RoundTrip(r *http.Request) (*http.Response, error) {
	page := a.pages[a.served%2]
	a.served++
	return canned{body: page}.RoundTrip(r)
}

// productKey is what tells products apart: Linkit's id, or their own key where there is none.
func productKey(p *linkit.Product) string {
	if p.ID != "" {
		return "id " + p.ID
	}
	return "key " + p.IvID
}

// maxFuzzedRequests is the most that two pages can make a walk send: four passes, each of which ends
// with the first page without a new record.
const maxFuzzedRequests = 16

func FuzzAll(f *testing.F) {
	list, err := os.ReadFile("testdata/product-list.json")
	require.NoError(f, err)
	page := func(number, rest string) string {
		return `{"data":[{"id":"r` + number + `","iv_id":"A` + number + `"}],"page":` + number + rest + `}`
	}
	for _, pages := range [][2]string{
		{string(list), string(list)},
		{page("1", `,"has_next":true`), page("2", `,"has_next":false`)},
		{page("1", `,"has_next":true`), page("1", `,"has_next":true`)},
		{page("1", `,"total_count":9223372036854775807,"limit":1`), page("2", `,"total_count":1e300,"limit":0`)},
		{page("1", `,"total_count":3,"limit":1,"has_next":true`), page("2", `,"total_count":1,"limit":1`)},
		{`{"data":[{"id":"r1","iv_id":"1001","is_deleted":true},{"id":"r2","iv_id":"1001"},{"iv_id":"1001"}],"has_next":true}`, `{"items":[]}`},
		{`{"data":[{"id":"r1"}],"total_count":21,"has_next":true}`, `{"data":[{"id":"r1"}],"total_count":41,"has_next":true}`},
		{`{"data":[],"has_next":true,"page":1}`, `{"data":null,"has_next":"true"}`},
		{`{"data":[{"id":7},{"id":"7"},null,{}],"has_next":1}`, `{"data":{},"items":7}`},
		{"\ufeff" + `{"Data":[],"data":[{"id":"r2"}],"Page":{"size":1},"has_next":"N/A","page":"2"}`, `[]`},
	} {
		f.Add([]byte(pages[0]), []byte(pages[1]))
		f.Add([]byte(pages[1]), []byte(pages[0]))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		server := &alternating{pages: [2]string{string(first), string(second)}}
		client := newClient(t, server, linkit.WithRetries(0), linkit.WithPrefetch(0))
		yielded := map[string]bool{}
		var failure error
		for product, err := range client.Products.All(t.Context(), nil) {
			require.NoError(t, failure, "something follows the error")
			if failure = err; err != nil {
				continue
			}
			key := productKey(&product)
			require.False(t, yielded[key], "%q came twice", key)
			yielded[key] = true
		}
		checkFuzzed(t, failure)
		require.LessOrEqual(t, server.served, maxFuzzedRequests)
		if failure == nil {
			checkComplete(t, server, yielded)
		}
	})
}

// checkComplete checks that a walk without an error yielded each record of the pages that it was served.
func checkComplete(t *testing.T, server *alternating, yielded map[string]bool) {
	t.Helper()
	for i := range min(server.served, 2) {
		page, err := newClient(t, canned{body: server.pages[i]}).Products.List(t.Context(), nil)
		require.NoError(t, err, "a page that can't be read was passed over in silence")
		for j := range page.Data {
			require.True(t, yielded[productKey(&page.Data[j])], "record %d of page %d was lost in silence", j, i)
		}
	}
}
