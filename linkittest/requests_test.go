package linkittest

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The ring is tested from the inside: ten thousand requests would take seconds.
func TestRequestsKeepTheLastInOrder(t *testing.T) {
	t.Parallel()
	log := requestLog{most: 3, mostBytes: 1 << 10}
	for _, path := range []string{"/1", "/2", "/3", "/4", "/5"} {
		log.add(Request{Path: path, Header: http.Header{"A": {"1"}}, Query: url.Values{"q": {"1"}}, Body: []byte("b")})
	}
	var paths []string
	for _, r := range log.all() {
		paths = append(paths, r.Path)
	}
	assert.Equal(t, []string{"/3", "/4", "/5"}, paths)

	mine := log.all()
	mine[0].Header.Set("A", "2")
	mine[0].Query["q"][0] = "2"
	mine[0].Body[0] = 'x'
	assert.Equal(
		t,
		Request{Path: "/3", Header: http.Header{"A": {"1"}}, Query: url.Values{"q": {"1"}}, Body: []byte("b")},
		log.all()[0],
	)
}

func TestRecordedBodiesAreBoundedInMemory(t *testing.T) {
	t.Parallel()
	log := requestLog{most: 4, mostBytes: 10}
	bodies := func() (all []string) {
		for _, r := range log.all() {
			all = append(all, string(r.Body))
		}
		return all
	}
	for _, row := range []struct {
		body string
		want []string
	}{
		{"aaaa", []string{"aaaa"}},
		{"", []string{"aaaa", ""}},
		{"bbbb", []string{"aaaa", "", "bbbb"}},
		{"cccc", []string{"", "", "bbbb", "cccc"}},
		{"dd", []string{"", "bbbb", "cccc", "dd"}},
		{"eeee", []string{"", "cccc", "dd", "eeee"}},
		{"fffffffffffff", []string{"", "", "", ""}},
		{"gggggggggg", []string{"", "", "", "gggggggggg"}},
		{"h", []string{"", "", "", "h"}},
		{"i", []string{"", "", "h", "i"}},
	} {
		log.add(Request{Body: append(make([]byte, 0, len(row.body)), row.body...)})
		assert.Equal(t, row.want, bodies(), row.body)
		assert.LessOrEqual(t, log.bytes, log.mostBytes)
	}
}
