package linkit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// listServer is a list of products in one transport. Its fields are set before its use, or under
// mu.
type listServer struct {
	mu       sync.Mutex
	ids      []string
	clamp    int                                     // the most records a page; 0: 100
	delay    func(page int) time.Duration            // before answering
	edit     func(page int, response map[string]any) // what the server says otherwise
	status   func(page int) int                      // an error instead; 0: none; -1: the connection is lost
	asked    []int                                   // pages, in order of arrival
	limits   []string                                // as asked
	inFlight int
	most     int
}

func numbered(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("P%05d", i)
	}
	return ids
}

func (s *listServer) RoundTrip(r *http.Request) (*http.Response, error) {
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	page = max(page, 1)
	s.mu.Lock()
	s.asked = append(s.asked, page)
	s.limits = append(s.limits, r.URL.Query().Get("limit"))
	s.inFlight++
	s.most = max(s.most, s.inFlight)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.inFlight--
		s.mu.Unlock()
	}()
	if s.delay != nil {
		select {
		case <-time.After(s.delay(page)):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status != nil {
		status := s.status(page)
		if status < 0 {
			return nil, io.ErrUnexpectedEOF
		}
		if status > 0 {
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}"))}, nil
		}
	}
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	limit = min(limit, max(s.clamp, 0))
	if s.clamp == 0 {
		limit, _ = strconv.Atoi(r.URL.Query().Get("limit"))
	}
	from := min((page-1)*limit, len(s.ids))
	to := min(from+limit, len(s.ids))
	data := []map[string]any{}
	for _, id := range s.ids[from:to] {
		data = append(data, map[string]any{"id": "id-" + id, "iv_id": id})
	}
	response := map[string]any{
		"data":        data,
		"count":       len(data),
		"total_count": len(s.ids),
		"page":        page,
		"limit":       limit,
		"has_next":    to < len(s.ids),
		"meta":        map[string]any{},
	}
	if s.edit != nil {
		s.edit(page, response)
	}
	body, err := json.Marshal(response)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode:    http.StatusOK,
		Header:        http.Header{},
		Body:          io.NopCloser(strings.NewReader(string(body))),
		ContentLength: int64(len(body)),
	}, nil
}

func (s *listServer) pages() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// walked returns what All yields: ids, and its error.
func walked(ctx context.Context, c *linkit.Client) (ids []string, err error) {
	for p, e := range c.Products.All(ctx, nil) {
		if e != nil {
			if err != nil {
				return ids, errors.New("a second error")
			}
			err = e
			continue
		}
		if err != nil {
			return ids, errors.New("a record after the error")
		}
		ids = append(ids, p.IvID)
	}
	return ids, err
}

func TestAllYieldsEveryRecordOnceInOrder(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 99, 100, 101, 1234} {
		for _, prefetch := range []int{0, 1, 8} {
			s := &listServer{ids: numbered(n)}
			got, err := walked(t.Context(), newClient(t, s, linkit.WithPrefetch(prefetch)))
			require.NoError(t, err)
			assert.Equal(t, numbered(n), append([]string{}, got...))
			assert.Len(t, s.asked, max(1, (n+99)/100), "prefetch %d must not ask beyond the end", prefetch)
			assert.Equal(t, "100", s.limits[0])
		}
	}
}

func TestAllStartsAtItsPageAndHonoursItsLimit(t *testing.T) {
	t.Parallel()
	s := &listServer{ids: numbered(50)}
	client := newClient(t, s, linkit.WithPrefetch(3))
	params := &linkit.ProductListParams{ListParams: linkit.ListParams{Page: 3, Limit: 10}}
	seq := client.Products.All(t.Context(), params)
	params.Page, params.Limit, params.Search = 1, 1, "changed meanwhile"
	for range 2 { // a sequence can be ranged over again, and starts anew
		products, err := linkit.Collect(seq)
		require.NoError(t, err)
		require.Len(t, products, 30)
		assert.Equal(t, "P00020", products[0].IvID)
	}
	assert.Equal(t, "10", s.limits[0])
}

