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

func sampleGeneric() linkit.Generic {
	return linkit.Generic{
		ID:             "gen_apap",
		GenericCode:    "APAP",
		OrganizationID: "org_9f2",
		NameEn:         "Paracetamol",
		NameAr:         "باراسيتامول",
		Products: []string{
			"k7m2p9q4x1c8v5b",
		},
		ProductCount: 12,
		CommonBrands: []string{"Adol", "Fevadol"},
		Created:      created,
		Updated:      updated,
	}
}

func TestGenericsOnTheWire(t *testing.T) {
	t.Parallel()
	want := sampleGeneric()
	paracetamol := linkit.GenericParams{GenericCode: "APAP", NameEn: "Paracetamol", NameAr: "باراسيتامول"}
	exchanges(t, []exchange{
		{
			name: "get", line: "GET /generics/code/APAP", response: sample(t, "generic.json"), record: true, want: &want,
			call: func(ctx context.Context, c *linkit.Client) (any, error) { return c.Generics.Get(ctx, "APAP") },
		},
		{
			name:     "create",
			line:     "POST /generics",
			body:     "generic.json",
			status:   http.StatusCreated,
			response: sample(t, "generic.json"),
			record:   true,
			want:     &want,
			call:     func(ctx context.Context, c *linkit.Client) (any, error) { return c.Generics.Create(ctx, paracetamol) },
		},
		{
			name: "bulk", line: "POST /generics/bulk", body: "generics-bulk.json", response: sample(t, "bulk.json"),
			want: &linkit.BulkResult{
				Success:    true,
				StatusCode: 200,
				Message:    "Processed 3 products",
				Count:      2,
				Keys:       []string{"APAP", "IBU"},
				Raw:        json.RawMessage(sample(t, "bulk.json")),
			},
			call: func(ctx context.Context, c *linkit.Client) (any, error) {
				return c.Generics.Bulk(ctx, linkit.BulkUpsert, []linkit.GenericParams{paracetamol, {GenericCode: "IBU"}})
			},
		},
	})
}

func TestGenericListsSendTheirParametersAndReadWhatComes(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]listing[linkit.Generic, *linkit.GenericListParams]{
		"nil": {record: sample(t, "generic.json"), want: sampleGeneric()},
		"every parameter": {
			params: &linkit.GenericListParams{Search: "para", HasProducts: linkit.Ptr(true)},
			query:  "search=para&has_products=true",
			record: `{"generic_code":"IBU","products":null,"common_brands":[],"created":null,"updated":"","new":{}}`,
			want:   linkit.Generic{GenericCode: "IBU", CommonBrands: []string{}},
		},
	} {
		row.line = "GET /generics"
		row.service = func(c *linkit.Client) lister[linkit.Generic, *linkit.GenericListParams] { return c.Generics }
		t.Run(name, row.check)
	}
}

func TestNoLimitIsMadeUpWhereNoneIsDocumented(t *testing.T) {
	t.Parallel()
	w := newRecorder(t, http.StatusCreated, sample(t, "generic.json"))
	long := strings.Repeat("n", 1000)
	_, err := w.client.Generics.Create(t.Context(), linkit.GenericParams{GenericCode: long, NameEn: long})
	require.NoError(t, err)
	_, err = w.client.Brands.Get(t.Context(), long)
	require.NoError(t, err)
	assert.Len(t, w.all(), 2)
}
