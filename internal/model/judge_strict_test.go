package model_test

import (
	"strings"
	"time"
)

// isStrict reports whether nothing explains another outcome than the server's own: neither what the
// call met nor what earlier calls of the client did.
func (a *attempt) isStrict() bool {
	r, now := a.r, time.Now()
	r.network.mu.Lock()
	refused := r.network.refused[a.client]
	r.network.mu.Unlock()
	if a.cancelled || refused || now.Before(r.excused[a.client]) || now.Before(r.doubted[a.client]) ||
		r.strain[a.client] > 400 || a.deadline > 0 && (len(a.script.served) > 0 || now.Before(r.hurried[a.client])) {
		return false
	}
	retries, pauses := 0, 0
	for _, f := range a.script.served {
		switch {
		case f.again == never || f.again == idempotent && a.script.create:
			return false
		case a.verb == "delete" && f.name == "503 after its effect": // then a 404 says that it was too late
			return false
		case strings.HasPrefix(f.name, "429") && !strings.Contains(f.name, "Retry-After"):
			pauses++
		case f.name != "slow response":
			retries++
		}
	}
	renames := (a.verb == "update" || a.verb == "edit") && a.entry.key != a.key
	return retries <= 3 && pauses <= 8 && (retries == 0 || !renames)
}

// remember notes what the call met that may fail later ones.
func (a *attempt) remember() {
	r, now := a.r, time.Now()
	r.network.mu.Lock()
	refused := r.network.refused[a.client]
	r.network.mu.Unlock()
	later := func(times map[string]time.Time, d time.Duration) {
		if end := now.Add(d + d/10); end.After(times[a.client]) {
			times[a.client] = end
		}
	}
	if now.Sub(r.strained[a.client]) > time.Minute {
		r.strain[a.client] = 0
	}
	if refused {
		later(r.doubted, 5*time.Minute)
	}
	for _, f := range a.script.served {
		r.strained[a.client] = now
		r.strain[a.client] += 10
		switch {
		case f.pauses == longest:
			later(r.excused, longest)
		case f.pauses > 0:
			later(r.hurried, f.pauses)
		case f.name == "401" && a.client == byLogin:
			later(r.doubted, 2*time.Minute)
		}
	}
}
