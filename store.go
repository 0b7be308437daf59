package linkit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/linkit-go/linkit/internal/session"
)

// SessionStore keeps a sign-in across processes: see WithSessionStore and FileSessionStore. Its failures never fail a
// call. key is opaque, and safe as a file name.
type SessionStore interface {
	Load(ctx context.Context, key string) (*Session, error) // nil, nil when there is none
	Save(ctx context.Context, key string, s *Session) error // nil removes
}

// SessionLocker is for stores that many processes share: with it they make one sign-in between them. An error means: go on
// without.
type SessionLocker interface {
	Lock(ctx context.Context, key string) (unlock func(), err error)
}

const (
	lockTime  = 20 * time.Second // the longest wait for another process's sign-in
	storeTime = 5 * time.Second  // one Load or Save
)

// storeKey names what a session is good for.
func storeKey(base, email string) string {
	sum := sha256.Sum256([]byte(base + "\n" + email))
	return hex.EncodeToString(sum[:])
}

// storeEntry is one credential's place in a store. None of its methods fails: what goes wrong is logged.
type storeEntry struct {
	core  *core
	store SessionStore
	key   string
	spent *atomic.Pointer[string] // the Authorization of the last entry that was passed over: one that Save can't replace stays
}

func (s *storeEntry) lock(ctx context.Context) (unlock func()) {
	locker, ok := s.store.(SessionLocker)
	if !ok {
		return func() {}
	}
	release, ok := try(ctx, s, "lock", lockTime, func(ctx context.Context) (func(), error) { return locker.Lock(ctx, s.key) }, func(late func()) {
		if late != nil {
			late()
		}
	})
	if !ok || release == nil {
		return func() {}
	}
	return func() {
		try(ctx, s, "unlock", storeTime, func(context.Context) (any, error) { release(); return nil, nil }, nil)
	}
}

// load returns the stored session unless it is over, or holds the token that is to be replaced. It is reckoned on the local
// clock: a wrong one costs a 401, or a sign-in.
func (s *storeEntry) load(ctx context.Context, old *session.Token[authValue]) *session.Grant[authValue] {
	stored, ok := try(ctx, s, "load", storeTime, func(ctx context.Context) (*Session, error) {
		stored, err := s.store.Load(ctx, s.key)
		switch {
		case err != nil || stored == nil:
		case stored.Token.Reveal() == "":
			err = errors.New("the entry has no token")
		case !visible(stored.Token.Reveal()):
			err = errors.New("the token can't stand in a header")
		}
		if err != nil && stored != nil {
			err = redacted(err, stored.Token.Reveal())
		}
		return stored, err
	}, nil)
	if !ok || stored == nil {
		return nil
	}
	own := *stored
	g := newGrant(&own)
	header := g.Value.header[0]
	if spent := s.spent.Load(); spent != nil && *spent == header {
		return nil
	}
	if old != nil && old.Value.header[0] == header {
		s.spent.Store(&header)
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

func (s *storeEntry) save(ctx context.Context, session *Session) {
	try(ctx, s, "save", storeTime, func(ctx context.Context) (any, error) {
		own := *session
		return nil, redacted(s.store.Save(ctx, s.key, &own), session.Token.Reveal())
	}, nil)
}

// try bounds one use of the store, which may not heed its context, and logs its failure, a panic included. What comes too late
// goes to late.
func try[T any](ctx context.Context, s *storeEntry, what string, most time.Duration, use func(context.Context) (T, error), late func(T)) (got T, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	type outcome struct {
		got T
		err error
	}
	came := make(chan outcome)
	go func() {
		var o outcome
		o.err = errors.New("it ended its goroutine") // unless it returns or panics
		defer func() {
			if r := recover(); r != nil {
				o.err = fmt.Errorf("panic with a %T", r)
			}
			select {
			case came <- o:
			case <-ctx.Done():
				if o.err == nil && late != nil {
					late(o.got)
				}
			}
		}()
		o.got, o.err = use(ctx)
	}()
	var err error
	select {
	case o := <-came:
		got, err = o.got, o.err
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		s.core.log(ctx, slog.LevelWarn, "linkit: the session store failed; going on without", slog.String("step", what), slog.String("error", oneLine(err.Error(), maxErrorText)))
	}
	return got, err == nil
}

// storedSession is Session's form in a store.
type storedSession struct {
	Version   int    `json:"version"`
	Token     string `json:"token"`
	ExpiresAt Time   `json:"expires_at"`
	User      User   `json:"user"`
}

// MarshalBinary is for stores: it holds the token in clear.
func (s *Session) MarshalBinary() ([]byte, error) {
	return json.Marshal(storedSession{1, s.Token.Reveal(), s.ExpiresAt, s.User})
}

// UnmarshalBinary reads what MarshalBinary wrote.
func (s *Session) UnmarshalBinary(b []byte) error {
	var stored storedSession
	if err := json.Unmarshal(b, &stored); err != nil || stored.Version != 1 || stored.Token == "" {
		return errors.New("linkit: not a stored session") // json's error may show a part of the token
	}
	*s = Session{Token: NewSecret(stored.Token), ExpiresAt: stored.ExpiresAt, User: stored.User}
	return nil
}

// FileSessionStore keeps sessions as files in dir, which it makes, for processes of one user on one machine. The files hold
// tokens in clear and are readable by that user only; they are replaced atomically and locked across processes. Don't put dir
// where others can write.
func FileSessionStore(dir string) SessionStore { return fileStore{dir} }

type fileStore struct{ dir string }

const maxStored = 1 << 20

func (f fileStore) path(key, suffix string) (string, error) {
	if f.dir == "" {
		return "", invalid("FileSessionStore: dir is empty")
	}
	if key == "" || filepath.Base(key) != key || key == "." || key == ".." {
		return "", invalid("FileSessionStore: the key is no file name")
	}
	return filepath.Join(f.dir, key+suffix), nil
}

// Load reads a session; nil when there is none.
func (f fileStore) Load(_ context.Context, key string) (*Session, error) {
	path, err := f.path(key, ".session")
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path) //nolint:gosec // the caller's own folder
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	b, err := readAtMost(file, maxStored)
	if err != nil {
		return nil, err
	}
	s := new(Session)
	if err := s.UnmarshalBinary(b); err != nil {
		return nil, err
	}
	return s, nil
}

// Save replaces a session, and removes it when s is nil.
func (f fileStore) Save(_ context.Context, key string, s *Session) error {
	path, err := f.path(key, ".session")
	if err != nil {
		return err
	}
	if s == nil {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	b, err := s.MarshalBinary()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(f.dir, ".session-*") // 0600
	if err != nil {
		return err
	}
	_, err = temporary.Write(b)
	if err == nil {
		err = temporary.Sync() // a crash leaves the old file or the new one, never half of one
	}
	if closed := temporary.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
	}
	return err
}

// Lock keeps other processes out until unlock, or until this one ends.
func (f fileStore) Lock(ctx context.Context, key string) (unlock func(), err error) {
	path, err := f.path(key, ".lock")
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return nil, err
	}
	const every = 25 * time.Millisecond
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-timer.C:
		}
		if unlock, err = tryLock(path); unlock != nil || err != nil {
			return unlock, err
		}
		timer.Reset(every)
	}
}

// readAtMost reads r whole, or fails when that is more than most bytes.
func readAtMost(r io.Reader, most int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, most+1)) //nolint:forbidigo // bounded: the one place
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("more than %d bytes", most)
	}
	return b, err
}
