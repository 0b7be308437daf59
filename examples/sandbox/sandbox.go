package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/linkit-go/linkit/linkittest"
)

// config is what the flags set.
type config struct {
	addr               string
	life               time.Duration
	products, branches int
	fixtures           string
	delay, tokenTTL    time.Duration
	limit              string
}

// sandbox is a running server with what its page and its control interface keep.
type sandbox struct {
	server    *linkittest.Server
	exchanges *exchangeLog
	faults    *faultList
	refusals  *refusalList
	ready     chan struct{} // closed once server is set
	done      chan struct{} // closed by close

	mu        sync.Mutex
	suspended map[string]bool // by organization
	revoked   bool            // whether the sandbox's own API key is
	delay     time.Duration
	tokenTTL  time.Duration
}

// start starts a sandbox. The caller must call close.
func start(c config) (*sandbox, error) {
	most, per, err := c.check()
	if err != nil {
		return nil, err
	}
	shop, err := newCatalogue(c.fixtures, c.products, c.branches)
	if err != nil {
		return nil, err
	}
	b := &sandbox{
		exchanges: newExchangeLog(), faults: &faultList{}, refusals: &refusalList{},
		ready: make(chan struct{}), done: make(chan struct{}),
		suspended: map[string]bool{}, delay: c.delay, tokenTTL: c.tokenTTL,
	}
	opts := []linkittest.Option{
		linkittest.WithAddr(c.addr), linkittest.WithFixtures(shop.files), linkittest.WithoutRecording(),
		linkittest.WithObserver(b.observe),
		linkittest.WithHandler("/{$}", b.page()), linkittest.WithHandler("/_page/", b.page()),
		linkittest.WithHandler("/_control/", b.control()),
	}
	if most > 0 {
		opts = append(opts, linkittest.WithRateLimit(most, per))
	}
	if b.server, err = serve(opts); err != nil {
		return nil, err
	}
	b.server.AddToken(token)
	b.server.AddUser(linkittest.Email, password)
	b.server.SetTokenTTL(c.tokenTTL)
	b.server.SetDelay(c.delay)
	shop.addGenerated(b.server)
	close(b.ready)
	return b, nil
}

// close ends the streams of the page, which would otherwise keep the server open, and the server.
func (b *sandbox) close() {
	close(b.done)
	b.server.Close()
}

// origin is the address of the page, without a slash at the end.
func (b *sandbox) origin() string { return strings.TrimSuffix(b.server.URL, "/api/v1") }

// serve starts the server. NewServer panics if it can't listen or read the fixtures.
func serve(opts []linkittest.Option) (server *linkittest.Server, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("%v", problem)
		}
	}()
	return linkittest.NewServer(opts...), nil
}

// check returns the requests allowed per interval, or zero without a limit.
func (c config) check() (most int, per time.Duration, err error) {
	switch {
	case c.delay < 0:
		return 0, 0, errors.New("-delay must not be negative")
	case c.tokenTTL <= 0:
		return 0, 0, errors.New("-token-ttl must be positive")
	case c.limit == "":
		return 0, 0, nil
	}
	count, interval, _ := strings.Cut(c.limit, "/")
	most, err = strconv.Atoi(count)
	if err == nil {
		per, err = time.ParseDuration(interval)
	}
	if err != nil || most <= 0 || per <= 0 {
		return 0, 0, fmt.Errorf("-limit: %q is not a number of requests per interval, such as 300/10s", c.limit)
	}
	return most, per, nil
}
