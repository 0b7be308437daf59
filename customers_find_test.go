package linkit_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

func customersServer(t *testing.T, customers ...linkit.Customer) *linkit.Client {
	t.Helper()
	server := linkittest.NewServer()
	t.Cleanup(server.Close)
	server.AddCustomers(customers...)
	return server.Client(linkit.WithOrganization(linkittest.OrganizationID))
}

func TestOnlyTheRecordsOfASearchAreRead(t *testing.T) {
	t.Parallel()
	rs := &replies{responses: []reply{{status: 200, body: `{"data":[],"has_next":false}`}}}
	client := newClient(t, rs)
	_, err := client.Customers.FindByEmail(t.Context(), " Sara@example.com ")
	require.ErrorIs(t, err, linkit.ErrNotFound)
	_, err = client.Customers.FindByPhone(t.Context(), "+966 50 123 4567")
	require.ErrorIs(t, err, linkit.ErrNotFound)
	require.Len(t, rs.requests, 2)
	assert.Equal(t, "Sara@example.com", rs.requests[0].URL.Query().Get("search"))
	assert.Equal(t, "01234567", rs.requests[1].URL.Query().Get("search"))
}

func TestFindByEmailComparesWithoutCase(t *testing.T) {
	t.Parallel()
	client := customersServer(
		t,
		linkit.Customer{FirstName: "Sara", Email: "sara@example.com"},
		linkit.Customer{FirstName: "Other", Email: "other.sara@example.com"},
		linkit.Customer{
			FirstName: "Twin",
			Email:     "twin@example.com",
		},
		linkit.Customer{FirstName: "Twin 2", Email: "TWIN@example.com"},
	)
	for _, email := range []string{"sara@example.com", "SARA@Example.com", " sara@example.com\n"} {
		customer, err := client.Customers.FindByEmail(t.Context(), email)
		require.NoError(t, err)
		assert.Equal(t, "Sara", customer.FirstName)
	}
	_, err := client.Customers.FindByEmail(t.Context(), "nobody@example.com")
	require.ErrorIs(t, err, linkit.ErrNotFound)
	require.NotErrorIs(t, err, linkit.ErrConflict)
	require.NotErrorIs(t, err, linkit.ErrUncertain)
	assert.NotContains(t, err.Error(), "nobody@example.com")
	_, err = client.Customers.FindByEmail(t.Context(), "twin@example.com")
	require.ErrorIs(t, err, linkit.ErrConflict)
	assert.EqualError(t, err, "linkit: GET /customers: 2 customers have this email")
	_, err = client.Customers.FindByEmail(t.Context(), " ")
	require.ErrorIs(t, err, linkit.ErrInvalid)
}

func TestFindByPhoneComparesDigitsFromTheEnd(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		stored, asked string
		found         bool
	}{
		{"+966501234567", "0501234567", true},
		{"0501234567", "+966 50 123 4567", true},
		{"+966501234567", "00966501234567", true},
		{"+966501234567", "501234567", true},
		{"+966501234567", "01234567", false}, // seven digits without the zero
		{"+966501234567", "001234567", false},
		{"+966501234567", "01234567 ext", false},
		{"+97012345678", "012345678", true}, // eight are enough
		{"12345678", "+97012345678", true},
		{"+966501234567", "٠٥٠١٢٣٤٥٦٧", true},
		{"+966501234567", "０５０１２３４５６７", true},
		{"+966501234569", "𝟘𝟝𝟘𝟙𝟚𝟛𝟜𝟝𝟞𝟡", true}, // a row of digits after another one's
		{"+966501234567", "0501234568", false},
		{"+966501234567", "1501234567", false},
		{"", "0501234567", false},
		{"1234567", "0501234567", false},
	} {
		t.Run(row.stored+" "+row.asked, func(t *testing.T) {
			t.Parallel()
			client := customersServer(
				t,
				linkit.Customer{FirstName: "Sara", Phone: row.stored},
				linkit.Customer{FirstName: "Other", Phone: "+966509999999"},
			)
			customer, err := client.Customers.FindByPhone(t.Context(), row.asked)
			switch {
			case row.found:
				require.NoError(t, err)
				assert.Equal(t, "Sara", customer.FirstName)
			case len(strings.TrimLeft(row.asked, "0")) < 8 || strings.Contains(row.asked, "ext"):
				require.ErrorIs(t, err, linkit.ErrInvalid)
			default:
				require.ErrorIs(t, err, linkit.ErrNotFound)
			}
		})
	}
}

func TestFindByPhoneReadsAllPagesAndReportsSeveralMatches(t *testing.T) {
	t.Parallel()
	var customers []linkit.Customer
	for i := range 250 { // all of them are found by the search, in their email
		customers = append(customers, linkit.Customer{FirstName: fmt.Sprint("Other ", i), Email: "01234567@example.com"})
	}
	customers[3].Phone, customers[249].Phone = "+966501234567", "0501234567"
	_, err := customersServer(t, customers...).Customers.FindByPhone(t.Context(), "501234567")
	require.ErrorIs(t, err, linkit.ErrConflict)

	customers[3].Phone = ""
	customer, err := customersServer(t, customers...).Customers.FindByPhone(t.Context(), "501234567")
	require.NoError(t, err)
	assert.Equal(t, "Other 249", customer.FirstName)
}
