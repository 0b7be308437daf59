package linkittest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

func TestABodyOfMoreThan32MiBIsRejected(t *testing.T) {
	t.Parallel()
	const most = 32 << 20
	server := newServer(t, linkittest.WithoutRecording())
	record := `{"iv_id":"A"}`
	fits := record + strings.Repeat(" ", most-len(record))
	assert.Equal(t, http.StatusCreated, send(t, server, "POST", "/products", fits).status)
	res := send(t, server, "POST", "/products", fits+" ")
	assert.Equal(t, http.StatusRequestEntityTooLarge, res.status)
	assert.Equal(t, "Request Entity Too Large", res.at(t, "error"))
}

func TestAResponseWithoutABodyIsObservedWithoutOne(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusNoContent, http.StatusNotModified} {
		server, take := observed(t)
		server.Inject(linkittest.Fault{Status: status, Body: "not sent"})
		res := send(t, server, "GET", "/ping", "")
		assert.Equal(t, status, res.status)
		seen := take()
		require.Len(t, seen, 1)
		assert.Empty(t, seen[0].Body)
		assert.Empty(t, seen[0].Header.Get("Content-Length"))
	}
}

func TestHeadIsAGetWithoutItsBody(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddProducts(linkit.Product{IvID: "A"})
	res := send(t, server, "HEAD", "/products/A", "")
	assert.Equal(t, http.StatusOK, res.status)
	assert.Empty(t, res.body)
	assert.Equal(t, http.StatusNotFound, send(t, server, "HEAD", "/products/B", "").status)
	refused := send(t, server, "PATCH", "/products/A", "{}")
	assert.Equal(t, http.StatusMethodNotAllowed, refused.status)
	assert.Equal(t, "DELETE, GET, PUT", refused.header.Get("Allow"))
}

func TestAKeyThatCannotBeDerivedIsRequired(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for body, status := range map[string]int{
		`{"branch_iv_id":"B"}`:  422,
		`{"product_iv_id":"P"}`: 422,
		`{}`:                    422,
		`{"product_iv_id":"P","branch_iv_id":"B"}`:               201,
		`{"iv_id":"own","product_iv_id":"P","branch_iv_id":"B"}`: 201,
	} {
		assert.Equal(t, status, send(t, server, "POST", "/skus", body).status, body)
	}
	send(t, server, "POST", "/offers/bulk", `{"offers":[{"status":"a"},{"status":"b"}]}`)
	assert.EqualValues(t, 2, send(t, server, "GET", "/offers", "").at(t, "total_count"), "offers without a name are two")
}
