package linkittest

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// check makes sure that rows are what a sorted list of them would be, and that their chunks are
// bounded.
func check(t *testing.T, rs *rows[int], want []*row[int]) {
	t.Helper()
	require.Equal(t, len(want), rs.len())
	require.True(t, slices.Equal(want, slices.Collect(rs.all())))
	for _, start := range []int{0, len(want) / 3, max(len(want)-5, 0), len(want)} {
		end := min(start+7, len(want))
		require.True(t, slices.Equal(want[start:end], rs.between(start, end)), start)
	}
	for _, chunk := range rs.chunks {
		require.NotEmpty(t, chunk)
		require.LessOrEqual(t, len(chunk), maxChunk)
	}
}

func TestRowsStaySortedWhateverTheOrderOfWrites(t *testing.T) {
	t.Parallel()
	const count = 5 * maxChunk
	random := rand.New(rand.NewPCG(1, 2))
	for name, created := range map[string]func(i int) int64{
		"oldest first":  func(i int) int64 { return int64(i) },
		"newest first":  func(i int) int64 { return int64(-i) },
		"all at once":   func(int) int64 { return 0 },
		"in two halves": func(i int) int64 { return int64(i % 2) },
		"at random":     func(int) int64 { return random.Int64N(count / 2) },
	} {
		t.Run(name, func(t *testing.T) {
			var rs rows[int]
			var want []*row[int]
			for i := range count {
				r := &row[int]{created: created(i), seq: uint64(i)}
				rs.insert(r)
				want = append(want, r)
			}
			slices.SortFunc(want, older)
			check(t, &rs, want)
			assert.LessOrEqual(t, len(rs.chunks), 2*count/(maxChunk/2), "the number of chunks is in proportion to the rows")
			random.Shuffle(len(want), func(i, j int) { want[i], want[j] = want[j], want[i] })
			for _, r := range want[:count-maxChunk] {
				rs.remove(r)
				rs.remove(r) // has no effect
			}
			want = want[count-maxChunk:]
			slices.SortFunc(want, older)
			check(t, &rs, want)
			for _, r := range want {
				rs.remove(r)
			}
			check(t, &rs, nil)
			rs.insert(want[0])
			check(t, &rs, want[:1])
		})
	}
}
