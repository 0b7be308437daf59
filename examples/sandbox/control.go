package main

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/linkit-go/linkit/linkittest"
)

// endpoint is one endpoint of the control interface.
type endpoint struct {
	pattern string
	what    string
	handle  http.HandlerFunc
}

const (
	addFault = `add one: {"method": "POST", "path": "/products/{iv_id}", "body_contains": "ITEM-1", "times": 1, ` +
		`"status": 502, "body": "", "header": {"Retry-After": ["2"]}, "delay": "250ms", ` +
		`"drop_before": false, "drop_after": false, "truncate": false}`
	addRefusal = `add one: {"route": "/products", "key": "ITEM-1", "status": 422, "details": "why"}`
	sendOrder  = `post an order to a program on this machine: {"url": "http://127.0.0.1:9000/orders", "order": "id"}`
)

func (b *sandbox) endpoints() []endpoint {
	return []endpoint{
		{"GET /_control/state", "what is in effect: faults, refusals, suspensions, settings", b.getState},
		{"GET /_control/counts", "requests, sign-ins and faults met, by status and route", b.getCounts},
		{"GET /_control/exchanges", "the latest requests: ?limit=100&route=/products&status=502", b.getExchanges},
		{"GET /_control/exchanges/{id}", "one of them with headers and bodies", b.getExchange},
		{"GET /_control/events", "the same as server-sent events, as they arrive", b.streamEvents},
		{"GET /_control/catalogue", "products with their stock: ?page=1&search=adol", b.getCatalogue},
		{"GET /_control/faults", "the faults that still apply", b.getFaults},
		{"POST /_control/faults", addFault, b.postFault},
		{"DELETE /_control/faults", "remove all faults", b.deleteFaults},
		{"DELETE /_control/faults/{id}", "remove one", b.deleteFaults},
		{"GET /_control/refusals", "the records whose writes are rejected", b.getRefusals},
		{"POST /_control/refusals", addRefusal, b.postRefusal},
		{"DELETE /_control/refusals", "remove all refusals", b.deleteRefusals},
		{"DELETE /_control/refusals/{id}", "remove one", b.deleteRefusals},
		{"POST /_control/expire", "expire every bearer token", b.postExpire},
		{"POST /_control/revoke", "revoke the sandbox's API key", b.postRevoke},
		{"POST /_control/restore", "accept the sandbox's API key and token again", b.postRestore},
		{"POST /_control/suspension", `suspend or lift: {"organization": "org_123", "suspended": true}`, b.postSuspension},
		{"POST /_control/settings", `change {"delay": "100ms", "token_ttl": "5m"}`, b.postSettings},
		{"POST /_control/webhook", sendOrder, b.postWebhook},
	}
}

// control serves the JSON interface for scripts, which the page uses as well.
func (b *sandbox) control() http.Handler {
	mux := http.NewServeMux()
	list := map[string]string{}
	for _, e := range b.endpoints() {
		mux.HandleFunc(e.pattern, e.handle)
		list[e.pattern] = e.what
	}
	mux.HandleFunc("GET /_control/{$}", func(w http.ResponseWriter, _ *http.Request) { respond(w, http.StatusOK, list) })
	mux.HandleFunc("/_control/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusNotFound, "there is no "+r.Method+" "+r.URL.Path+": GET /_control/ lists what there is")
	})
	return guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-b.ready
		mux.ServeHTTP(w, r)
	}))
}

// state is what is in effect.
type state struct {
	URL       string    `json:"url"`
	Faults    []fault   `json:"faults"`
	Refusals  []refusal `json:"refusals"`
	Suspended []string  `json:"suspended"` // organizations
	Revoked   bool      `json:"revoked"`   // the sandbox's API key
	Delay     duration  `json:"delay"`
	TokenTTL  duration  `json:"token_ttl"`
}

func (b *sandbox) state() state {
	s := state{URL: b.server.URL, Faults: b.faults.all(), Refusals: b.refusals.all(), Suspended: []string{}}
	b.mu.Lock()
	defer b.mu.Unlock()
	for organization := range b.suspended {
		s.Suspended = append(s.Suspended, organization)
	}
	s.Revoked, s.Delay, s.TokenTTL = b.revoked, duration(b.delay), duration(b.tokenTTL)
	return s
}

func (b *sandbox) getState(w http.ResponseWriter, _ *http.Request) {
	respond(w, http.StatusOK, b.state())
}

func (b *sandbox) getCounts(w http.ResponseWriter, _ *http.Request) {
	respond(w, http.StatusOK, b.exchanges.totals())
}

func (b *sandbox) getFaults(w http.ResponseWriter, _ *http.Request) {
	respond(w, http.StatusOK, b.faults.all())
}

