package linkit_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func sampleCustomer() linkit.Customer {
	return linkit.Customer{
		ID:             "cust_71q",
		OrganizationID: "org_9f2",
		FirstName:      "Noura",
		LastName:       "Salem",
		Email:          "noura@example.com",
		Phone:          "+966550001122",
		Birthdate:      linkit.Date{Year: 1988, Month: time.November, Day: 3},
		Gender:         linkit.CustomerGenderFemale,
		Type:           linkit.CustomerTypeVIP,
		Status:         linkit.CustomerStatusActive,
		Created:        created,
		Updated:        updated,
	}
}

func sampleGroup() linkit.CustomerGroup {
	return linkit.CustomerGroup{
		ID:          "grp_55",
		Name:        "Wholesale",
		Description: "Clinics",
		Created:     created,
		Updated:     updated,
	}
}

func TestCustomersOnTheWire(t *testing.T) {
	t.Parallel()
	want := sampleCustomer()
	exchanges(t, []exchange{
		{
			name: "get", line: "GET /customers/cust_71q", response: sample(t, "customer.json"), record: true, want: &want,
			call: func(ctx context.Context, c *linkit.Client) (any, error) { return c.Customers.Get(ctx, "cust_71q") },
		},
		{
			name:     "create",
			line:     "POST /customers",
			body:     "customer.json",
			status:   http.StatusCreated,
			response: sample(t, "customer.json"),
			record:   true,
			want:     &want,
			call: func(ctx context.Context, c *linkit.Client) (any, error) {
				return c.Customers.Create(ctx, sampleCustomer().Params())
			},
		},
		{
			name:     "update",
			line:     "PUT /customers/cust_71q",
			body:     "customer-blocked.json",
			response: sample(t, "customer.json"),
			record:   true,
			want:     &want,
			call: func(ctx context.Context, c *linkit.Client) (any, error) {
				return c.Customers.Update(
					ctx,
					"cust_71q",
					linkit.CustomerParams{FirstName: "Noura", Status: linkit.CustomerStatusBlocked},
				)
			},
		},
		{
			name: "delete", line: "DELETE /customers/cust_71q", status: http.StatusNoContent,
			call: func(ctx context.Context, c *linkit.Client) (any, error) {
				return nil, c.Customers.Delete(ctx, "cust_71q")
			},
		},
	})
}

func TestCustomerListsSendTheirParametersAndReadWhatComes(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]listing[linkit.Customer, *linkit.CustomerListParams]{
		"nil": {record: sample(t, "customer.json"), want: sampleCustomer()},
		"every parameter": {
			params: &linkit.CustomerListParams{Search: "+966", Status: linkit.CustomerStatusInactive, Type: linkit.CustomerTypeCorporate},
			query:  "search=%2B966&status=inactive&type=corporate",
			record: `{"id":"cust_72","birthdate":"","gender":"undisclosed","type":"partner","status":null,"created":"","updated":null,"new":0}`,
			want:   linkit.Customer{ID: "cust_72", Gender: "undisclosed", Type: "partner"},
		},
		"a birthdate in PocketBase's form": {
			record: `{"id":"cust_73","birthdate":"1988-11-03 00:00:00.000Z"}`,
			want:   linkit.Customer{ID: "cust_73", Birthdate: linkit.Date{Year: 1988, Month: time.November, Day: 3}},
		},
	} {
		row.line = "GET /customers"
		row.service = func(c *linkit.Client) lister[linkit.Customer, *linkit.CustomerListParams] { return c.Customers }
		t.Run(name, row.check)
	}
}

// customerCalls is every method of CustomersService.
func customerCalls() map[string]func(context.Context, *linkit.Client) error {
	return map[string]func(context.Context, *linkit.Client) error{
		"list": func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Customers.List(ctx, nil)
			return err
		},
		"all": func(ctx context.Context, c *linkit.Client) error {
			_, err := linkit.Collect(c.Customers.All(ctx, nil))
			return err
		},
		"count": func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Customers.Count(ctx, nil)
			return err
		},
		"get": func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Customers.Get(ctx, "cust_71q")
			return err
		},
		"create": func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Customers.Create(ctx, linkit.CustomerParams{FirstName: "Noura"})
			return err
		},
		"update": func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Customers.Update(ctx, "cust_71q", linkit.CustomerParams{FirstName: "Noura"})
			return err
		},
		"delete": func(ctx context.Context, c *linkit.Client) error { return c.Customers.Delete(ctx, "cust_71q") },
	}
}

func TestCustomersAreSentWithoutAnOrganizationAndARefusalSaysHowToNameOne(t *testing.T) {
	t.Parallel()
	for name, call := range customerCalls() {
		for _, status := range []int{http.StatusBadRequest, http.StatusForbidden} {
			t.Run(name+" "+http.StatusText(status), func(t *testing.T) {
				t.Parallel()
				rs := &replies{responses: []reply{{status: status, body: `{"error":"organization required"}`}}}
				client, err := linkit.NewClient(
					linkit.WithAPIKey("k1234567"),
					linkit.WithBaseURL(testBase),
					linkit.WithHTTPClient(&http.Client{Transport: rs}),
				)
				require.NoError(t, err)
				defer func() { assert.NoError(t, client.Close()) }()
				err = call(t.Context(), client)
				var response *linkit.APIError
				require.ErrorAs(t, err, &response)
				assert.Equal(t, status, response.StatusCode)
				assert.NotErrorIs(t, err, linkit.ErrInvalid)
				require.ErrorContains(t, err, "WithOrganization")
				require.Len(t, rs.requests, 1)
				assert.NotContains(t, rs.requests[0].Header, "X-Organization-Id")
			})
		}
	}
}

