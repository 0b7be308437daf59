package linkit

import (
	"context"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"time"
)

// An Option sets one property of a [Client]; pass options to [NewClient] in any order. If the same
// option is given twice, the later wins, except for [WithHooks] and [WithHeader], which add up. A
// nil Option is ignored.
type Option func(*config) error

// WithAPIKey authenticates with an API key of the dashboard, sent as "Authorization: <key>". It
// doesn't expire.
func WithAPIKey(key string) Option {
	return func(c *config) error {
		c.apiKey = key
		return checkSecret("WithAPIKey", "key", key)
	}
}

// WithAPIKeyFunc gets the API key from fn: at first use, and again after a 401, so that a key can
// be rotated without a restart. A changed key is used at once, for the call that got the 401 too.
// While fn returns the rejected key, calls return the 401, and fn is called at most once in 1 s,
// doubling to 1 minute, until the key changes or is accepted. fn is called by one goroutine at a
// time, for a minute at most, and must not use the client.
func WithAPIKeyFunc(fn func(ctx context.Context) (string, error)) Option {
	return func(c *config) error {
		c.apiKeyFunc = fn
		if fn == nil {
			return invalid("WithAPIKeyFunc: the function is nil")
		}
		return nil
	}
}

// WithLogin signs in with an email and a password when it is needed: at the first call, before the
// token expires, and after a 401. Both are sent as they are, untrimmed.
//
// A token that is voided before its end, by a changed password say, may not bring a 401: its holder
// may be treated as a guest, who gets a 403, a 404 or an empty list until the token's end. The SDK
// can't tell these from genuine ones, an empty list least of all; [AuthService.Reset] makes the
// next call sign in.
func WithLogin(email, password string) Option {
	return func(c *config) error {
		c.email, c.password = email, password
		return checkLogin("WithLogin", email, password)
	}
}

// WithLoginFunc is [WithLogin] with an email and a password that fn returns before every sign-in.
// fn is called by one goroutine at a time, for a minute at most, and must not use the client.
func WithLoginFunc(fn func(ctx context.Context) (email, password string, err error)) Option {
	return func(c *config) error {
		c.loginFunc = fn
		if fn == nil {
			return invalid("WithLoginFunc: the function is nil")
		}
		return nil
	}
}

// WithToken authenticates with a bearer token from elsewhere, such as a long-lived one of the
// dashboard, sent as "Authorization: Bearer <token>". It is never renewed.
func WithToken(token string) Option {
	return func(c *config) error {
		c.token = token
		return checkSecret("WithToken", "token", token)
	}
}

// WithoutCredentials makes a client for [SystemService.Ping], [SystemService.Health] and
// [AuthService.Login] only. Any other call returns [ErrInvalid].
func WithoutCredentials() Option {
	return func(c *config) error {
		c.noCredentials = true
		return nil
	}
}

// FromEnv reads what no option has set from the environment: the credential from LINKIT_API_KEY,
// LINKIT_TOKEN, or LINKIT_EMAIL with LINKIT_PASSWORD; the organization from LINKIT_ORGANIZATION_ID;
// the base URL from LINKIT_BASE_URL. LINKIT_LOG, one of debug, info, warn and error, logs to
// standard error from that level on unless [WithLogger] is given. An empty variable counts as
// unset. [NewClient] reads the environment once.
func FromEnv() Option {
	return func(c *config) error {
		c.fromEnv = true
		return nil
	}
}

// WithOrganization sets the organization that calls are made for, sent as X-Organization-ID. It is
// needed if the credential isn't scoped to one organization; "" means none. See also
// [Client.ForOrganization].
func WithOrganization(id string) Option {
	return func(c *config) error {
		c.organization = id
		return checkOrganization("WithOrganization", id)
	}
}

// WithBaseURL replaces [DefaultBaseURL], including its path /api/v1. The URL must use https; http
// is accepted for loopback hosts only, and then never goes through a proxy. For linkit.works and
// its subdomains an empty path means /api/v1.
func WithBaseURL(base string) Option {
	return func(c *config) (err error) {
		c.base, err = parseBase("WithBaseURL", base)
		return err
	}
}

