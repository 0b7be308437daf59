package faults_test

import (
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// chaos lets a server misbehave at random: of each hundred requests, five of each kind.
func chaos(next http.Handler) http.Handler {
	kinds := []func(w http.ResponseWriter, r *http.Request){
		func(w http.ResponseWriter, _ *http.Request) { reset(w) },
		func(w http.ResponseWriter, r *http.Request) { // after the effect
			next.ServeHTTP(httptest.NewRecorder(), r)
			reset(w)
		},
		func(w http.ResponseWriter, r *http.Request) {
			if rand.N(2) == 0 {
				next.ServeHTTP(httptest.NewRecorder(), r)
			}
			http.Error(w, `{"code":500,"error":"Internal Server Error"}`, http.StatusInternalServerError)
		},
		func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"code":429,"error":"Too Many Requests"}`, http.StatusTooManyRequests)
		},
		func(w http.ResponseWriter, r *http.Request) { // some take longer than an attempt may
			next.ServeHTTP(w, r)
			time.Sleep(rand.N(3 * time.Second)) //nolint:forbidigo // a slow server
		},
		cutOff(next),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if i := rand.N(20); i < len(kinds) {
			kinds[i](w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// cutOff breaks a response off in the middle.
func cutOff(next http.Handler) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		whole := httptest.NewRecorder()
		next.ServeHTTP(whole, r)
		conn, buffer, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = buffer.WriteString("HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n")
		_, _ = buffer.Write(whole.Body.Bytes()[:whole.Body.Len()/2])
		_ = buffer.Flush()
	}
}

// reset ends the connection with a RST.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func TestChaosDoublesLosesAndMixesUpNothing(t *testing.T) {
	b := newBackend(t)
	server := httptest.NewServer(chaos(b.Config.Handler))
	t.Cleanup(server.Close)
	client := newClient(t, server.URL+"/api/v1", linkit.WithMaxConcurrency(64))
	load(client, 64, duration(t)).check(t, b)
	require.NoError(t, client.Close())
}
