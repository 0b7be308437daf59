package linkittest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

func Example() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddBranches(linkit.Branch{IvID: "BR-07", NameEn: "Olaya"})
	server.AddProducts(linkit.Product{IvID: "ITEM-1", NameEn: "Adol 500 mg", AveragePrice: 7.25})

	client := server.Client() // give this to the program under test
	for sku, err := range client.SKUs.All(context.Background(), nil) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(sku.IvID, sku.Price)
	}
	for _, r := range server.Requests() {
		fmt.Println(r.Method, r.Path)
	}
	// Output:
	// ITEM-1_BR-07 7.25
	// GET /skus
}

// A write whose response is lost took effect, and is not retried.
func ExampleServer_Inject() {
	server := linkittest.NewServer()
	defer server.Close()
	server.Inject(linkittest.Fault{Method: http.MethodPost, Path: "/products", DropAfter: true})

	client := server.Client()
	_, err := client.Products.Create(context.Background(), linkit.ProductParams{IvID: "ITEM-1"})
	var lost *linkit.TransportError
	fmt.Println(errors.As(err, &lost) && lost.Sent)

	_, err = client.Products.Get(context.Background(), "ITEM-1")
	fmt.Println(err)
	// Output:
	// true
	// <nil>
}

// A short outage, and a lasting one.
func ExampleServer_Inject_outage() {
	server := linkittest.NewServer()
	defer server.Close()
	client := server.Client()

	server.Inject(linkittest.Fault{Status: http.StatusServiceUnavailable, Times: 2})
	_, err := client.Products.List(context.Background(), nil)
	fmt.Println(err, len(server.Requests()))

	server.Inject(linkittest.Fault{Status: http.StatusServiceUnavailable, Times: -1})
	_, err = client.Products.List(context.Background(), nil)
	fmt.Println(errors.Is(err, linkit.ErrServer), len(server.Requests()))
	// Output:
	// <nil> 3
	// true 7
}

// A token that expires while the program runs costs one more sign-in.
func ExampleServer_ExpireTokens() {
	server := linkittest.NewServer()
	defer server.Close()
	client := server.Client(linkit.WithLogin(linkittest.Email, linkittest.Password))
	for range 2 {
		if _, err := client.Products.List(context.Background(), nil); err != nil {
			fmt.Println(err)
		}
		server.ExpireTokens()
	}
	for _, r := range server.Requests() {
		fmt.Println(r.Method, r.Route)
	}
	// Output:
	// POST /auth/login
	// GET /products
	// GET /products
	// POST /auth/login
	// GET /products
}

// A server that hangs: the attempt times out.
func ExampleServer_Inject_delay() {
	server := linkittest.NewServer()
	defer server.Close()
	server.Inject(linkittest.Fault{Delay: time.Minute})

	client := server.Client(linkit.WithAttemptTimeout(20*time.Millisecond), linkit.WithRetries(0))
	_, err := client.Products.List(context.Background(), nil)
	fmt.Println(err)
	// Output: linkit: GET /products: no response within 20ms
}

// To the client, a write that never arrives looks like one whose response is lost. Only reading the
// record distinguishes them.
func ExampleServer_Inject_dropBefore() {
	server := linkittest.NewServer()
	defer server.Close()
	server.Inject(linkittest.Fault{Method: http.MethodPost, DropBefore: true})

	client := server.Client()
	_, err := client.Products.Create(context.Background(), linkit.ProductParams{IvID: "ITEM-1"})
	var lost *linkit.TransportError
	fmt.Println(errors.As(err, &lost) && lost.Sent)

	_, err = client.Products.Get(context.Background(), "ITEM-1")
	fmt.Println(errors.Is(err, linkit.ErrNotFound))
	// Output:
	// true
	// true
}

// A truncated response: a read is retried.
func ExampleServer_Inject_truncate() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddProducts(linkit.Product{IvID: "ITEM-1", NameEn: "Adol 500 mg"})
	server.Inject(linkittest.Fault{Path: "/products/{iv_id}", Truncate: true})

	product, err := server.Client().Products.Get(context.Background(), "ITEM-1")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(product.NameEn, len(server.Requests()))
	// Output: Adol 500 mg 2
}

// A program whose API key is revoked.
func ExampleServer_RevokeAPIKey() {
	server := linkittest.NewServer()
	defer server.Close()
	client := server.Client()
	_, err := client.Products.Count(context.Background(), nil)
	fmt.Println(err)

	server.RevokeAPIKey(linkittest.APIKey)
	_, err = client.Products.Count(context.Background(), nil)
	fmt.Println(errors.Is(err, linkit.ErrUnauthorized))
	// Output:
	// <nil>
	// true
}

