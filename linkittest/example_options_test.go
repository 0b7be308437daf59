package linkittest_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"testing/fstest"
	"time"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

// Records from files: an embed.FS, or os.DirFS("testdata").
func ExampleWithFixtures() {
	files := fstest.MapFS{
		"branches.json": {Data: []byte(`[{"iv_id": "BR-07", "name_en": "Olaya", "name_ar": "العليا"}]`)},
		"products.json": {Data: []byte(`[{"iv_id": "ITEM-1", "name_en": "Adol 500 mg", "average_price": 7.25}]`)},
	}
	server := linkittest.NewServer(linkittest.WithFixtures(files))
	defer server.Close()
	sku, err := server.Client().SKUs.Get(context.Background(), "ITEM-1_BR-07")
	if err != nil {
		fmt.Println(err)
		return
	}
	if sku.Qty != nil {
		fmt.Println(sku.Price, *sku.Qty)
	}
	// Output: 7.25 0
}

// The service may treat a request with an expired token as one without: a record is then a 404.
func ExampleWithGuests() {
	server := linkittest.NewServer(linkittest.WithGuests())
	defer server.Close()
	server.AddToken("from-the-dashboard")
	server.AddProducts(linkit.Product{IvID: "ITEM-1"})
	client := server.Client(linkit.WithToken("from-the-dashboard"))

	server.ExpireTokens()
	_, err := client.Products.Get(context.Background(), "ITEM-1")
	fmt.Println(errors.Is(err, linkit.ErrNotFound))
	// Output: true
}

// Programs that start at the same time run into the limit on sign-ins. A shared
// [linkit.SessionStore] avoids that.
func ExampleWithLoginLimit() {
	server := linkittest.NewServer(linkittest.WithLoginLimit(2, time.Hour))
	defer server.Close()
	for range 3 {
		client := server.Client(linkit.WithLogin(linkittest.Email, linkittest.Password), linkit.WithRetries(0))
		_, err := client.Products.List(context.Background(), nil)
		fmt.Println(errors.Is(err, linkit.ErrRateLimited))
	}
	// Output:
	// false
	// false
	// true
}

// [Server.Client] trusts the server's certificate; other clients don't.
func ExampleWithTLS() {
	server := linkittest.NewServer(linkittest.WithTLS())
	defer server.Close()
	_, err := server.Client().Products.List(context.Background(), nil)
	fmt.Println(err)

	_, err = server.Client(linkit.WithHTTPClient(new(http.Client))).Products.List(context.Background(), nil)
	var untrusted *tls.CertificateVerificationError
	fmt.Println(errors.As(err, &untrusted))
	// Output:
	// <nil>
	// true
}

// Each request with its response. Credentials are masked.
func ExampleWithObserver() {
	server := linkittest.NewServer(linkittest.WithObserver(func(x linkittest.Exchange) {
		fmt.Println(x.Request.Method, x.Request.Route, x.Request.Header.Get("Authorization"), x.StatusCode, x.Fault != nil)
	}))
	defer server.Close()
	server.AddProducts(linkit.Product{IvID: "ITEM-1"})
	server.Inject(linkittest.Fault{Path: "/products/{iv_id}", Status: http.StatusBadGateway})

	client := server.Client(linkit.WithLogin(linkittest.Email, linkittest.Password))
	if _, err := client.Products.Get(context.Background(), "ITEM-1"); err != nil {
		fmt.Println(err)
	}
	// Output:
	// POST /auth/login  200 false
	// GET /products/{iv_id} Bearer [masked] 502 true
	// GET /products/{iv_id} Bearer [masked] 200 false
}

// Records that any such service would reject, beyond what Linkit documents.
func ExampleWithStrict() {
	server := linkittest.NewServer(linkittest.WithStrict())
	defer server.Close()
	server.AddSKUs(linkit.SKU{IvID: "ITEM-1_BR-07"})
	_, err := server.Client().SKUs.Update(context.Background(), "ITEM-1_BR-07", linkit.SKUParams{Qty: linkit.Ptr(-1)})
	if rejected, ok := errors.AsType[*linkit.APIError](err); ok {
		fmt.Println(rejected.StatusCode, rejected.Details)
	}
	// Output: 422 qty must not be negative
}

// A service that limits requests. With the default waits a client slows down instead of failing.
func ExampleWithRateLimit() {
	server := linkittest.NewServer(linkittest.WithRateLimit(2, time.Hour))
	defer server.Close()
	client := server.Client(linkit.WithRetries(0))
	for range 3 {
		_, err := client.Products.List(context.Background(), nil)
		fmt.Println(errors.Is(err, linkit.ErrRateLimited))
	}
	// Output:
	// false
	// false
	// true
}
