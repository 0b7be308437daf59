package linkit

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
)

// Customer is a person or a company that buys.
type Customer struct {
	ID             string          `json:"id"`
	OrganizationID string          `json:"organization_id"`
	FirstName      string          `json:"first_name"`
	LastName       string          `json:"last_name"`
	Email          string          `json:"email"`
	Phone          string          `json:"phone"`
	Birthdate      Date            `json:"birthdate"`
	Gender         CustomerGender  `json:"gender"`
	Type           CustomerType    `json:"type"`
	Status         CustomerStatus  `json:"status"`
	Created        Time            `json:"created"`
	Updated        Time            `json:"updated"`
	Raw            json.RawMessage `json:"-"` // the record as it came. Not written.
}

func (c Customer) keys() (key, id string) { return "", c.ID }

func (c Customer) organization() string { return c.OrganizationID }

func (c *Customer) setRaw(text json.RawMessage) { c.Raw = text }

// Params returns the parameters that write c as it is. Change what should change, then pass them to
// [CustomersService.Update], which replaces the whole record. For a record that was read they lose
// nothing: what the response left out stays unset, members without a field are in Extra as
// json.RawMessage, and a value that couldn't be read is sent as it came unless its field or an
// entry of Extra is set. For a record made by hand, without Raw, they hold every field that isn't
// zero.
func (c Customer) Params() CustomerParams {
	params := CustomerParams{
		FirstName: c.FirstName, LastName: c.LastName, Email: c.Email, Phone: c.Phone,
		Birthdate: c.Birthdate, Gender: c.Gender, Type: c.Type, Status: c.Status,
	}
	params.Extra, params.carried = carry(c.Raw, (*plainCustomerParams)(&params))
	return params
}

// CustomerGender is a customer's gender. Values that are not listed here pass through.
type CustomerGender string

// The documented genders.
const (
	CustomerGenderMale   CustomerGender = "male"
	CustomerGenderFemale CustomerGender = "female"
	CustomerGenderOther  CustomerGender = "other"
)

// CustomerType is the kind of a customer. Values that are not listed here pass through.
type CustomerType string

// The documented types.
const (
	CustomerTypeIndividual CustomerType = "individual"
	CustomerTypeCorporate  CustomerType = "corporate"
	CustomerTypeVIP        CustomerType = "vip"
)

// CustomerStatus is where a customer stands. Values that are not listed here pass through.
type CustomerStatus string

// The documented statuses.
const (
	CustomerStatusActive    CustomerStatus = "active"
	CustomerStatusInactive  CustomerStatus = "inactive"
	CustomerStatusPending   CustomerStatus = "pending"
	CustomerStatusSuspended CustomerStatus = "suspended"
	CustomerStatusBlocked   CustomerStatus = "blocked"
)

// CustomerParams is a customer to write. Empty strings and a zero Birthdate are left out of the
// request.
type CustomerParams struct {
	FirstName string         `json:"first_name,omitempty"`
	LastName  string         `json:"last_name,omitempty"`
	Email     string         `json:"email,omitempty"`
	Phone     string         `json:"phone,omitempty"`
	Birthdate Date           `json:"birthdate,omitzero"`
	Gender    CustomerGender `json:"gender,omitempty"`
	Type      CustomerType   `json:"type,omitempty"`
	Status    CustomerStatus `json:"status,omitempty"`

	// Extra holds further members by their JSON names: ones without a field, "" to clear a text,
	// nil for null. An entry replaces the field of that name. Values are encoded as by
	// [json.Marshal].
	Extra map[string]any `json:"-"`

	carried carried
}

type plainCustomerParams CustomerParams // without methods

// MarshalJSON encodes the fields that are set, what Params has kept of the record, and Extra.
func (p CustomerParams) MarshalJSON() ([]byte, error) {
	return mergeParams((*plainCustomerParams)(&p), p.Extra, p.carried)
}

// CustomerListParams selects customers. The zero value, like nil, selects all.
type CustomerListParams struct {
	ListParams
	Search string // free text
	Status CustomerStatus
	Type   CustomerType
}

