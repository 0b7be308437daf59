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

func TestAWriteKeepsWhatOnlyTheServerSetsAndWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddProducts(linkit.Product{IvID: "A", IsDeleted: true})
	for _, row := range []struct{ method, path, body string }{
		{"PUT", "/products/A", `{"name_en":"Adol","is_deleted":false}`},
		{"POST", "/products/bulk", `{"mode":"update","products":[{"iv_id":"A","name_en":"Adol"}]}`},
	} {
		require.Equal(t, 200, send(t, server, row.method, row.path, row.body).status)
		contains(t, `{"is_deleted":true,"name_en":"Adol"}`, send(t, server, "GET", "/products/A", "").at(t))
	}
	id, _ := send(t, server, "POST", "/offers", `{"name":"Eid","tags":["new"]}`).at(t, "id").(string)
	require.Equal(t, 200, send(t, server, "PATCH", "/offers/"+id+"/status", `{"is_active":true}`).status)
	contains(t, `{"name":"Eid","is_active":true,"tags":["new"]}`, send(t, server, "GET", "/offers/"+id, "").at(t))
}

func TestAFieldOfAnotherTypeIsNamed(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for _, row := range []struct{ path, body, details string }{
		{"/branches", `{"iv_id":"B","location":{"lat":"north"}}`, "location.lat must not be a string"},
		{"/products", `{"name_en":["Tea"]}`, "name_en must not be an array"},
		{"/products", `{"iv_id":7}`, "iv_id must not be a number"},
		{"/payments/orders", `{"providers":{}}`, "providers must not be an object"},
		{"/products", `{"iv_id":"A",`, "the body is not valid JSON: it ends too early"},
		{"/products/bulk", `{"mode":"create","products":[{"iv_id":"A"`, "the body is not valid JSON: it ends too early"},
		{"/products/bulk", `{"mode":"create",`, "the body is not valid JSON: it ends too early"},
		{"/products", `[]`, "the body must be a JSON object"},
		{"/products", ``, "the body is empty"},
		{"/products/bulk", `{"mode":"create","products":{}}`, "the records must be a list"},
		{"/products/bulk", `{"mode":"create"}`, "products must be a list of at least one record"},
		{"/products/bulk", `{"mode":"create","products":[{"iv_id":"A"}]} more`, "something follows it"},
		{"/products/bulk", `{"mode":"replace","products":[{"iv_id":"A"}]}`, "mode must be create, update or upsert"},
		{"/products/bulk", `[{"iv_id":"A"}]`, "the body must be a JSON object"},
		{"/orders/bulk", `[{}] more`, "something follows it"},
	} {
		res := send(t, server, "POST", row.path, row.body)
		assert.Equal(t, 400, res.status, row.body)
		assert.Contains(t, res.at(t, "details"), row.details, row.body)
	}
	assert.EqualValues(t, 0, send(t, server, "GET", "/products", "").at(t, "total_count"))
}

func TestARenamedRecordIsFoundByItsNewKeyAlone(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddBranches(linkit.Branch{IvID: "S"})
	server.AddProducts(linkit.Product{IvID: "A"})
	assert.Regexp(t, `^s[a-z0-9]{14}$`, send(t, server, "GET", "/skus/A_S", "").at(t, "id"))
	require.Equal(t, 200, send(t, server, "PUT", "/products/A", `{"iv_id":"B"}`).status)
	for path, status := range map[string]int{
		"/products/A": 404, "/products/B": 200, "/skus/A_S": 404, "/skus/B_S": 200,
	} {
		assert.Equal(t, status, send(t, server, "GET", path, "").status, path)
	}
	assert.Equal(t, 201, send(t, server, "POST", "/products", `{"iv_id":"A"}`).status, "the old key is free")
}

func TestASKUWithoutAQuantityHasNone(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddSKUs(linkit.SKU{IvID: "unknown"}, linkit.SKU{IvID: "one", Qty: linkit.Ptr(1)})
	for query, want := range map[string]int{"max_qty=0": 1, "min_qty=1": 1, "min_qty=0": 2, "max_qty=1": 2, "min_qty=2": 0} {
		assert.EqualValues(t, want, send(t, server, "GET", "/skus?"+query, "").at(t, "total_count"), query)
	}
}

func TestTheFirstKnownProviderIsTheActiveOne(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddProviders(linkit.Provider{ID: "tap", AppSlug: "tap-app"}, linkit.Provider{ID: "hyperpay", AppSlug: "hp-app"})
	res := send(t, server, "POST", "/payments/orders", `{"providers":["nobody","hyperpay","tap"]}`)
	require.Equal(t, http.StatusCreated, res.status)
	assert.Equal(t, "hyperpay", res.at(t, "data", "active_gateway"))
	assert.Equal(t, []any{"hyperpay", "tap"}, res.at(t, "data", "accepted_gateways"))
}