func TestAllEndsOnHasNextOrReckonsIt(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(int, map[string]any){
		"no has_next":                func(_ int, a map[string]any) { delete(a, "has_next") },
		"null has_next":              func(_ int, a map[string]any) { a["has_next"] = nil },
		"no total_count":             func(_ int, a map[string]any) { delete(a, "total_count") },
		"negative total_count":       func(_ int, a map[string]any) { a["total_count"] = -1 },
		"neither":                    func(_ int, a map[string]any) { delete(a, "has_next"); delete(a, "total_count") },
		"no page, limit, count":      func(_ int, a map[string]any) { delete(a, "page"); delete(a, "limit"); delete(a, "count") },
		"items for data":             func(_ int, a map[string]any) { a["items"] = a["data"]; delete(a, "data") },
		"a total far too large":      func(_ int, a map[string]any) { a["total_count"] = 1 << 30 },
		"a total far too small":      func(_ int, a map[string]any) { a["total_count"] = 1 },
		"data and items, items null": func(_ int, a map[string]any) { a["items"] = nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, prefetch := range []int{0, 1, 4} {
				s := &listServer{ids: numbered(250), edit: edit}
				got, err := walked(t.Context(), newClient(t, s, linkit.WithPrefetch(prefetch)))
				require.NoError(t, err)
				assert.Equal(t, numbered(250), got)
			}
		})
	}
}

func TestAllFollowsAServerThatClampsTheLimit(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		edit   func(int, map[string]any)
		clamp  int
		starts []int
	}{
		"and says so":                        {nil, 40, []int{1, 3, 9}},
		"and says so, without has_next":      {func(_ int, a map[string]any) { delete(a, "has_next") }, 40, []int{1, 3, 9}},
		"and echoes the limit":               {func(_ int, a map[string]any) { a["limit"] = 100 }, 40, []int{1, 3, 9}},
		"and echoes it, without has_next":    {func(_ int, a map[string]any) { a["limit"] = 100; delete(a, "has_next") }, 40, []int{1, 3}},
		"and says neither":                   {func(_ int, a map[string]any) { delete(a, "limit"); delete(a, "has_next") }, 40, []int{1, 3}},
		"and says no limit":                  {func(_ int, a map[string]any) { delete(a, "limit") }, 40, []int{1, 3, 9}},
		"though another says neither":        {func(_ int, a map[string]any) { delete(a, "limit"); delete(a, "has_next") }, 0, []int{1, 3, 4}},
		"though another echoes it with more": {func(_ int, a map[string]any) { delete(a, "has_next") }, 0, []int{1, 3, 4}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			size := row.clamp
			if size == 0 {
				size = 100
			}
			for _, start := range row.starts {
				for _, prefetch := range []int{0, 1, 4} {
					s := &listServer{ids: numbered(333), clamp: row.clamp, edit: row.edit}
					params := &linkit.ProductListParams{ListParams: linkit.ListParams{Page: start}}
					products, err := linkit.Collect(newClient(t, s, linkit.WithPrefetch(prefetch)).Products.All(t.Context(), params))
					require.NoError(t, err)
					var got []string
					for _, p := range products {
						got = append(got, p.IvID)
					}
					assert.Equal(t, numbered(333)[(start-1)*size:], got, "from page %d, prefetch %d", start, prefetch)
				}
			}
		})
	}
}

func TestAllCannotBeLedInACircle(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		edit func(int, map[string]any)
		hint string
	}{
		"always page 1": {func(_ int, a map[string]any) { a["page"] = 1; a["has_next"] = true }, "page 1 came where page 2 was asked for"},
		"page without a number, the same records": {func(_ int, a map[string]any) {
			delete(a, "page")
			a["has_next"] = true
			a["data"] = []map[string]any{{"iv_id": "same"}}
		}, "no new record"},
		"an empty page that claims more": {func(page int, a map[string]any) {
			a["has_next"] = true
			if page == 2 {
				a["data"] = []any{}
			}
		}, "no new record"},
		"a record without a key": {func(page int, a map[string]any) {
			if page == 2 {
				a["data"] = []map[string]any{{"name_en": "nameless"}}
			}
		}, "record 1"},
		"no list at all": {func(_ int, a map[string]any) { delete(a, "data") }, "no data"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, prefetch := range []int{0, 1, 4} {
				s := &listServer{ids: numbered(500), edit: row.edit}
				_, err := walked(t.Context(), newClient(t, s, linkit.WithPrefetch(prefetch)))
				var te *linkit.TransportError
				require.ErrorAs(t, err, &te)
				assert.ErrorContains(t, err, row.hint)
				assert.Equal(t, "/products", te.Route)
				assert.LessOrEqual(t, len(s.asked), 2*(2+prefetch), "a page that repeats is looked at once more, and no more often")
			}
		})
	}
}

