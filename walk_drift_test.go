package linkit_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

// TestAWalkOfALiveListMissesNothingThatStays changes a list in every way while it is walked: what
// is there all the time is yielded, once, or the walk ends with ErrListChanged.
func TestAWalkOfALiveListMissesNothingThatStays(t *testing.T) {
	t.Parallel()
	const n = 350
	for change, steps := range map[string]struct{ remove, add bool }{
		"deletes": {remove: true}, "inserts": {add: true}, "both": {true, true}, "neither": {},
	} {
		for _, sort := range []string{"", "created", "-created"} {
			for _, prefetch := range []int{0, 1, 8} {
				t.Run(fmt.Sprintf("%s, sort %q, prefetch %d", change, sort, prefetch), func(t *testing.T) {
					t.Parallel()
					server := linkittest.NewServer()
					t.Cleanup(server.Close)
					stays := map[string]int{}
					for i := range n {
						key := fmt.Sprintf("P%03d", i)
						server.AddProducts(linkit.Product{IvID: key})
						stays[key] = 0
					}
					client := server.Client(linkit.WithPrefetch(prefetch))
					params := &linkit.ProductListParams{ListParams: linkit.ListParams{Limit: 30, Sort: sort}}
					read, added := 0, 0
					var last error
					for p, err := range client.Products.All(t.Context(), params) {
						if last = err; err != nil {
							break
						}
						if _, ok := stays[p.IvID]; ok {
							stays[p.IvID]++
						}
						require.Less(t, read, 10*n, "the walk doesn't end")
						if read++; read%7 != 0 {
							continue
						}
						if steps.remove {
							require.NoError(t, client.Products.Delete(t.Context(), p.IvID))
						}
						if steps.add && added < n {
							server.AddProducts(linkit.Product{IvID: fmt.Sprintf("new-%03d", added)})
							added++
						}
					}
					missed := 0
					for key, times := range stays {
						assert.LessOrEqual(t, times, 1, key)
						if times == 0 {
							missed++
						}
					}
					switch {
					case last != nil:
						require.ErrorIs(t, last, linkit.ErrListChanged)
					case !steps.remove || !steps.add: // one in and one out leave no trace in the figures
						assert.Zero(t, missed, "missed in silence")
					}
					if change == "neither" {
						require.NoError(t, last)
						assert.Equal(t, n, read)
					}
				})
			}
		}
	}
}

func TestAWalkCopesWithPagesOfAnyForm(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(page int, a map[string]any){
		"no has_next":              func(_ int, a map[string]any) { delete(a, "has_next") },
		"has_next null":            func(_ int, a map[string]any) { a["has_next"] = nil },
		"has_next as text":         func(_ int, a map[string]any) { a["has_next"] = fmt.Sprint(a["has_next"]) },
		"has_next as a number":     func(_ int, a map[string]any) { a["has_next"] = map[any]int{true: 1, false: 0}[a["has_next"]] },
		"has_next that can't be":   func(_ int, a map[string]any) { a["has_next"] = "perhaps" },
		"no total_count":           func(_ int, a map[string]any) { delete(a, "total_count") },
		"neither":                  func(_ int, a map[string]any) { delete(a, "total_count"); delete(a, "has_next") },
		"nothing but the records":  func(_ int, a map[string]any) { onlyData(a) },
		"figures as text":          func(_ int, a map[string]any) { asText(a) },
		"figures as text, no next": func(_ int, a map[string]any) { asText(a); delete(a, "has_next") },
		"figures that can't be read": func(_ int, a map[string]any) {
			a["page"], a["limit"], a["total_count"], a["count"] = "x", []int{}, map[string]int{}, true
		},
		"a negative total_count":     func(_ int, a map[string]any) { a["total_count"] = -1; delete(a, "has_next") },
		"a negative limit":           func(_ int, a map[string]any) { a["limit"] = -100; delete(a, "has_next") },
		"a huge limit":               func(_ int, a map[string]any) { a["limit"] = int64(1) << 62 },
		"page 0":                     func(_ int, a map[string]any) { a["page"] = 0 },
		"items":                      func(_ int, a map[string]any) { a["items"] = a["data"]; delete(a, "data") },
		"items beside an empty data": func(_ int, a map[string]any) { a["items"], a["data"] = a["data"], []int{} },
		"no id":                      func(_ int, a map[string]any) { without(a, "id") },
		"no key of their own":        func(_ int, a map[string]any) { without(a, "iv_id") },
		"wrapped":                    func(_ int, a map[string]any) { a["success"], a["message"] = true, "done" },
	} {
		for _, prefetch := range []int{0, 1, 8} {
			for _, clamp := range []int{0, 30} {
				t.Run(fmt.Sprintf("%s, prefetch %d, clamp %d", name, prefetch, clamp), func(t *testing.T) {
					t.Parallel()
					s := &listServer{ids: numbered(250), clamp: clamp, edit: edit}
					read := map[string]int{}
					for p, err := range newClient(t, s, linkit.WithPrefetch(prefetch)).Products.All(t.Context(), nil) {
						require.NoError(t, err)
						key := p.IvID
						if key == "" {
							key = p.ID
						}
						read[key]++
						require.Equal(t, 1, read[key], key)
					}
					assert.LessOrEqual(t, len(s.pages()), 12)
					if name == "no has_next" && clamp == 0 {
						assert.Len(t, s.pages(), 3, "total_count says where the list ends")
					}
					if clamp == 0 || name != "nothing but the records" { // whose pages don't show that the limit was clamped
						assert.Len(t, read, 250)
					}
				})
			}
		}
	}
}