func (b *sandbox) postFault(w http.ResponseWriter, r *http.Request) {
	var f fault
	if !read(w, r, &f) {
		return
	}
	added, err := b.faults.add(b.server, f)
	b.added(w, added, err)
}

func (b *sandbox) deleteFaults(w http.ResponseWriter, r *http.Request) {
	b.deleted(w, r, b.faults.remove)
}

func (b *sandbox) getRefusals(w http.ResponseWriter, _ *http.Request) {
	respond(w, http.StatusOK, b.refusals.all())
}

func (b *sandbox) postRefusal(w http.ResponseWriter, r *http.Request) {
	var refused refusal
	if !read(w, r, &refused) {
		return
	}
	if refused.Key == "" {
		fail(w, http.StatusBadRequest, "key is required: the record's iv_id, code or id")
		return
	}
	added, err := b.refusals.add(b.server, refused)
	b.added(w, added, err)
}

func (b *sandbox) deleteRefusals(w http.ResponseWriter, r *http.Request) {
	b.deleted(w, r, b.refusals.remove)
}

func (b *sandbox) postExpire(w http.ResponseWriter, r *http.Request) {
	if !read(w, r, &struct{}{}) {
		return
	}
	b.server.ExpireTokens()
	b.steered(w)
}

func (b *sandbox) postRevoke(w http.ResponseWriter, r *http.Request) { b.setRevoked(w, r, true) }

func (b *sandbox) postRestore(w http.ResponseWriter, r *http.Request) { b.setRevoked(w, r, false) }

func (b *sandbox) setRevoked(w http.ResponseWriter, r *http.Request, revoked bool) {
	if !read(w, r, &struct{}{}) {
		return
	}
	if revoked {
		b.server.RevokeAPIKey(linkittest.APIKey)
	} else {
		b.server.AddAPIKey(linkittest.APIKey)
		b.server.AddToken(token)
	}
	b.mu.Lock()
	b.revoked = revoked
	b.mu.Unlock()
	b.steered(w)
}

func (b *sandbox) postSuspension(w http.ResponseWriter, r *http.Request) {
	s := struct {
		Organization string `json:"organization"`
		Suspended    *bool  `json:"suspended"`
	}{Organization: linkittest.OrganizationID}
	if !read(w, r, &s) {
		return
	}
	if s.Suspended == nil {
		fail(w, http.StatusBadRequest, "suspended is required: true or false")
		return
	}
	if s.Organization != linkittest.OrganizationID {
		fail(w, http.StatusBadRequest, "the sandbox's only organization is "+linkittest.OrganizationID)
		return
	}
	b.server.SetSuspended(s.Organization, *s.Suspended)
	b.mu.Lock()
	delete(b.suspended, s.Organization)
	if *s.Suspended {
		b.suspended[s.Organization] = true
	}
	b.mu.Unlock()
	b.steered(w)
}

func (b *sandbox) postSettings(w http.ResponseWriter, r *http.Request) {
	var s struct {
		Delay    *duration `json:"delay"`
		TokenTTL *duration `json:"token_ttl"`
	}
	if !read(w, r, &s) {
		return
	}
	if s.TokenTTL != nil && *s.TokenTTL == 0 {
		fail(w, http.StatusBadRequest, "token_ttl must be positive")
		return
	}
	b.mu.Lock()
	if s.Delay != nil {
		b.delay = time.Duration(*s.Delay)
	}
	if s.TokenTTL != nil {
		b.tokenTTL = time.Duration(*s.TokenTTL)
	}
	b.server.SetDelay(b.delay)
	b.server.SetTokenTTL(b.tokenTTL)
	b.mu.Unlock()
	b.steered(w)
}

// steered tells the pages, and responds with what is in effect now.
func (b *sandbox) steered(w http.ResponseWriter) {
	b.exchanges.steered()
	respond(w, http.StatusOK, b.state())
}

func (b *sandbox) added(w http.ResponseWriter, v any, err error) {
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	b.exchanges.steered()
	respond(w, http.StatusCreated, v)
}

// deleted removes what the path names, or everything.
func (b *sandbox) deleted(w http.ResponseWriter, r *http.Request, remove func(id int) bool) {
	id := 0
	if text := r.PathValue("id"); text != "" {
		var err error
		if id, err = strconv.Atoi(text); err != nil || id < 1 {
			fail(w, http.StatusNotFound, fmt.Sprintf("there is no %q", text))
			return
		}
	}
	if !remove(id) && id != 0 {
		fail(w, http.StatusNotFound, fmt.Sprintf("there is no %d, or it no longer applies", id))
		return
	}
	b.exchanges.steered()
	w.WriteHeader(http.StatusNoContent)
}
