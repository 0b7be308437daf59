package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	maxListed  = 1000                   // exchanges in one response
	eventPause = 100 * time.Millisecond // between two events of a stream
)

// totals returns a copy of the counts.
func (l *exchangeLog) totals() counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.counts
	c.Statuses, c.Routes = maps.Clone(c.Statuses), maps.Clone(c.Routes)
	return c
}

// getExchanges returns the latest exchanges, or with after those that follow an ID.
func (b *sandbox) getExchanges(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	number := func(name string, missing int) int {
		n, err := strconv.Atoi(query.Get(name))
		if err != nil || n < 0 {
			return missing
		}
		return n
	}
	limit := min(max(number("limit", 100), 1), maxListed)
	route, status := query.Get("route"), number("status", -1)
	keep := func(s *summary) bool {
		return (route == "" || s.Route == route) && (status < 0 || s.Status == status)
	}
	if query.Has("after") {
		list, _ := b.exchanges.after(number("after", 0), limit, keep)
		respond(w, http.StatusOK, list)
		return
	}
	list, _ := b.exchanges.after(0, maxExchanges, keep)
	respond(w, http.StatusOK, list[max(0, len(list)-limit):])
}

func (b *sandbox) getExchange(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if e, ok := b.exchanges.get(id); err == nil && ok {
		respond(w, http.StatusOK, e)
		return
	}
	fail(w, http.StatusNotFound, fmt.Sprintf("there is no such request, or it isn't among the last %d", maxExchanges))
}

// news is one event of a stream.
type news struct {
	Run       string    `json:"run"`
	Exchanges []summary `json:"exchanges"`
	Counts    counts    `json:"counts"`
	State     *state    `json:"state,omitempty"` // if it may have changed
}

// streamEvents sends the exchanges that are kept, then further ones as they arrive. However fast
// they arrive, there are at most ten events a second, and a slow reader misses only what isn't kept
// any more.
func (b *sandbox) streamEvents(w http.ResponseWriter, r *http.Request) {
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	next, version := b.resume(r.Header.Get("Last-Event-ID")), -1
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		changed := b.exchanges.waiter()
		n := news{Run: b.exchanges.run}
		n.Exchanges, next = b.exchanges.after(next, maxListed, nil)
		n.Counts = b.exchanges.totals()
		if v := b.exchanges.steeredVersion(); v != version || len(n.Exchanges) > 0 {
			version = v
			state := b.state()
			n.State = &state
		}
		data, err := json.Marshal(n)
		if err != nil {
			return
		}
		event := fmt.Appendf(nil, "id: %s-%d\ndata: %s\n\n", n.Run, next, data)
		if _, err := w.Write(event); err != nil || out.Flush() != nil { //nolint:gosec // an event stream, not HTML
			return
		}
		if len(n.Exchanges) == maxListed {
			continue // there may be more
		}
		pause.Reset(eventPause)
		if !await(b, r, pause.C) || !await(b, r, changed) {
			return
		}
	}
}

// resume returns the ID to continue after: that of the last event, if it came from this process.
func (b *sandbox) resume(lastEvent string) int {
	run, id, _ := strings.Cut(lastEvent, "-")
	if n, err := strconv.Atoi(id); err == nil && run == b.exchanges.run {
		return n
	}
	return 0
}

// await waits for a channel. It returns false if the reader leaves or the sandbox closes before
// that.
func await[T any](b *sandbox, r *http.Request, c <-chan T) bool {
	select {
	case <-c:
		return true
	case <-r.Context().Done():
	case <-b.done:
	}
	return false
}

// waiter returns a channel that is closed at the next change.
func (l *exchangeLog) waiter() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

func (l *exchangeLog) steeredVersion() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.version
}
