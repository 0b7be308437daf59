package model_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"reflect"
	"strings"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

// service is what the services of all resources have in common.
type service[T, P, L any] interface {
	List(ctx context.Context, params *L) (*linkit.Page[T], error)
	All(ctx context.Context, params *L) iter.Seq2[T, error]
	Count(ctx context.Context, params *L) (int, error)
	Get(ctx context.Context, key string) (*T, error)
	Create(ctx context.Context, params P) (*T, error)
	Update(ctx context.Context, key string, params P) (*T, error)
	Delete(ctx context.Context, key string) error
}

// bulkService is what those have in common that write in bulk.
type bulkService[P any] interface {
	Bulk(ctx context.Context, mode linkit.BulkMode, records []P) (*linkit.BulkResult, error)
	BulkAll(ctx context.Context, mode linkit.BulkMode, records iter.Seq2[P, error], each func(linkit.BulkResult)) error
}

// resource calls the methods of one service with the model's own types.
type resource interface {
	list(ctx context.Context, c *linkit.Client, page, limit int) (records []record, total int, more bool, err error)
	all(ctx context.Context, c *linkit.Client, limit int) iter.Seq2[record, error]
	count(ctx context.Context, c *linkit.Client) (int, error)
	get(ctx context.Context, c *linkit.Client, key string) (record, error)
	create(ctx context.Context, c *linkit.Client, e entry) (record, error)
	update(ctx context.Context, c *linkit.Client, key string, e entry) (record, error)
	edit(ctx context.Context, c *linkit.Client, key string, e entry, read func()) (record, error)
	delete(ctx context.Context, c *linkit.Client, key string) error
	bulk(ctx context.Context, c *linkit.Client, mode linkit.BulkMode, entries []entry) (*linkit.BulkResult, error)
	bulkAll(
		ctx context.Context, c *linkit.Client, mode linkit.BulkMode, entries iter.Seq2[entry, error],
		each func(linkit.BulkResult),
	) error
	peek(server *linkittest.Server, organization string) ([]record, error)
	params(e entry) string
}

var resources = map[string]resource{
	products: &typed[linkit.Product, linkit.ProductParams, linkit.ProductListParams]{
		path: products, key: "IvID", fields: []string{"NameEn", "AveragePrice", "Barcode", "IsEnabled"},
		of: func(c *linkit.Client) service[linkit.Product, linkit.ProductParams, linkit.ProductListParams] {
			return c.Products
		},
		bulkOf: func(c *linkit.Client) bulkService[linkit.ProductParams] { return c.Products },
	},
	branches: &typed[linkit.Branch, linkit.BranchParams, linkit.BranchListParams]{
		path: branches, key: "IvID", fields: []string{"NameEn", "NameAr", "Active", "Location"},
		of: func(c *linkit.Client) service[linkit.Branch, linkit.BranchParams, linkit.BranchListParams] {
			return c.Branches
		},
		bulkOf: func(c *linkit.Client) bulkService[linkit.BranchParams] { return c.Branches },
	},
	skus: &typed[linkit.SKU, linkit.SKUParams, linkit.SKUListParams]{
		path: skus, key: "IvID", fields: []string{"ProductIvID", "BranchIvID", "Qty", "Price", "Available"},
		of:     func(c *linkit.Client) service[linkit.SKU, linkit.SKUParams, linkit.SKUListParams] { return c.SKUs },
		bulkOf: func(c *linkit.Client) bulkService[linkit.SKUParams] { return c.SKUs },
	},
	customers: &typed[linkit.Customer, linkit.CustomerParams, linkit.CustomerListParams]{
		path: customers, key: "ID", fields: []string{"FirstName", "Email", "Phone", "Status"},
		of: func(c *linkit.Client) service[linkit.Customer, linkit.CustomerParams, linkit.CustomerListParams] {
			return c.Customers
		},
	},
}

// typed is the resource whose records are T, written as P and selected by L.
type typed[T interface{ Params() P }, P, L any] struct {
	path   string
	key    string // the field that a record is read by
	fields []string
	of     func(*linkit.Client) service[T, P, L]
	bulkOf func(*linkit.Client) bulkService[P]
}

// read returns a record as the model has it.
func (r *typed[T, P, L]) read(v *T) record {
	from := reflect.ValueOf(v).Elem()
	created, _ := reflect.TypeAssert[linkit.Time](from.FieldByName("Created"))
	read := record{
		key: from.FieldByName(r.key).String(), id: from.FieldByName("ID").String(), created: created, fields: fields{},
		organization: from.FieldByName("OrganizationID").String(),
	}
	for _, name := range r.fields {
		value := from.FieldByName(name)
		switch {
		case value.IsZero():
		case value.Kind() == reflect.Pointer:
			read.fields[name] = value.Elem().Interface()
		default:
			read.fields[name] = value.Interface()
		}
	}
	return read
}

// write sets the fields of params. A text that is to be cleared and a null go to Extra.
func (r *typed[T, P, L]) write(params *P, e entry) {
	into := reflect.ValueOf(params).Elem()
	if r.path != customers && e.key != "" {
		into.FieldByName(r.key).SetString(e.key)
	}
	extra := map[string]any{}
	for name, value := range e.fields {
		field := into.FieldByName(name)
		switch {
		case value == nil || value == "" || value == linkit.CustomerStatus(""):
			extra[r.jsonName(name)] = value
		case field.Kind() == reflect.Pointer:
			pointer := reflect.New(field.Type().Elem())
			pointer.Elem().Set(reflect.ValueOf(value))
			field.Set(pointer)
		default:
			field.Set(reflect.ValueOf(value))
		}
	}
	if len(extra) > 0 {
		into.FieldByName("Extra").Set(reflect.ValueOf(extra))
	}
}

