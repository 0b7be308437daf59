package stock_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/examples/jobs/internal/database"
	"github.com/linkit-go/linkit/examples/jobs/internal/stock"
	"github.com/linkit-go/linkit/internal/servers/pgtest"
)

func TestAQueryIsReadByTheNamesOfItsColumns(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		whole := item{IvID: "P0_B0", Product: "P0", Branch: "B0", Qty: new(int64(1)), Price: new(7.25), Cost: new(0.1), Available: new(true)}
		quantity := item{IvID: "P0_B0", Product: "P0", Branch: "B0", Qty: new(int64(1))}
		for query, row := range map[string]struct {
			mode string
			want item
		}{
			"stock":                                  {"upsert", whole},
			"SELECT product, branch, qty FROM stock": {"upsert", quantity},
			"select QTY, branch, Product, 5 as other from stock; ":            {"upsert", quantity},
			"SELECT product || '/' || branch AS sku, price FROM stock -- all": {"update", item{IvID: "P0/B0", Price: new(7.25)}},
			"SELECT 12 AS product, 34 AS branch, '9' AS qty":                  {"upsert", item{IvID: "12_34", Product: "12", Branch: "34", Qty: new(int64(9))}},
			`SELECT 'x' AS "SKU", 1.50 AS "Price", 1 AS "AVAILABLE"`:          {"update", item{IvID: "x", Price: new(1.5), Available: new(true)}},
			"WITH a AS (SELECT 'x' AS sku, 2 AS qty) SELECT * FROM a":         {"update", item{IvID: "x", Qty: new(int64(2))}},
			"SELECT 'x' AS sku, 'b' AS branch, 2 AS qty":                      {"update", item{IvID: "x", Branch: "b", Qty: new(int64(2))}},
			"SELECT 'x' AS sku, 'p' AS product, 2 AS qty":                     {"update", item{IvID: "x", Product: "p", Qty: new(int64(2))}},
			"SELECT 'x' AS sku, 'p' AS product, 7 AS branch, 2 AS qty":        {"upsert", item{IvID: "x", Product: "p", Branch: "7", Qty: new(int64(2))}},
			"SELECT '' AS sku, 'p' AS product, 'b' AS branch, 2 AS qty":       {"upsert", item{IvID: "p_b", Product: "p", Branch: "b", Qty: new(int64(2))}},
			"SELECT 'x' AS sku, CAST('b' AS varchar(5)) AS branch, 2 AS qty":  {"update", item{IvID: "x", Branch: "b", Qty: new(int64(2))}},
		} {
			if dsn[0] != 'p' {
				dsn = sqliteFile(t)
			}
			mode := ""
			b := newBench(t, dsn, newShop(t, func(r *request) effect {
				mode = r.mode
				return effect{}
			}), 1, 1)
			db, err := database.OpenReadOnly(t.Context(), dsn)
			require.NoError(t, err)
			source, err := stock.OpenSource(t.Context(), db, query)
			require.NoError(t, err, query)
			state, err := stock.OpenState(t.Context(), dsn)
			require.NoError(t, err)
			c, err := client(b.shop.URL)
			require.NoError(t, err)
			engine, err := stock.New(t.Context(), source, state, stock.Options{SKUs: c.SKUs})
			require.NoError(t, err)
			summary := b.once(engine)
			assert.Equal(t, 1, summary.Sent, query)
			assert.Equal(t, row.want, b.shop.get(row.want.IvID), query)
			assert.Equal(t, row.mode, mode, query)
			assert.Zero(t, b.once(engine).Requests, query)
			require.NoError(t, state.Close())
			require.NoError(t, db.Close())
			for _, table := range []string{"stock", "linkit_sent", "linkit_rejected", "linkit_inflight", "linkit_shards"} {
				b.exec("DROP TABLE " + table)
			}
		}
	})
}

