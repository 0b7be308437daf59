package stock

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// service rejects the records of poison, in a manner.
type service struct {
	poison   map[string]bool
	manner   func(n int, rejected map[int]string) (verdict, map[int]string)
	fail     func(request int) error // of the request, counted from 1; nil: none
	taken    map[string]int
	rejected map[string]string
	open     map[string]bool // rows of linkit_inflight
	requests int
	retried  map[string]bool // requests whose first attempt may still take effect
	writes   int
	failing  int // the write that fails, counted from 1; 0: none
}

func (s *service) request(records []Record) outcome {
	if s.requests++; len(records) == 0 {
		panic("a request of nothing")
	}
	id := fmt.Sprint(s.requests)
	s.open[id] = true
	if s.fail != nil {
		if err := s.fail(s.requests); err != nil {
			return outcome{verdict: unknown, err: err, id: id}
		}
	}
	bad := map[int]string{}
	for i := range records {
		if s.poison[records[i].SKU] {
			bad[i] = "poison"
		}
	}
	out := outcome{verdict: taken, id: id, retried: s.requests%2 == 0}
	if len(bad) > 0 {
		out.verdict, out.rejected = s.manner(len(records), bad)
		out.err = errors.New("refused")
	}
	s.retried[id] = out.retried && out.verdict != refused
	if out.verdict != refused {
		for i := range records {
			if _, ok := bad[i]; !ok {
				s.taken[records[i].SKU]++
			}
		}
	}
	return out
}

var errFull = errors.New("the disk is full")

func (s *service) write(id string, keep bool, accepted []Record, rejected []Rejection) error {
	if id == "" && len(accepted)+len(rejected) == 0 {
		return errors.New("nothing is written down")
	}
	if id != "" && keep != s.retried[id] {
		return fmt.Errorf("request %s is kept: %t", id, keep)
	}
	if s.writes++; s.writes == s.failing {
		return errFull
	}
	delete(s.open, id)
	for i := range accepted {
		if s.poison[accepted[i].SKU] {
			return errors.New("a rejected record is written down as taken")
		}
	}
	for i := range rejected {
		s.rejected[rejected[i].SKU] = rejected[i].Reason
	}
	return nil
}

var manners = map[string]func(n int, rejected map[int]string) (verdict, map[int]string){
	"named": func(_ int, rejected map[int]string) (verdict, map[int]string) { return taken, rejected },
	"counted": func(int, map[int]string) (verdict, map[int]string) {
		return partly, nil
	},
	"one of several named": func(_ int, rejected map[int]string) (verdict, map[int]string) {
		first := slices.Min(keysOfMap(rejected))
		if len(rejected) == 1 {
			return taken, rejected
		}
		return partly, map[int]string{first: rejected[first]}
	},
	"whole": func(int, map[int]string) (verdict, map[int]string) { return refused, nil },
}

func keysOfMap(m map[int]string) (keys []int) {
	for key := range m {
		keys = append(keys, key)
	}
	return keys
}

// newService returns a service that rejects some of the records of a batch in a manner.
func newService(manner string, records int, poison ...int) (s *service, batch []Record) {
	s = &service{
		poison: map[string]bool{}, manner: manners[manner], taken: map[string]int{}, rejected: map[string]string{},
		open: map[string]bool{}, retried: map[string]bool{},
	}
	for i := range records {
		batch = append(batch, qty(fmt.Sprint(i), 1))
	}
	for _, i := range poison {
		s.poison[fmt.Sprint(i)] = true
	}
	return s, batch
}

func TestARejectedRecordIsFoundAndTheOthersGoOn(t *testing.T) {
	t.Parallel()
	for name := range manners {
		for _, c := range []struct {
			records int
			poison  []int
			most    int // requests, if the request is refused as a whole
		}{
			{1, nil, 1}, {1, []int{0}, 1}, {2, []int{0}, 3}, {2, []int{0, 1}, 3}, {3, []int{2}, 5},
			{1000, []int{0}, 21}, {1000, []int{999}, 21}, {1000, []int{500}, 21}, {1000, []int{3, 700, 701}, 60},
			{1000, between(100, 140), 150},
			{16, between(0, 16), 31},
		} {
			s, batch := newService(name, c.records, c.poison...)
			p, err := place(s, batch)
			require.NoError(t, err, name)
			assert.Len(t, s.rejected, len(c.poison), name)
			assert.Len(t, s.taken, c.records-len(c.poison), name)
			assert.Equal(t, c.records-len(c.poison), p.accepted, name)
			assert.Equal(t, len(c.poison), p.rejected, name)
			assert.Equal(t, s.requests, p.requests)
			assert.LessOrEqual(t, s.requests, c.most, "%s: %d of %d", name, len(c.poison), c.records)
			assert.Empty(t, s.open, "%s: no request is left open", name)
		}
	}
}

func between(from, to int) (list []int) {
	for i := from; i < to; i++ {
		list = append(list, i)
	}
	return list
}

func TestRefusalsOfEverythingRejectNoRecord(t *testing.T) {
	t.Parallel()
	s, batch := newService("whole", 1000, between(0, 1000)...)
	_, err := place(s, batch)
	require.ErrorContains(t, err, "all requests are refused, whatever their records: refused")
	assert.Equal(t, maxRefusals, s.requests)
	assert.Empty(t, s.rejected)
	assert.Empty(t, s.open)
}

func TestARequestWithoutAResultStaysOpenAndEndsTheBatch(t *testing.T) {
	t.Parallel()
	lost := errors.New("reset")
	for failing := 1; failing <= 5; failing++ {
		s, batch := newService("counted", 4, 2)
		s.fail = func(request int) error {
			if request == failing {
				return lost
			}
			return nil
		}
		_, err := place(s, batch)
		require.ErrorIs(t, err, lost)
		assert.True(t, s.open[fmt.Sprint(failing)])
		assert.True(t, s.open["1"], "records may have been taken that aren't written down as such")
		assert.Equal(t, failing, s.requests)
	}
}

func TestWhicheverResultCannotBeWrittenDownItsErrorIsReturned(t *testing.T) {
	t.Parallel()
	for name := range manners {
		for n := 1; ; n++ {
			s, batch := newService(name, 8, 2, 3)
			s.failing = n
			_, err := place(s, batch)
			if s.writes < n {
				require.NoError(t, err, name)
				assert.Greater(t, n, 1)
				break
			}
			require.ErrorIs(t, err, errFull, "%s, write %d", name, n)
		}
	}
	s, batch := newService("whole", 1000, between(0, 1000)...)
	s.failing = maxRefusals
	_, err := place(s, batch)
	require.ErrorContains(t, err, "all requests are refused")
	require.ErrorIs(t, err, errFull)
}
