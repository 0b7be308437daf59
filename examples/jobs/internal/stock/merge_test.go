package stock

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// of streams a slice.
func of[T any](rows ...T) next[T] {
	return func() (row T, ok bool, err error) {
		if len(rows) == 0 {
			return row, false, nil
		}
		row, rows = rows[0], rows[1:]
		return row, true, nil
	}
}

func qty(key string, n int64) Record {
	return Record{Key: Key{SKU: key}, Values: Values{Qty: &n}, Rows: 1}
}

func all[T any](t *testing.T, rows next[T]) (list []T) {
	t.Helper()
	for {
		row, ok, err := rows()
		require.NoError(t, err)
		if !ok {
			_, again, err := rows()
			require.NoError(t, err)
			assert.False(t, again, "the end is the end")
			return list
		}
		list = append(list, row)
	}
}

func TestRowsOfOneKeyAreOneRecord(t *testing.T) {
	t.Parallel()
	unreadable := Record{Key: Key{SKU: "B"}, Rows: 1, Reason: "qty", Raw: `{"qty":"x"}`}
	for name, c := range map[string]struct {
		rows []Record
		want []string // key, rows, reason
	}{
		"none":            {nil, nil},
		"one":             {[]Record{qty("A", 1)}, []string{"A 1 "}},
		"distinct":        {[]Record{qty("A", 1), qty("B", 1)}, []string{"A 1 ", "B 1 "}},
		"equal":           {[]Record{qty("A", 1), qty("A", 1), qty("B", 1)}, []string{"A 2 ", "B 1 "}},
		"differing":       {[]Record{qty("A", 1), qty("B", 1), qty("B", 2), qty("B", 1)}, []string{"A 1 ", "B 3 twice"}},
		"one unreadable":  {[]Record{qty("B", 1), unreadable}, []string{"B 2 twice"}},
		"both unreadable": {[]Record{unreadable, unreadable}, []string{"B 2 qty"}},
	} {
		var got []string
		for _, record := range all(t, distinct(of(c.rows...))) {
			reason := record.Reason
			if reason == "the source has this key more than once, with other values" {
				reason = "twice"
			}
			got = append(got, record.SKU+" "+string(rune('0'+record.Rows))+" "+reason)
		}
		assert.Equal(t, c.want, got, name)
	}
}

func TestRowsOutOfOrderEndTheReading(t *testing.T) {
	t.Parallel()
	rows := distinct(of(qty("B", 1), qty("A", 1)))
	_, _, err := rows()
	require.ErrorContains(t, err, "aren't ordered by their bytes")
}

func TestErrorsOfAStreamEndTheReading(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for good := range 3 {
		rows := of(qty("A", 1), qty("B", 1), qty("C", 1))
		count := 0
		records := distinct(func() (Record, bool, error) {
			if count++; count > good {
				return Record{}, false, broken
			}
			return rows()
		})
		var err error
		for ok := true; ok && err == nil; {
			_, ok, err = records()
		}
		require.ErrorIs(t, err, broken, "a record whose other rows can't be read isn't passed on")
	}
}

func TestCursorFollowsTheSource(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rows, keys            string
		found, skippedInOrder string
	}{
		"both empty":   {"", "", "", ""},
		"equal":        {"ABC", "ABC", "ABC", ""},
		"new in front": {"BC", "ABC", "BC", ""},
		"new at end":   {"AB", "ABC", "AB", ""},
		"gone":         {"ABC", "B", "B", "AC"},
		"all gone":     {"ABC", "", "", "ABC"},
		"disjoint":     {"ACE", "BD", "", "ACE"},
	} {
		var rows []Record
		for _, key := range c.rows {
			rows = append(rows, qty(string(key), 1))
		}
		found, skipped := "", ""
		follow := cursor[Record]{
			rows: of(rows...), key: func(r *Record) Key { return r.Key }, skipped: func(r *Record) { skipped += r.SKU },
		}
		for _, key := range c.keys {
			row, ok, err := follow.at(Key{SKU: string(key)})
			require.NoError(t, err)
			if ok {
				found += row.SKU
			}
		}
		require.NoError(t, follow.rest())
		assert.Equal(t, c.found, found, name)
		assert.Equal(t, c.skippedInOrder, skipped, name)
	}
}
