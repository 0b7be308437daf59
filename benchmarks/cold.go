package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

const starters = 200

// tally counts the sign-ins that pass.
type tally struct {
	*http.Transport
	signIns atomic.Int64
}

func (t *tally) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/api/v1/auth/login" {
		t.signIns.Add(1)
	}
	return t.Transport.RoundTrip(r)
}

// newcomer makes a client that hasn't signed in: one call, and its end.
type newcomer func(t *tally) (call func(context.Context) error, end func(), err error)

// coldStart lets 200 goroutines begin at once with a client that hasn't signed in.
func coldStart(ctx context.Context, b *bench) error {
	c, err := start(ctx, spec{Protocol: overTLS, Products: 1})
	if err != nil {
		return err
	}
	defer c.stop()
	if err := c.delay(20 * time.Millisecond); err != nil {
		return err
	}
	race := contest{
		work:   "200 goroutines start cold, sign-in included, HTTP/1.1 over TLS, 20 ms a response",
		unit:   "start",
		rounds: b.of(9, 3),
	}
	signIns := map[string][]int64{}
	add := func(name string, begin newcomer) {
		race.contestants = append(race.contestants, contestant{name, 1, func(ctx context.Context, _ int) error {
			t := &tally{Transport: c.tuned(starters)}
			defer t.CloseIdleConnections()
			call, end, err := begin(t)
			if err != nil {
				return err
			}
			defer end()
			err = together(ctx, call)
			signIns[name] = append(signIns[name], t.signIns.Load())
			return err
		}})
	}
	own := sdk + ", WithMaxConcurrency(64)"
	add("hand-written, the token behind a mutex", c.byHand(true))
	add("hand-written, the token unguarded", c.byHand(false))
	add(sdk, c.signingIn())
	add(own, c.signingIn(linkit.WithMaxConcurrency(goroutines)))
	lines, err := b.race(ctx, race)
	if err != nil {
		return err
	}
	for i := range lines {
		l := &lines[i]
		l.note = fmt.Sprintf("; sign-ins: %d", median(signIns[l.who]))
	}
	b.exactly("cold start of 200 goroutines, sign-ins", float64(median(signIns[own])), 1)
	return nil
}

func together(ctx context.Context, call func(context.Context) error) error {
	failed := make(chan error, starters)
	var group sync.WaitGroup
	for range starters {
		group.Go(func() { failed <- call(ctx) })
	}
	group.Wait()
	close(failed)
	for err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *server) signingIn(opts ...linkit.Option) newcomer {
	return func(t *tally) (func(context.Context) error, func(), error) {
		client, err := linkit.NewClient(
			append(opts, linkit.WithBaseURL(c.url), linkit.WithHTTPClient(&http.Client{Transport: t}),
				linkit.WithLogin(linkittest.Email, linkittest.Password))...)
		if err != nil {
			return nil, nil, err
		}
		return func(ctx context.Context) error {
			v, err := client.Products.Get(ctx, productID(0))
			if err != nil {
				return err
			}
			return checkProduct(v.IvID, v.AveragePrice, v.Created.Time)
		}, func() { _ = client.Close() }, nil
	}
}

// byHand signs in when there is no token. Guarded, others wait for that; unguarded, each that finds
// none signs in.
func (c *server) byHand(guarded bool) newcomer {
	return func(t *tally) (func(context.Context) error, func(), error) {
		hc := &http.Client{Transport: t}
		var mu sync.Mutex
		var kept atomic.Pointer[string]
		token := func(ctx context.Context) (string, error) {
			if guarded {
				mu.Lock()
				defer mu.Unlock()
			}
			if known := kept.Load(); known != nil {
				return *known, nil
			}
			var response struct {
				Token string `json:"token"`
			}
			body := fmt.Appendf(nil, `{"email":%q,"password":%q}`, linkittest.Email, linkittest.Password)
			if err := c.by(hc, "").send(ctx, "/auth/login", body, &response); err != nil {
				return "", err
			}
			if response.Token == "" {
				return "", errors.New("no token")
			}
			kept.Store(&response.Token)
			return response.Token, nil
		}
		return func(ctx context.Context) error {
			bearer, err := token(ctx)
			if err != nil {
				return err
			}
			return c.by(hc, "Bearer "+bearer).product(ctx, productID(0))
		}, func() {}, nil
	}
}
