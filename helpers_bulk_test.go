package linkit_test

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/linkit-go/linkit"
)

// bulkServer takes bulk requests. Its fields are set before its use, or under mu.
type bulkServer struct {
	mu       sync.Mutex
	takes    func(first int) time.Duration
	status   func(first, attempt int) int // 0: 200
	attempts map[int]int                  // by the number of the first record
	seen     map[int]int                  // records, and how often they came
	modes    map[string]int
	sizes    []int
	inFlight int
	most     int
}

func newBulkServer() *bulkServer {
	return &bulkServer{attempts: map[int]int{}, seen: map[int]int{}, modes: map[string]int{}}
}

func (s *bulkServer) RoundTrip(r *http.Request) (*http.Response, error) {
	var body struct {
		Mode     string                 `json:"mode"`
		Products []linkit.ProductParams `json:"products"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return nil, err
	}
	first := number(body.Products[0])
	s.mu.Lock()
	s.attempts[first]++
	attempt := s.attempts[first]
	s.inFlight++
	s.most = max(s.most, s.inFlight)
	s.mu.Unlock()
	if s.takes != nil {
		select {
		case <-time.After(s.takes(first)):
		case <-r.Context().Done():
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight--
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	status := 0
	if s.status != nil {
		status = s.status(first, attempt)
	}
	if status < 0 {
		return nil, io.ErrUnexpectedEOF
	}
	if status > 0 {
		return &http.Response{
			StatusCode: status,
			Header:     http.Header{},
			Body:       io.NopCloser(strings.NewReader(`{"error":"no"}`)),
		}, nil
	}
	s.modes[body.Mode]++
	s.sizes = append(s.sizes, len(body.Products))
	for _, p := range body.Products {
		s.seen[number(p)]++
	}
	response := fmt.Sprintf(`{"success":true,"message":"Processed %d products"}`, len(body.Products))
	return &http.Response{
		StatusCode:    http.StatusOK,
		Header:        http.Header{},
		Body:          io.NopCloser(strings.NewReader(response)),
		ContentLength: int64(len(response)),
	}, nil
}

func number(p linkit.ProductParams) (n int) {
	_, _ = fmt.Sscanf(p.IvID, "P%d", &n)
	return n
}

// products is a source of n products, which fails after them when err isn't nil.
func products(n int, err error) iter.Seq2[linkit.ProductParams, error] {
	return func(yield func(linkit.ProductParams, error) bool) {
		for i := range n {
			if !yield(linkit.ProductParams{IvID: fmt.Sprintf("P%05d", i)}, nil) {
				return
			}
		}
		if err != nil {
			yield(linkit.ProductParams{}, err)
		}
	}
}
