package linkittest_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

func TestARefusedRecordIsRejectedInEveryWrite(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		route, key   string
		method, path string
		body         string
		found        bool // the record is refused
	}{
		"create":                  {"/products", "B", "POST", "/products", `{"iv_id":"B"}`, true},
		"create of another":       {"/products", "B", "POST", "/products", `{"iv_id":"C"}`, false},
		"replace":                 {"/products", "A", "PUT", "/products/A", `{}`, true},
		"replace of another":      {"/products", "B", "PUT", "/products/A", `{}`, false},
		"rename":                  {"/products", "B", "PUT", "/products/A", `{"iv_id":"B"}`, true},
		"replace of an unknown":   {"/products", "X", "PUT", "/products/X", `{}`, true},
		"delete":                  {"/products", "A", "DELETE", "/products/A", ``, true},
		"delete of an unknown":    {"/products", "X", "DELETE", "/products/X", ``, true},
		"reads are not covered":   {"/products", "A", "GET", "/products/A", ``, false},
		"case counts":             {"/products", "a", "PUT", "/products/A", `{}`, false},
		"with the base path":      {"/api/v1/products/", "A", "PUT", "/products/A", `{}`, true},
		"another resource":        {"/branches", "A", "PUT", "/products/A", `{}`, false},
		"SKU":                     {"/skus", "A_B", "PUT", "/skus/A_B", `{}`, true},
		"SKU, derived key":        {"/skus", "P_Q", "POST", "/skus", `{"product_iv_id":"P","branch_iv_id":"Q"}`, true},
		"code":                    {"/brands", "JLP", "POST", "/brands", `{"brand_code":"JLP"}`, true},
		"category":                {"/categories", "C", "POST", "/categories", `{"category_code":"C"}`, true},
		"customer by email":       {"/customers", "sara@example.com", "POST", "/customers", `{"email":"sara@example.com"}`, true},
		"customer by id":          {"/customers", "c1", "PUT", "/customers/c1", `{}`, true},
		"group by name":           {"/customer-groups", "VIP", "POST", "/customer-groups", `{"name":"VIP"}`, true},
		"offer by id":             {"/offers", "f1", "PATCH", "/offers/f1/status", `{"status":"active"}`, true},
		"offer by name":           {"/offers", "Summer", "PATCH", "/offers/f1/status", `{"status":"active"}`, true},
		"another offer":           {"/offers", "f2", "PATCH", "/offers/f1/status", `{"status":"active"}`, false},
		"an empty key":            {"/products", "", "POST", "/products", `{}`, true},
		"no key is not any key":   {"/offers", "", "PUT", "/offers/f1", `{"name":""}`, false},
		"a key with a slash":      {"/products", "a/b", "PUT", "/products/a%2Fb", `{}`, true},
		"an id is no product key": {"/products", "p1", "PUT", "/products/A", `{}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			server.AddProducts(linkit.Product{ID: "p1", IvID: "A"})
			server.AddSKUs(linkit.SKU{IvID: "A_B"})
			server.AddCustomers(linkit.Customer{ID: "c1"})
			server.AddOffers(linkit.Offer{ID: "f1", Name: "Summer"})
			remove := server.Refuse(row.route, row.key, 451, "not here")
			res := send(t, server, row.method, row.path, row.body)
			if !row.found {
				assert.Less(t, res.status, 300, res.body)
				return
			}
			assert.Equal(t, 451, res.status)
			assert.JSONEq(t, `{"code":451,"error":"Unavailable For Legal Reasons","details":"not here"}`, res.body)
			remove()
			remove()
			assert.NotEqual(t, 451, send(t, server, row.method, row.path, row.body).status)
		})
	}
}

func TestARefusedRecordDoesNotAffectTheOthersOfABulkRequest(t *testing.T) {
	t.Parallel()
	for _, mode := range []linkit.BulkMode{linkit.BulkCreate, linkit.BulkUpdate, linkit.BulkUpsert} {
		server := newServer(t)
		if mode == linkit.BulkUpdate {
			server.AddProducts(linkit.Product{IvID: "A"}, linkit.Product{IvID: "C"})
		}
		server.Refuse("/products", "B", 422, "")
		res := send(t, server, "POST", "/products/bulk", `{"mode":"`+string(mode)+`","products":[
			{"iv_id":"A","name_en":"x"},{"iv_id":"B","name_en":"x"},{"iv_id":"C","name_en":"x"}]}`)
		require.Equal(t, 200, res.status)
		assert.Equal(
			t,
			map[string]any{"key": "B", "status": 422.0, "error": "Validation error"},
			res.at(t, "records", 1),
			mode,
		)
		for _, ivID := range []string{"A", "C"} {
			assert.Equal(t, "x", send(t, server, "GET", "/products/"+ivID, "").at(t, "name_en"), mode)
		}
		assert.Equal(t, 404, send(t, server, "GET", "/products/B", "").status, mode)
	}
}

func TestOrdersAreRefusedByTheirExternalID(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.Refuse("/orders", "M-2", 409, "taken")
	res := send(t, server, "POST", "/orders/bulk", `[{"external_id":"M-1"},{"external_id":"M-2"}]`)
	assert.EqualValues(t, 201, res.at(t, "records", 0, "status"))
	assert.Equal(
		t,
		map[string]any{"key": "M-2", "status": 409.0, "error": "Conflict", "details": "taken"},
		res.at(t, "records", 1),
	)
	assert.EqualValues(t, 1, send(t, server, "GET", "/orders", "").at(t, "total_count"))
}

func TestTheLatestRefusalApplies(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.Refuse("/products", "A", 409, "first")
	remove := server.Refuse("/products", "A", 422, "second")
	assert.Equal(t, 422, send(t, server, "POST", "/products", `{"iv_id":"A"}`).status)
	remove()
	assert.Equal(t, 409, send(t, server, "POST", "/products", `{"iv_id":"A"}`).status)
}

func TestRefusalsComeAfterTheCredential(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.Refuse("/products", "A", 422, "")
	assert.Equal(t, 401, send(t, server, "POST", "/products", `{"iv_id":"A"}`, "Authorization", "wrong-key").status)
	_, err := server.Client().Products.Create(t.Context(), linkit.ProductParams{IvID: "A"})
	require.ErrorIs(t, err, linkit.ErrValidation)
}

func TestRefusePanicsOnWhatCanNotApply(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for _, route := range []string{"", "/", "/products/{iv_id}", "/products/bulk", "/auth/login", "/nowhere"} {
		assert.Panics(t, func() { server.Refuse(route, "A", 422, "") }, route)
	}
	for _, status := range []int{0, http.StatusOK, http.StatusFound, 1000} {
		assert.Panics(t, func() { server.Refuse("/products", "A", status, "") }, status)
	}
	for _, route := range []string{"/branches", "/generics", "/customers", "/customer-groups", "/orders", "offers"} {
		assert.NotPanics(t, func() { server.Refuse(route, "A", 500, "") }, route)
	}
}

func TestRefusalsApplyInAllOrganizations(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddAPIKey("another-key", "org_b")
	server.Refuse("/products", "A", 422, "")
	for _, key := range []string{linkittest.APIKey, "another-key"} {
		assert.Equal(t, 422, send(t, server, "POST", "/products", `{"iv_id":"A"}`, "Authorization", key).status)
	}
}

func TestOnePoisonedRecordOfAThousandIsTheOnlyOneRejected(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.Refuse("/products", "P0617", http.StatusUnprocessableEntity, "barcode is in use")
	products := make([]linkit.ProductParams, 1000)
	for i := range products {
		products[i].IvID = fmt.Sprintf("P%04d", i)
	}
	var rejected []linkit.RejectedRecord
	err := server.Client().Products.BulkAll(
		t.Context(),
		linkit.BulkUpsert,
		linkit.Records(products...),
		func(r linkit.BulkResult) {
			rejected = append(rejected, r.Rejected...)
		},
	)
	require.ErrorIs(t, err, linkit.ErrRejected)
	require.Len(t, rejected, 1)
	assert.Equal(t, linkit.RejectedRecord{
		Index: 617, Key: "P0617", StatusCode: http.StatusUnprocessableEntity, Message: rejected[0].Message,
	}, rejected[0])
	assert.Contains(t, rejected[0].Message, "barcode is in use")
	count, err := server.Client().Products.Count(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, 999, count)
}
