package linkit

const (
	widenAfter = 20 // pages in a row without a 429 that widen a window by one
	// maxPages bounds the pages that a walk believes in, whatever the server says: well above what
	// a list of a billion records has, and low enough to reckon with.
	maxPages = 1 << 30
)

// window is how many pages a walk reads ahead: half as many after a 429, and one more after every
// 20 pages without.
type window struct {
	maxWindow  int
	size       int // for now
	cleanPages int // in a row without a 429
	halvedAt   int // pages before this one were asked for before the window was last halved
}

func newWindow(pages int) window { return window{maxWindow: pages, size: pages} }

// observe adapts the window to a page that arrived; next is the page to ask for next. One burst of
// 429s, which meets all the pages that are under way, halves it once.
func (w *window) observe(page, next int, throttled bool) {
	switch {
	case throttled && page >= w.halvedAt:
		w.size, w.cleanPages, w.halvedAt = max(w.size/2, min(w.maxWindow, 1)), 0, next
	case throttled:
		w.cleanPages = 0
	default:
		if w.cleanPages++; w.cleanPages == widenAfter {
			w.size, w.cleanPages = min(w.size+1, w.maxWindow), 0
		}
	}
}

// lastPage is the number of the last page of a list; 0 where it has none or its figures say
// nothing. The figures may be any.
func lastPage(total, pageSize int) int {
	if total <= 0 || pageSize <= 0 {
		return 0
	}
	return min((total-1)/pageSize+1, maxPages)
}