func TestTheDefaultTableNeedsNoFurtherColumns(t *testing.T) {
	t.Parallel()
	b := newBench(t, sqliteFile(t), newShop(t, nil), 1, 1)
	b.exec(`DROP TABLE stock`)
	b.exec(`CREATE TABLE stock (product, branch, qty, note)`)
	b.exec(`INSERT INTO stock VALUES ('P', 'B', 3, 'fragile')`)
	engine, _ := b.engine(stock.Options{})
	assert.Equal(t, 1, b.once(engine).Sent)
	assert.Equal(t, item{IvID: "P_B", Product: "P", Branch: "B", Qty: new(int64(3))}, b.shop.get("P_B"))
}

func TestColumnsOfPostgreSQLAreReadWhateverTheirTypes(t *testing.T) {
	t.Parallel()
	b := newBench(t, pgtest.Shared(t).Database(t), newShop(t, nil), 1, 1)
	b.exec(`DROP TABLE stock`)
	b.exec(`CREATE TABLE stock (sku uuid, product integer, branch char(8), qty numeric(12, 3), price numeric(12, 2),
		cost money, available smallint)`)
	b.exec(`INSERT INTO stock VALUES (NULL, 1, 'B', 5, 7.25, NULL, 1), (NULL, 2, 'B', 2.5, 7.25, NULL, 1),
		(NULL, 3, 'B', 1, 'NaN', NULL, 0), (NULL, 4, 'B', 1, 12345678.91, NULL, 0), (NULL, 5, 'B', 1, 1, '3', 0),
		('00000000-0000-0000-0000-000000000001', NULL, NULL, 1, 0.1, NULL, 0)`)
	engine, _ := b.engine(stock.Options{})
	summary := b.once(engine)
	assert.Equal(t, 3, summary.Sent)
	assert.Equal(t, 3, summary.Rejected)
	assert.Equal(t, item{IvID: "1_B", Product: "1", Branch: "B", Qty: new(int64(5)), Price: new(7.25), Available: new(true)}, b.shop.get("1_B"))
	assert.InDelta(t, 12345678.91, *b.shop.get("4_B").Price, 0)
	assert.NotEmpty(t, b.shop.get("00000000-0000-0000-0000-000000000001"))
	assert.Equal(t, 1, b.count(`SELECT count(*) FROM linkit_rejected WHERE reason LIKE 'qty: "2.5%is not a whole number'`))
	assert.Equal(t, 1, b.count(`SELECT count(*) FROM linkit_rejected WHERE reason = 'price: "NaN" is not a number'`))
	assert.Zero(t, b.once(engine).Requests)
}

func TestKeysAreOrderedByTheirBytesWhateverTheDatabaseSays(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		b := newBench(t, dsn, newShop(t, nil), 1, 1)
		for _, product := range []string{"a", "B", "á", "_", "-", "ب", "Z9", "z 1", "a'b", "€", "😀", "a_b", "ab"} {
			for _, branch := range []string{"ä", "b", "A", "a-", "الرياض"} {
				b.exec(`INSERT INTO stock VALUES (NULL, $1, $2, 1, 2, 3, true)`, product, branch)
			}
		}
		engine, _ := b.engine(stock.Options{Shards: 2, BatchSize: 3})
		assert.Equal(t, 13*5+1, b.once(engine).Sent)
		b.requireInSync()
		assert.Zero(t, b.once(engine).Requests)
	})
}

func TestAQueryThatCannotBeUsedSaysWhy(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dsn string) {
		newBench(t, dsn, newShop(t, nil), 1, 1)
		db, err := database.OpenReadOnly(t.Context(), dsn)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, db.Close()) })
		for query, want := range map[string]string{
			"nothing":                           "nothing",
			"SELECT nothing FROM stock":         "nothing",
			"SELECT qty FROM stock":             "it needs a column sku, or the columns product and branch",
			"SELECT product, qty FROM stock":    "it needs a column sku, or the columns product and branch",
			"SELECT product, branch FROM stock": "it needs one of the columns qty, price, cost and available",
			"DELETE FROM stock":                 "",
			"SELECT sku, qty FROM stock) q; DELETE FROM stock; SELECT * FROM (SELECT 1": "",
		} {
			_, err := stock.OpenSource(t.Context(), db, query)
			var bad *stock.QueryError
			require.ErrorAs(t, err, &bad, query)
			require.ErrorContains(t, err, "-query: ")
			require.ErrorContains(t, err, want)
		}
	})
}
