package linkittest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestListsAreSortedByAnyField(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddSKUs(
		linkit.SKU{IvID: "seven", Qty: linkit.Ptr(7), Price: 1.5, Available: true},
		linkit.SKU{IvID: "unknown", Price: 1.25},
		linkit.SKU{IvID: "none", Qty: linkit.Ptr(0), Price: 10},
		linkit.SKU{IvID: "owed", Qty: linkit.Ptr(-5), Price: 9, Available: true},
	)
	client := server.Client()
	for sort, want := range map[string]string{
		"qty": "unknown owed none seven", "-qty": "seven none owed unknown",
		"price": "unknown seven owed none", "iv_id": "none owed seven unknown",
		"available": "unknown none seven owed", "created": "seven unknown none owed", "": "owed none unknown seven",
	} {
		assert.Equal(t, want, skuIDs(t, client, &linkit.SKUListParams{ListParams: linkit.ListParams{Sort: sort}}), sort)
	}
}

func TestAFieldThatHasNoOrderCannotBeSortedBy(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddBranches(linkit.Branch{IvID: "B"})
	for _, sort := range []string{"location", "working_hours_periods", "nothing", "-", "IvID", "-nothing", "Raw"} {
		res := send(t, server, "GET", "/branches?sort="+sort, "")
		assert.Equal(t, map[bool]int{true: 200, false: 400}[sort == "-"], res.status, sort)
	}
}

func TestAPageThatIsNoNumberIsTheFirst(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddProducts(linkit.Product{IvID: "A"}, linkit.Product{IvID: "B"})
	for _, page := range []string{"99999999999999999999", "-1", "0", "one", "1.5", ""} {
		res := send(t, server, "GET", "/products?limit=1&page="+page, "")
		require.Equal(t, 200, res.status)
		assert.EqualValues(t, 1, res.at(t, "page"), page)
		assert.EqualValues(t, 1, res.at(t, "limit"), page)
		assert.Equal(t, "B", res.at(t, "data", 0, "iv_id"), page)
	}
}
