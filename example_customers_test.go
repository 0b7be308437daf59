package linkit_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

// Customers need the organization named, unless the credential is scoped to one.
func ExampleCustomersService_Create() {
	server := linkittest.NewServer()
	defer server.Close()
	ctx := context.Background()
	_, err := server.Client().Customers.List(ctx, nil)
	fmt.Println(err)

	client := server.Client(linkit.WithOrganization(linkittest.OrganizationID))
	customer, err := client.Customers.Create(ctx, linkit.CustomerParams{
		FirstName: "Noura", LastName: "Alharbi", Phone: "+966501234567",
		Birthdate: linkit.Date{Year: 1990, Month: time.May, Day: 17}, Type: linkit.CustomerTypeIndividual,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(customer.FirstName, customer.Birthdate, customer.Type)
	// Output:
	// linkit: GET /customers: 400 Bad Request: X-Organization-ID is required: if the credential isn't scoped to one organization, set it by WithOrganization or Client.ForOrganization
	// Noura 1990-05-17 individual
}

func ExampleCustomersService_All() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddCustomers(
		linkit.Customer{FirstName: "Noura", Status: linkit.CustomerStatusActive},
		linkit.Customer{FirstName: "Fahad", Status: linkit.CustomerStatusBlocked},
	)
	client := server.Client(linkit.WithOrganization(linkittest.OrganizationID))
	active := &linkit.CustomerListParams{Status: linkit.CustomerStatusActive}
	for customer, err := range client.Customers.All(context.Background(), active) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(customer.FirstName)
	}
	// Output: Noura
}

// Customers have no key of your own: they are read by the id that Linkit gave them.
func ExampleCustomersService_Get() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddCustomers(linkit.Customer{ID: "u1", FirstName: "Noura", LastName: "Alharbi", Type: linkit.CustomerTypeVIP})
	client := server.Client(linkit.WithOrganization(linkittest.OrganizationID))
	customer, err := client.Customers.Get(context.Background(), "u1")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(customer.FirstName, customer.LastName, customer.Type)
	// Output: Noura Alharbi vip
}

// Linkit adds the country code, and keeps no spaces.
func ExampleCustomersService_FindByPhone() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddCustomers(linkit.Customer{FirstName: "Noura", Phone: "+966501234567"})
	client := server.Client(linkit.WithOrganization(linkittest.OrganizationID))
	customer, err := client.Customers.FindByPhone(context.Background(), "050 123 4567")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(customer.FirstName, customer.Phone)
	// Output: Noura +966501234567
}

func ExampleCustomersService_Update() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddCustomers(
		linkit.Customer{ID: "u1", FirstName: "Fahad", Phone: "+966501234567", Status: linkit.CustomerStatusPending},
	)
	client, ctx := server.Client(linkit.WithOrganization(linkittest.OrganizationID)), context.Background()
	customer, err := client.Customers.Get(ctx, "u1")
	if err != nil {
		fmt.Println(err)
		return
	}
	params := customer.Params()
	params.Status = linkit.CustomerStatusActive
	customer, err = client.Customers.Update(ctx, customer.ID, params)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(customer.FirstName, customer.Phone, customer.Status)
	// Output: Fahad +966501234567 active
}

func ExampleCustomersService_Delete() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddCustomers(linkit.Customer{ID: "u1", FirstName: "Fahad"})
	client, ctx := server.Client(linkit.WithOrganization(linkittest.OrganizationID)), context.Background()
	if err := client.Customers.Delete(ctx, "u1"); err != nil {
		fmt.Println(err)
		return
	}
	_, err := client.Customers.Get(ctx, "u1")
	fmt.Println(errors.Is(err, linkit.ErrNotFound))
	// Output: true
}

func ExampleCustomerGroupsService_List() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddCustomerGroups(
		linkit.CustomerGroup{Name: "Staff", Description: "10% off"},
		linkit.CustomerGroup{Name: "VIP", Description: "Free delivery"},
	)
	page, err := server.Client().CustomerGroups.List(context.Background(), &linkit.ListParams{Limit: 50})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, group := range page.Data {
		fmt.Println(group.Name, "-", group.Description)
	}
	// Output:
	// VIP - Free delivery
	// Staff - 10% off
}

func ExampleCustomerGroupsService_Create() {
	server := linkittest.NewServer()
	defer server.Close()
	client, ctx := server.Client(), context.Background()
	for range 2 {
		group, err := client.CustomerGroups.Create(ctx, linkit.CustomerGroupParams{Name: "VIP", Description: "Free delivery"})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(group.Name, group.Description)
	}
	// Output:
	// VIP Free delivery
	// linkit: POST /customer-groups: 409 Conflict: a group with this name exists: {"name":"VIP"}
}

// Linkit has no way to read one group: find it in the list.
func ExampleCustomerGroupsService_Update() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddCustomerGroups(
		linkit.CustomerGroup{Name: "Staff"},
		linkit.CustomerGroup{Name: "VIP", Description: "Free delivery"},
	)
	client, ctx := server.Client(), context.Background()
	groups, err := linkit.Collect(client.CustomerGroups.All(ctx, nil))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, group := range groups {
		if group.Name != "VIP" {
			continue
		}
		params := group.Params()
		params.Name = "Gold"
		updated, err := client.CustomerGroups.Update(ctx, group.ID, params)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(updated.Name, "-", updated.Description)
	}
	// Output: Gold - Free delivery
}

func ExampleCustomerGroupsService_Delete() {
	server := linkittest.NewServer()
	defer server.Close()
	server.AddCustomerGroups(linkit.CustomerGroup{ID: "m1", Name: "Staff"}, linkit.CustomerGroup{ID: "m2", Name: "VIP"})
	client, ctx := server.Client(), context.Background()
	if err := client.CustomerGroups.Delete(ctx, "m2"); err != nil {
		fmt.Println(err)
		return
	}
	count, err := client.CustomerGroups.Count(ctx, nil)
	fmt.Println(count, err)
	// Output: 1 <nil>
}
