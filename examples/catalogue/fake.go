package main

import (
	"fmt"
	"net/http"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/examples/internal/demo"
	"github.com/linkit-go/linkit/linkittest"
)

var example = demo.Example{
	Writes: "raises the price of every product that costs less than 50 by 5 %",
	Fake: func(server *linkittest.Server) {
		products := make([]linkit.Product, 2500)
		for i := range products {
			products[i] = linkit.Product{
				IvID: fmt.Sprintf("ITEM-%04d", i+1), NameEn: fmt.Sprintf("Article %d", i+1), NameAr: fmt.Sprintf("صنف %d", i+1),
				AveragePrice: 5 + float64(i%120)/2, IsEnabled: true,
			}
		}
		server.AddProducts(products...)
		server.Inject(linkittest.Fault{Method: http.MethodPost, Path: "/products/bulk", Status: http.StatusBadRequest})
		server.Refuse("/products", "ITEM-1801", http.StatusUnprocessableEntity, "the price is fixed by a contract")
	},
}