func TestCustomersOfAMalformedOrganizationAreRefusedBeforeTheNetwork(t *testing.T) {
	t.Parallel()
	for name, call := range customerCalls() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			invalidBefore(t, func(ctx context.Context, c *linkit.Client) error {
				return call(ctx, c.ForOrganization("org 1"))
			}, []string{"ForOrganization", "org 1"}, linkit.WithOrganization(""))
			invalidBefore(t, func(ctx context.Context, c *linkit.Client) error {
				return call(ctx, c.ForOrganization(""))
			}, []string{"ForOrganization", "empty"})
		})
	}
}

func TestAViewsOrganizationIsEnoughForCustomers(t *testing.T) {
	t.Parallel()
	w := newRecorder(t, http.StatusOK, sample(t, "customer.json"), linkit.WithOrganization(""))
	_, err := w.client.ForOrganization("org_2").Customers.Get(t.Context(), "cust_71q")
	require.NoError(t, err)
	assert.Len(t, w.all(), 1)
}

func TestCustomerGroupsOnTheWire(t *testing.T) {
	t.Parallel()
	want := sampleGroup()
	exchanges(t, []exchange{
		{
			name:     "create",
			line:     "POST /customer-groups",
			body:     "customer-group.json",
			status:   http.StatusCreated,
			response: sample(t, "customer-group.json"),
			record:   true,
			want:     &want,
			call: func(ctx context.Context, c *linkit.Client) (any, error) {
				return c.CustomerGroups.Create(ctx, sampleGroup().Params())
			},
		},
		{
			name:     "update",
			line:     "PUT /customer-groups/grp_55",
			body:     "customer-group-bare.json",
			response: sample(t, "customer-group.json"),
			record:   true,
			want:     &want,
			call: func(ctx context.Context, c *linkit.Client) (any, error) {
				return c.CustomerGroups.Update(ctx, "grp_55", linkit.CustomerGroupParams{Name: "Retail"})
			},
		},
		{
			name: "delete", line: "DELETE /customer-groups/grp_55", status: http.StatusNoContent,
			call: func(ctx context.Context, c *linkit.Client) (any, error) {
				return nil, c.CustomerGroups.Delete(ctx, "grp_55")
			},
		},
	})
}

func TestCustomerGroupListsReadWhatComesWithOrWithoutAnOrganization(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]listing[linkit.CustomerGroup, *linkit.ListParams]{
		"nil":  {record: sample(t, "customer-group.json"), want: sampleGroup()},
		"sort": {params: &linkit.ListParams{Sort: "-created"}, query: "sort=-created", record: `{"id":"grp_56","description":null,"new":1}`, want: linkit.CustomerGroup{ID: "grp_56"}},
	} {
		row.line = "GET /customer-groups"
		row.service = func(c *linkit.Client) lister[linkit.CustomerGroup, *linkit.ListParams] { return c.CustomerGroups }
		t.Run(name, row.check)
	}
	w := newRecorder(t, http.StatusOK, `{"data":[]}`, linkit.WithOrganization(""))
	_, err := w.client.CustomerGroups.List(t.Context(), nil)
	require.NoError(t, err)
}

func TestACustomerGroupBeyondADocumentedLimitIsNotSent(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		params linkit.CustomerGroupParams
		names  []string
	}{
		"no name":          {linkit.CustomerGroupParams{Description: "d"}, []string{"Name", "empty"}},
		"long name":        {linkit.CustomerGroupParams{Name: strings.Repeat("ج", 101)}, []string{"Name", "101", "100"}},
		"long description": {linkit.CustomerGroupParams{Name: "n", Description: strings.Repeat("ج", 501)}, []string{"Description", "501", "500"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			invalidBefore(t, func(ctx context.Context, c *linkit.Client) error {
				_, err := c.CustomerGroups.Create(ctx, row.params)
				return err
			}, row.names)
			invalidBefore(t, func(ctx context.Context, c *linkit.Client) error {
				_, err := c.CustomerGroups.Update(ctx, "grp_55", row.params)
				return err
			}, row.names)
		})
	}
	w := newRecorder(t, http.StatusCreated, sample(t, "customer-group.json"))
	_, err := w.client.CustomerGroups.Create(
		t.Context(),
		linkit.CustomerGroupParams{Name: strings.Repeat("ج", 100), Description: strings.Repeat("é", 500)},
	)
	require.NoError(t, err)
}

func TestAGroupNameThatIsTakenIsAConflictThatNamesIt(t *testing.T) {
	t.Parallel()
	w := newRecorder(t, http.StatusConflict, sample(t, "error-409.json"))
	_, err := w.client.CustomerGroups.Create(t.Context(), linkit.CustomerGroupParams{Name: "Wholesale"})
	require.ErrorIs(t, err, linkit.ErrConflict)
	var response *linkit.APIError
	require.ErrorAs(t, err, &response)
	assert.Equal(t, map[string]string{"name": "Wholesale"}, response.Fields)
}
