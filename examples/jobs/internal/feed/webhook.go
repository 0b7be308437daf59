package feed

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/linkit-go/linkit"
)

const (
	maxWebhook     = 8 << 20 // bytes of a body, as in ParseOrder
	maxOrderID     = 200     // bytes: an id is part of a path and of a key
	webhookTimeout = 10 * time.Second
)

// Webhooks returns the handler of POST /webhooks/{secret}. It stores that there is something to read
// of an order, and calls nobody: webhooks are unsigned, and what one says is not used but for the
// id. It responds 204 when that is committed, 400 for what is not an order, 404 for another secret,
// 413 for more than 8 MiB and 503 when the database fails. It panics if the secret is empty.
func (f *Feed) Webhooks(secret string) http.Handler {
	if secret == "" {
		panic("feed: Webhooks: the secret is empty")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if subtle.ConstantTimeCompare([]byte(r.PathValue("secret")), []byte(secret)) != 1 {
			http.NotFound(w, r)
			return
		}
		status, text := f.takeWebhook(w, r)
		f.measures.webhook(r.Context(), status)
		if status == http.StatusNoContent {
			w.WriteHeader(status)
			return
		}
		if status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", "5")
		}
		http.Error(w, text, status)
	})
}

func (f *Feed) takeWebhook(w http.ResponseWriter, r *http.Request) (status int, text string) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(webhookTimeout)) // where it can be set
	told, err := linkit.ParseOrder(http.MaxBytesReader(w, r.Body, maxWebhook))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return http.StatusRequestEntityTooLarge, "the body is too large"
	}
	if err != nil || !isOrderID(told.ID) {
		return http.StatusBadRequest, "the body is not an order"
	}
	ctx, cancel := context.WithTimeout(r.Context(), webhookTimeout)
	defer cancel()
	err = f.inTx(ctx, func(tx *sql.Tx) error {
		if err := addHint(ctx, tx, told.ID); err != nil {
			return err
		}
		_, err := f.river.InsertTx(ctx, tx, fetchArgs{OrderID: told.ID}, nil)
		return err
	})
	if err != nil {
		f.Log.WarnContext(ctx, "a webhook was not stored", "error", err.Error())
		return http.StatusServiceUnavailable, "try again"
	}
	return http.StatusNoContent, ""
}

// isOrderID reports whether a text may be the id of an order: one that can be stored and sent.
func isOrderID(id string) bool {
	return id != "" && len(id) <= maxOrderID && storable(id) == id && !strings.ContainsFunc(id, unicode.IsControl)
}
