// Package linkit is a client for Linkit (https://linkit.works): a catalogue of products, stock and prices per branch, orders,
// customers, offers and payments.
//
// Make one Client for a program and keep it; it is safe for concurrent use, and shares its connections, limits and sign-in
// among all goroutines:
//
//	client, err := linkit.NewClient(linkit.WithAPIKey(os.Getenv("LINKIT_API_KEY")))
//	if err != nil {
//		return err
//	}
//	defer client.Close()
//	for product, err := range client.Products.All(ctx, nil) {
//		...
//	}
//
// Prefer an API key for a program that runs unattended, and WithLogin to act as a user: it signs in when needed. Read both
// from the environment with FromEnv, never from source code. A user of several organizations names one with WithOrganization
// or, per use, Client.ForOrganization.
//
// Give every call a context with a deadline: it bounds the whole call, retries and waits included. What may safely be sent
// again after a failure is sent again; a POST that may have taken effect is not. Then the error is a TransportError whose Sent
// is true: look before repeating the write.
//
// Tell errors apart by errors.Is with ErrNotFound, ErrForbidden and their like, and read more from APIError by errors.As.
//
// For tests of your own there is package linkittest: a Linkit in memory.
package linkit

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/linkit-go/linkit/internal/retry"
)

// Version is this module's version, as User-Agent shows it.
const Version = "0.1.0"

// DefaultBaseURL is where Linkit is.
const DefaultBaseURL = "https://linkit.works/api/v1"

const maxAnswer = 32 << 20

// Client is Linkit as one credential sees it. Use NewClient.
type Client struct {
	Auth           *AuthService
	Products       *ProductsService
	SKUs           *SKUsService
	Branches       *BranchesService
	Brands         *BrandsService
	Categories     *CategoriesService
	Generics       *GenericsService
	Customers      *CustomersService
	CustomerGroups *CustomerGroupsService
	Orders         *OrdersService
	Offers         *OffersService
	Integrations   *IntegrationsService
	Payments       *PaymentsService
	Providers      *ProvidersService
	System         *SystemService

	core            *core
	organization    string
	organizationErr string // what is wrong with the organization; told by the first call
	view            bool
}

type service struct{ client *Client }

// core is what a client and its views share.
type core struct {
	base       *url.URL
	agent      []string // User-Agent
	policy     *retry.Policy
	credential *credential
	transport  *transport // nil: the caller's is used
	logger     *slog.Logger
	hooks      Hooks
	prefetch   int // pages that All reads ahead
	bulkSize   int // records in a request of BulkAll
	bulkWidth  int // requests of one BulkAll in flight
	closed     atomic.Bool
	inFlight   atomic.Int64 // calls
}

// NewClient makes a client. It sends nothing, starts nothing, and reads no environment but for FromEnv. Exactly one credential
// is needed. Its errors are ErrInvalid and name the option.
func NewClient(opts ...Option) (*Client, error) {
	cfg, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	c := &core{base: cfg.base, agent: []string{strings.TrimSpace(cfg.program + " linkit-go/" + Version)}, logger: cfg.logger, hooks: cfg.hooks,
		prefetch: cfg.prefetch, bulkSize: cfg.bulkSize, bulkWidth: min(cfg.concurrency, 256)}
	if c.credential, err = c.newCredential(cfg); err != nil {
		return nil, err
	}
	policy := retry.Config{
		AttemptTimeout: cfg.attemptTimeout, Retries: cfg.retries,
		WaitMin: cfg.waitMin, WaitMax: cfg.waitMax, MaxRetryAfter: cfg.maxRetryAfter,
		Concurrency: cfg.concurrency, Rate: cfg.rate, Burst: cfg.burst,
		Failures: cfg.failures, Cooldown: cfg.cooldown,
		MaxBody: maxAnswer, MaxErrorBody: maxErrorAnswer,
	}
	if hc := cfg.httpClient; hc != nil {
		policy.Transport = hc.Transport
		if hc.Timeout > 0 {
			policy.AttemptTimeout = min(policy.AttemptTimeout, hc.Timeout)
		}
	}
	if policy.Transport == nil {
		c.transport = newTransport(cfg.concurrency)
		policy.Transport = c.transport.Transport
	}
	c.policy = retry.New(policy)
	return newView(c, cfg.organization, "", false), nil
}

func newView(c *core, organization, organizationErr string, view bool) *Client {
	v := &struct {
		Client
		service
	}{Client: Client{core: c, organization: organization, organizationErr: organizationErr, view: view}}
	v.client = &v.Client
	s := &v.service
	v.Auth = (*AuthService)(s)
	v.Products = (*ProductsService)(s)
	v.SKUs = (*SKUsService)(s)
	v.Branches = (*BranchesService)(s)
	v.Brands = (*BrandsService)(s)
	v.Categories = (*CategoriesService)(s)
	v.Generics = (*GenericsService)(s)
	v.Customers = (*CustomersService)(s)
	v.CustomerGroups = (*CustomerGroupsService)(s)
	v.Orders = (*OrdersService)(s)
	v.Offers = (*OffersService)(s)
	v.Integrations = (*IntegrationsService)(s)
	v.Payments = (*PaymentsService)(s)
	v.Providers = (*ProvidersService)(s)
	v.System = (*SystemService)(s)
	return &v.Client
}

