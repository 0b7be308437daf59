package linkit

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Option sets one thing of a Client; pass options to NewClient in any order. The same option twice: the later wins. A
// nil Option is ignored.
type Option func(*config) error

// config is what the options say. An option only sets a field: it reads none, so that their order can't matter.
type config struct {
	apiKey         string
	apiKeyFunc     func(context.Context) (string, error)
	email          string
	password       string
	loginFunc      func(context.Context) (email, password string, err error)
	token          string
	noCredentials  bool
	fromEnv        bool
	organization   string
	base           *url.URL
	httpClient     *http.Client
	program        string
	attemptTimeout time.Duration
	retries        int
	waitMin        time.Duration
	waitMax        time.Duration
	maxRetryAfter  time.Duration
	concurrency    int
	rate           float64
	burst          int
	failures       int
	cooldown       time.Duration
	prefetch       int
	bulkSize       int
	store          SessionStore
	logger         *slog.Logger
	hooks          Hooks
}

// WithAPIKey identifies the program by an API key of the dashboard, sent as "Authorization: <key>". It doesn't expire.
func WithAPIKey(key string) Option {
	return func(c *config) error {
		c.apiKey = key
		return checkSecret("WithAPIKey", "key", key)
	}
}

// WithAPIKeyFunc gets the API key from fn: at first use, and again after a 401, so that a key can be
// rotated without a restart. A changed key is used at once, for the call that got the 401 too. While fn
// returns the rejected key, calls return the 401, and fn is called at most once in 1 s, doubling to 1
// minute, until the key changes or is accepted. fn is called by one goroutine at a time, for a minute at
// most, and must not use the client.
func WithAPIKeyFunc(fn func(ctx context.Context) (string, error)) Option {
	return func(c *config) error {
		c.apiKeyFunc = fn
		if fn == nil {
			return invalid("WithAPIKeyFunc: the function is nil")
		}
		return nil
	}
}

// WithLogin signs in with an email and a password when it is needed: at the first call, before the token
// expires, and after a 401. Both are sent as they are, untrimmed.
//
// A token that is voided before its end, by a changed password say, may not bring a 401: its holder may
// be treated as a guest, who gets a 403, a 404 or an empty list until the token's end. The SDK can't tell
// these from genuine ones, an empty list least of all; [AuthService.Reset] makes the next call sign in.
func WithLogin(email, password string) Option {
	return func(c *config) error {
		c.email, c.password = email, password
		return checkLogin("WithLogin", email, password)
	}
}

// WithLoginFunc is [WithLogin] with an email and a password that fn returns before every sign-in. fn is
// called by one goroutine at a time, for a minute at most, and must not use the client.
func WithLoginFunc(fn func(ctx context.Context) (email, password string, err error)) Option {
	return func(c *config) error {
		c.loginFunc = fn
		if fn == nil {
			return invalid("WithLoginFunc: the function is nil")
		}
		return nil
	}
}

// WithToken identifies the program by a bearer token from elsewhere, such as the dashboard's long-lived ones, sent as
// "Authorization: Bearer <token>". It is never renewed.
func WithToken(token string) Option {
	return func(c *config) error {
		c.token = token
		return checkSecret("WithToken", "token", token)
	}
}

// WithoutCredentials makes a client for System.Ping, System.Health and Auth.Login only. Any other call is ErrInvalid.
func WithoutCredentials() Option {
	return func(c *config) error {
		c.noCredentials = true
		return nil
	}
}

// FromEnv reads what no option has set from the environment: the credential from LINKIT_API_KEY, LINKIT_TOKEN, or
// LINKIT_EMAIL with LINKIT_PASSWORD; the organization from LINKIT_ORGANIZATION_ID; the base URL from LINKIT_BASE_URL. An
// empty variable is no variable. The environment is read once, by NewClient.
func FromEnv() Option {
	return func(c *config) error {
		c.fromEnv = true
		return nil
	}
}

// WithOrganization names the organization that calls are about, in X-Organization-ID. It is needed where the credential
// isn't scoped to one; "" means none. See also Client.ForOrganization.
func WithOrganization(id string) Option {
	return func(c *config) error {
		c.organization = id
		return checkOrganization("WithOrganization", id)
	}
}

