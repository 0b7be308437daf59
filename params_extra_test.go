package linkit_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

func TestARawParamIsSentHoweverShortItIs(t *testing.T) {
	t.Parallel()
	for hours, want := range map[string]string{"5": `{"iv_id":"B","working_hours":5}`, "": `{"iv_id":"B"}`} {
		text, err := json.Marshal(linkit.BranchParams{IvID: "B", WorkingHours: json.RawMessage(hours)})
		require.NoError(t, err)
		assert.JSONEq(t, want, string(text))
	}
}

func TestEveryParamsSendsFurtherMembers(t *testing.T) {
	t.Parallel()
	extra := map[string]any{"x_note": "a & b", "x_none": nil, "x_raw": json.RawMessage(`{"n":1.50}`)}
	const sent = `"x_note":"a & b","x_none":null,"x_raw":{"n":1.50}`
	for name, row := range map[string]struct {
		call func(ctx context.Context, c *linkit.Client) error
		body string
	}{
		"product": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Products.Create(ctx, linkit.ProductParams{Extra: extra})
			return err
		}, `{` + sent + `}`},
		"sku": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.SKUs.Create(ctx, linkit.SKUParams{Extra: extra})
			return err
		}, `{` + sent + `}`},
		"branch": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Branches.Create(ctx, linkit.BranchParams{WorkingHours: json.RawMessage{}, Extra: extra})
			return err
		}, `{` + sent + `}`},
		"brand": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Brands.Create(ctx, linkit.BrandParams{BrandCode: "B", Extra: extra})
			return err
		}, `{"brand_code":"B",` + sent + `}`},
		"category": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Categories.Create(ctx, linkit.CategoryParams{CategoryCode: "C", Extra: extra})
			return err
		}, `{"category_code":"C",` + sent + `}`},
		"generic": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Generics.Create(ctx, linkit.GenericParams{Extra: extra})
			return err
		}, `{` + sent + `}`},
		"customer": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Customers.Create(ctx, linkit.CustomerParams{Extra: extra})
			return err
		}, `{` + sent + `}`},
		"customer group": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.CustomerGroups.Create(ctx, linkit.CustomerGroupParams{Name: "VIP", Extra: extra})
			return err
		}, `{"name":"VIP",` + sent + `}`},
		"offer": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Offers.Create(ctx, linkit.OfferParams{Meta: json.RawMessage("{}"), Extra: extra})
			return err
		}, `{"meta":{},` + sent + `}`},
		"offer status": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Offers.SetStatus(ctx, "r1", linkit.OfferStatusParams{Extra: extra})
			return err
		}, `{` + sent + `}`},
		"orders": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Orders.Bulk(ctx, []linkit.OrderParams{{Extra: extra}})
			return err
		}, `[{` + sent + `}]`},
		"products in bulk": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Products.Bulk(ctx, linkit.BulkUpdate, []linkit.ProductParams{{IvID: "A", Extra: extra}})
			return err
		}, `{"mode":"update","products":[{"iv_id":"A",` + sent + `}]}`},
		"payment": {func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Payments.CreateOrder(ctx, linkit.PaymentOrderParams{Extra: extra})
			return err
		}, `{` + sent + `}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newRecorder(
				t,
				http.StatusOK,
				`{"id":"r1","order_id":"p1","success":true,"message":"done","data":{"id":"r1","order_id":"p1"}}`,
			)
			require.NoError(t, row.call(t.Context(), w.client))
			require.Len(t, w.all(), 1)
			assert.JSONEq(t, row.body, w.all()[0].body)
			assert.Contains(t, w.all()[0].body, `"x_note":"a & b"`, "text is sent as it is")
		})
	}
}

func TestAZeroThatWasNeverSetIsNotSent(t *testing.T) {
	t.Parallel()
	w := newRecorder(t, http.StatusOK, sample(t, "bulk.json"))
	var read linkit.LineItem
	require.NoError(t, json.Unmarshal([]byte(`{"product_id":"P-2","price":0,"quantity":"two"}`), &read))
	_, err := w.client.Orders.Bulk(
		t.Context(),
		[]linkit.OrderParams{{Products: []linkit.LineItem{{ProductID: "P-1", Quantity: 2, Price: 1.5}, read}}},
	)
	require.NoError(t, err)
	assert.JSONEq(
		t,
		`[{"products":[{"product_id":"P-1","quantity":2,"price":1.5},{"product_id":"P-2","price":0,"quantity":"two"}]}]`,
		w.all()[0].body,
	)

	made := linkit.Product{IvID: "A", AveragePrice: 7.25}
	body := bodyOf(t, func(ctx context.Context, c *linkit.Client) error {
		_, err := c.Products.Update(ctx, "A", made.Params())
		return err
	})
	assert.Equal(t, `{"iv_id":"A","average_price":7.25}`, body)
}

// linkittest keeps what the fields can't hold, as a service might.
func TestAnUpdateThroughParamsLosesNothingAtTheServer(t *testing.T) {
	t.Parallel()
	server := linkittest.New(t)
	server.AddProducts(
		linkit.Product{
			IvID:   "A",
			NameEn: "Thing",
			Raw: json.RawMessage(
				`{"iv_id":"A","name_en":"Thing","vat_value":"n/a","image_url":"https://img.example/a.png","tags":["new"]}`,
			),
		},
	)
	client := server.Client()
	before, err := client.Products.Get(t.Context(), "A")
	require.NoError(t, err)
	params := before.Params()
	params.NameEn = "Thing 2"
	_, err = client.Products.Update(t.Context(), "A", params)
	require.NoError(t, err)
	after, err := client.Products.Get(t.Context(), "A")
	require.NoError(t, err)
	var was, is map[string]any
	require.NoError(t, json.Unmarshal(before.Raw, &was))
	require.NoError(t, json.Unmarshal(after.Raw, &is))
	was["name_en"] = "Thing 2"
	delete(was, "updated")
	delete(is, "updated")
	assert.Equal(t, was, is)
}

func TestExtraEmptiesATextAtTheServer(t *testing.T) {
	t.Parallel()
	server := linkittest.New(t)
	server.AddProducts(linkit.Product{IvID: "A", Barcode: "6291100350012"})
	client := server.Client()
	err := client.Products.BulkAll(
		t.Context(),
		linkit.BulkUpdate,
		linkit.Records(linkit.ProductParams{IvID: "A", Extra: map[string]any{"barcode": ""}}),
		nil,
	)
	require.NoError(t, err)
	product, err := client.Products.Get(t.Context(), "A")
	require.NoError(t, err)
	assert.Empty(t, product.Barcode)
}

func TestParamsOfOneRecordShareNothing(t *testing.T) {
	t.Parallel()
	product := linkit.Product{
		Raw:          json.RawMessage(`{"iv_id":"A","average_price":1,"tags":["new"]}`),
		IvID:         "A",
		AveragePrice: 1,
	}
	first, second := product.Params(), product.Params()
	assert.Equal(t, first, second)
	tags, ok := first.Extra["tags"].(json.RawMessage)
	require.True(t, ok)
	tags[2] = 'X'
	first.Extra["more"] = 1
	*first.AveragePrice = 9
	assert.Equal(t, product.Params(), second)
	assert.JSONEq(t, `{"iv_id":"A","average_price":1,"tags":["new"]}`, string(product.Raw))
}

func TestAChangedModelWinsOverWhatCame(t *testing.T) {
	t.Parallel()
	var branch linkit.Branch
	w := newRecorder(
		t,
		http.StatusOK,
		`{"id":"r1","iv_id":"B","name_ar":"x","active":true,"location":{"lat":24.712345678901234567,"lon":46,"floor":2},
		"working_hours_periods":[{"WeekDay":1,"OpenHour":8,"a":1},{"WeekDay":2,"OpenHour":9,"b":2}]}`,
	)
	read, err := w.client.Branches.Get(t.Context(), "B")
	require.NoError(t, err)
	branch = *read
	branch.NameAr, branch.Active, branch.Location.Lon = "", false, 47
	params := branch.Params()
	params.WorkingHoursPeriods = append(params.WorkingHoursPeriods[1:], linkit.WorkingHoursPeriod{WeekDay: "3"})
	_, err = w.client.Branches.Update(t.Context(), "B", params)
	require.NoError(t, err)
	assert.JSONEq(t, `{"iv_id":"B","name_ar":"","active":false,"location":{"lat":24.712345678901234567,"lon":47,"floor":2},
		"working_hours_periods":[{"WeekDay":2,"OpenHour":9,"b":2},{"WeekDay":3,"OpenHour":0,"OpenMinute":0,"CloseHour":0,"CloseMinute":0}]}`, w.all()[1].body)
	assert.Contains(t, w.all()[1].body, "24.712345678901234567")
}

func TestARecordsKeyMayComeFromExtra(t *testing.T) {
	t.Parallel()
	w := newRecorder(t, http.StatusOK, `{"success":true,"message":"done"}`)
	result, err := w.client.Brands.Bulk(
		t.Context(),
		linkit.BulkUpsert,
		[]linkit.BrandParams{{Extra: map[string]any{"brand_code": "B-1"}}, {BrandCode: "B-2"}},
	)
	require.NoError(t, err)
	assert.Equal(t, []string{"B-1", "B-2"}, result.Keys)
}
