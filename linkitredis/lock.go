package linkitredis

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"github.com/go-redsync/redsync/v4"
)

const (
	defaultLease = 10 * time.Second      // how long a lock outlives a process that is killed
	pollEvery    = 50 * time.Millisecond // and up to three times as long, so that processes spread
	longestHold  = 2 * time.Minute       // extended no longer: a sign-in takes a minute at most
)

// Lock waits until no other process holds the lock of key, or ctx ends. It is held until unlock: a lease of ten
// seconds, extended meanwhile, for up to two minutes. When the process is killed, the lock is free within ten seconds.
// unlock waits for a second at most, and does nothing when called again. A lock that another process has taken since is
// left alone.
//
// When Redis fails, Lock returns an error at once, or after a second at most.
func (s *Store) Lock(ctx context.Context, key string) (unlock func(), err error) {
	if s.invalid != nil {
		return nil, s.invalid
	}
	name := s.key("lock", key)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-timer.C:
		}
		try := func(ctx context.Context) (*redsync.Mutex, error) { return s.tryLock(ctx, name) }
		mutex, err := ask(ctx, s.breaker, "lock", try, s.release)
		if err != nil {
			return nil, err
		}
		if mutex != nil {
			return s.hold(mutex), nil //nolint:contextcheck // it outlives ctx
		}
		timer.Reset(pollEvery + upTo(2*pollEvery))
	}
}

// tryLock returns nil when another process has the lock. Each try has a Mutex of its own: an earlier try may still be
// under way.
func (s *Store) tryLock(ctx context.Context, name string) (*redsync.Mutex, error) {
	pool := &lockPool{client: s.client}
	value := rand.Text()
	mutex := redsync.New(pool).NewMutex(name,
		redsync.WithExpiry(s.lease), redsync.WithTimeoutFactor(float64(stepTime)/float64(s.lease)), redsync.WithValue(value),
		redsync.WithGenValueFunc(func() (string, error) { return value, nil }),
	)
	err := mutex.TryLockContext(ctx)
	if taken := new(redsync.ErrTaken); errors.As(err, &taken) {
		return nil, nil
	}
	if err != nil && pool.sent.Load() { // Redis may have taken it all the same
		go s.release(mutex) //nolint:contextcheck // it outlives ctx
	}
	return mutex, err
}

// hold extends the lease until unlock.
func (s *Store) hold(mutex *redsync.Mutex) (unlock func()) {
	ctx, cancel := context.WithTimeout(context.Background(), longestHold)
	go s.extend(ctx, mutex)
	var once sync.Once
	return func() {
		once.Do(func() {
			cancel()
			s.release(mutex)
		})
	}
}

func (s *Store) extend(ctx context.Context, mutex *redsync.Mutex) {
	ticker := time.NewTicker(s.lease / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		step, cancel := context.WithTimeout(ctx, stepTime)
		_, err := mutex.ExtendContext(step)
		cancel()
		if taken := new(redsync.ErrTaken); errors.As(err, &taken) {
			return // the lease ended before it was extended
		}
	}
}

// release gives the lock back if it is still this one's. It waits for the first try only, and not at all while Redis
// fails; it goes on trying until the lease is over, lest the lock holds others up once Redis is back.
func (s *Store) release(mutex *redsync.Mutex) {
	if mutex == nil {
		return
	}
	if !s.breaker.isFailed() && s.unlock(mutex) == nil {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), s.lease)
		defer cancel()
		for s.unlock(mutex) != nil && sleep(ctx, cooldown) == nil {
		}
	}()
}

func (s *Store) unlock(mutex *redsync.Mutex) error {
	_, err := run(context.Background(), s.breaker, "unlock", func(ctx context.Context) (struct{}, error) {
		_, err := mutex.UnlockContext(ctx)
		if taken := new(redsync.ErrTaken); errors.As(err, &taken) || errors.Is(err, redsync.ErrLockAlreadyExpired) {
			err = nil // the lease had ended
		}
		return struct{}{}, err
	}, nil)
	return err
}
