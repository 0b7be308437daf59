package linkit

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/linkit-go/linkit/internal/filestore"
)

// SessionStore keeps a sign-in across processes; see [WithSessionStore]. A key is opaque, safe as a
// file name, and covers the base URL and the email. Errors are logged and never fail a call.
// Sessions are to be stored with [Session.MarshalBinary]; other encodings redact the token, or
// fail.
type SessionStore interface {
	// Load returns the session under key; nil and no error when there is none.
	Load(ctx context.Context, key string) (*Session, error)
	// Save replaces the session under key. s is never nil.
	Save(ctx context.Context, key string, s *Session) error
}

// SessionLocker is implemented by a [SessionStore] that many processes share: with it they make one
// sign-in between them. After an error the client signs in without a lock.
type SessionLocker interface {
	Lock(ctx context.Context, key string) (unlock func(), err error)
}

const (
	lockTimeout = 20 * time.Second // the longest wait for another process's sign-in
	storeTime   = 5 * time.Second  // one Load or Save
	// While another process holds the lock, the store is asked whether there is a good session
	// already: first after lockGrace, then at every lockPoll.
	lockGrace = 50 * time.Millisecond
	lockPoll  = time.Second
)

// storeKey names what a session is good for.
func storeKey(base, email string) string {
	sum := sha256.Sum256([]byte(base + "\n" + email))
	return hex.EncodeToString(sum[:])
}

// storeEntry is one credential's place in a store, during one sign-in. Its methods never fail:
// errors are logged.
type storeEntry struct {
	source    *loginSource
	key       string
	untrusted bool // others may have written to the store: it is left alone
}

// signIn returns a stored session or a new one, which it stores. skipStore is for a new one in any
// case.
func (e *storeEntry) signIn(
	ctx context.Context, old *authToken, skipStore bool, login func() (authGrant, error),
) (authGrant, error) {
	unlock, stored := e.lock(ctx, old, skipStore)
	defer unlock()
	if stored == nil && !skipStore {
		stored = e.load(ctx, old, true)
	}
	if stored != nil {
		return *stored, nil
	}
	granted, err := login()
	if err == nil {
		e.save(ctx, granted.Value.session)
	}
	return granted, err
}

// lock waits for the lock, where the store has one. It returns early with a session that it finds
// while another process holds the lock.
func (e *storeEntry) lock(ctx context.Context, old *authToken, skipStore bool) (unlock func(), stored *authGrant) {
	unlock = func() {}
	locker, ok := e.source.store.(SessionLocker)
	if !ok {
		return unlock, nil
	}
	waiting, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	done, ended := runStep(waiting,
		func(ctx context.Context) (func(), error) { return locker.Lock(ctx, e.key) }, releaseLate)
	look := time.NewTimer(lockGrace)
	defer look.Stop()
	for {
		select {
		case lock := <-done:
			if lock.err != nil {
				e.logFailure(ctx, "lock", lock.err)
			} else if lock.value != nil {
				unlock = func() { e.unlock(ctx, lock.value) }
			}
			return unlock, nil
		case <-look.C:
			if skipStore {
				continue
			}
			if stored = e.load(waiting, old, false); stored != nil {
				cancel()
				waitBriefly(ended) // so that a store which follows its context leaves nothing behind
				return unlock, stored
			}
			look.Reset(lockPoll)
		case <-waiting.Done():
			e.logFailure(ctx, "lock", waiting.Err())
			return unlock, nil
		}
	}
}

// waitBriefly waits for the end of a step whose context has ended, but not for long.
func waitBriefly(ended <-chan struct{}) {
	timer := time.NewTimer(lockGrace)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
	}
}

// releaseLate gives back a lock that came after nobody waited for it any more.
func releaseLate(release func()) {
	if release != nil {
		release()
	}
}

func (e *storeEntry) unlock(ctx context.Context, release func()) {
	_, err := step(ctx, func(context.Context) (any, error) { release(); return nil, nil })
	if err != nil {
		e.logFailure(ctx, "unlock", err)
	}
}

