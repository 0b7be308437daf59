package session

import "time"

const (
	minBackoff         = time.Second // the first wait of every back-off
	maxBackoff         = time.Minute
	maxRejectedBackoff = 5 * time.Minute
)

// backoff is a wait that doubles.
type backoff struct {
	until time.Time
	wait  time.Duration
}

func (b *backoff) active(now time.Time) bool { return now.Before(b.until) }

// grow starts the next wait: twice the last one, and at most longest.
func (b *backoff) grow(now time.Time, longest time.Duration) {
	b.wait = min(max(2*b.wait, minBackoff), longest)
	b.extend(now, b.wait)
}

// extend makes the wait last for d at least.
func (b *backoff) extend(now time.Time, d time.Duration) {
	if until := now.Add(d); until.After(b.until) {
		b.until = until
	}
}

// allowance bounds the fetches that are made although the token is good by the cache's own clocks,
// so that all of them together stay within 1.25 a life and one. Its zero value is full.
type allowance struct {
	spent float64
	at    time.Time
}

const (
	// allowancePerLife is what is given back in a token's life. Renewals alone may take up to 1.25 of
	// it: something is left over only where they take less.
	allowancePerLife = 1.2
	allowanceSize    = 2
)

// take counts a fetch.
func (a *allowance) take(now time.Time, life time.Duration) {
	a.spent, a.at = min(a.spentAt(now, life)+1, allowanceSize), now
}

// available reports whether a further fetch may be made.
func (a *allowance) available(now time.Time, life time.Duration) bool {
	return a.spentAt(now, life) <= allowanceSize-1
}

func (a *allowance) spentAt(now time.Time, life time.Duration) float64 {
	return max(a.spent-allowancePerLife*float64(now.Sub(a.at))/float64(max(life, 1)), 0)
}
