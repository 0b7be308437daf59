package main

import (
	"bytes"
	"net/http"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/examples/internal/demo"
	"github.com/linkit-go/linkit/linkittest"
)

// With the fake server every failure occurs: the faults here are those that only a server can
// cause.
var example = demo.Example{
	Writes: "adds or changes the products ERRORS-1 to ERRORS-3 and removes them",
	Fake: func(server *linkittest.Server) {
		// The product is there, but the program is told otherwise: as if another one added it just then.
		server.AddProducts(linkit.Product{IvID: "ERRORS-1", NameEn: "Panadol"})
		server.Inject(linkittest.Fault{Method: http.MethodGet, Path: "/products/ERRORS-1", Status: http.StatusNotFound})
		server.Inject(linkittest.Fault{Path: "/brands", Status: http.StatusUnauthorized, Times: -1})
		server.Inject(linkittest.Fault{
			Path: "/generics", Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"3600"}},
		})
		server.Inject(linkittest.Fault{
			Method: http.MethodPost, Path: "/products", DropAfter: true, Match: about("ERRORS-2"),
		})
		server.Inject(linkittest.Fault{
			Method: http.MethodPost, Path: "/products", Match: about("ERRORS-3"), Status: http.StatusUnprocessableEntity,
			Body: `{"code":422,"error":"Validation failed","details":{"name_en":"at most 255 letters"}}`,
		})
	},
}

// about matches the requests that write a product.
func about(ivID string) func(linkittest.Request) bool {
	return func(r linkittest.Request) bool { return bytes.Contains(r.Body, []byte(ivID)) }
}
