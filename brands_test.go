package linkit_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func sampleBrand() linkit.Brand {
	return linkit.Brand{
		ID: "brand_jlp", BrandCode: "JLP", OrganizationID: "org_9f2", NameEn: "Julphar", NameAr: "جلفار", ProductCount: 118,
		Created: created, Updated: updated,
	}
}

func TestBrandsOnTheWire(t *testing.T) {
	t.Parallel()
	read, made := sampleBrand(), sampleBrand()
	made.ProductCount, made.Updated = 0, created
	julphar := linkit.BrandParams{BrandCode: "JLP", NameEn: "Julphar", NameAr: "جلفار"}
	exchanges(t, []exchange{
		{
			name: "get", line: "GET /brands/code/JLP", response: sample(t, "brand.json"), record: true, want: &read,
			call: func(ctx context.Context, c *linkit.Client) (any, error) { return c.Brands.Get(ctx, "JLP") },
		},
		{
			name:     "create",
			line:     "POST /brands",
			body:     "brand.json",
			status:   http.StatusCreated,
			response: sample(t, "brand-created.json"),
			want:     &made,
			call:     func(ctx context.Context, c *linkit.Client) (any, error) { return c.Brands.Create(ctx, julphar) },
		},
		{
			name:     "create, returned bare",
			line:     "POST /brands",
			body:     "brand.json",
			response: sample(t, "brand.json"),
			want:     &read,
			call:     func(ctx context.Context, c *linkit.Client) (any, error) { return c.Brands.Create(ctx, julphar) },
		},
		{
			name: "bulk", line: "POST /brands/bulk", body: "brands-bulk.json", response: sample(t, "bulk.json"),
			want: &linkit.BulkResult{
				Success:    true,
				StatusCode: 200,
				Message:    "Processed 3 products",
				Count:      2,
				Keys:       []string{"JLP", "SPI"},
				Raw:        json.RawMessage(sample(t, "bulk.json")),
			},
			call: func(ctx context.Context, c *linkit.Client) (any, error) {
				return c.Brands.Bulk(ctx, linkit.BulkCreate, []linkit.BrandParams{julphar, {BrandCode: "SPI"}})
			},
		},
	})
}

func TestBrandListsSendTheirParametersAndReadWhatComes(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]listing[linkit.Brand, *linkit.BrandListParams]{
		"nil": {record: sample(t, "brand.json"), want: sampleBrand()},
		"every parameter": {
			params: &linkit.BrandListParams{Search: "jul", HasProducts: linkit.Ptr(false)},
			query:  "search=jul&has_products=false",
			record: `{"brand_code":"SPI","name_ar":null,"created":"2026-03-02 08:15:00.000Z","updated":"","new":"x"}`,
			want:   linkit.Brand{BrandCode: "SPI", Created: created},
		},
	} {
		row.line = "GET /brands"
		row.service = func(c *linkit.Client) lister[linkit.Brand, *linkit.BrandListParams] { return c.Brands }
		t.Run(name, row.check)
	}
}

func TestABrandBeyondADocumentedLimitIsNotSent(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		params linkit.BrandParams
		names  []string
	}{
		"no code":       {linkit.BrandParams{NameEn: "Julphar"}, []string{"BrandCode", "empty"}},
		"long code":     {linkit.BrandParams{BrandCode: strings.Repeat("ج", 51)}, []string{"BrandCode", "51", "50"}},
		"long name":     {linkit.BrandParams{BrandCode: "JLP", NameEn: strings.Repeat("n", 256)}, []string{"NameEn", "256", "255"}},
		"long name, ar": {linkit.BrandParams{BrandCode: "JLP", NameAr: strings.Repeat("ج", 256)}, []string{"NameAr", "256", "255"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			invalidBefore(t, func(ctx context.Context, c *linkit.Client) error {
				_, err := c.Brands.Create(ctx, row.params)
				return err
			}, row.names)
			invalidBefore(t, func(ctx context.Context, c *linkit.Client) error {
				_, err := c.Brands.Bulk(ctx, linkit.BulkUpsert, []linkit.BrandParams{{BrandCode: "SPI"}, row.params})
				return err
			}, append(row.names, "brands[1]"))
		})
	}
}

func TestALimitIsInCharactersNotBytes(t *testing.T) {
	t.Parallel()
	w := newRecorder(t, http.StatusCreated, sample(t, "brand-created.json"))
	longest := linkit.BrandParams{
		BrandCode: strings.Repeat("ج", 50),
		NameEn:    strings.Repeat("é", 255),
		NameAr:    strings.Repeat("ج", 255),
	}
	_, err := w.client.Brands.Create(t.Context(), longest)
	require.NoError(t, err)
	_, err = w.client.Brands.Bulk(t.Context(), linkit.BulkUpsert, []linkit.BrandParams{longest})
	require.NoError(t, err)
	assert.Len(t, w.all(), 2)
}