// WithBaseURL replaces DefaultBaseURL, its /api/v1 included. It must be https; http is accepted for loopback hosts only.
func WithBaseURL(base string) Option {
	return func(c *config) (err error) {
		c.base, err = parseBase("WithBaseURL", base)
		return err
	}
}

// WithHTTPClient sends requests through hc's Transport, for a proxy, a private CA or instrumentation. hc itself is never
// changed or closed. Its Timeout, where shorter, bounds an attempt too; its CheckRedirect and Jar are not used. A
// Transport that repeats requests by itself breaks the promise that no write is sent twice.
func WithHTTPClient(hc *http.Client) Option {
	return func(c *config) error {
		c.httpClient = hc
		if hc == nil {
			return invalid("WithHTTPClient: the client is nil")
		}
		return nil
	}
}

// WithUserAgent puts the program's name, such as "pos-sync/2.1", before "linkit-go/<Version>" in User-Agent.
func WithUserAgent(program string) Option {
	return func(c *config) error {
		c.program = program
		if !visible(program, ' ') || strings.TrimSpace(program) != program {
			return invalid("WithUserAgent: %q can't stand in a header: use printable ASCII", program)
		}
		return nil
	}
}

// WithAttemptTimeout bounds one attempt, from sending to the end of the answer. The default is 30 s; zero and less are
// errors. The context bounds the whole call.
func WithAttemptTimeout(d time.Duration) Option {
	return func(c *config) error {
		c.attemptTimeout = d
		return positive("WithAttemptTimeout", d > 0, d)
	}
}

// WithRetries sets how many further attempts follow a failed one, where that is safe. The default is 3; 0 means none; less
// is an error.
func WithRetries(n int) Option {
	return func(c *config) error {
		c.retries = n
		return notNegative("WithRetries", n >= 0, n)
	}
}

// WithRetryWait sets the wait before the first retry and the longest one; it doubles in between. Up to half is taken off
// by chance. The defaults are 500 ms and 10 s; 0 means no wait; less, or min above max, is an error.
func WithRetryWait(min, max time.Duration) Option { //nolint:predeclared // the names the documentation shows
	return func(c *config) error {
		c.waitMin, c.waitMax = min, max
		if min > max {
			return invalid("WithRetryWait: min %v is longer than max %v", min, max)
		}
		return notNegative("WithRetryWait", min >= 0, min)
	}
}

// WithMaxRetryAfter sets the longest Retry-After that is waited for; an answer that asks for more is returned at once. The
// default is 60 s; 0 means that none is waited for; less is an error.
func WithMaxRetryAfter(d time.Duration) Option {
	return func(c *config) error {
		c.maxRetryAfter = d
		return notNegative("WithMaxRetryAfter", d >= 0, d)
	}
}

// WithMaxConcurrency sets how many requests may be in flight at once; further ones queue. The default is 10; zero and less
// are errors. A call that waits to be sent again isn't in flight.
func WithMaxConcurrency(n int) Option {
	return func(c *config) error {
		c.concurrency = n
		return positive("WithMaxConcurrency", n > 0, n)
	}
}

// WithRateLimit sends at most perSecond requests a second on average, and burst at once; further ones queue. It is off by
// default; zero and less are errors.
func WithRateLimit(perSecond float64, burst int) Option {
	return func(c *config) error {
		c.rate, c.burst = perSecond, burst
		if err := positive("WithRateLimit", perSecond > 0 && !math.IsInf(perSecond, 0), perSecond); err != nil {
			return err
		}
		return positive("WithRateLimit", burst > 0, burst)
	}
}

// WithCircuitBreaker stops sending after so many attempts in a row got no answer or a 5xx: calls give ErrCircuitOpen at once,
// joined with the last failure. After the cooldown one call at a time is let through, until one succeeds. It is off by default;
// zero and less are errors.
func WithCircuitBreaker(failures int, cooldown time.Duration) Option {
	return func(c *config) error {
		c.failures, c.cooldown = failures, cooldown
		if err := positive("WithCircuitBreaker", failures > 0, failures); err != nil {
			return err
		}
		return positive("WithCircuitBreaker", cooldown > 0, cooldown)
	}
}

