package stock

import (
	"fmt"
	"sync"
	"time"
)

// health is whether an engine gets on.
type health struct {
	mu   sync.Mutex
	last time.Time // of progress
	err  error     // of the last pass
}

func (h *health) progressed() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = time.Now()
}

func (h *health) ended(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.err = err
	if err == nil {
		h.last = time.Now()
	}
}

// Healthy returns an error where nothing has got on for three times as long as a pass and a request
// may take.
func (e *Engine) Healthy(every time.Duration) error {
	e.health.mu.Lock()
	defer e.health.mu.Unlock()
	idle := time.Since(e.health.last)
	if idle < 3*(every+e.Timeout+e.Grace) {
		return nil
	}
	if e.health.err != nil {
		return fmt.Errorf("no progress for %v: %w", idle.Round(time.Second), e.health.err)
	}
	return fmt.Errorf("no progress for %v", idle.Round(time.Second))
}
