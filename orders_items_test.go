package linkit_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// A program stores the orders that it is sent; what one of them calls a product must not stop it.
func TestOrderWithTextThatIsNotUTF8CanBeStoredButNotSent(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"a byte": "Ad\x81l", "half a character": `Ad\ud800l`, "a name": "Adol\",\"\xff\":\""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			order, err := linkit.ParseOrder(strings.NewReader(`{"id":"o1","products":[{"name":"` + text + `","quantity":2}]}`))
			require.NoError(t, err)
			stored, err := json.Marshal(order)
			require.NoError(t, err)
			var again linkit.Order
			require.NoError(t, json.Unmarshal(stored, &again))
			assert.Equal(t, order.Products[0].Name, again.Products[0].Name)
			assert.InDelta(t, 2, again.Products[0].Quantity, 0)
		})
	}
	order, err := linkit.ParseOrder(strings.NewReader("{\"id\":\"o1\",\"products\":[{\"quantity\":2},{\"name\":\"Ad\x81l\",\"quantity\":2}]}"))
	require.NoError(t, err)
	params := linkit.OrderParams{Products: order.Products}
	mock := httpmock.NewMockTransport()
	client := newClient(t, mock)
	_, err = client.Orders.Bulk(t.Context(), []linkit.OrderParams{params})
	require.ErrorIs(t, err, linkit.ErrInvalid)
	require.ErrorContains(t, err, "products[1].name is not valid UTF-8")
	assert.Zero(t, mock.GetTotalCallCount())

	params.Products[1].Name = "Adol"
	sent, err := json.Marshal(params)
	require.NoError(t, err)
	assert.JSONEq(t, `{"products":[{"quantity":2},{"name":"Adol","quantity":2}]}`, string(sent))
}
