package stock

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestValuesAreReadAsDatabasesGiveThem(t *testing.T) {
	t.Parallel()
	qty := func(n int64) Values { return Values{Qty: &n} }
	price := func(f float64) Values { return Values{Price: &f} }
	available := func(b bool) Values { return Values{Available: &b} }
	for _, c := range []struct {
		column string
		value  any
		want   Values
	}{
		{"qty", int64(5), qty(5)},
		{"qty", int64(math.MaxInt64), qty(math.MaxInt64)},
		{"qty", int64(-3), qty(-3)},
		{"qty", float64(5), qty(5)},
		{"qty", "5", qty(5)},
		{"qty", " 5 ", qty(5)},
		{"qty", "5.000", qty(5)},
		{"qty", []byte("9007199254740993"), qty(9007199254740993)},
		{"qty", "1e3", qty(1000)},
		{"qty", nil, Values{}},
		{"price", 7.25, price(7.25)},
		{"price", float32(0.5), price(0.5)},
		{"price", "7.25", price(7.25)},
		{"price", []byte("0.1"), price(0.1)},
		{"price", int64(7), price(7)},
		{"price", "-0.01", price(-0.01)},
		{"cost", "3", Values{Cost: new(3.0)}},
		{"available", true, available(true)},
		{"available", int64(0), available(false)},
		{"available", "t", available(true)},
		{"available", "No", available(false)},
		{"available", []byte("1"), available(true)},
		{"available", float64(1), available(true)},
	} {
		record := convert(Key{SKU: "A"}, "", columnsNamed(t, c.column), []any{c.value})
		assert.Empty(t, record.Reason, "%s %v", c.column, c.value)
		assert.Equal(t, c.want, record.Values, "%s %v", c.column, c.value)
	}
}

func TestValuesThatCannotBeReadRejectTheRecordWithAReason(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		column string
		value  any
		want   string
	}{
		{"qty", "12,5", `qty: "12,5" is not a whole number`},
		{"qty", 2.5, `qty: "2.5" is not a whole number`},
		{"qty", "2.5", `qty: "2.5" is not a whole number`},
		{"qty", "", `qty: "" is not a whole number`},
		{"qty", true, `qty: "true" is not a whole number`},
		{"qty", 1e300, `qty: "1e+300" is not a whole number`},
		{"qty", "99999999999999999999", `is not a whole number`},
		{"qty", math.NaN(), `qty: "NaN" is not a whole number`},
		{"price", math.NaN(), `price: "NaN" is not a number`},
		{"price", "NaN", `price: "NaN" is not a number`},
		{"price", "Infinity", `price: "Infinity" is not a number`},
		{"price", "1e999", `price: "1e999" is not a number`},
		{"price", "0x10", `price: "0x10" is not a number`},
		{"price", "1_000", `price: "1_000" is not a number`},
		{"price", "7.25 SAR", `price: "7.25 SAR" is not a number`},
		{"price", strings.Repeat("ä", 40), `price: "` + strings.Repeat("ä", 40) + `" is not a number`},
		{"price", strings.Repeat("ä", 41), `price: "` + strings.Repeat("ä", 40) + `…" is not a number`},
		{"cost", math.Inf(1), `cost: "+Inf" is not a number`},
		{"available", "maybe", `available: "maybe" is neither true nor false`},
		{"available", int64(2), `available: "2" is neither true nor false`},
	} {
		record := convert(Key{SKU: "A"}, "P", columnsNamed(t, c.column), []any{c.value})
		assert.Contains(t, record.Reason, c.want)
		assert.Less(t, len(record.Reason), 200)
		assert.Contains(t, record.Raw, `"product":"P"`)
		assert.Contains(t, record.Raw, `"`+c.column+`":`)
	}
	record := convert(Key{Branch: "B"}, "", columnsNamed(t, "qty", "price"), []any{"x", "y"})
	assert.Equal(t, `it has no sku, and no product and branch; qty: "x" is not a whole number; price: "y" is not a number`,
		record.Reason)
	assert.JSONEq(t, `{"price":"y"}`, convert(Key{SKU: "A"}, "", columnsNamed(t, "qty", "price"), []any{nil, "y"}).Raw)
	assert.Contains(t, convert(Key{SKU: "\xff"}, "", nil, nil).Reason, "not UTF-8")
	assert.Contains(t, convert(Key{SKU: "A"}, "\xff", nil, nil).Reason, "not UTF-8")
}

func columnsNamed(t *testing.T, names ...string) (found []column) {
	t.Helper()
	for _, name := range names {
		for _, c := range columns {
			if c.name == name {
				found = append(found, c)
			}
		}
	}
	require.Len(t, found, len(names))
	return found
}
