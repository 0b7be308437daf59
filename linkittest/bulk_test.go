package linkittest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

func TestBulkReportsTheResultOfEachRecord(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]string{
		"create": `[
			{"key":"A","status":409,"error":"a product with this iv_id exists","details":{"iv_id":"A"}},
			{"key":"N","status":201},
			{"key":"N","status":409,"error":"a product with this iv_id exists","details":{"iv_id":"N"}},
			{"key":"","status":422,"error":"Validation error","details":"iv_id is required"},
			{"key":"T","status":400,"error":"Bad Request","details":"name_en must not be a number"},
			{"key":"","status":400,"error":"Bad Request","details":"a record must be a JSON object"}]`,
		"update": `[
			{"key":"A","status":200},
			{"key":"N","status":404,"error":"Not Found","details":"there is no product with this iv_id"},
			{"key":"N","status":404,"error":"Not Found","details":"there is no product with this iv_id"},
			{"key":"","status":422,"error":"Validation error","details":"iv_id is required"},
			{"key":"T","status":400,"error":"Bad Request","details":"name_en must not be a number"},
			{"key":"","status":400,"error":"Bad Request","details":"a record must be a JSON object"}]`,
		"upsert": `[
			{"key":"A","status":200},
			{"key":"N","status":201},
			{"key":"N","status":200},
			{"key":"","status":422,"error":"Validation error","details":"iv_id is required"},
			{"key":"T","status":400,"error":"Bad Request","details":"name_en must not be a number"},
			{"key":"","status":400,"error":"Bad Request","details":"a record must be a JSON object"}]`,
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			server.AddProducts(linkit.Product{IvID: "A", NameEn: "Adol", AveragePrice: 3})
			res := send(t, server, "POST", "/products/bulk", `{"products": [
				{"iv_id":"A","average_price":7.25}, {"iv_id":"N"}, {"iv_id":"N","name_en":"Second"}, {"name_en":"x"},
				{"iv_id":"T","name_en":1} , null ], "dry": {}, "mode": "`+mode+`"}`)
			require.Equal(t, 200, res.status, res.body)
			var body struct {
				Success bool            `json:"success"`
				Message string          `json:"message"`
				Records json.RawMessage `json:"records"`
			}
			require.NoError(t, json.Unmarshal([]byte(res.body), &body))
			assert.True(t, body.Success)
			assert.Equal(t, "Processed 6 products", body.Message)
			assert.JSONEq(t, want, string(body.Records))
		})
	}
}

func TestBulkUpdateChangesOnlyWhatIsSent(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddProducts(linkit.Product{IvID: "A", NameEn: "Adol", AveragePrice: 3, IsEnabled: true})
	client := server.Client()
	result, err := client.Products.Bulk(
		t.Context(),
		linkit.BulkUpdate,
		[]linkit.ProductParams{{IvID: "A", AveragePrice: linkit.Ptr(0.0)}},
	)
	require.NoError(t, err)
	assert.True(t, result.Success)
	a, err := client.Products.Get(t.Context(), "A")
	require.NoError(t, err)
	assert.Equal(t, "Adol", a.NameEn)
	assert.Zero(t, a.AveragePrice)
	assert.True(t, a.IsEnabled)
	assert.True(t, a.Updated.After(a.Created.Time) || a.Updated.Equal(a.Created.Time))
}

func TestMalformedBulkRequestsAreRejectedAsAWhole(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	record := `{"iv_id":"A"}`
	most := strings.TrimSuffix(strings.Repeat(record+",", 1000), ",")
	for name, row := range map[string]struct {
		body   string
		status int
	}{
		"unknown mode":   {`{"mode":"replace","products":[` + record + `]}`, 400},
		"no mode":        {`{"products":[` + record + `]}`, 400},
		"1,001 records":  {`{"mode":"upsert","products":[` + most + `,` + record + `]}`, 400},
		"no records":     {`{"mode":"upsert","products":[]}`, 400},
		"no list":        {`{"mode":"upsert"}`, 400},
		"not a list":     {`{"mode":"upsert","products":` + record + `}`, 400},
		"another's list": {`{"mode":"upsert","skus":[` + record + `]}`, 400},
		"bare list":      {`[` + record + `]`, 400},
		"cut off":        {`{"mode":"upsert","products":[` + record + `,`, 400},
		"cut in record":  {`{"mode":"upsert","products":[{"iv_id":`, 400},
		"not JSON":       {`mode=upsert`, 400},
		"empty":          {``, 400},
		"trailing":       {`{"mode":"upsert","products":[` + record + `]} x`, 400},
		"1,000 records":  {`{"mode":"upsert","products":[` + most + `]}`, 200},
	} {
		res := send(t, server, "POST", "/products/bulk", row.body)
		assert.Equal(t, row.status, res.status, name)
		if row.status != 200 {
			assert.EqualValues(t, row.status, res.object(t)["code"], name)
		}
	}
	assert.EqualValues(t, 1, send(t, server, "GET", "/products", "").object(t)["total_count"])
}

// sideBySide writes requests of 500 products each, one after another or all at once, and returns
// how long the server took.
func sideBySide(t testing.TB, requests, branches int, atOnce bool) time.Duration {
	server := linkittest.New(t, linkittest.WithoutRecording())
	for i := range branches {
		server.AddBranches(linkit.Branch{IvID: fmt.Sprint("B", i)})
	}
	client := server.Client()
	began := time.Now()
	var wait sync.WaitGroup
	for i := range requests {
		products := make([]linkit.ProductParams, 500)
		for j := range products {
			products[j].IvID = fmt.Sprintf("P%d-%d", i, j)
		}
		write := func() {
			_, err := client.Products.Bulk(t.Context(), linkit.BulkCreate, products)
			assert.NoError(t, err)
		}
		if atOnce {
			wait.Go(write)
		} else {
			write()
		}
	}
	wait.Wait()
	took := time.Since(began)
	count, err := client.SKUs.Count(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, requests*500*branches, count)
	return took
}

// Before rows were kept in chunks, in the order in which they are written, this took 20 times as
// long.
func TestBulkCreatesSideBySideTakeNoLongerThanInTurn(t *testing.T) {
	const requests, branches, attempts, ratio = 6, 40, 3, 3
	var last string
	for range attempts { // a machine that is busy with other things may spoil one
		inTurn, atOnce := sideBySide(t, requests, branches, false), sideBySide(t, requests, branches, true)
		if atOnce < ratio*inTurn {
			return
		}
		last = fmt.Sprintf("%v side by side, %v in turn", atOnce, inTurn)
	}
	assert.Fail(t, last)
}

func BenchmarkBulkCreates(b *testing.B) {
	for name, atOnce := range map[string]bool{"in turn": false, "side by side": true} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				sideBySide(b, 18, 120, atOnce)
			}
		})
	}
}
