package stock

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
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
}

func (s *service) request(records []Record) outcome {
	s.requests++
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
	out := outcome{verdict: taken, id: id}
	if len(bad) > 0 {
		out.verdict, out.rejected = s.manner(len(records), bad)
		out.err = errors.New("refused")
	}
	if out.verdict != refused {
		for i := range records {
			if _, ok := bad[i]; !ok {
				s.taken[records[i].SKU]++
			}
		}
	}
	return out
}

func (s *service) write(id string, _ bool, accepted []Record, rejected []Rejection) error {
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

func TestARejectedRecordIsFoundAndTheOthersGoOn(t *testing.T) {
	t.Parallel()
	for name, manner := range manners {
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
			s := &service{
				poison: map[string]bool{}, manner: manner, taken: map[string]int{}, rejected: map[string]string{},
				open: map[string]bool{},
			}
			var batch []Record
			for i := range c.records {
				batch = append(batch, qty(fmt.Sprint(i), 1))
			}
			for _, i := range c.poison {
				s.poison[fmt.Sprint(i)] = true
			}
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
	s := &service{poison: map[string]bool{}, manner: manners["whole"], rejected: map[string]string{}, open: map[string]bool{}}
	var batch []Record
	for i := range 1000 {
		batch = append(batch, qty(fmt.Sprint(i), 1))
		s.poison[fmt.Sprint(i)] = true
	}
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
		s := &service{
			poison: map[string]bool{"3": true}, manner: manners["counted"], taken: map[string]int{},
			rejected: map[string]string{}, open: map[string]bool{},
			fail: func(request int) error {
				if request == failing {
					return lost
				}
				return nil
			},
		}
		_, err := place(s, []Record{qty("1", 1), qty("2", 1), qty("3", 1), qty("4", 1)})
		require.ErrorIs(t, err, lost)
		assert.True(t, s.open[fmt.Sprint(failing)])
		assert.True(t, s.open["1"], "records may have been taken that aren't written down as such")
		assert.Equal(t, failing, s.requests)
	}
}

func TestClassifyTellsWhatIsKnownOfARequest(t *testing.T) {
	t.Parallel()
	record := func(i int) linkit.RejectedRecord {
		return linkit.RejectedRecord{Index: i, StatusCode: 422, Message: "no"}
	}
	result := &linkit.BulkResult{StatusCode: 200}
	status := func(code int, sent bool) error {
		return fmt.Errorf("call: %w", &linkit.APIError{StatusCode: code, Sent: sent, Method: "POST", Route: "/skus/bulk"})
	}
	for name, c := range map[string]struct {
		res  *linkit.BulkResult
		err  error
		want verdict
	}{
		"success":                  {result, nil, taken},
		"named":                    {&linkit.BulkResult{StatusCode: 200, Rejected: []linkit.RejectedRecord{record(1)}}, &linkit.RejectedError{Count: 1}, taken},
		"all named":                {&linkit.BulkResult{StatusCode: 207, Rejected: []linkit.RejectedRecord{record(0), record(1), record(2)}}, &linkit.RejectedError{Count: 3}, taken},
		"counted":                  {result, &linkit.RejectedError{Count: 2}, partly},
		"one of two named":         {&linkit.BulkResult{StatusCode: 200, Rejected: []linkit.RejectedRecord{record(1)}}, &linkit.RejectedError{Count: 2}, partly},
		"out of range":             {&linkit.BulkResult{StatusCode: 200, Rejected: []linkit.RejectedRecord{record(9)}}, &linkit.RejectedError{Count: 1}, partly},
		"success is false":         {result, status(200, false), partly},
		"400":                      {nil, status(400, false), refused},
		"413":                      {nil, status(413, false), refused},
		"422":                      {nil, status(422, false), refused},
		"422 after a lost attempt": {nil, status(422, true), unknown},
		"not JSON":                 {nil, linkit.ErrInvalid, refused},
		"404":                      {nil, status(404, false), unsent},
		"429":                      {nil, status(429, false), unsent},
		"401":                      {nil, status(401, false), unsent},
		"suspended":                {nil, &linkit.APIError{StatusCode: 403, Code: "BILLING_SERVICE_SUSPENDED"}, unsent},
		"circuit open":             {nil, linkit.ErrCircuitOpen, unsent},
		"never sent":               {nil, &linkit.TransportError{Method: "POST", Route: "/skus/bulk"}, unsent},
		"cut off":                  {nil, &linkit.TransportError{Method: "POST", Route: "/skus/bulk", Sent: true}, unknown},
		"500":                      {nil, status(500, true), unknown},
		"503":                      {nil, status(503, false), unknown},
	} {
		out := classify(c.res, c.err, 1, 3)
		assert.Equal(t, c.want, out.verdict, name)
		assert.Equal(t, c.err != nil, out.err != nil, name)
		assert.False(t, out.retried)
	}
	assert.True(t, classify(result, nil, 2, 3).retried)
	reasons := classify(&linkit.BulkResult{StatusCode: 200, Rejected: []linkit.RejectedRecord{
		{Index: 0, StatusCode: 422, Code: "closed", Message: "the branch is closed", Fields: map[string]string{"b": "2", "a": "1"}}, {Index: 1},
	}}, &linkit.RejectedError{Count: 2}, 1, 3).rejected
	assert.Equal(t, map[int]string{
		0: "422 closed the branch is closed map[a:1 b:2]", 1: "rejected, and the response doesn't say why",
	}, reasons)
}
