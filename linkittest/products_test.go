package linkittest_test

import (
	"fmt"
	"math"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

// shelf are products that lists are told apart by; A is the oldest.
func shelf() []linkit.Product {
	at := func(day int) linkit.Time { return linkit.Time{Time: time.Date(2026, 3, day, 8, 0, 0, 0, time.UTC)} }
	return []linkit.Product{
		{
			IvID:         "B",
			NameEn:       "Fevadol",
			NameAr:       "فيفادول",
			Barcode:      "222",
			BrandID:      "spimaco",
			CategoryID:   "pain",
			AveragePrice: 9,
			IsEnabled:    true,
			Created:      at(2),
		},
		{
			IvID:         "A",
			NameEn:       "Adol",
			NameAr:       "أدول",
			Barcode:      "111",
			BrandID:      "julphar",
			CategoryID:   "pain",
			AveragePrice: 10,
			IsEnabled:    true,
			Created:      at(1),
		},
		{
			IvID:         "D",
			NameEn:       "Zyrtec",
			NameAr:       "زيرتك",
			Barcode:      "444",
			BrandID:      "ucb",
			CategoryID:   "allergy",
			AveragePrice: 2,
			Created:      at(4),
		},
		{
			IvID:         "C",
			NameEn:       "adol extra",
			NameAr:       "أدول إكسترا",
			Barcode:      "333",
			BrandID:      "julphar",
			CategoryID:   "cold",
			AveragePrice: 10,
			Created:      at(3),
		},
	}
}

func ivIDs(products []linkit.Product) string {
	var ids []string
	for _, p := range products {
		ids = append(ids, p.IvID)
	}
	return strings.Join(ids, " ")
}

func TestProductsAreFilteredAndSorted(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddProducts(shelf()...)
	client := server.Client()
	for _, row := range []struct {
		name   string
		params linkit.ProductListParams
		want   string
	}{
		{"newest first by default", linkit.ProductListParams{}, "D C B A"},
		{"oldest first", linkit.ProductListParams{ListParams: linkit.ListParams{Sort: "created"}}, "A B C D"},
		{"newest first", linkit.ProductListParams{ListParams: linkit.ListParams{Sort: "-created"}}, "D C B A"},
		{"by name", linkit.ProductListParams{ListParams: linkit.ListParams{Sort: "name_en"}}, "A B D C"},
		{"by name, descending", linkit.ProductListParams{ListParams: linkit.ListParams{Sort: "-name_en"}}, "C D B A"},
		{"by a number, equals by age", linkit.ProductListParams{ListParams: linkit.ListParams{Sort: "average_price"}}, "D B A C"},
		{"by a flag", linkit.ProductListParams{ListParams: linkit.ListParams{Sort: "is_enabled"}}, "C D A B"},
		{"search in English, any case", linkit.ProductListParams{Search: "ADOL"}, "C B A"},
		{"search in Arabic", linkit.ProductListParams{Search: "إكسترا"}, "C"},
		{"search by barcode", linkit.ProductListParams{Search: "44"}, "D"},
		{"search by iv_id", linkit.ProductListParams{Search: "b"}, "B"},
		{"search for nothing there", linkit.ProductListParams{Search: "adol  extra"}, ""},
		{"brand", linkit.ProductListParams{BrandID: "julphar"}, "C A"},
		{"category", linkit.ProductListParams{CategoryID: "pain"}, "B A"},
		{"brand and category", linkit.ProductListParams{BrandID: "julphar", CategoryID: "pain"}, "A"},
		{"enabled", linkit.ProductListParams{IsEnabled: linkit.Ptr(true)}, "B A"},
		{"disabled", linkit.ProductListParams{IsEnabled: linkit.Ptr(false)}, "D C"},
		{"all at once", linkit.ProductListParams{BrandID: "julphar", Search: "adol", IsEnabled: linkit.Ptr(false), ListParams: linkit.ListParams{Sort: "created"}}, "C"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			for range 2 { // found anew, and remembered
				page, err := client.Products.List(t.Context(), &row.params)
				require.NoError(t, err)
				assert.Equal(t, row.want, ivIDs(page.Data))
				assert.Equal(t, len(page.Data), page.TotalCount)
			}
		})
	}
}

