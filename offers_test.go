package linkit_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func sampleOffer() linkit.Offer {
	return linkit.Offer{
		ID:                 "ofr_31",
		OrganizationID:     "org_9f2",
		OrganizationAppID:  "org_app_4",
		Name:               "Cold season",
		OfferType:          linkit.OfferTypeBOGO,
		Status:             "active",
		IsActive:           true,
		TargetScope:        "product",
		TargetIvID:         "ITEM-4410",
		TargetBarcode:      "6291100350012",
		DiscountType:       "percentage",
		DiscountValue:      10,
		StartAt:            linkit.Time{Time: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)},
		EndAt:              linkit.Time{Time: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)},
		Meta:               json.RawMessage("{\n    \"campaign\": \"winter\"\n  }"),
		BuyQty:             2,
		GetQty:             1,
		BuyIvID:            "ITEM-4410",
		GetIvID:            "ITEM-4411",
		GetDiscountPercent: 100,
	}
}

func TestOffersOnTheWire(t *testing.T) {
	t.Parallel()
	want := sampleOffer()
	offer := sample(t, "offer.json")
	rows := []exchange{
		{
			name: "get", line: "GET /offers/ofr_31", response: offer, record: true, want: &want,
			call: func(ctx context.Context, c *linkit.Client) (any, error) { return c.Offers.Get(ctx, "ofr_31") },
		},
		{
			name: "update", line: "PUT /offers/ofr_31", body: "offer.json", response: offer, record: true, want: &want,
			call: func(ctx context.Context, c *linkit.Client) (any, error) {
				return c.Offers.Update(ctx, "ofr_31", sampleOffer().Params())
			},
		},
		{
			name: "delete", line: "DELETE /offers/ofr_31", status: http.StatusNoContent,
			call: func(ctx context.Context, c *linkit.Client) (any, error) { return nil, c.Offers.Delete(ctx, "ofr_31") },
		},
		{
			name:     "set both",
			line:     "PATCH /offers/ofr_31/status",
			body:     "offer-status.json",
			response: offer,
			record:   true,
			want:     &want,
			call: func(ctx context.Context, c *linkit.Client) (any, error) {
				return c.Offers.SetStatus(ctx, "ofr_31", linkit.OfferStatusParams{Status: "paused", IsActive: linkit.Ptr(false)})
			},
		},
		{
			name:     "set whether it is active",
			line:     "PATCH /offers/ofr_31/status",
			body:     "offer-status-active.json",
			response: offer,
			want:     &want,
			call: func(ctx context.Context, c *linkit.Client) (any, error) {
				return c.Offers.SetStatus(ctx, "ofr_31", linkit.OfferStatusParams{IsActive: linkit.Ptr(false)})
			},
		},
		{
			name: "bulk", line: "POST /offers/bulk", body: "offers-bulk.json", response: sample(t, "bulk.json"),
			want: &linkit.BulkResult{
				Success:    true,
				StatusCode: 200,
				Message:    "Processed 3 products",
				Count:      2,
				Keys:       []string{"Cold season", "Nothing off"},
				Raw:        json.RawMessage(sample(t, "bulk.json")),
			},
			call: func(ctx context.Context, c *linkit.Client) (any, error) {
				return c.Offers.Bulk(ctx, []linkit.OfferParams{
					{
						Name:      "Cold season",
						OfferType: linkit.OfferTypeBOGO,
						Status:    "active",
						BuyQty:    linkit.Ptr(2),
						GetQty:    linkit.Ptr(1),
						BuyIvID:   "ITEM-4410",
						GetIvID:   "ITEM-4411",
					},
					{
						Name:          "Nothing off",
						OfferType:     linkit.OfferTypeDirectDiscount,
						IsActive:      linkit.Ptr(false),
						DiscountValue: linkit.Ptr(0.0),
					},
				})
			},
		},
		{
			name: "report", line: "GET /reports/offers", response: `{ "rows":[1, 2] }`, want: json.RawMessage(`{ "rows":[1, 2] }`),
			call: func(ctx context.Context, c *linkit.Client) (any, error) { return c.Offers.Report(ctx) },
		},
	}
	// The three documented forms, each with exactly its names.
	for file, params := range map[string]linkit.OfferParams{
		"offer-direct-discount.json": {
			Name: "10% off", OfferType: linkit.OfferTypeDirectDiscount, Status: "active", TargetScope: "product", TargetIvID: "ITEM-4410",
			DiscountType: "percentage", DiscountValue: linkit.Ptr(10.0),
		},
		"offer-bogo.json": {
			Name: "Two and one", OfferType: linkit.OfferTypeBOGO, Status: "active",
			BuyQty: linkit.Ptr(2), GetQty: linkit.Ptr(1), BuyIvID: "ITEM-4410", GetIvID: "ITEM-4411",
		},
		"offer-buy-x-get-discount.json": {
			Name: "Half off the third", OfferType: linkit.OfferTypeBuyXGetDiscount, Status: "active",
			BuyQty: linkit.Ptr(2), BuyIvID: "ITEM-4410", GetDiscountPercent: linkit.Ptr(50.0),
		},
	} {
		rows = append(rows, exchange{
			name:     "create " + file,
			line:     "POST /offers",
			body:     file,
			status:   http.StatusCreated,
			response: offer,
			record:   true,
			want:     &want,
			call:     func(ctx context.Context, c *linkit.Client) (any, error) { return c.Offers.Create(ctx, params) },
		})
	}
	exchanges(t, rows)
}

