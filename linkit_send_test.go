package linkit_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// A transport may go on reading a request after an early response: the caller's bytes are the
// caller's again all the same.
func TestBodyMayBeChangedOnceTheCallHasReturned(t *testing.T) {
	t.Parallel()
	original := bytes.Repeat([]byte{'1'}, 8<<20) // more than sockets buffer
	for name, call := range map[string]func(ctx context.Context, client *linkit.Client, body []byte) error{
		"Do": func(ctx context.Context, client *linkit.Client, body []byte) error {
			return client.Do(ctx, "POST", "/x", nil, body, nil)
		},
		"Integrations.Execute": func(ctx context.Context, client *linkit.Client, body []byte) error {
			return client.Integrations.Execute(ctx, "org_1", "shop", body, nil)
		},
	} {
		t.Run(name+", over a transport that reads late", func(t *testing.T) {
			t.Parallel()
			returned, read := make(chan struct{}), make(chan []byte)
			client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
				go func() {
					<-returned
					late, _ := io.ReadAll(r.Body)
					read <- late
				}()
				return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
			}))
			body := bytes.Clone(original)
			require.NoError(t, call(t.Context(), client, body))
			clear(body)
			close(returned)
			assert.True(t, bytes.Equal(original, <-read), "what the caller wrote later was sent")
		})
		t.Run(name+", over a socket", func(t *testing.T) {
			t.Parallel()
			returned := make(chan struct{})
			base, rest := earlyServer(t, returned)
			body := bytes.Clone(original)
			require.NoError(t, call(t.Context(), dialing(t, base), body))
			clear(body) // the race detector sees whoever reads it still
			close(returned)
			assert.Empty(t, bytes.Trim(<-rest, "1"), "what the caller wrote later was sent")
		})
	}
}

// earlyServer reads 1000 bytes of one request's body, responses, and reads on when returned is
// closed.
func earlyServer(t *testing.T, returned <-chan struct{}) (base string, rest <-chan []byte) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test's
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	read := make(chan []byte, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		r, err := http.ReadRequest(bufio.NewReaderSize(conn, 16)) // holds back nothing of the body
		if err != nil {
			return
		}
		_, _ = io.CopyN(io.Discard, r.Body, 1000)
		say(conn, okAnswer("{}"))
		<-returned
		late, _ := io.ReadAll(r.Body) // cut short: the client gives the connection up
		read <- late
	}()
	return "http://" + listener.Addr().String(), read
}

// A check of the caller's own fails before anything but the handshake has gone out.
func TestRefusedConnectionCheckIsProofThatNothingWasSent(t *testing.T) {
	t.Parallel()
	var seen atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { seen.Add(1) }))
	server.Config.ErrorLog = quiet
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	pinned := errors.New("another key than the pinned one")
	for name, refuse := range map[string]error{"in its own words": pinned, "as the certificate's": &tls.CertificateVerificationError{Err: pinned}} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			checks := 0
			trusting, ok := server.Client().Transport.(*http.Transport)
			require.True(t, ok)
			transport := trusting.Clone()
			transport.TLSClientConfig.VerifyConnection = func(tls.ConnectionState) error {
				mu.Lock()
				defer mu.Unlock()
				checks++
				return refuse
			}
			client := dialing(t, server.URL, linkit.WithHTTPClient(&http.Client{Transport: transport}))
			_, err := client.Products.Create(t.Context(), linkit.ProductParams{})
			var te *linkit.TransportError
			require.ErrorAs(t, err, &te)
			require.ErrorIs(t, err, pinned)
			assert.False(t, te.Sent)
			assert.ErrorContains(t, err, "the server did not get it")
			mu.Lock()
			defer mu.Unlock()
			assert.Equal(t, te.Attempts, checks)
			if refuse != pinned { //nolint:errorlint // which of the two
				assert.Equal(t, 1, checks, "an untrusted certificate is final")
			}
			assert.Zero(t, seen.Load())
		})
	}
}