func TestNullListIsAnEmptyPage(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"data":null,"count":0,"total_count":0}`, `{"items":null}`, `{"data":[],"has_next":false}`} {
		client := newClient(t, &replies{responses: []reply{{status: 200, body: body}}})
		page, err := client.Products.List(t.Context(), nil)
		require.NoError(t, err)
		assert.Empty(t, page.Data)
		assert.False(t, page.HasNext)
	}
}

func TestCountReadsOneRecord(t *testing.T) {
	t.Parallel()
	s := &listServer{ids: numbered(4321)}
	client := newClient(t, s)
	n, err := client.Products.Count(
		t.Context(),
		&linkit.ProductListParams{ListParams: linkit.ListParams{Page: 9, Limit: 50}},
	)
	require.NoError(t, err)
	assert.Equal(t, 4321, n)
	assert.Equal(t, []int{1}, s.asked)
	assert.Equal(t, []string{"1"}, s.limits)
	for name, edit := range map[string]func(int, map[string]any){
		"missing":  func(_ int, a map[string]any) { delete(a, "total_count") },
		"null":     func(_ int, a map[string]any) { a["total_count"] = nil },
		"negative": func(_ int, a map[string]any) { a["total_count"] = -1 },
	} {
		_, err := newClient(t, &listServer{ids: numbered(3), edit: edit}).Products.Count(t.Context(), nil)
		require.ErrorContains(t, err, "total_count", name)
	}
}

func TestALimitThatIsNotSaidIsTheOneThatWasAskedForOrTheServersOwn(t *testing.T) {
	t.Parallel()
	for limit, want := range map[int]int{0: 20, 7: 7} {
		w := newRecorder(t, http.StatusOK, `{"data":[`+product1+`]}`)
		page, err := w.client.Products.List(
			t.Context(),
			&linkit.ProductListParams{ListParams: linkit.ListParams{Limit: limit}},
		)
		require.NoError(t, err)
		assert.Equal(t, want, page.Limit)
		assert.False(t, page.HasNext, "it isn't full")
	}
	s := &listServer{
		ids:   numbered(90),
		clamp: 40,
		edit:  func(_ int, a map[string]any) { delete(a, "limit"); delete(a, "has_next") },
	}
	page, err := newClient(
		t,
		s,
	).Products.List(
		t.Context(),
		&linkit.ProductListParams{ListParams: linkit.ListParams{Limit: 100}},
	)
	require.NoError(t, err)
	assert.Equal(t, 40, page.Limit, "a page that isn't the last is full")
	assert.True(t, page.HasNext)
}

func TestPageCountIsTheServersOwn(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]int{`,"count":7`: 7, `,"count":0`: 0, `,"count":null`: 1, ``: 1} {
		page, err := newRecorder(t, http.StatusOK, `{"data":[`+product1+`]`+said+`}`).client.Products.List(t.Context(), nil)
		require.NoError(t, err)
		assert.Equal(t, want, page.Count, said)
	}
}

func TestAllStopsAtAPageThatIsNotFullWhereTheServerSaysNothing(t *testing.T) {
	t.Parallel()
	for n, pages := range map[int]int{250: 3, 200: 3, 1: 1, 0: 1} { // only an empty page tells that 200 are all
		s := &listServer{ids: numbered(n), edit: func(_ int, a map[string]any) {
			for _, name := range []string{"has_next", "total_count", "limit", "count", "page"} {
				delete(a, name)
			}
		}}
		got, err := walked(t.Context(), newClient(t, s))
		require.NoError(t, err)
		assert.Len(t, got, n)
		assert.Len(t, s.pages(), pages)
	}
}

func TestListParamsAreChecked(t *testing.T) {
	t.Parallel()
	client, mt := newMockedClient(t)
	for _, p := range []linkit.ListParams{{Page: -1}, {Limit: -1}} {
		_, err := client.Products.List(t.Context(), &linkit.ProductListParams{ListParams: p})
		require.ErrorIs(t, err, linkit.ErrInvalid)
	}
	assert.Zero(t, mt.GetTotalCallCount())
}

func TestCollectKeepsWhatCameBeforeTheError(t *testing.T) {
	t.Parallel()
	items, err := linkit.Collect(func(yield func(int, error) bool) {
		_ = yield(1, nil) && yield(2, nil) && yield(0, io.ErrUnexpectedEOF)
	})
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, []int{1, 2}, items)
}
