package linkit_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestAListThatGrowsInFrontWhileItIsWalkedGoesOn(t *testing.T) {
	t.Parallel()
	for name, grows := range map[string]map[int]int{ // by so many records, before a page is responded
		"by half a page":              {2: 50},
		"by a page":                   {2: 100},
		"by a page and a half":        {2: 150},
		"by two pages":                {2: 200},
		"by three pages, later":       {5: 300},
		"by a page, time and again":   {2: 100, 3: 100, 5: 100, 6: 100, 9: 100},
		"by a page before the last":   {8: 100},
		"by a page and then a little": {3: 100, 4: 10},
	} {
		for _, prefetch := range []int{0, 1, 8} {
			t.Run(fmt.Sprint(name, ", prefetch ", prefetch), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := &listServer{
						ids:   numbered(750),
						delay: func(page int) time.Duration { return time.Duration(page) * time.Second },
					}
					responded := map[int]bool{}
					s.status = func(page int) int { // under s.mu
						if !responded[page] {
							s.ids = slices.Concat(addedBefore(page, grows[page]), s.ids)
						}
						responded[page] = true
						return 0
					}
					got, err := walked(t.Context(), newClient(t, s, linkit.WithPrefetch(prefetch)))
					require.NoError(t, err)
					assert.Equal(t, numbered(750), slices.DeleteFunc(got, func(id string) bool { return id[0] == 'N' }))
				})
			})
		}
	}
}

func addedBefore(page, n int) []string {
	ids := numbered(n)
	for i := range ids {
		ids[i] = fmt.Sprintf("N%d-%s", page, ids[i])
	}
	return ids
}

func TestPagesThatComeRoundAgainAreAnError(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(map[string]any){
		"with a total":   func(a map[string]any) { a["total_count"] = 100_000 },
		"without":        func(a map[string]any) { delete(a, "total_count") },
		"of nothing new": func(a map[string]any) { a["total_count"] = 2000 },
	} {
		for _, prefetch := range []int{0, 1, 8} {
			for _, period := range []int{1, 2, 20} {
				// an end, if All finds none
				s := &listServer{ids: numbered(period * 100), status: func(page int) int { return 404 * (page / 50) }}
				s.edit = func(page int, a map[string]any) {
					var data []map[string]any
					for _, id := range s.ids[(page-1)%period*100:][:100] {
						data = append(data, map[string]any{"iv_id": id})
					}
					a["data"], a["count"], a["has_next"] = data, len(data), true
					edit(a)
				}
				got, err := walked(t.Context(), newClient(t, s, linkit.WithPrefetch(prefetch)))
				var te *linkit.TransportError
				require.ErrorAs(t, err, &te, "%s, prefetch %d, period %d", name, prefetch, period)
				require.ErrorContains(t, err, fmt.Sprintf("page %d has no new record", period+1))
				assert.Equal(t, s.ids, got)
				assert.LessOrEqual(t, len(s.asked), 2*(period+1)+prefetch+1, "it is looked at once more, and no more often")
			}
		}
	}
}

func TestGrowthExcusesARepeatedPageOnce(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		rotated bool
		totals  []int
		bad     int // the page that is an error
	}{
		"no growth":                       {false, []int{500}, 2},
		"no growth, in another order":     {true, []int{500}, 2},
		"it grew once":                    {false, []int{500, 600}, 3},
		"it grew once, in another order":  {true, []int{500, 600}, 3},
		"it grew too little":              {false, []int{500, 599}, 2},
		"too little, in another order":    {true, []int{500, 599}, 2},
		"it grew and shrank":              {false, []int{500, 600, 550}, 3},
		"it grew twice":                   {false, []int{500, 600, 700}, 4},
		"it grew twice, in another order": {true, []int{500, 600, 700}, 4},
	} {
		for _, prefetch := range []int{0, 1, 8} {
			// an end, if All finds none
			s := &listServer{ids: numbered(100), status: func(page int) int { return 404 * (page / 20) }}
			s.edit = func(page int, a map[string]any) {
				var data []map[string]any
				for i := range s.ids {
					if row.rotated {
						i = (i + page) % len(s.ids)
					}
					data = append(data, map[string]any{"iv_id": s.ids[i]})
				}
				a["data"], a["has_next"], a["total_count"] = data, true, row.totals[min(page, len(row.totals))-1]
			}
			got, err := walked(t.Context(), newClient(t, s, linkit.WithPrefetch(prefetch)))
			require.ErrorContains(t, err, fmt.Sprintf("page %d has no new record", row.bad), "%s, prefetch %d", name, prefetch)
			assert.Len(t, got, 100)
		}
	}
}

