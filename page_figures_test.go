package linkit_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// absurd are figures that no list has: the bounds of an int, and what sums and products with them
// overflow from.
var absurd = []int64{
	1<<63 - 1,
	1<<62 + 1,
	1 << 62,
	1<<62 - 1,
	1 << 53,
	1 << 32,
	1 << 31,
	-1,
	-(1 << 31),
	-1 << 62,
	-1 << 63,
}

func TestAllYieldsEveryRecordWhateverFiguresAServerGives(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"limit", "total_count", "count"} {
		for _, figure := range absurd {
			for _, derived := range []bool{false, true} {
				for _, prefetch := range []int{0, 1, 8} {
					s := &listServer{ids: numbered(250), edit: func(_ int, a map[string]any) {
						a[name] = figure
						if derived {
							delete(a, "has_next")
						}
					}}
					what := fmt.Sprintf("%s %d, has_next derived: %t, prefetch %d", name, figure, derived, prefetch)
					got, err := walked(t.Context(), newClient(t, s, linkit.WithPrefetch(prefetch)))
					if derived && name == "total_count" && figure > 0 { // it claims more than there is
						require.ErrorContains(t, err, "page 4 has no new record", what)
					} else {
						require.NoError(t, err, what)
					}
					assert.Equal(t, numbered(250), got, what)
				}
			}
		}
	}
}

func TestAPageNumberThatWasNotAskedForIsAnErrorWhateverItIs(t *testing.T) {
	t.Parallel()
	for _, figure := range absurd {
		for _, derived := range []bool{false, true} {
			s := &listServer{ids: numbered(250), edit: func(_ int, a map[string]any) {
				a["page"] = figure
				if derived {
					delete(a, "has_next")
				}
			}}
			got, err := walked(t.Context(), newClient(t, s))
			require.ErrorContains(t, err, fmt.Sprintf("page %d came where page 1 was asked for", figure))
			assert.Empty(t, got)
		}
	}
}

func TestAPageOfAbsurdFiguresSaysWhetherMoreFollow(t *testing.T) {
	t.Parallel()
	for figures, more := range map[string]bool{
		`"page":2,"limit":9223372036854775807,"total_count":300`:                 false,
		`"page":2,"limit":4611686018427387905,"total_count":9223372036854775807`: false,
		`"page":9223372036854775807,"limit":100,"total_count":300`:               false,
		`"page":1,"limit":100,"total_count":9223372036854775807`:                 true,
		`"page":-9223372036854775808,"limit":9223372036854775807`:                false,
	} {
		page, err := newRecorder(
			t,
			http.StatusOK,
			`{"data":[`+product1+`],`+figures+`}`,
		).client.Products.List(
			t.Context(),
			nil,
		)
		require.NoError(t, err)
		assert.Equal(t, more, page.HasNext, figures)
	}
}
