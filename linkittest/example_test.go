package linkittest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"

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

// A write whose answer is lost took effect, and is not sent again.
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

// An outage that ends, and one that doesn't.
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

// A token that ends while the program runs costs one more sign-in.
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