func (r *typed[T, P, L]) jsonName(name string) string {
	field, _ := reflect.TypeFor[P]().FieldByName(name)
	tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return tag
}

func (r *typed[T, P, L]) written(e entry) (params P) {
	r.write(&params, e)
	return params
}

func (r *typed[T, P, L]) listParams(page, limit int) *L {
	params := new(L)
	sort := map[string]string{"IvID": "iv_id", "ID": "id"}[r.key]
	reflect.ValueOf(params).Elem().FieldByName("ListParams").
		Set(reflect.ValueOf(linkit.ListParams{Page: page, Limit: limit, Sort: sort}))
	return params
}

func (r *typed[T, P, L]) list(
	ctx context.Context, c *linkit.Client, page, limit int,
) (records []record, total int, more bool, err error) {
	got, err := r.of(c).List(ctx, r.listParams(page, limit))
	if err != nil {
		return nil, 0, false, err
	}
	for i := range got.Data {
		records = append(records, r.read(&got.Data[i]))
	}
	return records, got.TotalCount, got.HasNext, nil
}

func (r *typed[T, P, L]) all(ctx context.Context, c *linkit.Client, limit int) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		for v, err := range r.of(c).All(ctx, r.listParams(0, limit)) {
			if !yield(r.read(&v), err) {
				return
			}
		}
	}
}

func (r *typed[T, P, L]) count(ctx context.Context, c *linkit.Client) (int, error) {
	return r.of(c).Count(ctx, nil)
}

func (r *typed[T, P, L]) got(v *T, err error) (record, error) {
	if err != nil {
		return record{}, err
	}
	return r.read(v), nil
}

func (r *typed[T, P, L]) get(ctx context.Context, c *linkit.Client, key string) (record, error) {
	return r.got(r.of(c).Get(ctx, key))
}

func (r *typed[T, P, L]) create(ctx context.Context, c *linkit.Client, e entry) (record, error) {
	return r.got(r.of(c).Create(ctx, r.written(e)))
}

func (r *typed[T, P, L]) update(ctx context.Context, c *linkit.Client, key string, e entry) (record, error) {
	return r.got(r.of(c).Update(ctx, key, r.written(e)))
}

// edit reads a record, changes the fields of e, and writes it back. It calls read in between.
func (r *typed[T, P, L]) edit(
	ctx context.Context, c *linkit.Client, key string, e entry, read func(),
) (record, error) {
	v, err := r.of(c).Get(ctx, key)
	if err != nil {
		return record{}, err
	}
	read()
	params := (*v).Params()
	r.write(&params, e)
	return r.got(r.of(c).Update(ctx, key, params))
}

func (r *typed[T, P, L]) delete(ctx context.Context, c *linkit.Client, key string) error {
	return r.of(c).Delete(ctx, key)
}

func (r *typed[T, P, L]) bulk(
	ctx context.Context, c *linkit.Client, mode linkit.BulkMode, entries []entry,
) (*linkit.BulkResult, error) {
	var params []P
	for _, e := range entries {
		params = append(params, r.written(e))
	}
	return r.bulkOf(c).Bulk(ctx, mode, params)
}

func (r *typed[T, P, L]) bulkAll(
	ctx context.Context, c *linkit.Client, mode linkit.BulkMode, entries iter.Seq2[entry, error],
	each func(linkit.BulkResult),
) error {
	return r.bulkOf(c).BulkAll(ctx, mode, func(yield func(P, error) bool) {
		for e, err := range entries {
			if !yield(r.written(e), err) {
				return
			}
		}
	}, each)
}

// peek returns what the server holds, without the SDK.
func (r *typed[T, P, L]) peek(server *linkittest.Server, organization string) (records []record, err error) {
	for page := 1; ; page++ {
		status, body := server.Peek(organization, fmt.Sprintf("/%s?limit=100&page=%d", r.path, page))
		var got struct {
			Data    []T  `json:"data"`
			HasNext bool `json:"has_next"`
		}
		if err := json.Unmarshal(body, &got); err != nil || status != http.StatusOK {
			return nil, fmt.Errorf("GET /%s: %d %s: %w", r.path, status, body, err)
		}
		for i := range got.Data {
			records = append(records, r.read(&got.Data[i]))
		}
		if !got.HasNext {
			return records, nil
		}
	}
}

// params prints an entry as the parameters that it is written as.
func (r *typed[T, P, L]) params(e entry) string {
	p := r.written(e)
	v := reflect.ValueOf(p)
	var set []string
	for i := range v.NumField() {
		field, value := v.Type().Field(i), v.Field(i)
		if !field.IsExported() || value.IsZero() {
			continue
		}
		text := fmt.Sprintf("%#v", value)
		if value.Kind() == reflect.Pointer {
			text = fmt.Sprintf("linkit.Ptr(%#v)", value.Elem())
		}
		set = append(set, field.Name+": "+strings.ReplaceAll(text, "interface {}", "any"))
	}
	return fmt.Sprintf("%s{%s}", v.Type(), strings.Join(set, ", "))
}