// WithHTTPClient sends requests through hc's Transport, for a proxy, a private CA or
// instrumentation. The Transport that hc has when [NewClient] is called counts; nil means the SDK's
// own transport, not [http.DefaultTransport]. Neither hc nor its Transport is ever changed or
// closed. hc's Timeout, if shorter, bounds an attempt too; CheckRedirect and Jar are not used. A
// Transport that retries by itself breaks the promise that no write is sent twice. If the base URL
// is plain http, the Proxy of an [http.Transport] is not used; other implementations can't be
// checked for proxies.
func WithHTTPClient(hc *http.Client) Option {
	return func(c *config) error {
		c.httpClient = hc
		if hc == nil {
			return invalid("WithHTTPClient: the client is nil")
		}
		return nil
	}
}

// WithUserAgent puts the program's name, such as "pos-sync/2.1", before "linkit-go/<Version>" in
// User-Agent. "" means none.
func WithUserAgent(program string) Option {
	return func(c *config) error {
		c.program = program
		if !visible(program, ' ') || strings.TrimSpace(program) != program {
			return invalid("WithUserAgent: the name can't be sent in a header: use printable ASCII")
		}
		return nil
	}
}

// WithHeader sends a further header with every request, sign-ins included. The same key given again
// replaces the value. Refused with [ErrInvalid] are headers that the SDK or net/http sets
// (Authorization, Host, X-Organization-ID, Cookie, User-Agent, Expect, Range, Content-*, Accept*,
// Proxy-* and hop-by-hop headers) and Idempotency-Key, which would make net/http resend POST
// requests. See [ContextWithHeader] for a header of one call.
func WithHeader(key, value string) Option {
	return func(c *config) error {
		key, err := checkHeader("WithHeader", key, value)
		if err != nil {
			return err
		}
		if c.header == nil {
			c.header = http.Header{}
		}
		c.header[key] = []string{value}
		return nil
	}
}

// WithAttemptTimeout bounds one attempt, from sending the request to the end of the response. The
// default is 30 seconds; d must be positive. The context bounds the whole call.
func WithAttemptTimeout(d time.Duration) Option {
	return func(c *config) error {
		c.attemptTimeout = d
		return positive("WithAttemptTimeout", d > 0, d)
	}
}

// WithRetries sets how often a failed attempt is retried, where that is safe. The default is 3; 0
// disables retries; n must not be negative.
func WithRetries(n int) Option {
	return func(c *config) error {
		c.retries = n
		return notNegative("WithRetries", n >= 0, n)
	}
}

// WithRetryWait sets the wait before the first retry and the longest wait; the wait doubles in
// between. Each wait is shortened by a random amount of up to half. The defaults are 500
// milliseconds and 10 seconds; 0 means no wait. min must be neither negative nor above max.
func WithRetryWait(min, max time.Duration) Option { //nolint:predeclared // the names the documentation shows
	return func(c *config) error {
		c.waitMin, c.waitMax = min, max
		if min > max {
			return invalid("WithRetryWait: min %v is longer than max %v", min, max)
		}
		return notNegative("WithRetryWait", min >= 0, min)
	}
}

// WithMaxRetryAfter sets the longest Retry-After that is waited for; a response that asks for more
// is returned at once as an error. The default is 60 seconds; 0 means that none is waited for; d
// must not be negative.
func WithMaxRetryAfter(d time.Duration) Option {
	return func(c *config) error {
		c.maxRetryAfter = d
		return notNegative("WithMaxRetryAfter", d >= 0, d)
	}
}

// WithMaxConcurrency sets how many requests may be in flight at once; further ones queue. The
// default is 10; n must be positive. A call that waits for a retry isn't in flight.
func WithMaxConcurrency(n int) Option {
	return func(c *config) error {
		c.concurrency = n
		return positive("WithMaxConcurrency", n > 0, n)
	}
}

