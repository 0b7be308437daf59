package linkit

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestASeenSetKnowsEachRecordAndThePassThatMetIt(t *testing.T) {
	t.Parallel()
	s := newSeenSet()
	const records = 5000
	for pass := range uint64(maxPasses) {
		s.pass = pass
		for i := range records {
			known, repeated := s.add(s.hash("", strconv.Itoa(i)))
			require.Equal(t, pass > 0, known, "pass %d, record %d", pass, i)
			require.False(t, repeated, "pass %d, record %d", pass, i)
		}
		for i := range records {
			known, repeated := s.add(s.hash("", strconv.Itoa(i)))
			require.True(t, known && repeated, "pass %d, record %d", pass, i)
		}
	}
	known, _ := s.add(s.hash("", strconv.Itoa(records)))
	assert.False(t, known)
	for _, hash := range []uint64{0, 1, 2, 3} { // none is taken for a free slot
		s := newSeenSet()
		s.add(hash)
		known, repeated := s.add(hash)
		assert.True(t, known && repeated, "hash %d", hash)
	}
}

func TestRecordsAreHashedByIDElseByKey(t *testing.T) {
	t.Parallel()
	s := newSeenSet()
	assert.Equal(t, s.hash("A", "1"), s.hash("B", "1"))
	assert.NotEqual(t, s.hash("A", "1"), s.hash("A", "2"))
	assert.Equal(t, s.hash("A", ""), s.hash("A", ""))
	assert.NotEqual(t, s.hash("1", ""), s.hash("", "1"), "a key is not an id")
}

func TestASeenSetTakes16BytesARecordAtMost(t *testing.T) {
	t.Parallel()
	s := newSeenSet()
	for n := 1; n <= 400_000; n++ {
		s.add(s.hash("", strconv.Itoa(n)))
		if n < 2000 || n%100 != 0 {
			continue
		}
		slots := 0
		for i := range s.shards {
			slots += cap(s.shards[i].slots)
		}
		require.LessOrEqual(t, slots*8, n*16, "after %d records", n)
	}
}
