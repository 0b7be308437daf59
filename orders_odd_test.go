package linkit_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestOddFieldCostsNoOrder(t *testing.T) {
	t.Parallel()
	for odd, check := range map[string]func(o *linkit.Order) bool{
		`"total_amount":"120.50"`:       func(o *linkit.Order) bool { return o.TotalAmount == 120.5 },
		`"customer_phone":966500000000`: func(o *linkit.Order) bool { return o.CustomerPhone == "966500000000" },
		`"is_preorder":0`:               func(o *linkit.Order) bool { return !o.IsPreorder },
		`"is_preorder":"1"`:             func(o *linkit.Order) bool { return o.IsPreorder },
		`"promised_for":"2026-01-01 10:00"`: func(o *linkit.Order) bool {
			return o.PromisedFor.Format("2006-01-02T15:04Z07:00") == "2026-01-01T10:00Z"
		},
		`"source_timestamp":1767225600`:    func(o *linkit.Order) bool { return o.SourceTimestamp.Unix() == 1767225600 },
		`"skus":[{"iv_id":"A_1"}]`:         func(o *linkit.Order) bool { return strings.Join(o.SKUs, "") == "" },
		`"skus":"A_1"`:                     func(o *linkit.Order) bool { return o.SKUs == nil },
		`"comment":{"text":"ring twice"}`:  func(o *linkit.Order) bool { return o.Comment == "" },
		`"destination_id":12`:              func(o *linkit.Order) bool { return o.DestinationID == "12" },
		`"shipping_address":"Riyadh"`:      func(o *linkit.Order) bool { return string(o.ShippingAddress) == `"Riyadh"` },
		`"products":{"0":{}}`:              func(o *linkit.Order) bool { return o.Products == nil },
		`"products":[{"quantity":"2"}]`:    func(o *linkit.Order) bool { return o.Products[0].Quantity == 2 },
		`"external_id":7,"status":["x"]`:   func(o *linkit.Order) bool { return o.SourceReference == "7" },
		`"discount":"5","tax":"0.75"`:      func(o *linkit.Order) bool { return o.DiscountsAmount == 5 && o.VATAmount == 0.75 },
		`"organization_id":null,"ID":"o2"`: func(o *linkit.Order) bool { return o.OrganizationID == "" },
	} {
		inner := `{"id":"o1","order_status":"pending",` + odd + `}`
		webhook := `{"spec_version":"2026-04-01","id":"evt_1","order":` + inner + `}`
		order, err := linkit.ParseOrder(strings.NewReader(webhook))
		require.NoError(t, err, odd)
		listed, err := linkit.Collect(
			served(
				t,
				`{"data":[{"id":"o0"},`+webhook+`,{"id":"o3","total_amount":"x"}],"has_next":false}`,
			).Orders.All(
				t.Context(),
				nil,
			),
		)
		require.NoError(t, err, odd)
		require.Len(t, listed, 3)
		older, err := served(t, inner).Orders.Get(t.Context(), "o1")
		require.NoError(t, err, odd)
		for _, o := range []*linkit.Order{order, &listed[1], older} {
			assert.Equal(t, "o1", o.ID)
			assert.Equal(t, linkit.OrderStatusPending, o.OrderStatus)
			assert.Contains(t, string(o.Raw), odd)
			assert.True(t, check(o), "%s: %+v", odd, o)
		}
	}
}

func TestLineItemsOfAnotherFormCostNoOrder(t *testing.T) {
	t.Parallel()
	for odd, want := range map[string][]linkit.LineItem{
		`"products":[{"quantity":"2"}]`:                            {{Quantity: 2}},
		`"products":[{"price":"1.5"}]`:                             {{Price: 1.5}},
		`"products":[{"product_id":77}]`:                           {{ProductID: "77"}},
		`"products":[{"name":{"en":"x","ar":"y"}}]`:                {{}},
		`"products":["SKU-1"]`:                                     {{}},
		`"products":{"product_id":"77"}`:                           nil,
		`"skus":[{"code":"A"}]`:                                    nil,
		`"products":[{"product_id":"1","total":"x","price":2},[]]`: {{ProductID: "1", Price: 2}, {}},
		`"products":"SKU-1"`:                                       nil,
		`"products":[null,7,true]`:                                 {{}, {}, {}},
	} {
		body := `{"data":[{"id":"o1"},{"id":"o2",` + odd + `}],"has_next":false}`
		orders, err := linkit.Collect(served(t, body).Orders.All(t.Context(), nil))
		require.NoError(t, err, odd)
		require.Len(t, orders, 2)
		assert.Equal(t, want, withoutRaw(orders[1].Products), odd)
		assert.Contains(t, string(orders[1].Raw), odd)
		_, err = linkit.ParseOrder(strings.NewReader(`{"id":"o2",` + odd + `}`))
		require.NoError(t, err, odd)
	}
	orders, err := served(t, `{"data":[{"id":"o2","products":["SKU-1"]}]}`).Orders.List(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, `"SKU-1"`, string(orders.Data[0].Products[0].Raw))
}

func TestOnlyTheNamesOfTheFormInUseAreLoggedAsUnreadable(t *testing.T) {
	t.Parallel()
	const odd = `{"id":"o1","external_id":["x"],"status":{"is":1},"discount":"10%","tax":["15%"]}`
	get := func(ctx context.Context, c *linkit.Client) (any, error) { return c.Orders.Get(ctx, "o1") }
	_, log, err := reading{}.read(t, get, odd)
	require.NoError(t, err)
	for _, name := range []string{"external_id", "status", "discount", "tax"} {
		assert.Contains(t, log, "="+name+"\n")
	}
	assert.Contains(t, log, "level=WARN ")
	_, log, err = reading{}.read(t, get, `{"id":"o1","external_id":"7","status":"pending","discount":"5","tax":"0.75"}`)
	require.NoError(t, err)
	assert.Empty(t, log, "all of them could be read")
	_, log, err = reading{}.read(t, get, `{"spec_version":"2026-04-01","order":`+odd+`}`)
	require.NoError(t, err)
	assert.Empty(t, log, "in an envelope they may be of any type")
}
