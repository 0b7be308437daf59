package linkit

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// config is what the options say. An option only sets a field: it reads none, so that their order
// can't matter.
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
	header         http.Header // further headers of every request
	attemptTimeout time.Duration
	retries        int
	waitMin        time.Duration
	waitMax        time.Duration
	maxRetryAfter  time.Duration
	concurrency    int
	rate           float64
	burst          int
	limiter        Limiter
	failures       int
	cooldown       time.Duration
	prefetch       int
	bulkSize       int
	bulkLinger     time.Duration
	store          SessionStore
	logger         *slog.Logger
	loggerSet      bool // nil counts too
	hooks          []Hooks
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
	if !c.loggerSet {
		if err := c.readLogLevel(os.Getenv("LINKIT_LOG")); err != nil {
			return err
		}
	}
	if len(c.credentials()) > 0 {
		return nil
	}
	return c.readCredentials()
}

// readLogLevel logs to standard error from the given level on; "" means no log.
func (c *config) readLogLevel(name string) error {
	levels := map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	}
	if name == "" {
		return nil
	}
	level, ok := levels[strings.ToLower(name)]
	if !ok {
		return invalid("LINKIT_LOG: %s is not one of debug, info, warn and error", excerpt(name))
	}
	c.logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	return nil
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
