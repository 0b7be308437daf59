// Package linkit is a client for the REST API of Linkit (https://linkit.works): a catalogue of
// products, stock and prices per branch, orders, customers, offers and payments.
//
// Create one [Client] and keep it for the life of the program. It is safe for concurrent use; all
// goroutines share its connections, limits and sign-in:
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
// Use an API key for a program that runs unattended, and [WithLogin] to act as a user: it signs in
// when needed. Read credentials from the environment with [FromEnv], never from source code. If the
// credential covers several organizations, select one with [WithOrganization] or, for some calls,
// [Client.ForOrganization].
//
// Give every call a context with a deadline: it bounds the whole call, retries and waits included.
// The client retries what is safe to retry. A write that may have taken effect is not retried; its
// error is [ErrUncertain]: check whether it took effect before retrying.
//
// Use [errors.Is] with [ErrNotFound], [ErrForbidden] and the like to tell errors apart, and
// [errors.As] with [*APIError] or [*TransportError] for the details.
//
// Each method's comment ends with its request, as in "GET /products". Where it says (inferred),
// Linkit's public documentation doesn't show that request; it follows from an official SDK or from
// the rest of the API. [Client.Do] reaches any other endpoint.
//
// Package linkittest provides an in-memory fake of the service for tests.
package linkit

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/linkit-go/linkit/internal/retry"
	"github.com/linkit-go/linkit/internal/transport"
)

// Version is the version of this module, sent in User-Agent.
const Version = "0.1.0"

// DefaultBaseURL is the base URL of the service.
const DefaultBaseURL = "https://linkit.works/api/v1"

const maxResponse = 32 << 20

// A Client calls the Linkit API with one credential. Use [NewClient] to create one.
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
	organizationErr string // what is wrong with the organization: every call returns it
	view            bool
}

type service struct{ client *Client }

// core is what a client and its views share.
type core struct {
	base       *url.URL
	server     string      // host:port of base
	agent      string      // User-Agent
	header     http.Header // of WithHeader
	policy     *retry.Policy
	credential *credential
	transport  closer // nil: the caller's is used
	logger     *slog.Logger
	hooks      Hooks
	observed   bool          // by a logger or hooks
	prefetch   int           // pages that All reads ahead
	bulkSize   int           // records in a request of BulkAll
	bulkWidth  int           // requests of one BulkAll in flight
	bulkLinger time.Duration // how long BulkAll waits for a request to fill; 0: until it is full
	unread     sync.Map      // "route field" that warnUnread has logged
	unclear    sync.Map      // routes whose bulk reports could not be read, and have been logged
	closed     atomic.Bool
	inFlight   atomic.Int64 // calls
}

// closer is a transport whose connections are the client's own.
type closer interface{ Close() }

// NewClient returns a client. It sends nothing, starts no goroutine, and reads the environment only
// if [FromEnv] is given. Exactly one credential is needed. Its errors are [ErrInvalid] and name the
// option.
func NewClient(opts ...Option) (*Client, error) {
	cfg, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	c := &core{
		base: cfg.base, server: serverOf(cfg.base), header: cfg.header, logger: cfg.logger,
		agent:    strings.TrimSpace(cfg.program + " linkit-go/" + Version),
		prefetch: cfg.prefetch, bulkSize: cfg.bulkSize, bulkWidth: min(cfg.concurrency, 256), bulkLinger: cfg.bulkLinger,
	}
	for _, hooks := range cfg.hooks {
		c.hooks = Hooks{Call: chain(c.hooks.Call, hooks.Call), Attempt: chain(c.hooks.Attempt, hooks.Attempt)}
	}
	c.observed = c.logger != nil || c.hooks.Call != nil || c.hooks.Attempt != nil
	if c.credential, err = c.newCredential(cfg); err != nil {
		return nil, err
	}
	policy := c.newPolicy(cfg)
	if options := transport.FetchOptions(policy.Transport); options != nil {
		maps.Copy(options, c.header)
		c.header = options
	}
	c.policy = retry.New(policy)
	return newView(c, cfg.organization, "", false), nil
}

