package linkit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// maxWebhookReads is how many webhooks of one handler read their order at once.
const maxWebhookReads = 4

// WebhookHandler returns a handler for order webhooks, for programs without a queue. It takes only
// the id from a webhook, reads the order anew by it, since webhooks are unsigned, and calls fn. It
// responds 204 after fn returned nil, and otherwise:
//
//   - 400 when the body is not an order, 405 for another method than POST, 413 when the body is
//     larger than 8 MiB;
//   - 404 when Linkit has no such order;
//   - 503 when the order can't be read, fn fails, or four other webhooks are being read: the sender
//     should try again.
//
// Linkit documents neither a signature nor when webhooks are sent again: mount the handler behind a
// path that nobody can guess, expect the same order several times, and poll for the ones that never
// arrive. fn runs on the request's context, which ends when the sender leaves. It panics if fn is
// nil. The order is read with [OrdersService.Get].
func (s *OrdersService) WebhookHandler(fn func(ctx context.Context, o *Order) error) http.Handler {
	if fn == nil {
		panic("linkit: Orders.WebhookHandler: fn is nil") // as net/http does: a webhook must not be confirmed and dropped
	}
	return &webhookHandler{orders: s, fn: fn, reads: make(chan struct{}, maxWebhookReads)}
}

type webhookHandler struct {
	orders *OrdersService
	fn     func(ctx context.Context, o *Order) error
	reads  chan struct{} // one for each webhook that is being read
}

func (h *webhookHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "webhooks are sent by POST", http.StatusMethodNotAllowed)
		return
	}
	select {
	case h.reads <- struct{}{}:
		defer func() { <-h.reads }()
	default:
		h.tryAgain(w)
		return
	}
	notice, err := ParseOrder(r.Body)
	switch {
	case errors.Is(err, errOrderTooLarge):
		http.Error(w, "the body is too large", http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		http.Error(w, "the body is not an order", http.StatusBadRequest)
		return
	}
	order, err := h.orders.Get(r.Context(), notice.ID)
	switch {
	case errors.Is(err, ErrNotFound):
		http.Error(w, "there is no such order", http.StatusNotFound)
		return
	case errors.Is(err, ErrInvalid):
		http.Error(w, "the body is not an order", http.StatusBadRequest)
		return
	case err == nil:
		err = h.fn(r.Context(), order)
	}
	if err != nil {
		h.tryAgain(w)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (h *webhookHandler) tryAgain(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "1")
	http.Error(w, "try again", http.StatusServiceUnavailable)
}

const maxOrder = 8 << 20 // bytes of a webhook body

var errOrderTooLarge = invalid("ParseOrder: the body is larger than %d MiB", maxOrder>>20)

// ParseOrder reads the body of an order webhook, which has the form that List reads. A body that
// isn't an order, or is larger than 8 MiB, is ErrInvalid.
//
// Linkit documents no signature: anyone who finds the endpoint can post to it. Protect it, with a
// secret in its path or a header, say, and read what matters anew through Client.Orders.Get.
func ParseOrder(r io.Reader) (*Order, error) {
	if r == nil {
		return nil, invalid("ParseOrder: the reader is nil")
	}
	var body bytes.Buffer
	if _, err := body.ReadFrom(io.LimitReader(r, maxOrder+1)); err != nil {
		return nil, fmt.Errorf("linkit: ParseOrder: %w", err)
	}
	if body.Len() > maxOrder {
		return nil, errOrderTooLarge
	}
	if bytes.HasPrefix(body.Bytes(), []byte{0x1f, 0x8b}) {
		return nil, invalid("ParseOrder: the body is compressed with gzip: decompress it first")
	}
	var order Order
	if err := order.UnmarshalJSON(trimmed(body.Bytes())); err != nil {
		return nil, invalid("ParseOrder: the body is not an order: %v", err)
	}
	if order.ID == "" {
		return nil, invalid("ParseOrder: the body is not an order: it has no id")
	}
	return &order, nil
}
