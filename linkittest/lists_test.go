package linkittest_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

func TestFilteredListsSeeEveryWrite(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		write func(ctx context.Context, s *linkittest.Server, c *linkit.Client) error
		want  string
	}{
		"a SKU deleted": {func(ctx context.Context, _ *linkittest.Server, c *linkit.Client) error {
			return c.SKUs.Delete(ctx, "P1_B1")
		}, "P1_B2 P2_B1 P2_B2"},
		"a product deleted": {func(ctx context.Context, _ *linkittest.Server, c *linkit.Client) error {
			return c.Products.Delete(ctx, "P1")
		}, "P2_B1 P2_B2"},
		"a branch deleted": {func(ctx context.Context, _ *linkittest.Server, c *linkit.Client) error {
			return c.Branches.Delete(ctx, "B1")
		}, "P1_B2 P2_B2"},
		"a product renamed": {func(ctx context.Context, _ *linkittest.Server, c *linkit.Client) error {
			_, err := c.Products.Update(ctx, "P1", linkit.ProductParams{IvID: "P9"})
			return err
		}, "P9_B1 P9_B2 P2_B1 P2_B2"},
		"a product added": {func(_ context.Context, s *linkittest.Server, _ *linkit.Client) error {
			s.AddProducts(linkit.Product{IvID: "P3"})
			return nil
		}, "P1_B1 P1_B2 P2_B1 P2_B2 P3_B1 P3_B2"},
		"a SKU added": {func(_ context.Context, s *linkittest.Server, _ *linkit.Client) error {
			s.AddSKUs(linkit.SKU{IvID: "S"})
			return nil
		}, "P1_B1 P1_B2 P2_B1 P2_B2 S"},
		"a SKU replaced": {func(_ context.Context, s *linkittest.Server, _ *linkit.Client) error {
			s.AddSKUs(linkit.SKU{IvID: "P1_B2", Available: true})
			return nil
		}, "P1_B1 P2_B1 P2_B2"},
		"a SKU replaced by a newer one": {func(_ context.Context, s *linkittest.Server, _ *linkit.Client) error {
			s.AddSKUs(linkit.SKU{IvID: "P1_B1", Created: linkit.Time{Time: time.Now().Add(time.Hour)}})
			return nil
		}, "P1_B2 P2_B1 P2_B2 P1_B1"},
		"a SKU updated": {func(ctx context.Context, _ *linkittest.Server, c *linkit.Client) error {
			_, err := c.SKUs.Bulk(ctx, linkit.BulkUpdate, []linkit.SKUParams{{IvID: "P2_B2", Available: linkit.Ptr(true)}})
			return err
		}, "P1_B1 P1_B2 P2_B1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			server.AddBranches(linkit.Branch{IvID: "B1"}, linkit.Branch{IvID: "B2"})
			server.AddProducts(linkit.Product{IvID: "P1"}, linkit.Product{IvID: "P2"})
			client := server.Client()
			params := &linkit.SKUListParams{Available: linkit.Ptr(false), ListParams: linkit.ListParams{Sort: "created"}}
			require.Equal(t, "P1_B1 P1_B2 P2_B1 P2_B2", skuIDs(t, client, params))
			require.NoError(t, row.write(t.Context(), server, client))
			assert.Equal(t, row.want, skuIDs(t, client, params))
		})
	}
}