// A server that reports degraded health keeps serving.
func ExampleServer_SetHealth() {
	server := linkittest.NewServer()
	defer server.Close()
	server.SetHealth(linkit.HealthStatusDegraded)
	client := server.Client()
	health, err := client.System.Health(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.Products.List(context.Background(), nil)
	fmt.Println(health.Status, err)
	// Output: degraded <nil>
}

// The requests received, for assertions. Passwords of sign-ins are masked.
func ExampleServer_Requests() {
	server := linkittest.NewServer()
	defer server.Close()
	client := server.Client(linkit.WithLogin(linkittest.Email, linkittest.Password), linkit.WithOrganization("org_123"))
	if _, err := client.Products.List(context.Background(), &linkit.ProductListParams{Search: "adol"}); err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range server.Requests() {
		fmt.Println(r.Method, r.Path, r.Query.Encode(), r.Header.Get("X-Organization-Id"), string(r.Body))
	}
	// Output:
	// POST /auth/login   {"email":"user@example.com","password":"[masked]"}
	// GET /products search=adol org_123
}

// A user of several organizations, each of which has its own records.
func ExampleServer_AddUser() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddUser("buyer@example.com", "a-password", "org_riyadh", "org_jeddah")
	server.AddProducts(linkit.Product{OrganizationID: "org_jeddah", IvID: "ITEM-1"})

	client := server.Client(linkit.WithLogin("buyer@example.com", "a-password"))
	for _, id := range []string{"org_riyadh", "org_jeddah"} {
		count, err := client.ForOrganization(id).Products.Count(context.Background(), nil)
		fmt.Println(id, count, err)
	}
	// Output:
	// org_riyadh 0 <nil>
	// org_jeddah 1 <nil>
}

// An organization whose payments are past due.
func ExampleServer_SetSuspended() {
	server := linkittest.NewServer()
	defer server.Close()
	server.SetSuspended(linkittest.OrganizationID, true)
	client := server.Client()
	_, err := client.Products.List(context.Background(), nil)
	fmt.Println(errors.Is(err, linkit.ErrServiceSuspended))
	_, err = client.Payments.Status(context.Background())
	fmt.Println(err)
	// Output:
	// true
	// <nil>
}

// Tokens with a lifetime of an hour, from a server whose clock is two hours ahead.
func ExampleServer_SetTokenTTL() {
	server := linkittest.NewServer()
	defer server.Close()
	server.SetTokenTTL(time.Hour)
	server.SetClockSkew(2 * time.Hour)
	client := server.Client(linkit.WithLogin(linkittest.Email, linkittest.Password))
	for range 3 {
		if _, err := client.Products.Count(context.Background(), nil); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(len(server.Requests()), "requests, one of them the sign-in")
	// Output: 4 requests, one of them the sign-in
}

// New closes the server at the end of the test.
func ExampleNew() {
	testStock := func(t testing.TB) { // as in func TestStock(t *testing.T)
		server := linkittest.New(t)
		server.AddSKUs(linkit.SKU{IvID: "ITEM-1_BR-07", Qty: linkit.Ptr(4)})
		sku, err := server.Client().SKUs.Get(t.Context(), "ITEM-1_BR-07")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(*sku.Qty)
	}
	runTest(testStock) // go test does this
	// Output: 4
}

// runTest runs a test outside go test.
func runTest(test func(t testing.TB)) {
	t := &exampleTB{}
	test(t)
	for _, f := range slices.Backward(t.cleanups) {
		f()
	}
}

type exampleTB struct {
	testing.TB
	cleanups []func()
}

func (*exampleTB) Helper()                  {}
func (*exampleTB) Context() context.Context { return context.Background() }
func (t *exampleTB) Cleanup(f func())       { t.cleanups = append(t.cleanups, f) }

// One record of many is rejected. The form of the report on each record is linkittest's own.
func ExampleServer_Refuse() {
	server := linkittest.NewServer()
	defer server.Close()
	server.Refuse("/products", "ITEM-2", http.StatusUnprocessableEntity, "barcode is in use")

	client := server.Client()
	_, err := client.Products.Create(context.Background(), linkit.ProductParams{IvID: "ITEM-2"})
	fmt.Println(errors.Is(err, linkit.ErrValidation))

	_, _ = client.Products.Bulk(context.Background(), linkit.BulkCreate, []linkit.ProductParams{
		{IvID: "ITEM-1"}, {IvID: "ITEM-2"}, {IvID: "ITEM-3"},
	})
	count, err := client.Products.Count(context.Background(), nil)
	fmt.Println(count, err)
	// Output:
	// true
	// 2 <nil>
}

// A fault that depends on the body of the request.
func ExampleFault_match() {
	server := linkittest.NewServer()
	defer server.Close()
	server.Inject(linkittest.Fault{
		Path: "/products", Status: http.StatusInternalServerError, Times: -1,
		Match: func(r linkittest.Request) bool { return bytes.Contains(r.Body, []byte("ITEM-2")) },
	})

	client := server.Client()
	for _, ivID := range []string{"ITEM-1", "ITEM-2"} {
		_, err := client.Products.Create(context.Background(), linkit.ProductParams{IvID: ivID})
		fmt.Println(ivID, errors.Is(err, linkit.ErrServer))
	}
	// Output:
	// ITEM-1 false
	// ITEM-2 true
}

// A program that receives order webhooks.
func ExampleServer_SendOrder() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddOrders(linkit.Order{ID: "o1", SourceReference: "HS-99120", OrderStatus: linkit.OrderStatusPending})

	program := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		order, err := linkit.ParseOrder(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		fmt.Println(order.SourceReference, order.OrderStatus)
		w.WriteHeader(http.StatusNoContent)
	}))
	defer program.Close()

	res, err := server.SendOrder(context.Background(), program.URL, "o1")
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = res.Body.Close()
	fmt.Println(res.StatusCode)
	// Output:
	// HS-99120 pending
	// 204
}