func (p *CustomerListParams) query() (ListParams, url.Values) {
	if p == nil {
		return ListParams{}, nil
	}
	q := url.Values{}
	setText(q, "search", p.Search)
	setText(q, "status", string(p.Status))
	setText(q, "type", string(p.Type))
	return p.ListParams, q
}

// CustomersService reads and writes customers. Use it as Client.Customers. Linkit documents that
// customers need the organization named, by [WithOrganization] or [Client.ForOrganization]. A
// credential that is scoped to one organization may do without: nothing is refused before it is
// sent.
type CustomersService service

// List returns one page of customers. Nil params select the first page of all, 20 of them
// unless the server decides otherwise.
//
//	GET /customers
func (s *CustomersService) List(ctx context.Context, params *CustomerListParams) (*Page[Customer], error) {
	return list[Customer](ctx, s.client, "/customers", params)
}

// All returns a sequence of every customer from params.Page on, which reads pages of
// params.Limit, 100 by default, as it goes and [WithPrefetch] of them ahead. It yields each
// customer once, and an error at most once, last: after the customers of the pages before
// it. Leaving the loop stops the requests. See [ListParams] for a list that changes
// meanwhile, which may end with [ErrListChanged]. The sequence can be ranged over again, and
// starts anew.
//
//	GET /customers
func (s *CustomersService) All(ctx context.Context, params *CustomerListParams) iter.Seq2[Customer, error] {
	return all[Customer](ctx, s.client, "/customers", params)
}

// Count returns how many customers params selects, as the total_count of a page of one
// record says. A response without one is an error.
//
//	GET /customers
func (s *CustomersService) Count(ctx context.Context, params *CustomerListParams) (int, error) {
	return count[Customer](ctx, s.client, "/customers", params)
}

// Get returns one customer by Linkit's id; ErrNotFound when there is none.
//
//	GET /customers/{id}   (inferred)
func (s *CustomersService) Get(ctx context.Context, id string) (*Customer, error) {
	return do[Customer](ctx, s.client, &operation{method: http.MethodGet, route: "/customers/{id}", ids: ids{id}})
}

// Create adds a customer. It is not retried once it may have taken effect.
//
//	POST /customers   (inferred)
func (s *CustomersService) Create(ctx context.Context, params CustomerParams) (*Customer, error) {
	return do[Customer](ctx, s.client, &operation{method: http.MethodPost, route: "/customers", body: params})
}

// Update replaces a customer: what params leaves out may be lost, so start from [Customer.Params].
// To clear a text, set it to "" in Extra.
//
//	PUT /customers/{id}   (inferred)
func (s *CustomersService) Update(ctx context.Context, id string, params CustomerParams) (*Customer, error) {
	op := &operation{method: http.MethodPut, route: "/customers/{id}", ids: ids{id}, body: params}
	return do[Customer](ctx, s.client, op)
}

// Delete removes a customer; ErrNotFound when there is none.
//
//	DELETE /customers/{id}   (inferred)
func (s *CustomersService) Delete(ctx context.Context, id string) error {
	return doNoContent(ctx, s.client, &operation{method: http.MethodDelete, route: "/customers/{id}", ids: ids{id}})
}

// CustomerGroup is a name that customers can be sorted under.
type CustomerGroup struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"` // unique
	Description string          `json:"description"`
	Created     Time            `json:"created"`
	Updated     Time            `json:"updated"`
	Raw         json.RawMessage `json:"-"` // the record as it came. Not written.
}

func (g CustomerGroup) keys() (key, id string) { return "", g.ID }

func (c *CustomerGroup) setRaw(text json.RawMessage) { c.Raw = text }

// Params returns the parameters that write g as it is. Change what should change, then pass them to
// [CustomerGroupsService.Update], which replaces the whole record. For a record that was read they
// lose nothing: what the response left out stays unset, members without a field are in Extra as
// json.RawMessage, and a value that couldn't be read is sent as it came unless its field or an
// entry of Extra is set. For a record made by hand, without Raw, they hold every field that isn't
// zero.
func (g CustomerGroup) Params() CustomerGroupParams {
	params := CustomerGroupParams{Name: g.Name, Description: g.Description}
	params.Extra, params.carried = carry(g.Raw, (*plainCustomerGroupParams)(&params))
	return params
}

