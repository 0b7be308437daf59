package linkit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

// The examples talk to linkittest, a fake server. A program of your own makes its client with
// linkit.NewClient.

func Example() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddProducts(
		linkit.Product{IvID: "ITEM-1", NameEn: "Adol 500 mg", AveragePrice: 7.25},
		linkit.Product{IvID: "ITEM-2", NameEn: "Panadol Extra", AveragePrice: 11.5},
	)

	client, err := linkit.NewClient(linkit.WithAPIKey(linkittest.APIKey), linkit.WithBaseURL(server.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for product, err := range client.Products.All(ctx, nil) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(product.IvID, product.NameEn, product.AveragePrice)
	}
	// Output:
	// ITEM-2 Panadol Extra 11.5
	// ITEM-1 Adol 500 mg 7.25
}

// One client serves many organizations; the views share its sign-in, connections and limits.
func ExampleClient_ForOrganization() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddUser("buyer@example.com", "a-password", "org_riyadh", "org_jeddah")
	server.AddProducts(linkit.Product{OrganizationID: "org_jeddah", IvID: "ITEM-1"})

	client := server.Client(linkit.WithLogin("buyer@example.com", "a-password"))
	for _, id := range []string{"org_riyadh", "org_jeddah", "org_dammam"} {
		count, err := client.ForOrganization(id).Products.Count(context.Background(), nil)
		if forbidden, ok := errors.AsType[*linkit.ForbiddenError](err); ok {
			fmt.Println(id, forbidden.Details)
			continue
		}
		fmt.Println(id, count, err)
	}
	// Output:
	// org_riyadh 0 <nil>
	// org_jeddah 1 <nil>
	// org_dammam Insufficient permissions for this organization
}

// An endpoint without a method: the same credential, retries and errors.
func ExampleClient_Do() {
	server := linkittest.NewServer()
	defer server.Close()
	server.Inject(linkittest.Fault{Path: "/customers/find", Body: `{"id": "u71q"}`})

	var customer struct {
		ID string `json:"id"`
	}
	query := url.Values{"phone": {"+966501234567"}}
	err := server.Client().Do(context.Background(), http.MethodGet, "/customers/find", query, nil, &customer)
	fmt.Println(customer.ID, err)
	// Output: u71q <nil>
}

func ExampleAuthService_Login() {
	server := linkittest.NewServer()
	defer server.Close()
	client := server.Client(linkit.WithoutCredentials())
	session, err := client.Auth.Login(context.Background(), linkittest.Email, linkittest.Password)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(session.User.Email, session.User.OrganizationID, session.Token)
	// Output: user@example.com org_123 [redacted]
}

// Check is a good first call: it responses even while the organization is suspended.
func ExampleAuthService_Check() {
	server := linkittest.NewServer()
	defer server.Close()
	server.SetSuspended(linkittest.OrganizationID, true)
	client := server.Client()

	_, err := client.Products.Count(context.Background(), nil)
	fmt.Println(errors.Is(err, linkit.ErrServiceSuspended))
	status, err := client.Auth.Check(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(status.User.Type, status.ServiceOperational, status.Billing.Status)
	// Output:
	// true
	// api_key false OVERDUE
}

// The client's own sign-in.
func ExampleAuthService_Session() {
	server := linkittest.NewServer()
	defer server.Close()
	client := server.Client(linkit.WithLogin(linkittest.Email, linkittest.Password))
	session, err := client.Auth.Session(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(session.User.Email, time.Until(session.ExpiresAt.Time) > time.Hour)
	// Output: user@example.com true
}

func ExampleAPIError() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddProducts(linkit.Product{IvID: "ITEM-1"})

	_, err := server.Client().Products.Create(context.Background(), linkit.ProductParams{IvID: "ITEM-1"})
	if refused, ok := errors.AsType[*linkit.APIError](err); ok {
		fmt.Println(refused.StatusCode, refused.Message, refused.Fields)
	}
	fmt.Println(errors.Is(err, linkit.ErrConflict))
	fmt.Println(err)
	// Output:
	// 409 a product with this iv_id exists map[iv_id:ITEM-1]
	// true
	// linkit: POST /products: 409 Conflict: a product with this iv_id exists: {"iv_id":"ITEM-1"}
}

// A write whose response is lost: look before repeating it.
func ExampleTransportError() {
	server := linkittest.NewServer()
	defer server.Close()
	server.Inject(linkittest.Fault{Method: http.MethodPost, DropAfter: true})
	client := server.Client()

	product := linkit.ProductParams{IvID: "ITEM-1", NameEn: "Adol 500 mg"}
	_, err := client.Products.Create(context.Background(), product)
	var lost *linkit.TransportError
	if errors.As(err, &lost) && lost.Sent {
		_, err = client.Products.Get(context.Background(), product.IvID)
	}
	if errors.Is(err, linkit.ErrNotFound) {
		_, err = client.Products.Create(context.Background(), product)
	}
	fmt.Println(err)
	// Output: <nil>
}

// A secret prints as [redacted], whatever prints it.
func ExampleSecret() {
	secret := linkit.NewSecret("eyJhbGciOiJIUzI1NiIs")
	text, err := json.Marshal(secret)
	fmt.Printf("%v %q %s %v\n", secret, secret, text, err)
	fmt.Println(len(secret.Reveal()))
	// Output:
	// [redacted] [redacted] "[redacted]" <nil>
	// 20
}

func ExampleTime() {
	var order struct{ Placed, Promised linkit.Time }
	err := json.Unmarshal([]byte(`{"Placed": "2026-04-11 17:40:30.000Z", "Promised": ""}`), &order)
	fmt.Println(order.Placed, order.Promised.IsZero(), err)
	// Output: 2026-04-11 17:40:30 +0000 UTC true <nil>
}

func ExampleCollect() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddProducts(linkit.Product{IvID: "ITEM-1"}, linkit.Product{IvID: "ITEM-2"}, linkit.Product{IvID: "ITEM-3"})
	products, err := linkit.Collect(server.Client().Products.All(context.Background(), nil))
	fmt.Println(len(products), err)
	// Output: 3 <nil>
}

// A pointer says "set, even to zero"; nil leaves the field out of the request.
func ExamplePtr() {
	params, err := json.Marshal(linkit.SKUParams{IvID: "ITEM-1_BR-OLAYA", Qty: linkit.Ptr(0)})
	fmt.Printf("%s %v\n", params, err)
	// Output: {"iv_id":"ITEM-1_BR-OLAYA","qty":0} <nil>
}