func TestOfferListsSendTheirParametersAndReadWhatComes(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]listing[linkit.Offer, *linkit.OfferListParams]{
		"nil": {record: sample(t, "offer.json"), want: sampleOffer()},
		"every parameter": {
			params: &linkit.OfferListParams{
				ListParams: linkit.ListParams{Sort: "-start_at"}, Search: "cold", Status: "active", OfferType: linkit.OfferTypeBTGO, TargetScope: "product",
				OrganizationAppID: "org_app_4", TargetIvID: "ITEM-4410", TargetBarcode: "629", IsActive: linkit.Ptr(true), Synced: linkit.Ptr(false),
			},
			query: "sort=-start_at&search=cold&status=active&offer_type=btgo&target_scope=product" +
				"&organization_app_id=org_app_4&target_iv_id=ITEM-4410&target_barcode=629&is_active=true&synced=false",
			record: `{"id":"ofr_32","offer_type":"mystery_box","start_at":"","end_at":null,"meta":null,"buy_qty":null,"new":{}}`,
			want:   linkit.Offer{ID: "ofr_32", OfferType: "mystery_box", Meta: json.RawMessage("null")},
		},
	} {
		row.line = "GET /offers"
		row.service = func(c *linkit.Client) lister[linkit.Offer, *linkit.OfferListParams] { return c.Offers }
		t.Run(name, row.check)
	}
}

func TestOfferParamsAreEverythingThatCanBeWrittenAndNothingThatItsTypeLacks(t *testing.T) {
	t.Parallel()
	offer := sampleOffer()
	params := offer.Params()
	*params.IsActive, *params.BuyQty, params.Meta[0] = false, 9, 'x'
	assert.Equal(t, sampleOffer(), offer, "changing params must not change the model")

	bare := linkit.Offer{
		ID:            "ofr_32",
		Name:          "10% off",
		OfferType:     linkit.OfferTypeDirectDiscount,
		DiscountValue: 10,
		Meta:          json.RawMessage("null"),
	}
	assert.Equal(t, linkit.OfferParams{
		Name: "10% off", OfferType: linkit.OfferTypeDirectDiscount, DiscountValue: linkit.Ptr(10.0),
	}, bare.Params())
}

func TestAnOfferStatusWithNothingToSetIsNotSent(t *testing.T) {
	t.Parallel()
	invalidBefore(t, func(ctx context.Context, c *linkit.Client) error {
		_, err := c.Offers.SetStatus(ctx, "ofr_31", linkit.OfferStatusParams{})
		return err
	}, []string{"Status", "IsActive"})
}

func TestOfferWritesThatMayHaveTakenEffectAreNotSentAgainButUpsertsAre(t *testing.T) {
	t.Parallel()
	sentOnce(t, func(ctx context.Context, c *linkit.Client) error {
		_, err := c.Offers.Create(ctx, linkit.OfferParams{Name: "Cold season"})
		return err
	})
	sentOnce(t, func(ctx context.Context, c *linkit.Client) error {
		_, err := c.Offers.SetStatus(ctx, "ofr_31", linkit.OfferStatusParams{Status: "paused"})
		return err
	})
	w := newRecorder(t, http.StatusBadGateway, "", linkit.WithRetries(1))
	_, err := w.client.Offers.Bulk(t.Context(), []linkit.OfferParams{{Name: "Cold season"}})
	require.ErrorIs(t, err, linkit.ErrServer)
	assert.Len(t, w.all(), 2)
}

func TestAReportThatIsNoJSONIsAnError(t *testing.T) {
	t.Parallel()
	decodeError(t, func(ctx context.Context, c *linkit.Client) error {
		_, err := c.Offers.Report(ctx)
		return err
	})
}

func TestAnEmptyMetaOfAnOfferIsLeftOut(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(linkit.OfferParams{Name: "Eid", Meta: json.RawMessage{}})
	require.NoError(t, err)
	assert.JSONEq(t, `{"name":"Eid"}`, string(text))
}