func TestListsSeeWrites(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddProducts(shelf()...)
	client := server.Client()
	params := &linkit.ProductListParams{BrandID: "julphar", IsEnabled: linkit.Ptr(true)}
	list := func() string {
		page, err := client.Products.List(t.Context(), params)
		require.NoError(t, err)
		return ivIDs(page.Data)
	}
	require.Equal(t, "A", list())
	_, err := client.Products.Create(
		t.Context(),
		linkit.ProductParams{IvID: "E", BrandID: "julphar", IsEnabled: linkit.Ptr(true)},
	)
	require.NoError(t, err)
	assert.Equal(t, "E A", list())
	_, err = client.Products.Update(t.Context(), "A", linkit.ProductParams{BrandID: "ucb", IsEnabled: linkit.Ptr(true)})
	require.NoError(t, err)
	assert.Equal(t, "E", list())
	require.NoError(t, client.Products.Delete(t.Context(), "E"))
	assert.Empty(t, list())
}

func TestPagesAreCounted(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for i := range 250 {
		server.AddProducts(linkit.Product{IvID: fmt.Sprintf("P%03d", i)})
	}
	for _, row := range []struct {
		query                           string
		first                           string
		count, page, limit, hasNextPage int
	}{
		{"", "P249", 20, 1, 20, 1},
		{"limit=100", "P249", 100, 1, 100, 1},
		{"limit=1000", "P249", 100, 1, 100, 1},
		{"limit=100&page=3", "P049", 50, 3, 100, 0},
		{"limit=50&page=5", "P049", 50, 5, 50, 0},
		{"limit=50&page=6", "", 0, 6, 50, 0},
		{fmt.Sprintf("limit=100&page=%d", math.MaxInt), "", 0, math.MaxInt, 100, 0},
		{"limit=-1&page=0", "P249", 20, 1, 20, 1},
		{"limit=x&page=y&sort=created", "P000", 20, 1, 20, 1},
	} {
		res := send(t, server, "GET", "/products?"+row.query, "")
		page := res.object(t)
		assert.Len(t, page["data"], row.count, row.query)
		if row.count > 0 {
			assert.Equal(t, row.first, res.at(t, "data", 0, "iv_id"), row.query)
		}
		assert.EqualValues(t, row.count, page["count"], row.query)
		assert.EqualValues(t, 250, page["total_count"], row.query)
		assert.InDelta(t, float64(row.page), page["page"], 0, row.query)
		assert.EqualValues(t, row.limit, page["limit"], row.query)
		assert.Equal(t, row.hasNextPage == 1, page["has_next"], row.query)
		assert.Equal(t, map[string]any{}, page["meta"], row.query)
	}
}

func TestListParametersMustBeReadable(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for _, query := range []string{"is_enabled=maybe", "sort=nothing", "sort=-nothing"} {
		res := send(t, server, "GET", "/products?"+query, "")
		assert.Equal(t, 400, res.status, query)
		assert.EqualValues(t, 400, res.object(t)["code"], query)
	}
	assert.Equal(t, 200, send(t, server, "GET", "/products?unheard=of&is_enabled=", "").status)
}

