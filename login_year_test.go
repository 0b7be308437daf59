package linkit_test

import (
	"os"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A program that calls once a minute, with tokens of an hour, through a leap day, daylight saving and
// weeks in which the server's clock is an hour off: three months of it, or with LINKIT_YEAR=1 a year,
// which is to be run alone.
func TestYearOfCallsSignsInOncePerTokenAndKeepsNothing(t *testing.T) {
	t.Parallel()
	days, alone := 91, os.Getenv("LINKIT_YEAR") != ""
	if alone {
		days = 366
	}
	summer := func(at time.Time) bool { return at.YearDay() > 85 && at.YearDay() < 303 }
	skews := []time.Duration{0, time.Hour, 0, -time.Hour, 25 * time.Hour, 0} // a week each
	synctest.Test(t, func(t *testing.T) {                                    // which begins on the first of January of a leap year
		s := newSignInServer(time.Hour)
		client, began := s.client(t), time.Now()
		call := func() {
			now := time.Now()
			s.mu.Lock()
			s.skew = skews[int(now.Sub(began)/(7*24*time.Hour))%len(skews)]
			if summer(now) { // a server that writes its local time
				s.skew += time.Hour
			}
			s.seen = s.seen[:0]
			for token, end := range s.tokens {
				if now.After(end) {
					delete(s.tokens, token)
				}
			}
			s.mu.Unlock()
			require.NoError(t, getOne(t.Context(), client))
			time.Sleep(time.Minute) //nolint:forbidigo // virtual time
		}
		hours := 0
		heap := func() uint64 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			return m.HeapAlloc
		}
		for range 24 * 60 { // a day, for what is made once
			call()
		}
		before, goroutines := heap(), runtime.NumGoroutine()
		for range days - 1 {
			for range 24 {
				hours++
				for range 60 {
					call()
				}
			}
		}
		signIns, calls := s.counts()
		after := heap()
		t.Logf("%d calls, %d sign-ins, heap %d before and %d after", calls, signIns, before, after)
		if alone { // heap and goroutines are the whole process's
			assert.Less(t, after, before+before/4)
			assert.LessOrEqual(t, runtime.NumGoroutine(), goroutines)
		}
		assert.LessOrEqual(t, signIns, (hours+24)*5/4+1, "1.25 a token's life, and one")
		assert.GreaterOrEqual(t, signIns, hours, "a token is good for an hour")
		assert.LessOrEqual(t, calls, days*24*60+signIns, "a call is replayed only where a token had ended")
	})
}