func onlyData(a map[string]any) {
	for name := range a {
		if name != "data" {
			delete(a, name)
		}
	}
}

func asText(a map[string]any) {
	for _, name := range []string{"page", "limit", "count", "total_count"} {
		a[name] = fmt.Sprint(a[name])
	}
}

func without(a map[string]any, name string) {
	for _, record := range recordsOf(a) {
		delete(record, name)
	}
}

func TestARecordWithoutAnyKeyEndsAWalkAfterThePagesBeforeIt(t *testing.T) {
	t.Parallel()
	for _, prefetch := range []int{0, 1, 8} {
		s := &listServer{ids: numbered(900), edit: func(page int, a map[string]any) {
			if page == 7 {
				record := recordsOf(a)[57]
				clear(record)
				record["name_en"] = "nameless"
			}
		}}
		got, err := walked(t.Context(), newClient(t, s, linkit.WithPrefetch(prefetch)))
		var unusable *linkit.TransportError
		require.ErrorAs(t, err, &unusable)
		require.ErrorContains(t, err, "record 58 of page 7")
		assert.Equal(t, numbered(600), got)
	}
}

func TestAServerCanNotLeadAWalkInACircle(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(page int, a map[string]any){
		"always the first page": func(_ int, a map[string]any) {
			a["data"] = []map[string]any{{"id": "1", "iv_id": "A"}}
			a["has_next"] = true
		},
		"... that grows": func(page int, a map[string]any) {
			a["data"] = []map[string]any{{"id": "1"}}
			a["has_next"] = true
			a["total_count"] = 1000 * page
		},
		"... without figures": func(_ int, a map[string]any) {
			onlyData(a)
			a["data"] = slices.Repeat([]map[string]any{{"id": "1"}}, 100)
		},
		"empty pages without end": func(_ int, a map[string]any) { a["data"], a["has_next"] = []int{}, true },
		"another page":            func(page int, a map[string]any) { a["page"] = page + 1; a["has_next"] = true },
		"two pages, back and forth": func(page int, a map[string]any) {
			a["data"] = []map[string]any{{"id": fmt.Sprint(page % 2)}}
			a["has_next"] = true
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, prefetch := range []int{0, 1, 8} {
				s := &listServer{ids: numbered(300), edit: edit}
				read := 0
				var last error
				for _, err := range newClient(t, s, linkit.WithPrefetch(prefetch)).Products.All(t.Context(), nil) {
					if last = err; err == nil {
						read++
					}
				}
				require.Error(t, last)
				var unusable *linkit.TransportError
				assert.True(t, errors.Is(last, linkit.ErrListChanged) || errors.As(last, &unusable), "%v", last)
				assert.LessOrEqual(t, read, 2)
				assert.Less(t, len(s.pages()), 500)
			}
		})
	}
}
