package linkit

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// seenPage is a page as a pass sees it: total_count, or -1, and records: a repeated one is
// negative.
type seenPage struct {
	total   int
	records []int
}

func numbers(from, to int) (all []int) {
	for i := from; i < to; i++ {
		all = append(all, i)
	}
	return all
}

// passed returns the pass over pages, and the first page that is circular.
func passed(pages []seenPage) (p *pass, circular int) {
	p = new(pass)
	for i, page := range pages {
		p.begin(page.total, page.total >= 0)
		for _, r := range page.records {
			p.add(uint64(max(r, -r)), r < 0)
		}
		if p.end() && circular == 0 {
			circular = i + 1
		}
	}
	return p, circular
}

func TestAPassNoticesWhatItsPagesShow(t *testing.T) {
	t.Parallel()
	old := []int{-1, -2, -3}
	for name, row := range map[string]struct {
		pages    []seenPage
		fell     bool
		overlaps bool
		circular int
	}{
		"a list that stands still":          {[]seenPage{{9, numbers(1, 4)}, {9, numbers(4, 7)}, {9, numbers(7, 10)}}, false, false, 0},
		"one that grows":                    {[]seenPage{{9, numbers(1, 4)}, {10, numbers(4, 7)}, {12, numbers(7, 10)}}, false, false, 0},
		"one that grows in front":           {[]seenPage{{9, numbers(1, 4)}, {10, []int{-3, 4, 5}}, {12, []int{-4, -5, 6}}}, false, false, 0},
		"by a page and more":                {[]seenPage{{9, numbers(1, 4)}, {13, old}, {13, []int{-3, 4, 5}}}, false, false, 0},
		"one that shrinks":                  {[]seenPage{{9, numbers(1, 4)}, {8, numbers(4, 7)}}, true, false, 0},
		"shrinks, then grows":               {[]seenPage{{9, numbers(1, 4)}, {8, numbers(4, 7)}, {20, numbers(7, 10)}}, true, false, 0},
		"a total that is missing once":      {[]seenPage{{9, numbers(1, 4)}, {-1, numbers(4, 7)}, {9, numbers(7, 10)}}, false, false, 0},
		"... and has fallen meanwhile":      {[]seenPage{{9, numbers(1, 4)}, {-1, numbers(4, 7)}, {8, numbers(7, 10)}}, true, false, 0},
		"no totals":                         {[]seenPage{{-1, numbers(1, 4)}, {-1, numbers(4, 7)}}, false, false, 0},
		"a record again, without growth":    {[]seenPage{{9, numbers(1, 4)}, {9, []int{-3, 4, 5}}}, false, true, 0},
		"... twice, with growth by one":     {[]seenPage{{9, numbers(1, 4)}, {10, []int{-3, 4, 5}}, {10, []int{-5, 6, 7}}}, false, true, 0},
		"... without totals":                {[]seenPage{{-1, numbers(1, 4)}, {-1, []int{-3, 4, 5}}}, false, true, 0},
		"a record twice on its page":        {[]seenPage{{9, []int{1, -1, 2}}, {9, []int{3, -3, -3}}}, false, false, 0},
		"a page again, without growth":      {[]seenPage{{9, numbers(1, 4)}, {9, old}}, true, false, 2},
		"a page again, with too little":     {[]seenPage{{9, numbers(1, 4)}, {11, old}}, true, false, 2},
		"a page again, with enough":         {[]seenPage{{9, numbers(1, 4)}, {12, old}}, false, false, 0},
		"a page twice, with enough for one": {[]seenPage{{9, numbers(1, 4)}, {12, old}, {12, old}}, true, false, 3},
		"an empty page":                     {[]seenPage{{3, numbers(1, 4)}, {3, nil}}, false, false, 0},
	} {
		p, circular := passed(row.pages)
		assert.Equal(t, row.fell, p.fell, "%s: fell", name)
		assert.Equal(t, row.overlaps, p.overlaps, "%s: overlaps", name)
		assert.Equal(t, row.fell || row.overlaps, p.shifted(), name)
		assert.Equal(t, row.circular, circular, "%s: circular", name)
	}
}

func TestAListThatGrowsForEverDoesNotLeadAPassOn(t *testing.T) {
	t.Parallel()
	pages := []seenPage{{3, numbers(1, 4)}}
	for n := range maxRepeatedPages {
		pages = append(pages, seenPage{6 + 3*n, []int{-1, -2, -3}})
	}
	p, circular := passed(pages)
	assert.Zero(t, circular)
	assert.False(t, p.shifted())
	_, circular = passed(append(pages, seenPage{1000, []int{-1, -2, -3}}))
	assert.Equal(t, len(pages)+1, circular)
	fresh := append(slices.Clip(pages), seenPage{1000, []int{4}}, seenPage{2000, []int{-1, -2, -3}})
	_, circular = passed(fresh)
	assert.Zero(t, circular, "a new record begins the count anew")
}

func TestTwoPassesThatReadTheSameAreSettledUnlessTheListFell(t *testing.T) {
	t.Parallel()
	overlap := []seenPage{{9, numbers(1, 4)}, {9, []int{-3, 4, 5}}}
	first, _ := passed(overlap)
	second, _ := passed(overlap)
	assert.True(t, second.settled(first))
	for name, pages := range map[string][]seenPage{
		"another record": {{9, numbers(1, 4)}, {9, []int{-3, 4, 6}}},
		"another order":  {{9, numbers(1, 4)}, {9, []int{4, -3, 5}}},
		"another total":  {{9, numbers(1, 4)}, {10, []int{-3, 4, 5}}},
		"fewer pages":    {{9, numbers(1, 4)}},
	} {
		other, _ := passed(pages)
		assert.False(t, other.settled(first), name)
	}
	fell := []seenPage{{9, numbers(1, 4)}, {8, numbers(4, 7)}}
	first, _ = passed(fell)
	second, _ = passed(fell)
	assert.False(t, second.settled(first))
}

func TestChangedListIsThatErrorAndWhatItHolds(t *testing.T) {
	t.Parallel()
	err := &listChangedError{errNoRecord}
	require.ErrorIs(t, err, ErrListChanged)
	require.ErrorIs(t, err, errNoRecord)
	require.NotErrorIs(t, err, ErrNotFound)
}