func TestAddingWithAnotherDateMovesARecord(t *testing.T) {
	t.Parallel()
	at := func(day int) linkit.Time { return linkit.Time{Time: time.Date(2026, 3, day, 8, 0, 0, 0, time.UTC)} }
	for name, row := range map[string]struct {
		created     linkit.Time
		all, ofHers string
	}{
		"no date":       {linkit.Time{}, "D C B A", "C A"},
		"its own date":  {at(1), "D C B A", "C A"},
		"a later date":  {at(9), "A D C B", "A C"},
		"between":       {linkit.Time{Time: at(2).Add(time.Hour)}, "D C A B", "C A"},
		"earlier still": {linkit.Time{Time: at(1).Add(-time.Hour)}, "D C B A", "C A"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newServer(t)
			server.AddBranches(linkit.Branch{IvID: "S"})
			server.AddProducts(shelf()...)
			server.AddSKUs(linkit.SKU{ProductIvID: "A", BranchIvID: "S", Qty: linkit.Ptr(5)})
			server.AddProducts(linkit.Product{IvID: "A", NameEn: "New", BrandID: "julphar", Created: row.created})
			client := server.Client()
			for want, params := range map[string]*linkit.ProductListParams{row.all: nil, row.ofHers: {BrandID: "julphar"}} {
				page, err := client.Products.List(t.Context(), params)
				require.NoError(t, err)
				assert.Equal(t, want, ivIDs(page.Data))
				assert.Equal(t, len(page.Data), page.TotalCount)
			}
			a, err := client.Products.Get(t.Context(), "A")
			require.NoError(t, err)
			assert.Equal(t, "New", a.NameEn)
			sku, err := client.SKUs.Get(t.Context(), "A_S")
			require.NoError(t, err)
			assert.Equal(t, 5, *sku.Qty, "its stock stays")
		})
	}
}

func TestAddingTheSameIDTwiceIsOneRecord(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	for _, name := range []string{"Old", "New"} {
		server.AddProducts(linkit.Product{ID: "k7m2p9q4x1c8v5b", NameEn: name})
		server.AddCustomers(linkit.Customer{ID: "c1", FirstName: name})
	}
	client := server.Client(linkit.WithOrganization(linkittest.OrganizationID))
	products, err := client.Products.List(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, products.Data, 1)
	assert.Equal(t, "k7m2p9q4x1c8v5b New", products.Data[0].IvID+" "+products.Data[0].NameEn)
	customers, err := client.Customers.List(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, customers.Data, 1)
	assert.Equal(t, "New", customers.Data[0].FirstName)
}

func TestASKUThatExistsIsNotMadeAgain(t *testing.T) {
	t.Parallel()
	for name, add := range map[string]func(*linkittest.Server){
		"by a product": func(s *linkittest.Server) {
			s.AddBranches(linkit.Branch{IvID: "B"})
			s.AddSKUs(linkit.SKU{ProductIvID: "P", BranchIvID: "B", Qty: linkit.Ptr(5), Price: 3})
			s.AddProducts(linkit.Product{IvID: "P", AveragePrice: 9})
		},
		"by a branch": func(s *linkittest.Server) {
			s.AddProducts(linkit.Product{IvID: "P", AveragePrice: 9})
			s.AddSKUs(linkit.SKU{ProductIvID: "P", BranchIvID: "B", Qty: linkit.Ptr(5), Price: 3})
			s.AddBranches(linkit.Branch{IvID: "B"})
		},
	} {
		server := newServer(t)
		add(server)
		page, err := server.Client().SKUs.List(t.Context(), nil)
		require.NoError(t, err)
		require.Len(t, page.Data, 1, name)
		assert.Equal(t, 5, *page.Data[0].Qty, name)
		assert.InDelta(t, 3.0, page.Data[0].Price, 0, name)
	}
}

func TestARenamedProductsSKUsTakeNoOthersPlace(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddBranches(linkit.Branch{IvID: "B1"}, linkit.Branch{IvID: "B2"})
	server.AddProducts(linkit.Product{IvID: "P1"})
	server.AddSKUs(
		linkit.SKU{IvID: "P9_B1", ProductIvID: "another", Qty: linkit.Ptr(5)},
		linkit.SKU{IvID: "own", ProductIvID: "P1", BranchIvID: "B3"},
	)
	client := server.Client()
	_, err := client.Products.Update(t.Context(), "P1", linkit.ProductParams{IvID: "P9"})
	require.NoError(t, err)
	oldest := linkit.ListParams{Sort: "created"}
	assert.Equal(t, "P1_B1 P9_B2 P9_B1 own", skuIDs(t, client, &linkit.SKUListParams{ListParams: oldest}))
	assert.Equal(t, "P1_B1 P9_B2 own", skuIDs(t, client, &linkit.SKUListParams{ProductIvID: "P9", ListParams: oldest}))
	other, err := client.SKUs.Get(t.Context(), "P9_B1")
	require.NoError(t, err)
	assert.Equal(t, "another", other.ProductIvID)
	assert.Equal(t, 5, *other.Qty)
}
