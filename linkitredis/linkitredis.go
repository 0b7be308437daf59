// Package linkitredis lets the processes of a fleet share one sign-in and one rate limit, on Redis:
//
//	store := linkitredis.New(redis.NewClient(&redis.Options{Addr: "redis:6379"}), linkitredis.WithEncryption(key))
//	client, err := linkit.NewClient(
//		linkit.WithLogin(email, password),
//		linkit.WithSessionStore(store),
//		linkit.WithLimiter(store.Limiter("linkit", 25, 5)),
//	)
//
// Make one [Store] in each process and give it to all of its clients. Without [WithEncryption], Redis holds bearer
// tokens in clear.
//
// Redis is a convenience, never a dependency: where it is gone, slow or hung, each process signs in on its own and
// keeps the same rate on its own, until Redis responds again. No step waits for Redis for more than a second,
// whatever the timeouts of the Redis client. An outage is logged once: see [WithLogger].
//
// Any [redis.UniversalClient] will do. Each command and script uses one key, so that a cluster needs no hash tags. The
// scripts need EVAL, EVALSHA and TIME.
package linkitredis

import (
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/linkit-go/linkit"
)

// Store is a [linkit.SessionStore] and a [linkit.SessionLocker] on Redis, and makes [Limiter] values. Its methods are
// safe for concurrent use. It has no Close: the Redis client is the caller's to close, after the clients that use the
// Store.
type Store struct {
	client  redis.UniversalClient
	breaker *breaker
	prefix  string
	lease   time.Duration
	sealed  *sealer // nil without WithEncryption
	invalid error   // why the Store can't be used

	mu       sync.Mutex
	limiters map[limit]*Limiter
}

var (
	_ linkit.SessionStore  = (*Store)(nil)
	_ linkit.SessionLocker = (*Store)(nil)
	_ linkit.Limiter       = (*Limiter)(nil)
)

var errNoClient = fmt.Errorf("%w: linkitredis: New: the client is nil", linkit.ErrInvalid)

// Option sets one thing of a [Store]. A nil Option is ignored.
type Option func(*config)

type config struct {
	prefix  string
	logger  *slog.Logger
	sealed  *sealer
	invalid error
}

// New returns a Store on client. It sends nothing.
func New(client redis.UniversalClient, opts ...Option) *Store {
	c := config{prefix: "linkit:", logger: slog.Default()}
	for _, opt := range opts {
		if opt != nil {
			opt(&c)
		}
	}
	if v := reflect.ValueOf(client); client == nil || v.Kind() == reflect.Pointer && v.IsNil() {
		client = nil
		c.invalid = errNoClient
	}
	return &Store{
		client: client, breaker: &breaker{logger: c.logger},
		prefix: c.prefix, lease: defaultLease, sealed: c.sealed, invalid: c.invalid, limiters: map[limit]*Limiter{},
	}
}

// WithPrefix sets what all of the Store's keys in Redis begin with. The default is "linkit:". Processes with the same
// prefix share sessions and limits.
func WithPrefix(prefix string) Option {
	return func(c *config) { c.prefix = prefix }
}

// WithEncryption encrypts sessions with AES-256-GCM before they are stored. The key is 32 bytes, the same in all
// processes. With a key of another length every Load, Save and Lock is an error that is [linkit.ErrInvalid], so that
// each process signs in on its own: nothing is ever stored in clear.
//
// A session that was stored with another key, or in clear, isn't used: it costs one sign-in, which replaces it, and a
// line in the log. So a key can be replaced at any time.
func WithEncryption(key []byte) Option {
	sealed, err := newSealer(key)
	return func(c *config) { c.sealed, c.invalid = sealed, err }
}

// WithLogger sets the logger that is told when Redis fails (Warn) and when it is back (Info), at most once a minute,
// and of a stored session that can't be read (Warn). The default is [slog.Default] as it is when [New] is called; nil
// disables logging. No line holds a token or a key of WithEncryption.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) { c.logger = l }
}
