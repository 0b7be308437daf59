package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

func TestCatalogueHasTheSizeThatTheFlagsSay(t *testing.T) {
	t.Parallel()
	rows := []struct{ products, branches, wantProducts, wantBranches int }{
		{0, 0, 12, 3},
		{5, 2, 5, 2},
		{1, 0, 1, 3},
		{40, 0, 40, 3},
		{0, 7, 12, 7},
		{30, 9, 30, 9},
	}
	for _, row := range rows {
		b := newSandbox(t, config{products: row.products, branches: row.branches})
		client := b.server.Client()
		for want, count := range map[int]func() (int, error){
			row.wantProducts:                    func() (int, error) { return client.Products.Count(t.Context(), nil) },
			row.wantBranches:                    func() (int, error) { return client.Branches.Count(t.Context(), nil) },
			row.wantProducts * row.wantBranches: func() (int, error) { return client.SKUs.Count(t.Context(), nil) },
		} {
			got, err := count()
			require.NoError(t, err)
			assert.Equal(t, want, got, "%+v", row)
		}
		stocked, err := client.SKUs.Count(t.Context(), &linkit.SKUListParams{MinQty: linkit.Ptr(1)})
		require.NoError(t, err)
		assert.NotZero(t, stocked, "%+v", row)
	}
}

func TestFixturesReplaceTheSandboxsOwn(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.NoError(
		t,
		os.WriteFile(
			filepath.Join(folder, "products.json"),
			[]byte(`{"data": [{"iv_id": "MINE"}, {"iv_id": "TWO"}]}`),
			0o600,
		),
	)
	b := newSandbox(t, config{fixtures: folder, products: 1})
	products, err := b.server.Client().Products.List(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, products.Data, 1)
	assert.Equal(t, "MINE", products.Data[0].IvID)
}

func TestFlagsThatMakeNoSenseAreNamed(t *testing.T) {
	t.Parallel()
	rows := map[string]config{
		"-products must":   {products: -1},
		"-branches must":   {branches: 3000},
		"2000000":          {products: 100_000, branches: 1000},
		"-delay must":      {delay: -1},
		"-token-ttl must":  {tokenTTL: -1},
		"-limit":           {limit: "300"},
		"300/10s":          {limit: "0/1s"},
		"-fixtures":        {fixtures: "/nowhere"},
		"loopback address": {addr: "0.0.0.0:0"},
	}
	for want, c := range rows {
		if c.tokenTTL == 0 {
			c.tokenTTL = time.Hour
		}
		if c.addr == "" {
			c.addr = "127.0.0.1:0"
		}
		b, err := start(c)
		require.ErrorContains(t, err, want)
		assert.Nil(t, b)
	}
}

func TestLimitDelayAndTokenLifetimeAreSet(t *testing.T) {
	t.Parallel()
	b := newSandbox(t, config{limit: "2/1h", delay: time.Millisecond, tokenTTL: time.Minute})
	client := b.server.Client(linkit.WithLogin(linkittest.Email, password), linkit.WithRetries(0))
	_, err := client.Products.Count(t.Context(), nil)
	require.NoError(t, err)
	_, err = client.Products.Count(t.Context(), nil)
	require.ErrorIs(t, err, linkit.ErrRateLimited)

	list, _ := b.exchanges.after(0, 10, nil)
	require.Len(t, list, 3)
	assert.GreaterOrEqual(t, list[0].Milliseconds, 1.0)
	signIn, ok := b.exchanges.get(1)
	require.True(t, ok)
	assert.Contains(t, signIn.Response.Body, "expires_at")
	assert.Equal(t, duration(time.Minute), b.state().TokenTTL)
}