// WithPrefetch sets how many pages All reads ahead of the one in use. The default is 1; 0 asks for a page only when it is
// needed; less is an error. What is in flight is bounded by WithMaxConcurrency too.
func WithPrefetch(pages int) Option {
	return func(c *config) error {
		c.prefetch = pages
		return notNegative("WithPrefetch", pages >= 0, pages)
	}
}

// WithBulkSize sets how many records BulkAll puts in one request: 1 to 1,000, the default and Linkit's limit.
func WithBulkSize(records int) Option {
	return func(c *config) error {
		c.bulkSize = records
		if records < 1 || records > maxBulk {
			return invalid("WithBulkSize: %d is not between 1 and 1,000", records)
		}
		return nil
	}
}

// WithSessionStore keeps the sessions of [WithLogin] and [WithLoginFunc] in store, so that a program that
// starts often, or many that run side by side, don't sign in each time. Keys and fixed tokens are never
// stored. Errors of the store are logged and fail no call.
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

// WithLogger logs calls: Debug for one that ended well, Warn for a retry, Error for a failed one. Lines carry the method,
// the route's template, status, attempts and times; never headers, query or body. nil, the default, is silence.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) error {
		c.logger = l
		return nil
	}
}

// WithHooks observes calls and attempts, for tracing and metrics.
func WithHooks(h Hooks) Option {
	return func(c *config) error {
		c.hooks = h
		return nil
	}
}

func newConfig(opts []Option) (*config, error) {
	c := &config{
		attemptTimeout: 30 * time.Second,
		retries:        3,
		waitMin:        500 * time.Millisecond,
		waitMax:        10 * time.Second,
		maxRetryAfter:  60 * time.Second,
		concurrency:    10,
		prefetch:       1,
		bulkSize:       maxBulk,
	}
	for _, opt := range opts {
		if opt == nil {
			continue
		}
		if err := opt(c); err != nil {
			return nil, err
		}
	}
	if c.fromEnv {
		if err := c.readEnv(); err != nil {
			return nil, err
		}
	}
	if c.base == nil {
		c.base = &url.URL{Scheme: "https", Host: "linkit.works", Path: "/api/v1"}
	}
	return c, nil
}

// readEnv fills in what no option has set.
func (c *config) readEnv() error {
	if c.organization == "" {
		c.organization = os.Getenv("LINKIT_ORGANIZATION_ID")
		if err := checkOrganization("LINKIT_ORGANIZATION_ID", c.organization); err != nil {
			return err
		}
	}
	if base := os.Getenv("LINKIT_BASE_URL"); c.base == nil && base != "" {
		var err error
		if c.base, err = parseBase("LINKIT_BASE_URL", base); err != nil {
			return err
		}
	}
	if len(c.credentials()) > 0 {
		return nil
	}
	return c.readCredentials()
}

// checkOrganization refuses what can't stand in a header, or isn't an id.
func checkOrganization(name, id string) error {
	if !visible(id) || inQuotes(id) {
		return invalid("%s", noOrganization(name, id))
	}
	return nil
}

func noOrganization(name, id string) string {
	if inQuotes(id) {
		return fmt.Sprintf("%s: the organization id is in quotes: %s", name, quotesHint)
	}
	return fmt.Sprintf("%s: %s is no organization id: use printable ASCII without spaces", name, excerpt(id))
}

// visible reports whether s is visible ASCII, with also allowed besides.
func visible(s string, also ...byte) bool {
	for i := range len(s) {
		if (s[i] <= ' ' || s[i] > '~') && (len(also) == 0 || s[i] != also[0]) {
			return false
		}
	}
	return true
}

func positive(option string, ok bool, got any) error {
	if !ok {
		return invalid("%s: %v is not above zero", option, got)
	}
	return nil
}

func notNegative(option string, ok bool, got any) error {
	if !ok {
		return invalid("%s: %v is negative", option, got)
	}
	return nil
}
