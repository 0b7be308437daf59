package linkit_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

// The order is read anew, so nobody can make the program believe a forged one.
func ExampleOrdersService_WebhookHandler() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddOrders(linkit.Order{ID: "o1", OrderStatus: linkit.OrderStatusConfirmed, TotalAmount: 84.5, Currency: "SAR"})
	client := server.Client()
	handler := client.Orders.WebhookHandler(func(_ context.Context, order *linkit.Order) error {
		fmt.Println(order.ID, order.OrderStatus, order.TotalAmount)
		return nil
	})

	mux := http.NewServeMux()
	mux.Handle("POST /webhooks/a-path-that-nobody-can-guess", handler)
	receiver := httptest.NewServer(mux) // in production: behind TLS
	defer receiver.Close()

	response, err := server.SendOrder(context.Background(), receiver.URL+"/webhooks/a-path-that-nobody-can-guess", "o1")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = response.Body.Close() }()
	fmt.Println(response.Status)
	// Output:
	// o1 confirmed 84.5
	// 204 No Content
}
