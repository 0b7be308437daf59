package linkit_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

func TestDeletingWhatAWalkYieldsDeletesAllOfIt(t *testing.T) {
	t.Parallel()
	for _, prefetch := range []int{0, 1, 4} {
		server := linkittest.NewServer()
		t.Cleanup(server.Close)
		products := make([]linkit.Product, 500)
		for i := range products {
			products[i] = linkit.Product{IvID: fmt.Sprintf("P%03d", i), NameEn: "Thing"}
		}
		server.AddProducts(products...)
		client := server.Client(linkit.WithPrefetch(prefetch))
		deleted := 0
		for p, err := range client.Products.All(t.Context(), nil) {
			require.NoError(t, err)
			require.NoError(t, client.Products.Delete(t.Context(), p.IvID))
			deleted++
		}
		left, err := client.Products.Count(t.Context(), nil)
		require.NoError(t, err)
		assert.Zero(t, left, "prefetch %d", prefetch)
		assert.Equal(t, 500, deleted)
	}
}

func TestAListThatShiftsIsReadAgainAndEachRecordYieldedOnce(t *testing.T) {
	t.Parallel()
	type change func(s *listServer)
	remove := func(from, n int) change {
		return func(s *listServer) { s.ids = slices.Delete(s.ids, from, from+n) }
	}
	swap := func(s *listServer) { // one is added in front, and another is gone: the total stays
		s.ids = append([]string{"P99999"}, slices.Delete(s.ids, 400, 401)...)
	}
	for name, row := range map[string]struct {
		changes map[int]change // before the nth request is responded to
		first   []int          // pages of the first pass
	}{
		"one record less":                   {map[int]change{3: remove(0, 1)}, []int{1, 2, 3, 4, 5}},
		"a page less":                       {map[int]change{3: remove(0, 100)}, []int{1, 2, 3, 4}},
		"less on the last page":             {map[int]change{5: remove(10, 1)}, []int{1, 2, 3, 4, 5}},
		"less in two passes":                {map[int]change{3: remove(0, 1), 8: remove(7, 1)}, []int{1, 2, 3, 4, 5}},
		"less in three passes":              {map[int]change{3: remove(0, 1), 8: remove(7, 1), 13: remove(9, 1)}, []int{1, 2, 3, 4, 5}},
		"a record again without growth":     {map[int]change{3: swap}, []int{1, 2, 3, 4, 5}},
		"a whole page again without growth": {map[int]change{2: func(s *listServer) { s.ids = append(addedBefore(2, 100), s.ids[:400]...) }}, []int{1, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, prefetch := range []int{0, 1} {
				s := &listServer{ids: numbered(500)}
				requests := 0
				s.status = func(int) int { // under s.mu
					if requests++; row.changes[requests] != nil {
						row.changes[requests](s)
					}
					return 0
				}
				got, err := walked(t.Context(), newClient(t, s, linkit.WithPrefetch(prefetch)))
				require.NoError(t, err)
				assert.Subset(t, got, s.ids, "a record was missed")
				assert.Len(t, slices.Compact(slices.Sorted(slices.Values(got))), len(got), "a record was yielded twice")
				asked := s.pages()
				assert.Subset(t, asked, row.first)
				assert.GreaterOrEqual(
					t,
					len(slices.DeleteFunc(asked, func(page int) bool { return page != 1 })),
					2,
					"the list was not read again",
				)
			}
		})
	}
}

func TestAListThatShiftsInEveryPassEndsWithErrListChanged(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(requests int, a map[string]any){
		"the total falls":                  func(n int, a map[string]any) { a["total_count"] = 10_000 - n },
		"the total falls in the same way":  func(_ int, a map[string]any) { a["total_count"] = 500 - pageOf(a) },
		"a page repeats at the end":        func(n int, a map[string]any) { repeatPage(n, a, false) },
		"a page repeats, in new positions": func(n int, a map[string]any) { repeatPage(n, a, true) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, prefetch := range []int{0, 1, 4} {
				s := &listServer{ids: numbered(300)}
				requests := 0
				s.edit = func(_ int, a map[string]any) { requests++; edit(requests, a) }
				client := newClient(t, s, linkit.WithPrefetch(prefetch))
				got, err := walked(t.Context(), client)
				require.ErrorIs(t, err, linkit.ErrListChanged)
				require.ErrorContains(t, err, "GET /products: ")
				assert.Len(t, slices.Compact(slices.Sorted(slices.Values(got))), len(got), "a record was yielded twice")
				if name[:9] == "the total" {
					assert.Equal(t, numbered(300), got)
				}
				firsts := slices.DeleteFunc(s.pages(), func(page int) bool { return page != 1 })
				assert.Len(t, firsts, 4, "it is read again up to three times")
			}
		})
	}
}

// repeatPage makes the second page and those behind it one and the same, the last one included.
// With moved, the records of each response stand in another order.
func repeatPage(requests int, a map[string]any, moved bool) {
	data := []map[string]any{}
	for i := range 100 {
		n := i
		if moved {
			n = (i + requests) % 100
		}
		data = append(data, map[string]any{"iv_id": fmt.Sprint("same-", n)})
	}
	if pageOf(a) > 1 {
		a["data"] = data
	}
}

func TestAListThatOnlyRepeatsRecordsIsReadOnceMore(t *testing.T) {
	t.Parallel()
	s := &listServer{ids: numbered(300), edit: func(page int, a map[string]any) {
		if page > 1 { // the last record of the page before comes first
			a["data"] = append([]map[string]any{{"id": fmt.Sprintf("id-P%05d", page*100-101)}}, recordsOf(a)...)
		}
	}}
	got, err := walked(t.Context(), newClient(t, s))
	require.NoError(t, err)
	assert.Equal(t, numbered(300), got)
	assert.Len(t, s.pages(), 6)
}

func TestAWalkThatIsReadAgainBeginsAtItsOwnFirstPageAndStopsWhenLeft(t *testing.T) {
	t.Parallel()
	s := &listServer{ids: numbered(500), edit: func(page int, a map[string]any) { a["total_count"] = 500 - page }}
	client := newClient(t, s, linkit.WithPrefetch(0))
	params := &linkit.ProductListParams{ListParams: linkit.ListParams{Page: 3}}
	n := 0
	for _, err := range client.Products.All(t.Context(), params) {
		if err != nil {
			require.ErrorIs(t, err, linkit.ErrListChanged)
			break
		}
		n++
	}
	assert.Equal(t, 300, n)
	assert.Equal(t, []int{3, 4, 5, 3, 4, 5, 3, 4, 5, 3, 4, 5}, s.pages())

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.asked, n = nil, 0
	for _, err := range client.Products.All(ctx, params) {
		if n++; n == 300 {
			cancel()
		}
		if n > 300 {
			require.ErrorIs(t, err, context.Canceled)
		}
	}
	assert.Equal(t, 301, n)
	assert.Equal(t, []int{3, 4, 5}, s.pages(), "the list was read again after a cancel")
}