// What calls have in common is made once. Over a socket, it still differs where it must.
func TestEveryCallCarriesTheHeaderItShould(t *testing.T) {
	t.Parallel()
	var failed atomic.Bool
	seen := make(chan *http.Request, 1000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r
		if r.URL.Path == "/failing" && !failed.Swap(true) {
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = io.WriteString(w, `{"message": "pong"}`)
	}))
	defer server.Close()
	client := dialing(t, server.URL, linkit.WithOrganization("org_1"))
	nowhere := dialing(t, server.URL)
	body := map[string]string{"a": "b"}
	calls := map[string]func(context.Context) error{
		"/mine":    func(ctx context.Context) error { return client.Do(ctx, "GET", "/mine", nil, nil, nil) },
		"/gone":    func(ctx context.Context) error { return client.Do(ctx, "DELETE", "/gone", nil, nil, nil) },
		"/failing": func(ctx context.Context) error { return client.Do(ctx, "GET", "/failing", nil, nil, nil) },
		"/theirs": func(ctx context.Context) error {
			return client.ForOrganization("org_2").Do(ctx, "GET", "/theirs", nil, nil, nil)
		},
		"/written": func(ctx context.Context) error { return client.Do(ctx, "PUT", "/written", nil, body, nil) },
		"/ping":    func(ctx context.Context) error { return client.Do(ctx, "GET", "/ping", nil, nil, nil) },
		"/nowhere": func(ctx context.Context) error { return nowhere.Do(ctx, "GET", "/nowhere", nil, nil, nil) },
		"/health":  func(ctx context.Context) error { return nowhere.Do(ctx, "GET", "/health", nil, nil, nil) },
	}
	var group sync.WaitGroup
	for range 8 {
		for _, call := range calls {
			group.Go(func() { assert.NoError(t, call(t.Context())) })
		}
	}
	group.Wait()
	close(seen)
	times := map[string]int{}
	for r := range seen {
		times[r.URL.Path]++
		want := http.Header{
			"Accept": {"application/json"}, "Accept-Encoding": {"gzip"}, "User-Agent": {"linkit-go/" + linkit.Version},
			"Authorization": {testKey}, "X-Organization-Id": {"org_1"},
		}
		switch r.URL.Path {
		case "/theirs":
			want.Set("X-Organization-Id", "org_2")
		case "/written":
			want.Set("Content-Type", "application/json")
			want.Set("Content-Length", "9")
		case "/nowhere":
			want.Del("X-Organization-Id")
		case "/ping", "/health":
			want.Del("X-Organization-Id")
			want.Del("Authorization")
		}
		assert.Equal(t, want, r.Header, r.URL.Path)
	}
	assert.Equal(
		t,
		map[string]int{
			"/mine":    8,
			"/gone":    8,
			"/failing": 9,
			"/theirs":  8,
			"/written": 8,
			"/ping":    8,
			"/nowhere": 8,
			"/health":  8,
		},
		times,
	)
}

// Many a transport of callers' writes to the header it is given, though it shouldn't.
func TestHeaderThatATransportWritesToIsTheCallsOwn(t *testing.T) {
	t.Parallel()
	client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		assert.Empty(t, r.Header.Get("X-Trace"))
		r.Header.Set("X-Trace", "1") // the race detector sees it if it is another's too
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	}))
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() { assert.NoError(t, client.Do(t.Context(), "GET", "/x", nil, nil, nil)) })
	}
	group.Wait()
}

// A 401 proves that the request had no effect: a replay starts with what earlier attempts left, and
// no more.
func TestReplayStartsWithSentAsItWas(t *testing.T) {
	t.Parallel()
	signedIn := func(n string) reply { return reply{status: 200, body: `{"token":"t0ken-` + n + `"}`} }
	login := linkit.WithLogin("a@example.com", "b-secret")

	client := newClient(t, &replies{responses: []reply{signedIn("1"), {status: 401}, signedIn("2"), {status: 404}}}, login)
	require.ErrorIs(t, client.Products.Delete(t.Context(), "x"), linkit.ErrNotFound, "the 401 deleted nothing")

	refused := reply{err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}
	client = newClient(
		t,
		&replies{responses: []reply{signedIn("1"), {status: 401}, signedIn("2"), refused}},
		login,
		linkit.WithRetries(0),
	)
	_, err := client.Products.Create(t.Context(), linkit.ProductParams{})
	var te *linkit.TransportError
	require.ErrorAs(t, err, &te)
	assert.False(t, te.Sent, "neither the 401 nor the refused connection wrote anything")
	assert.Equal(t, 2, te.Attempts)

	client = newClient(
		t,
		&replies{responses: []reply{signedIn("1"), {status: 502}, {status: 401}, signedIn("2"), refused}},
		login,
		linkit.WithRetries(1),
	)
	_, err = client.Products.Update(t.Context(), "x", linkit.ProductParams{})
	require.ErrorAs(t, err, &te)
	assert.True(t, te.Sent, "the 502 may have written it")
}

// The largest response is read; one byte more is refused.
func TestResponseOfExactlyTheLargestSizeIsRead(t *testing.T) {
	t.Parallel()
	const largest = 32 << 20
	for _, row := range []struct{ size, length int64 }{{largest, largest}, {largest + 1, -1}} {
		client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
			body := io.MultiReader(strings.NewReader(product1), io.LimitReader(blanks{}, row.size-int64(len(product1))))
			return &http.Response{
				StatusCode:    http.StatusOK,
				Header:        http.Header{},
				Body:          io.NopCloser(body),
				ContentLength: row.length,
				Request:       r,
			}, nil
		}))
		if err := getOne(t.Context(), client); row.size == largest {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, "more than 32 MiB")
		}
	}
}

// blanks are without end.
type blanks struct{}

func (blanks) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}
