package linkitredis

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/linkit-go/linkit"
)

// unknownLife is how long a session is kept whose end the server didn't tell.
const unknownLife = 24 * time.Hour

func (s *Store) key(kind, name string) string { return s.prefix + kind + ":" + name }

// Load returns the session that is stored under key, and nil when there is none. One that can't be decrypted or read is
// an error.
func (s *Store) Load(ctx context.Context, key string) (*linkit.Session, error) {
	if s.invalid != nil {
		return nil, s.invalid
	}
	name := s.key("session", key)
	value, err := ask(ctx, s.breaker, "load", func(ctx context.Context) ([]byte, error) {
		value, err := s.client.Get(ctx, name).Bytes()
		if errors.Is(err, redis.Nil) {
			return nil, nil
		}
		return value, err
	}, nil)
	if err != nil || value == nil {
		return nil, err
	}
	session, err := s.decode(name, value)
	if err != nil {
		s.breaker.log(ctx, slog.LevelWarn, "linkitredis: the stored session can't be read; signing in",
			slog.String("error", err.Error()))
	}
	return session, err
}

func (s *Store) decode(name string, value []byte) (*linkit.Session, error) {
	value, err := s.sealed.open(name, value)
	if err != nil {
		return nil, err
	}
	session := new(linkit.Session)
	if err := session.UnmarshalBinary(value); err != nil {
		return nil, err
	}
	return session, nil
}

// Save stores session under key until its token expires, and for a day when it isn't known when that is. A nil or
// expired session removes what is stored.
func (s *Store) Save(ctx context.Context, key string, session *linkit.Session) error {
	if s.invalid != nil {
		return s.invalid
	}
	name := s.key("session", key)
	life := lifeOf(session)
	if life < time.Millisecond { // Redis counts no less
		return s.do(ctx, "remove", func(ctx context.Context) error { return s.client.Del(ctx, name).Err() })
	}
	value, err := session.MarshalBinary()
	if err != nil {
		return err
	}
	value = s.sealed.seal(name, value)
	return s.do(ctx, "save", func(ctx context.Context) error { return s.client.Set(ctx, name, value, life).Err() })
}

func lifeOf(session *linkit.Session) time.Duration {
	switch {
	case session == nil:
		return 0
	case session.ExpiresAt.IsZero():
		return unknownLife
	}
	return time.Until(session.ExpiresAt.Time)
}

// do is ask for steps without a value.
func (s *Store) do(ctx context.Context, step string, use func(context.Context) error) error {
	_, err := ask(ctx, s.breaker, step, func(ctx context.Context) (struct{}, error) { return struct{}{}, use(ctx) }, nil)
	return err
}