// CustomerGroupParams is a customer group to write. An empty description is left out of the
// request.
type CustomerGroupParams struct {
	Name        string `json:"name,omitempty"`        // required; 100 characters at most
	Description string `json:"description,omitempty"` // 500 characters at most

	// Extra holds further members by their JSON names: ones without a field, "" to clear a text,
	// nil for null. An entry replaces the field of that name. Values are encoded as by
	// [json.Marshal].
	Extra map[string]any `json:"-"`

	carried carried
}

type plainCustomerGroupParams CustomerGroupParams // without methods

// MarshalJSON encodes the fields that are set, what Params has kept of the record, and Extra.
func (p CustomerGroupParams) MarshalJSON() ([]byte, error) {
	return mergeParams((*plainCustomerGroupParams)(&p), p.Extra, p.carried)
}

// check holds p to what is documented.
func (p CustomerGroupParams) check() error {
	if memberKey("name", p.Name, p.Extra, p.carried) == "" {
		return invalid("CustomerGroupParams: Name is empty")
	}
	if err := checkLength("CustomerGroupParams", "Name", p.Name, 100); err != nil {
		return err
	}
	return checkLength("CustomerGroupParams", "Description", p.Description, 500)
}

// CustomerGroupsService reads and writes customer groups. Use it as Client.CustomerGroups.
type CustomerGroupsService service

// List returns one page of customer groups. Nil params select the first page of all of them,
// 20 of them unless the server decides otherwise.
//
//	GET /customer-groups
func (s *CustomerGroupsService) List(ctx context.Context, params *ListParams) (*Page[CustomerGroup], error) {
	return list[CustomerGroup](ctx, s.client, "/customer-groups", params)
}

// All returns a sequence of every customer group from params.Page on, which reads pages of
// params.Limit, 100 by default, as it goes and [WithPrefetch] of them ahead. It yields each
// customer group once, and an error at most once, last: after the customer groups of the
// pages before it. Leaving the loop stops the requests. See [ListParams] for a list that
// changes meanwhile, which may end with [ErrListChanged]. The sequence can be ranged over
// again, and starts anew.
//
//	GET /customer-groups
func (s *CustomerGroupsService) All(ctx context.Context, params *ListParams) iter.Seq2[CustomerGroup, error] {
	return all[CustomerGroup](ctx, s.client, "/customer-groups", params)
}

// Count returns how many customer groups params selects, as the total_count of a page of one
// record says. A response without one is an error.
//
//	GET /customer-groups
func (s *CustomerGroupsService) Count(ctx context.Context, params *ListParams) (int, error) {
	return count[CustomerGroup](ctx, s.client, "/customer-groups", params)
}

// Create adds a customer group. A name in use is ErrConflict; an empty name, or a text that is too
// long, is ErrInvalid before anything is sent. It is not retried once it may have taken effect.
//
//	POST /customer-groups
func (s *CustomerGroupsService) Create(ctx context.Context, params CustomerGroupParams) (*CustomerGroup, error) {
	if err := params.check(); err != nil {
		return nil, err
	}
	return do[CustomerGroup](ctx, s.client, &operation{method: http.MethodPost, route: "/customer-groups", body: params})
}

// Update replaces a customer group: what params leaves out may be lost, so start from
// [CustomerGroup.Params]. To clear the description, set it to "" in Extra. Its errors are those of
// Create, and ErrNotFound.
//
//	PUT /customer-groups/{id}
func (s *CustomerGroupsService) Update(
	ctx context.Context, id string, params CustomerGroupParams,
) (*CustomerGroup, error) {
	if err := params.check(); err != nil {
		return nil, err
	}
	op := &operation{method: http.MethodPut, route: "/customer-groups/{id}", ids: ids{id}, body: params}
	return do[CustomerGroup](ctx, s.client, op)
}

// Delete removes a customer group; ErrNotFound when there is none.
//
//	DELETE /customer-groups/{id}
func (s *CustomerGroupsService) Delete(ctx context.Context, id string) error {
	return doNoContent(ctx, s.client, &operation{method: http.MethodDelete, route: "/customer-groups/{id}", ids: ids{id}})
}