func TestProductsAreWrittenAndRead(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	client := server.Client()
	created, err := client.Products.Create(t.Context(), linkit.ProductParams{
		IvID: "A", NameEn: "Adol", NameAr: "أدول", AveragePrice: linkit.Ptr(7.25), VATValue: linkit.Ptr(15.0), Barcode: "111",
		BrandID: "b", CategoryID: "c", GenericID: "g", IsEnabled: linkit.Ptr(true),
	})
	require.NoError(t, err)
	assert.Regexp(t, `^[a-z0-9]{15}$`, created.ID)
	assert.Equal(t, linkittest.OrganizationID, created.OrganizationID)
	assert.WithinDuration(t, time.Now(), created.Created.Time, 10*time.Second)
	assert.Equal(t, created.Created, created.Updated)
	read, err := client.Products.Get(t.Context(), "A")
	require.NoError(t, err)
	assert.Equal(t, created, read)

	replaced, err := client.Products.Update(t.Context(), "A", linkit.ProductParams{NameEn: "Adol 500"})
	require.NoError(t, err)
	want := linkit.Product{
		ID:             read.ID,
		IvID:           "A",
		OrganizationID: read.OrganizationID,
		NameEn:         "Adol 500",
		Created:        read.Created,
		Updated:        replaced.Updated,
	}
	replaced.Raw = nil
	assert.Equal(t, want, *replaced)
	read, err = client.Products.Get(t.Context(), "A")
	require.NoError(t, err)
	read.Raw = nil
	assert.Equal(t, want, *read)

	require.NoError(t, client.Products.Delete(t.Context(), "A"))
	_, err = client.Products.Get(t.Context(), "A")
	require.ErrorIs(t, err, linkit.ErrNotFound)
	count, err := client.Products.Count(t.Context(), nil)
	require.NoError(t, err)
	assert.Zero(t, count)
}

func TestWritesAreRejectedAsDocumented(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddProducts(linkit.Product{IvID: "A"}, linkit.Product{IvID: "B"})
	for _, row := range []struct {
		method, path, body string
		status             int
		response           string // "": any error body
	}{
		{"POST", "/products", `{"iv_id":"A"}`, 409, `{"code":409,"error":"a product with this iv_id exists","details":{"iv_id":"A"}}`},
		{"POST", "/products", `{"name_en":"Adol"}`, 422, `{"code":422,"error":"Validation error","details":"iv_id is required"}`},
		{"POST", "/products", `{"iv_id":"C"`, 400, ""},
		{"POST", "/products", `{"iv_id":"C"} {}`, 400, ""},
		{"POST", "/products", `{"iv_id":"C","average_price":"dear"}`, 400, `{"code":400,"error":"Bad Request","details":"average_price must not be a string"}`},
		{"POST", "/products", `[{"iv_id":"C"}]`, 400, ""},
		{"POST", "/products", `null`, 400, ""},
		{"POST", "/products", ``, 400, ""},
		{"PUT", "/products/A", `{`, 400, ""},
		{"PUT", "/products/A", `{"iv_id":"B"}`, 409, `{"code":409,"error":"a product with this iv_id exists","details":{"iv_id":"B"}}`},
		{"PUT", "/products/C", `{"iv_id":"C"}`, 404, ""},
		{"GET", "/products/C", ``, 404, `{"code":404,"error":"Not Found","details":"there is no product with this iv_id"}`},
		{"DELETE", "/products/C", ``, 404, ""},
	} {
		res := send(t, server, row.method, row.path, row.body)
		assert.Equal(t, row.status, res.status, row)
		assert.EqualValues(t, row.status, res.object(t)["code"], row)
		if row.response != "" {
			assert.JSONEq(t, row.response, res.body)
		}
	}
	assert.EqualValues(t, 2, send(t, server, "GET", "/products", "").object(t)["total_count"])
}

func TestWriteResponsesAreBareProducts(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	created := send(
		t,
		server,
		"POST",
		"/products",
		`{"iv_id":"A","id":"mine","organization_id":"theirs","is_deleted":true,"created":"2020-01-01T00:00:00Z"}`,
	)
	assert.Equal(t, 201, created.status)
	body := created.object(t)
	assert.Len(t, body, 15)
	assert.NotEqual(t, "mine", body["id"])
	assert.Equal(t, linkittest.OrganizationID, body["organization_id"])
	assert.Equal(t, false, body["is_deleted"])
	assert.NotContains(t, body["created"], "2020")
	assert.Equal(t, 200, send(t, server, "PUT", "/products/A", `{}`).status)
	deleted := send(t, server, "DELETE", "/products/A", "")
	assert.Equal(t, 204, deleted.status)
	assert.Empty(t, deleted.body)
	assert.Empty(t, deleted.header.Get("Content-Type"))
}