// newPolicy says how requests are sent, and notes the transport if it is the client's own.
func (c *core) newPolicy(cfg *config) retry.Config {
	policy := retry.Config{
		AttemptTimeout: cfg.attemptTimeout, Retries: cfg.retries,
		WaitMin: cfg.waitMin, WaitMax: cfg.waitMax, MaxRetryAfter: cfg.maxRetryAfter,
		Concurrency: cfg.concurrency, Rate: cfg.rate, Burst: cfg.burst,
		Failures: cfg.failures, Cooldown: cfg.cooldown,
		MaxBody: maxResponse, MaxErrorBody: maxErrorRead,
	}
	if hc := cfg.httpClient; hc != nil {
		policy.Transport = hc.Transport
		if hc.Timeout > 0 {
			policy.AttemptTimeout = min(policy.AttemptTimeout, hc.Timeout)
		}
	}
	if cfg.limiter != nil {
		policy.Limiters = []retry.Limiter{cfg.limiter}
	}
	if policy.Transport == nil {
		own := transport.New(cfg.concurrency, cfg.base.Scheme == "http")
		own.OnProxyConnectResponse = retry.CheckTunnel
		c.transport, policy.Transport, policy.NewConnection = own, own.Transport, transport.NewConnection(own.Transport)
		return policy
	}
	theirs, ok := policy.Transport.(*http.Transport)
	if !ok {
		return policy
	}
	if cfg.base.Scheme == "http" && theirs.Proxy != nil {
		direct := transport.NewDirect(theirs)
		c.transport, policy.Transport = direct, direct
	}
	policy.NewConnection = transport.NewConnection(policy.Transport)
	return policy
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

// ForOrganization returns a client that makes its calls on behalf of another organization. It
// shares connections, sign-in and limits with c, is cheap to make, and needs no Close. An empty or
// malformed id makes every call fail with [ErrInvalid].
func (c *Client) ForOrganization(id string) *Client {
	problem := organizationProblem(id)
	if id == "" {
		problem = "is empty"
	}
	if problem != "" {
		problem = "ForOrganization: the id " + problem
	}
	return newView(c.core, id, problem, true)
}

// Do calls any endpoint, with the same credential, retries and errors as the typed methods. path
// lies below the base URL and is already escaped, as in "/customers/71q"; the query is separate. in
// is the body: nil sends none, a [json.RawMessage] or []byte is sent as it is, and anything else is
// encoded with [json.Marshal]. The response is decoded into out with [json.Unmarshal]: a
// [*json.RawMessage] takes it as it is, and nil ignores it. GET, HEAD, PUT and DELETE may be
// retried; POST and PATCH only if the server can't have acted on them. In errors and logs, path
// segments that may be ids show as {id}.
func (c *Client) Do(ctx context.Context, method, path string, query url.Values, in, out any) error {
	op := &operation{
		method: method, route: maskedRoute(path), query: query, body: in, decode: decodeInto(out),
	}
	if publicRoute(path) {
		op.kind = publicCall
	}
	if err := checkOut("Do", out); err != nil {
		return err
	}
	var problem string
	if op.url, problem = cleanPath(path); problem != "" {
		return invalid("Do: the path %s", problem)
	}
	op.joinPath(c.core.base)
	if path == "/api/v1" || strings.HasPrefix(path, "/api/v1/") {
		return invalid("Do: the path begins with /api/v1, which the base URL holds already: leave it out")
	}
	switch method {
	case http.MethodGet,
		http.MethodHead,
		http.MethodPost,
		http.MethodPut,
		http.MethodPatch,
		http.MethodDelete,
		http.MethodOptions:
	default:
		return invalid("Do: %q is not an HTTP method", method)
	}
	return c.send(ctx, op)
}

// Close closes the client and its views: new calls return [ErrClosed]. Calls in flight finish; a
// sign-in in progress is cancelled and waited for, which is the only possible error. Idle
// connections are closed, except those of a [WithHTTPClient] transport. Close may be called more
// than once. On a view it does nothing.
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

// end ends a call. The last one after Close leaves no connection behind.
func (c *core) end() {
	if c.inFlight.Add(-1) == 0 && c.closed.Load() {
		c.disconnect()
	}
}

func (c *core) disconnect() {
	if c.transport != nil {
		c.transport.Close()
	}
}

// send makes a call of the client's organization.
func (c *Client) send(ctx context.Context, op *operation) error {
	res, err := new(retry.Result), c.usable(ctx, op)
	if err == nil {
		if op.kind == tenantCall {
			op.organization = c.organization
		}
		res, err = c.core.send(ctx, op)
	}
	if ctx != nil {
		if response, _ := ctx.Value(responseKey{}).(*Response); response != nil {
			response.write(op, res)
		}
	}
	return err
}

// usable returns the error of any call like op, if there is one before it is made.
func (c *Client) usable(ctx context.Context, op *operation) error {
	switch {
	case ctx == nil:
		return nilContext(op.name())
	case c.core.closed.Load():
		return closedError(op.name())
	case op.kind != tenantCall:
	case c.organizationErr != "":
		return invalid("%s: %s", op.name(), c.organizationErr)
	case c.core.credential.none:
		return invalid("%s needs a credential, and the client was made with WithoutCredentials", op.name())
	}
	return nil
}

// send is the path of every call. The result's body must not be used: it has been given back.
func (c *core) send(ctx context.Context, op *operation) (*retry.Result, error) {
	c.inFlight.Add(1)
	defer c.end()
	if c.closed.Load() {
		return new(retry.Result), closedError(op.name())
	}
	req, err := c.newRequest(ctx, op)
	if err != nil {
		return new(retry.Result), err
	}
	finish := func(*retry.Result, error) {}
	if c.observed {
		ctx, finish = c.observe(ctx, op, req)
	}
	res := c.policy.Do(ctx, req)
	renewed, notRenewed := op.auth.renewAfter401(ctx, res)
	if renewed {
		res = c.policy.Do(ctx, req.Again(res))
		op.auth.reportReplay(res)
	}
	if err = op.result(ctx, res); notRenewed != nil {
		err = fmt.Errorf("%w (signing in again after %w)", notRenewed, err)
	}
	finish(res, err)
	res.Close()
	return res, err
}