// load returns the stored session, unless it has expired or holds the token that is to be replaced.
// Its life is computed by the local clock: a wrong one costs one 401 or one sign-in.
func (e *storeEntry) load(ctx context.Context, old *authToken, logged bool) *authGrant {
	if e.untrusted {
		return nil
	}
	stored, err := step(ctx, func(ctx context.Context) (*Session, error) {
		stored, err := e.source.store.Load(ctx, e.key)
		if stored == nil {
			return nil, err
		}
		return stored, redacted(cmp.Or(err, stored.check()), stored.Token.Reveal())
	})
	if err != nil {
		if logged || errors.Is(err, filestore.ErrUntrusted) {
			e.logFailure(ctx, "load", err)
		}
		return nil
	}
	if stored == nil {
		return nil
	}
	own := *stored // the store may go on using its own
	g := newGrant(&own)
	header := g.Value.header[0]
	if rejected := e.source.rejected.Load(); rejected != nil && *rejected == header {
		return nil
	}
	if old != nil && old.Value.header[0] == header {
		e.source.rejected.Store(&header)
		return nil
	}
	g.Asked = time.Now()
	if !own.ExpiresAt.IsZero() {
		if g.Life = own.ExpiresAt.Sub(g.Asked); g.Life <= 0 {
			return nil
		}
	}
	return &g
}

// check reports what is wrong with a stored session.
func (s *Session) check() error {
	switch token := s.Token.Reveal(); {
	case token == "":
		return errors.New("the entry has no token")
	case !visible(token):
		return errors.New("the token contains characters that no header may hold")
	}
	return nil
}

func (e *storeEntry) save(ctx context.Context, session *Session) {
	if e.untrusted {
		return
	}
	_, err := step(ctx, func(ctx context.Context) (any, error) {
		own := *session // the store may keep and change it
		return nil, redacted(e.source.store.Save(ctx, e.key, &own), session.Token.Reveal())
	})
	if err != nil {
		e.logFailure(ctx, "save", err)
	}
}

func (e *storeEntry) logFailure(ctx context.Context, name string, err error) {
	if errors.Is(err, filestore.ErrUntrusted) {
		e.untrusted = true
		if e.source.warned.Swap(true) {
			return // it stays so until somebody changes it
		}
	}
	e.source.core.log(ctx, slog.LevelWarn, "linkit: the session store failed; continuing without it",
		slog.String("step", name), slog.String("error", oneLine(err.Error(), maxErrorText)))
}

// stepResult is the result of one use of a store.
type stepResult[T any] struct {
	value T
	err   error
}

// step bounds one use of a store, which may ignore its context, and turns a panic into an error.
func step[T any](ctx context.Context, use func(context.Context) (T, error)) (value T, err error) {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	done, _ := runStep(ctx, use, nil)
	select {
	case result := <-done:
		return result.value, result.err
	case <-ctx.Done():
		return value, ctx.Err()
	}
}

// runStep uses a store on a goroutine of its own. A value that comes after the end of ctx goes to
// onLate, which may be nil. ended is closed when the store has returned.
func runStep[T any](
	ctx context.Context, use func(context.Context) (T, error), onLate func(T),
) (result <-chan stepResult[T], ended <-chan struct{}) {
	done, end := make(chan stepResult[T]), make(chan struct{})
	go func() {
		defer close(end)
		result := stepResult[T]{err: errors.New("it ended its goroutine")} // unless it returns or panics
		defer func() {
			if r := recover(); r != nil {
				result.err = fmt.Errorf("panic with a %T", r)
			}
			select {
			case done <- result:
			case <-ctx.Done():
				if result.err == nil && onLate != nil {
					onLate(result.value)
				}
			}
		}()
		result.value, result.err = use(ctx)
	}()
	return done, end
}

// storedSession is a [Session] in a store.
type storedSession struct {
	Version   int    `json:"version"`
	Token     string `json:"token"`
	ExpiresAt Time   `json:"expires_at"`
	User      User   `json:"user"`
}

// MarshalBinary encodes a session for a [SessionStore]. The result holds the token in clear.
func (s *Session) MarshalBinary() ([]byte, error) {
	return json.Marshal(storedSession{1, s.Token.Reveal(), s.ExpiresAt, s.User})
}

// UnmarshalBinary decodes what [Session.MarshalBinary] returned.
func (s *Session) UnmarshalBinary(b []byte) error {
	var stored storedSession
	if err := json.Unmarshal(b, &stored); err != nil || stored.Version != 1 || stored.Token == "" {
		return errors.New("linkit: not a stored session") // json's error may show a part of the token
	}
	*s = Session{Token: NewSecret(stored.Token), ExpiresAt: stored.ExpiresAt, User: stored.User}
	return nil
}

// MarshalText returns an error: text and JSON would redact the token, and a store that used them
// would lose it. Use [Session.MarshalBinary].
func (Session) MarshalText() ([]byte, error) {
	return nil, errors.New("linkit: text or JSON would lose a Session's token: use MarshalBinary")
}

// LogValue returns the session without its token, for slog.
func (s Session) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("token", redaction), slog.Time("expires_at", s.ExpiresAt.Time), slog.String("user", s.User.ID))
}
