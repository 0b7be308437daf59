package model_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// roundTripper is a function as an http.RoundTripper.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// resends sends a POST again that got no response, as a transport or proxy must not.
func resends(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err != nil && r.Method == http.MethodPost && r.Context().Err() == nil {
			r.Body, _ = r.GetBody()
			return next.RoundTrip(r)
		}
		return resp, err
	})
}

// denies says of every failure that nothing was sent.
func denies(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(r.WithContext(untraced{r.Context()})) //nolint:contextcheck // it is the same one
		if err != nil && r.Context().Err() == nil {
			err = &net.OpError{Op: "dial", Err: errors.Join(syscall.ECONNREFUSED, err)}
		}
		return resp, err
	})
}

// untraced hides what a context holds, but not its end.
type untraced struct{ context.Context } //nolint:containedctx // it is one

func (untraced) Value(any) any { return nil }

// confuses names another organization in requests with a method.
func confuses(method string) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == method {
				r.Header.Set("X-Organization-Id", "org_1")
			}
			return next.RoundTrip(r)
		})
	}
}

// caches responds to a GET as to the last one like it.
func caches(next http.RoundTripper) http.RoundTripper {
	var bodies sync.Map
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		key := r.URL.String() + r.Header.Get("X-Organization-Id")
		if body, cached := bodies.Load(key); cached && r.Method == http.MethodGet {
			return respond(http.StatusOK, fmt.Sprint(body)), nil
		}
		resp, err := next.RoundTrip(r)
		if err == nil && resp.StatusCode == http.StatusOK && r.Method == http.MethodGet {
			if body, err := io.ReadAll(resp.Body); err == nil {
				bodies.Store(key, string(body))
				resp.Body = io.NopCloser(bytes.NewReader(body))
			}
		}
		return resp, err
	})
}

// The test's own test: it must not pass whatever a client does.
func TestASpoiledClientIsFound(t *testing.T) {
	lost := map[int][]*fault{0: {named("response lost")}}
	org1 := call{client: byKey, organization: "org_1", resource: customers}
	org2 := call{client: byKey, organization: "org_2", resource: customers}
	with := func(c call, verb string, met map[int][]*fault) step {
		c.verb, c.faults, c.limit = verb, met, 1
		return &c
	}
	for _, row := range []struct {
		name  string
		spoil func(http.RoundTripper) http.RoundTripper
		steps []step
		wrong string
	}{
		{"resends a create", resends, []step{with(org1, "create", lost)}, "a create was sent again"},
		{"denies what happened", denies, []step{with(org1, "create", lost)}, "a create was sent again"},
		{"writes elsewhere", confuses("POST"), []step{with(org2, "create", nil)}, "without an effect"},
		{"reads elsewhere", confuses("GET"), []step{with(org1, "create", nil), with(org2, "all", nil)}, "1 records instead of 0"},
		{"caches", caches, []step{with(org1, "all", nil), with(org1, "create", nil), with(org1, "all", nil)}, "0 records instead of 1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			env := &environment{bridge: newBridge(t), stats: newStatistics()}
			p := &program{ttl: time.Hour, steps: row.steps}
			_, err := env.runProgram(t, p)
			require.NoError(t, err)
			env.spoil = row.spoil
			_, err = env.runProgram(t, p)
			assert.ErrorContains(t, err, row.wrong)
		})
	}
}

func TestAProgramThatGoesWrongIsShortened(t *testing.T) {
	setFlag(t, "rapid.steps", "10")
	setFlag(t, "rapid.checks", "2000") // it ends with the first that goes wrong
	setFlag(t, "rapid.shrinktime", "2s")
	env := &environment{bridge: newBridge(t), stats: newStatistics(), spoil: resends}
	found := &recorder{TB: t}
	done := make(chan struct{})
	go func() { // which FailNow ends
		defer close(done)
		rapid.Check(found, env.check(t))
	}()
	<-done
	require.True(t, found.failed, "nothing was found")
	assert.LessOrEqual(t, len(env.found.steps), 3)
	assert.Contains(t, strings.Join(found.log, "\n"), "\n  1  ")
}

func setFlag(t *testing.T, name, value string) {
	t.Helper()
	old := flag.Lookup(name).Value.String()
	require.NoError(t, flag.Set(name, value))
	t.Cleanup(func() { require.NoError(t, flag.Set(name, old)) })
}

// recorder is a test that may fail.
type recorder struct {
	rapid.TB
	failed bool
	log    []string
}

func (r *recorder) Logf(format string, args ...any) {
	r.log = append(r.log, fmt.Sprintf(format, args...))
}
func (r *recorder) Log(args ...any) { r.log = append(r.log, fmt.Sprint(args...)) }
func (r *recorder) Fail()           { r.failed = true }
func (r *recorder) Failed() bool    { return r.failed }

func (r *recorder) FailNow() {
	r.failed = true
	runtime.Goexit()
}

func (r *recorder) Errorf(format string, args ...any) {
	r.Logf(format, args...)
	r.Fail()
}

func (r *recorder) Error(args ...any) {
	r.Log(args...)
	r.Fail()
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Logf(format, args...)
	r.FailNow()
}

func (r *recorder) Fatal(args ...any) {
	r.Log(args...)
	r.FailNow()
}