// ForOrganization returns a view of the client whose calls are about another organization. It shares connections, sign-in and
// limits with the client, costs next to nothing, and needs no Close. An empty or malformed id is told by the view's first
// call, as ErrInvalid.
func (c *Client) ForOrganization(id string) *Client {
	problem := ""
	switch {
	case id == "":
		problem = "ForOrganization: the id is empty"
	case !visible(id) || inQuotes(id):
		problem = noOrganization("ForOrganization", id)
	}
	return newView(c.core, id, problem, true)
}

// Do calls any endpoint, with the same credential, retries and errors as the typed methods. path lies below the base URL and
// is escaped already: "/customers/71q"; query is separate. in is sent as it is when it is a json.RawMessage or []byte, and
// through json.Marshal otherwise; nil sends no body. out takes the JSON answer, a *json.RawMessage takes it as it is, and nil
// ignores it. GET, HEAD, PUT and DELETE may be sent again; POST and PATCH only when the server can't have acted. In errors and
// logs, path segments that may be ids show as {id}.
func (c *Client) Do(ctx context.Context, method, path string, query url.Values, in, out any) error {
	op := &operation{method: method, route: maskedRoute(path), query: query, body: in, decode: decodeInto(out)}
	if err := checkOut("Do", out); err != nil {
		return err
	}
	var problem string
	if op.url, problem = cleanPath(path); problem != "" {
		return invalid("Do: the path %s", problem)
	}
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
	default:
		return invalid("Do: %q is not an HTTP method", method)
	}
	switch {
	case path == "/api/v1" || strings.HasPrefix(path, "/api/v1/"):
		return invalid("Do: the path begins with /api/v1, which the base URL holds already: leave it out")
	case path == "/ping" || path == "/health" || path == loginRoute:
		op.public = true
	}
	return c.send(ctx, op)
}

// Close ends the client and its views: new calls give ErrClosed. Calls in flight finish; a sign-in in progress is cancelled and
// waited for, which is the only possible error; idle connections close, unless they are a WithHTTPClient transport's. It may be
// called more than once. On a view it does nothing.
func (c *Client) Close() error {
	if c.view {
		return nil
	}
	c.core.closed.Store(true)
	var err error
	if cache := c.core.credential.cache; cache != nil {
		err = cache.Close()
	}
	if c.core.inFlight.Load() == 0 {
		c.core.disconnect()
	}
	if err != nil {
		return fmt.Errorf("linkit: %w", err)
	}
	return nil
}

// begin counts a call in, unless the client is closed.
func (c *core) begin() bool {
	c.inFlight.Add(1)
	if c.closed.Load() {
		c.end()
		return false
	}
	return true
}

// end counts a call out. The last one after Close leaves no connection behind.
func (c *core) end() {
	if c.inFlight.Add(-1) == 0 && c.closed.Load() {
		c.disconnect()
	}
}

func (c *core) disconnect() {
	if c.transport != nil {
		c.transport.close()
	}
}

// send is the path of every call: it asks, signs in once more where that may help, and turns a bad answer into an error.
func (c *Client) send(ctx context.Context, op *operation) error {
	if err := c.usable(ctx, op); err != nil {
		return err
	}
	_, err := c.core.send(ctx, op, c.organization)
	return err
}

// usable reports why no call like op can be made.
func (c *Client) usable(ctx context.Context, op *operation) error {
	switch {
	case ctx == nil:
		return nilContext(op.method + " " + op.route)
	case c.core.closed.Load():
		return closedError(op.method + " " + op.route)
	case op.public:
	case c.organizationErr != "":
		return invalid("%s %s: %s", op.method, op.route, c.organizationErr)
	case c.core.credential.none():
		return invalid("%s %s needs a credential, and the client was made with WithoutCredentials", op.method, op.route)
	}
	return nil
}

func (c *core) send(ctx context.Context, op *operation, organization string) (*retry.Result, error) {
	if op.public {
		organization = ""
	}
	if !c.begin() {
		return &retry.Result{}, closedError(op.method + " " + op.route)
	}
	defer c.end()
	own := new(struct { // one allocation
		r retry.Request
		t callAuth
	})
	r, t := &own.r, &own.t
	if err := c.request(op, organization, r); err != nil {
		return &retry.Result{}, err
	}
	t.credential = c.credential
	if !op.public {
		r.Credential = t
	}
	r.Retry = op.onRetry
	end := func(*retry.Result, error) {}
	if c.watched() {
		ctx, end = c.watch(ctx, op, r, t, organization)
	}
	res := c.policy.Do(ctx, r)
	if op.signIn && ctx.Err() == nil {
		res.Stop = nil // a sign-in's minute is no deadline of the caller's
	}
	again, err := t.renewAfter401(ctx, res)
	if again {
		res = c.policy.Do(ctx, r.Again(res))
		t.reportReplay(res)
	}
	if err != nil && ctx.Err() != nil {
		res.Stop, err = ctx.Err(), nil // the caller didn't wait for the sign-in
	}
	if answer := op.result(res, organization, t.secret(op)); err == nil {
		err = answer
	} else {
		err = fmt.Errorf("%w (signing in again after %w)", err, answer)
	}
	end(res, err)
	res.Close()
	return res, err
}
