package linkittest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// hook is a program that receives webhooks.
type hook struct {
	*httptest.Server
	requests chan *http.Request
	bodies   chan string
}

func newHook(t *testing.T, status int, header http.Header) *hook {
	t.Helper()
	h := &hook{requests: make(chan *http.Request, 10), bodies: make(chan string, 10)}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		h.requests <- r
		h.bodies <- string(body)
		for name := range header {
			w.Header().Set(name, header.Get(name))
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(h.Close)
	return h
}

func TestSendOrderPostsTheEnvelope(t *testing.T) {
	t.Parallel()
	server, hook := newServer(t), newHook(t, http.StatusNoContent, nil)
	server.AddOrders(
		linkit.Order{ID: "o1", OrderStatus: linkit.OrderStatusReady, SourceReference: "HS-1"},
		linkit.Order{ID: "o2", OrganizationID: "org_b"},
		linkit.Order{Raw: json.RawMessage(`{"id":"o3","external_id":"M-17"}`)},
	)
	for _, id := range []string{"o1", "o2", "o3"} {
		res, err := server.SendOrder(t.Context(), hook.URL+"/hooks/secret?x=1", id)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, http.StatusNoContent, res.StatusCode)
		r, body := <-hook.requests, <-hook.bodies
		assert.Equal(
			t,
			"POST /hooks/secret?x=1 application/json",
			r.Method+" "+r.URL.String()+" "+r.Header.Get("Content-Type"),
		)
		assert.Empty(t, r.Header.Get("Authorization"))
		if id == "o3" {
			assert.JSONEq(t, `{"id":"o3","external_id":"M-17"}`, body)
			continue
		}
		var envelope struct {
			SpecVersion string         `json:"spec_version"`
			Order       map[string]any `json:"order"`
		}
		require.NoError(t, json.Unmarshal([]byte(body), &envelope))
		assert.Equal(t, "2026-04-01 "+id, envelope.SpecVersion+" "+fmt.Sprint(envelope.Order["id"]))
	}
	assert.Empty(t, server.Requests(), "a webhook is no request to the server")
}

func TestSendOrderReturnsTheResponseAsItIs(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddOrders(linkit.Order{ID: "o1"})
	for _, status := range []int{http.StatusOK, http.StatusServiceUnavailable, http.StatusTemporaryRedirect} {
		hook := newHook(t, status, http.Header{"Location": {"/elsewhere"}, "Retry-After": {"7"}})
		res, err := server.SendOrder(t.Context(), hook.URL, "o1")
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, status, res.StatusCode)
		assert.Equal(t, "7", res.Header.Get("Retry-After"))
		assert.Len(t, hook.requests, 1, "sent once")
	}
}

func TestSendOrderFailsWithoutAnOrderOrAReceiver(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.AddOrders(linkit.Order{ID: "o1"})
	hook := newHook(t, http.StatusOK, nil)
	ended, end := context.WithCancel(t.Context())
	end()
	for name, row := range map[string]struct {
		ctx     context.Context //nolint:containedctx // a row of the table
		url, id string
		err     error
	}{
		"unknown order": {t.Context(), hook.URL, "nobody", linkit.ErrNotFound},
		"no receiver":   {t.Context(), "http://127.0.0.1:1", "o1", nil},
		"bad URL":       {t.Context(), "://", "o1", nil},
		"cancelled":     {ended, hook.URL, "o1", context.Canceled},
	} {
		res, err := server.SendOrder(row.ctx, row.url, row.id)
		if res != nil {
			_ = res.Body.Close()
		}
		require.ErrorContains(t, err, "linkittest: SendOrder: ", name)
		if row.err != nil {
			require.ErrorIs(t, err, row.err, name)
		}
	}
	assert.Empty(t, hook.requests)
}
