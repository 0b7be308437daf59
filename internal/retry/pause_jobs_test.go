package retry_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// window is a server's limit of requests in fixed windows, which tells nobody how long to wait.
type window struct {
	size  int
	every time.Duration
	takes time.Duration

	mu       sync.Mutex
	began    time.Time // of the current window
	left     int
	accepted int
	refused  int
}

func (w *window) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(w.takes) //nolint:forbidigo // virtual time
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if now.Unix()-w.began.Unix() >= int64(w.every/time.Second) { // as PocketBase counts
		w.left, w.began = w.size, now
	}
	if w.left == 0 {
		w.refused++
		return respond(429)(r)
	}
	w.left--
	w.accepted++
	return respond(200)(r)
}

func TestJobsThatOnlyHaveToSlowDownComeThrough(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		calls int
		width int
	}{
		{"20,000 records in requests of 50", 400, 10},
		{"a walk of 500 pages, 4 ahead", 500, 5},
		{"a walk of 500 pages, one by one", 500, 1},
		{"a crowd", 900, 100},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := &window{size: 300, every: 10 * time.Second, takes: 20 * time.Millisecond}
				p := policy(w)
				jobs := make(chan int, row.calls)
				for i := range row.calls {
					jobs <- i
				}
				close(jobs)
				began := time.Now()
				var group sync.WaitGroup
				for range row.width {
					group.Go(func() {
						for range jobs {
							assert.Equal(t, 200, p.Do(t.Context(), request("POST")).Status)
						}
					})
				}
				group.Wait()
				assert.Equal(t, row.calls, w.accepted)
				assert.Less(t, time.Since(began), time.Duration(row.calls/300+1)*30*time.Second)
			})
		})
	}
}

func TestTwentyProcessesSignInAgainstALimitOfTwoInThreeSeconds(t *testing.T) {
	t.Parallel()
	var failed atomic.Int64
	for range 10 {
		synctest.Test(t, func(t *testing.T) {
			w := &window{size: 2, every: 3 * time.Second, takes: 20 * time.Millisecond}
			var group sync.WaitGroup
			for range 20 {
				p := policy(w)
				group.Go(func() {
					r := request("POST")
					r.Unmetered, r.Idempotent = true, true
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					defer cancel()
					if p.Do(ctx, r).Status != http.StatusOK {
						failed.Add(1)
					}
				})
			}
			group.Wait()
		})
	}
	assert.LessOrEqual(
		t,
		failed.Load(),
		int64(1),
		"of 200: in simulations, one fleet in a thousand has a process that fails",
	)
}
