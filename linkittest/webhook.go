package linkittest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/linkit-go/linkit"
)

// SendOrder posts the order with the given id, of any organization, to a URL, as Linkit would post
// an order webhook. The caller must close the response's body. Redirects aren't followed, and no
// proxy is used. If there is no such order, the error is [linkit.ErrNotFound].
//
// The body is the one that GET /orders/{id} returns, usually the envelope of the contract
// 2026-04-01. Linkit documents that the names of its fields are those of the webhook; that the
// webhook has the envelope is inferred. Its headers, signature and retries aren't documented:
// SendOrder sets the Content-Type and sends the request once.
func (s *Server) SendOrder(ctx context.Context, url, id string) (*http.Response, error) {
	order, ok := s.data.order(id)
	if !ok {
		return nil, fmt.Errorf("linkittest: SendOrder: %q: %w", id, linkit.ErrNotFound)
	}
	body, err := json.Marshal(order)
	if err != nil {
		return nil, fmt.Errorf("linkittest: SendOrder: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("linkittest: SendOrder: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "linkittest")
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("linkittest: SendOrder: %w", err)
	}
	return res, nil
}
