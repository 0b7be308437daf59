package main

import (
	"cmp"
	"crypto/rand"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/linkit-go/linkit/linkittest"
)

const (
	maxExchanges = 10_000
	maxShown     = 64 << 10 // bytes of one body
	maxBodies    = 64 << 20 // bytes of all bodies
)

// summary is what the list of requests shows of one. Path and query hold no secrets.
type summary struct {
	ID           int       `json:"id"`
	Time         time.Time `json:"time"`
	Method       string    `json:"method"`
	Path         string    `json:"path"`
	Route        string    `json:"route"`
	Status       int       `json:"status"` // 0: the connection was closed without a response
	Milliseconds float64   `json:"ms"`
	Organization string    `json:"organization"`
	Credential   string    `json:"credential"` // "token", "API key", "password" or "none"
	Fault        string    `json:"fault,omitempty"`
}

// exchange is a request in full with its response.
type exchange struct {
	summary
	Query    string  `json:"query"`
	Request  message `json:"request"`
	Response message `json:"response"`
}

type message struct {
	Header http.Header `json:"header"`
	Body   string      `json:"body"`
	Size   int         `json:"size"` // of the body, which may have been cut or dropped
}

// counts are totals since the sandbox started.
type counts struct {
	Requests int            `json:"requests"`
	SignIns  int            `json:"sign_ins"` // those that succeeded
	Faults   int            `json:"faults"`   // requests that met one
	Statuses map[string]int `json:"statuses"` // by status; "0" means no response
	Routes   map[string]int `json:"routes"`   // by method and route
}

// exchangeLog holds the latest exchanges, oldest first, in a ring.
type exchangeLog struct {
	run string // differs in each process, so that a page notices a restart

	mu      sync.Mutex
	ring    []exchange
	last    int // the ID of the newest; IDs start at 1 and have no gaps
	bodied  int // the oldest ID whose bodies are kept
	bytes   int // of the bodies kept
	counts  counts
	version int           // counts changes of what the page can steer
	changed chan struct{} // closed, and replaced, at every change
}

func newExchangeLog() *exchangeLog {
	return &exchangeLog{
		run: rand.Text()[:8], bodied: 1, changed: make(chan struct{}),
		counts: counts{Statuses: map[string]int{}, Routes: map[string]int{}},
	}
}

// observe records an exchange. The server calls it before it writes the response.
func (b *sandbox) observe(x linkittest.Exchange) {
	e := newExchange(x)
	if x.Fault != nil {
		e.Fault = b.faults.met(x)
	}
	b.exchanges.add(e)
}

func newExchange(x linkittest.Exchange) exchange {
	signIn := x.Request.Route == "/auth/login"
	e := exchange{
		summary: summary{
			Time: x.Began.UTC(), Method: x.Request.Method, Path: hide(x.Request.Path), Route: x.Request.Route,
			Status: x.StatusCode, Milliseconds: float64(x.Duration.Microseconds()) / 1000,
			Organization: hide(x.Request.Header.Get("X-Organization-Id")), Credential: credential(x.Request, signIn),
		},
		Query:    hideQuery(x.Request.Query),
		Request:  newMessage(x.Request.Header, x.Request.Body),
		Response: newMessage(x.Header, x.Body),
	}
	if e.Organization == "" && e.Credential != "none" && x.StatusCode != http.StatusUnauthorized {
		e.Organization = linkittest.OrganizationID // that of every credential of the sandbox
	}
	return e
}

// credential returns the kind of a request's credential.
func credential(r linkittest.Request, signIn bool) string {
	header := r.Header.Get("Authorization")
	switch {
	case signIn:
		return "password"
	case header == "":
		return "none"
	case len(header) > 7 && header[:7] == "Bearer ":
		return "token"
	}
	return "API key"
}

func newMessage(header http.Header, body []byte) message {
	return message{Header: hideHeader(header), Size: len(body), Body: hideMembers(string(body[:min(len(body), maxShown)]))}
}

func (l *exchangeLog) add(e exchange) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	e.ID = l.last
	l.count(&e)
	if len(l.ring) < maxExchanges {
		l.ring = append(l.ring, e)
	} else {
		old := l.at(l.last - maxExchanges)
		l.bytes -= len(old.Request.Body) + len(old.Response.Body)
		*old = e
	}
	l.bytes += len(e.Request.Body) + len(e.Response.Body)
	l.bodied = max(l.bodied, l.last-maxExchanges+1)
	for ; l.bytes > maxBodies && l.bodied < l.last; l.bodied++ {
		old := l.at(l.bodied)
		l.bytes -= len(old.Request.Body) + len(old.Response.Body)
		old.Request.Body, old.Response.Body = "", ""
	}
	l.wake()
}

func (l *exchangeLog) count(e *exchange) {
	l.counts.Requests++
	if e.Route == "/auth/login" && e.Status == http.StatusOK {
		l.counts.SignIns++
	}
	if e.Fault != "" {
		l.counts.Faults++
	}
	l.counts.Statuses[strconv.Itoa(e.Status)]++
	l.counts.Routes[e.Method+" "+cmp.Or(e.Route, "(no route)")]++
}

// at returns the place of the exchange with an ID in the ring.
func (l *exchangeLog) at(id int) *exchange { return &l.ring[(id-1)%maxExchanges] }

// wake tells those who wait that something changed. l.mu must be held.
func (l *exchangeLog) wake() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// steered records a change of what the page can steer.
func (l *exchangeLog) steered() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.version++
	l.wake()
}

// get returns the exchange with an ID, and whether it is still kept.
func (l *exchangeLog) get(id int) (exchange, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if id < 1 || id > l.last || id <= l.last-maxExchanges {
		return exchange{}, false
	}
	return *l.at(id), true
}

// after returns up to most of the exchanges after an ID, oldest first, that keep accepts. Nil
// accepts all. next is the ID to continue after.
func (l *exchangeLog) after(id, most int, keep func(*summary) bool) (list []summary, next int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if id > l.last { // of another process
		id = 0
	}
	list = []summary{}
	for next = max(id, l.last-maxExchanges, 0); next < l.last && len(list) < most; next++ {
		if s := &l.at(next + 1).summary; keep == nil || keep(s) {
			list = append(list, *s)
		}
	}
	return list, next
}
