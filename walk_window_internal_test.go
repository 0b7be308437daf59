package linkit

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAWindowIsHalvedOncePerBurstAndWidenedByCleanPages(t *testing.T) {
	t.Parallel()
	w := newWindow(8)
	page := 0
	clean := func(pages int) {
		for range pages {
			page++
			w.observe(page, page+1+w.size, false)
		}
	}
	throttled := func() {
		page++
		w.observe(page, page+1+w.size, true)
	}
	clean(100)
	assert.Equal(t, 8, w.size, "never wider than asked for")
	throttled()
	assert.Equal(t, 4, w.size)
	throttled()
	assert.Equal(t, 4, w.size, "this page was under way when the window was halved")
	clean(19)
	assert.Equal(t, 4, w.size)
	clean(1)
	assert.Equal(t, 5, w.size)
	clean(20)
	assert.Equal(t, 6, w.size)
	for range 10 {
		throttled()
		clean(19)
	}
	assert.Equal(t, 1, w.size, "never to nothing")

	none := newWindow(0)
	none.observe(1, 2, true)
	for n := range 40 {
		none.observe(n+2, n+3, false)
	}
	assert.Zero(t, none.size)
}

func TestTheLastPageFollowsFromAnyFigures(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ total, pageSize, want int }{
		{0, 100, 0}, {-1, 100, 0}, {1, 0, 0}, {1, -1, 0}, {1, 100, 1}, {100, 100, 1}, {101, 100, 2}, {250, 1, 250},
		{1, math.MaxInt, 1}, {math.MaxInt, math.MaxInt, 1}, {math.MaxInt, 1, maxPages}, {math.MinInt, math.MinInt, 0},
	} {
		assert.Equal(t, row.want, lastPage(row.total, row.pageSize), "%+v", row)
	}
}