func TestATotalThatRisesAndFallsExcusesNoMoreThanOnePage(t *testing.T) {
	t.Parallel()
	for _, prefetch := range []int{0, 1, 8} {
		s := &listServer{ids: numbered(100), status: func(page int) int { return 404 * (page / 60) }} // an end, if All finds none
		s.edit = func(page int, a map[string]any) {
			var data []map[string]any
			for _, id := range s.ids {
				data = append(data, map[string]any{"iv_id": id})
			}
			a["data"], a["has_next"], a["total_count"] = data, true, 6000*(2-page%2)
		}
		got, err := walked(t.Context(), newClient(t, s, linkit.WithPrefetch(prefetch)))
		require.ErrorIs(t, err, linkit.ErrListChanged, "prefetch %d", prefetch)
		require.ErrorContains(t, err, "page 3 has no new record")
		assert.Equal(t, s.ids, got)
	}
}

func TestRecordsAreToldApartByLinkitsIDAndByTheirOwnKeyWhereTheyHaveNone(t *testing.T) {
	t.Parallel()
	type rows = []map[string]any
	for name, row := range map[string]struct {
		pages []rows
		want  []string // ids
	}{
		"one iv_id, two ids, a deleted record": {
			[]rows{{{"id": "r1", "iv_id": "1001", "is_deleted": true}, {"id": "r2", "iv_id": "1001"}, {"id": "r3", "iv_id": "1002"}}},
			[]string{"r1", "r2", "r3"},
		},
		"one iv_id, two ids, two organizations, two pages": {
			[]rows{
				{{"id": "r1", "iv_id": "1001", "organization_id": "org_1"}},
				{{"id": "r2", "iv_id": "1001", "organization_id": "org_2"}, {"id": "r3", "iv_id": "1002"}},
			},
			[]string{"r1", "r2", "r3"},
		},
		"two iv_ids, one id": {
			[]rows{{{"iv_id": "A", "id": "1"}}, {{"iv_id": "B", "id": "1"}, {"iv_id": "C", "id": "2"}}},
			[]string{"1", "2"},
		},
		"no id": {
			[]rows{{{"iv_id": "A"}, {"iv_id": "B", "id": "2"}}, {{"iv_id": "A"}, {"iv_id": "C", "id": "3"}}},
			[]string{"", "2", "3"},
		},
		"no iv_id": {
			[]rows{{{"id": "1"}, {"id": "2"}}, {{"id": "2"}, {"id": "3"}}},
			[]string{"1", "2", "3"},
		},
		"twice on one page": {
			[]rows{{{"iv_id": "A", "id": "1"}, {"iv_id": "A", "id": "1"}, {"iv_id": "B", "id": "3"}}},
			[]string{"1", "3"},
		},
		"an iv_id that is another's id": {
			[]rows{{{"iv_id": "1"}}, {{"id": "1"}}},
			[]string{"", "1"},
		},
	} {
		for _, prefetch := range []int{0, 1, 8} {
			s := &listServer{
				ids:  numbered(100 * len(row.pages)),
				edit: func(page int, a map[string]any) { a["data"] = row.pages[page-1] },
			}
			var got []string
			for p, err := range newClient(t, s, linkit.WithPrefetch(prefetch)).Products.All(t.Context(), nil) {
				require.NoError(t, err, name)
				got = append(got, p.ID)
			}
			assert.Equal(t, row.want, got, name)
		}
	}
}