func TestAnyIvIDIsOneSegment(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	client := server.Client()
	for _, ivID := range []string{"a/b", "a%2Fb", "أدول 500", "?#", "bulk ", "a+b", "..a"} {
		_, err := client.Products.Create(t.Context(), linkit.ProductParams{IvID: ivID})
		require.NoError(t, err, ivID)
		read, err := client.Products.Get(t.Context(), ivID)
		require.NoError(t, err, ivID)
		assert.Equal(t, ivID, read.IvID)
		requests := server.Requests()
		last := requests[len(requests)-1]
		assert.Equal(t, "/products/{iv_id}", last.Route)
		plain, err := url.PathUnescape(strings.TrimPrefix(last.Path, "/products/"))
		require.NoError(t, err)
		assert.Equal(t, ivID, plain)
	}
}

func TestAddedProductsAreFilledIn(t *testing.T) {
	t.Parallel()
	created := linkit.Time{Time: time.Date(2026, 3, 2, 8, 15, 0, 0, time.UTC)}
	server, again := newServer(t), newServer(t)
	for _, s := range []*linkittest.Server{server, again} {
		s.AddProducts(
			linkit.Product{IvID: "A", Created: created, IsDeleted: true},
			linkit.Product{},
			linkit.Product{IvID: "A", ID: "own", NameEn: "New"},
		)
	}
	client := server.Client()
	a, err := client.Products.Get(t.Context(), "A")
	require.NoError(t, err)
	a.Raw = nil
	assert.Equal(
		t,
		linkit.Product{
			ID:             "own",
			IvID:           "A",
			OrganizationID: linkittest.OrganizationID,
			NameEn:         "New",
			Created:        created,
			Updated:        created,
		},
		*a,
	)
	all, err := linkit.Collect(client.Products.All(t.Context(), nil))
	require.NoError(t, err)
	require.Len(t, all, 2)
	unnamed := all[0]
	assert.Regexp(t, `^[a-z0-9]{15}$`, unnamed.ID)
	assert.Equal(t, unnamed.ID, unnamed.IvID)
	_, err = again.Client().Products.Get(t.Context(), unnamed.IvID)
	require.NoError(t, err, "ids are the same in every run")
}

func TestReadsAndWritesRunSideBySide(t *testing.T) {
	t.Parallel()
	server := newServer(t, linkittest.WithoutRecording())
	client := server.Client(linkit.WithMaxConcurrency(16))
	t.Run("group", func(t *testing.T) {
		for worker := range 8 {
			t.Run(fmt.Sprint(worker), func(t *testing.T) {
				t.Parallel()
				for i := range 15 {
					ivID := fmt.Sprintf("%d-%d", worker, i)
					_, err := client.Products.Bulk(
						t.Context(),
						linkit.BulkUpsert,
						[]linkit.ProductParams{{IvID: ivID, NameEn: "x"}, {IvID: "shared", NameEn: ivID}},
					)
					require.NoError(t, err)
					for _, sort := range []string{"", "name_en"} {
						_, err = client.Products.List(
							t.Context(),
							&linkit.ProductListParams{Search: "x", ListParams: linkit.ListParams{Sort: sort}},
						)
						require.NoError(t, err)
					}
					server.AddProducts(linkit.Product{IvID: ivID})
					require.NoError(t, client.Products.Delete(t.Context(), ivID))
				}
			})
		}
	})
	count, err := client.Products.Count(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, 1, count)
	assert.Empty(t, server.Requests())
}