// WithRateLimit sends at most perSecond requests a second on average, and at most burst at once;
// further ones queue. It is off by default; both must be positive.
func WithRateLimit(perSecond float64, burst int) Option {
	return func(c *config) error {
		c.rate, c.burst = perSecond, burst
		if err := positive("WithRateLimit", perSecond > 0 && !math.IsInf(perSecond, 0), perSecond); err != nil {
			return err
		}
		return positive("WithRateLimit", burst > 0, burst)
	}
}

// WithLimiter asks l before each attempt, for limits that processes share. The wait counts against
// the call's context only, not against the attempt's timeout. If l returns an error, the attempt is
// not sent, and the call ends with a [TransportError] that wraps it. Sign-ins are not limited. It
// can be combined with [WithRateLimit].
func WithLimiter(l Limiter) Option {
	return func(c *config) error {
		c.limiter = l
		if l == nil {
			return invalid("WithLimiter: the limiter is nil")
		}
		return nil
	}
}

// A Limiter delays attempts; see [WithLimiter]. Wait returns when an attempt may be sent, or with
// an error, at the latest when ctx ends. It must be safe for concurrent use. The Limiter of
// golang.org/x/time/rate is one.
type Limiter interface {
	Wait(ctx context.Context) error
}

// WithCircuitBreaker stops sending after the given number of attempts in a row got no response or a
// 5xx: calls return [ErrCircuitOpen] at once, joined with the last failure. After the cooldown one
// call at a time is let through, until one succeeds. It is off by default; both must be positive.
func WithCircuitBreaker(failures int, cooldown time.Duration) Option {
	return func(c *config) error {
		c.failures, c.cooldown = failures, cooldown
		if err := positive("WithCircuitBreaker", failures > 0, failures); err != nil {
			return err
		}
		return positive("WithCircuitBreaker", cooldown > 0, cooldown)
	}
}

// WithPrefetch sets how many pages the All methods read ahead of the one in use. The default is 1;
// 0 requests a page only when it is needed; pages must not be negative. [WithMaxConcurrency] bounds
// the requests in flight as well.
func WithPrefetch(pages int) Option {
	return func(c *config) error {
		c.prefetch = pages
		return notNegative("WithPrefetch", pages >= 0, pages)
	}
}

// WithBulkSize sets how many records the BulkAll methods put in one request: 1 to 1,000, the
// default and Linkit's limit.
func WithBulkSize(records int) Option {
	return func(c *config) error {
		c.bulkSize = records
		if records < 1 || records > maxBulk {
			return invalid("WithBulkSize: %d is not between 1 and 1,000", records)
		}
		return nil
	}
}

// WithBulkLinger sends a part-filled request of the BulkAll methods d after its first record, for a
// source that is slow. With 0, the default, a request is sent only when it is full or the source
// has ended; d must not be negative.
func WithBulkLinger(d time.Duration) Option {
	return func(c *config) error {
		c.bulkLinger = d
		return notNegative("WithBulkLinger", d >= 0, d)
	}
}

// WithSessionStore keeps the sessions of [WithLogin] and [WithLoginFunc] in store, so that a
// program that starts often, or many that run side by side, don't sign in each time. Keys and fixed
// tokens are never stored. Errors of the store are logged and fail no call.
func WithSessionStore(store SessionStore) Option {
	return func(c *config) error {
		c.store = store
		if store == nil {
			return invalid("WithSessionStore: the store is nil")
		}
		if files, ok := store.(*fileStore); ok {
			return files.err
		}
		return nil
	}
}

// WithLogger logs calls: at Debug level a call that succeeds, at Warn a retry, at Error a call that
// fails. Lines carry the method, the route's template, status, request id, attempts and times;
// never headers, query or body. The default, nil, disables logging.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) error {
		c.logger, c.loggerSet = l, true
		return nil
	}
}

// WithHooks observes calls and attempts, for tracing and metrics. If it is given more than once,
// all hooks run, the first outermost: it begins first and ends last.
func WithHooks(h Hooks) Option {
	return func(c *config) error {
		c.hooks = append(c.hooks, h)
		return nil
	}
}
