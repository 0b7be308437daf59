package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/linkit-go/linkit"
)

// products asks what needs a product that can be changed.
func (p *probe) products(ctx context.Context) error {
	var response linkit.Response
	_, err := p.client.Products.Create(linkit.ContextWithResponse(ctx, &response), linkit.ProductParams{
		IvID: scratch, NameEn: "Probe", NameAr: "تجربة", Barcode: "0000000000000", AveragePrice: linkit.Ptr(1.5),
		Extra: map[string]any{"linkit_go_probe": "kept"},
	})
	if err != nil {
		return err
	}
	p.found("headers that speak of rates or limits", "%s", rateHeaders(response.Header))
	if err := p.unknownMember(ctx); err != nil {
		return err
	}
	if err := p.partialBulk(ctx); err != nil {
		return err
	}
	if err := p.report(ctx); err != nil {
		return err
	}
	return p.replacement(ctx)
}

func rateHeaders(h http.Header) string {
	var names []string
	for name := range h {
		if lower := strings.ToLower(name); strings.Contains(lower, "rate") || strings.Contains(lower, "limit") {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func (p *probe) unknownMember(ctx context.Context) error {
	product, err := p.client.Products.Get(ctx, scratch)
	if err != nil {
		return err
	}
	p.found(
		"an unknown member of a product is kept",
		"%s",
		yesOrNo(strings.Contains(string(product.Raw), "linkit_go_probe")),
	)
	return nil
}

// partialBulk changes the name by a bulk update that leaves the rest out.
func (p *probe) partialBulk(ctx context.Context) error {
	_, err := p.client.Products.Bulk(
		ctx,
		linkit.BulkUpdate,
		[]linkit.ProductParams{{IvID: scratch, NameEn: "Probe, changed"}},
	)
	if err != nil {
		p.found("a bulk update may leave fields out", "refused: %v", err)
		return nil
	}
	product, err := p.client.Products.Get(ctx, scratch)
	if err != nil {
		return err
	}
	switch {
	case product.NameEn != "Probe, changed":
		p.found("a bulk update may leave fields out", "not known: the name did not change")
	case product.Barcode != "" && product.AveragePrice == 1.5:
		p.found("a bulk update may leave fields out", "yes: they keep their values")
	default:
		p.found("a bulk update may leave fields out", "no: they lose their values")
	}
	return nil
}

// report sends a bulk update of a record that exists and one that doesn't.
func (p *probe) report(ctx context.Context) error {
	const question = "a bulk response reports records"
	result, err := p.client.Products.Bulk(ctx, linkit.BulkUpdate, []linkit.ProductParams{
		{IvID: scratch, NameEn: "Probe"}, {IvID: missing, NameEn: "Probe"},
	})
	if result == nil {
		p.found(question, "the whole request is refused: %v", err)
		return nil
	}
	var rejected *linkit.RejectedError
	switch {
	case errors.As(err, &rejected):
		p.found(question, "yes: status %d, %d rejected, members %s", result.StatusCode, rejected.Count, members(result.Raw))
	case err != nil:
		p.found(question, "%v", err)
	default:
		p.found(question, "no: status %d, members %s", result.StatusCode, members(result.Raw))
	}
	return nil
}

// members names the members of a JSON object, and those of the objects in it, without their values.
func members(raw json.RawMessage) string {
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil {
		return "not an object"
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		var list []map[string]json.RawMessage
		if json.Unmarshal(object[name], &list) == nil && len(list) > 0 {
			name += "[" + strings.Join(slices.Sorted(maps.Keys(list[0])), " ") + "]"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// replacement asks whether a PUT replaces the record, and whether "" empties a text.
func (p *probe) replacement(ctx context.Context) error {
	less := linkit.ProductParams{IvID: scratch, NameEn: "Probe", Barcode: "0000000000000"}
	if _, err := p.client.Products.Update(ctx, scratch, less); err != nil {
		return err
	}
	product, err := p.client.Products.Get(ctx, scratch)
	if err != nil {
		return err
	}
	p.found("an update replaces the whole record", "%s", yesOrNo(product.NameAr == "" && product.AveragePrice == 0))
	params := product.Params()
	if params.Extra == nil {
		params.Extra = map[string]any{}
	}
	params.Extra["barcode"] = ""
	if _, err := p.client.Products.Update(ctx, scratch, params); err != nil {
		p.found("an empty text empties a field", "refused: %v", err)
		return nil
	}
	product, err = p.client.Products.Get(ctx, scratch)
	if err != nil {
		return err
	}
	p.found("an empty text empties a field", "%s", yesOrNo(product.Barcode == ""))
	return nil
}

// sorting asks each list for both directions of "created".
func (p *probe) sorting(ctx context.Context) {
	lists := []struct {
		name string
		read func(linkit.ListParams) iter.Seq2[time.Time, error]
	}{
		{"products", func(l linkit.ListParams) iter.Seq2[time.Time, error] {
			return created(
				p.client.Products.All(ctx, &linkit.ProductListParams{ListParams: l}),
				func(v linkit.Product) linkit.Time { return v.Created },
			)
		}},
		{"skus", func(l linkit.ListParams) iter.Seq2[time.Time, error] {
			return created(
				p.client.SKUs.All(ctx, &linkit.SKUListParams{ListParams: l}),
				func(v linkit.SKU) linkit.Time { return v.Created },
			)
		}},
		{"branches", func(l linkit.ListParams) iter.Seq2[time.Time, error] {
			return created(
				p.client.Branches.All(ctx, &linkit.BranchListParams{ListParams: l}),
				func(v linkit.Branch) linkit.Time { return v.Created },
			)
		}},
		{"brands", func(l linkit.ListParams) iter.Seq2[time.Time, error] {
			return created(
				p.client.Brands.All(ctx, &linkit.BrandListParams{ListParams: l}),
				func(v linkit.Brand) linkit.Time { return v.Created },
			)
		}},
		{"categories", func(l linkit.ListParams) iter.Seq2[time.Time, error] {
			return created(
				p.client.Categories.All(ctx, &linkit.CategoryListParams{ListParams: l}),
				func(v linkit.Category) linkit.Time { return v.Created },
			)
		}},
		{"generics", func(l linkit.ListParams) iter.Seq2[time.Time, error] {
			return created(
				p.client.Generics.All(ctx, &linkit.GenericListParams{ListParams: l}),
				func(v linkit.Generic) linkit.Time { return v.Created },
			)
		}},
		{"customers", func(l linkit.ListParams) iter.Seq2[time.Time, error] {
			return created(
				p.client.Customers.All(ctx, &linkit.CustomerListParams{ListParams: l}),
				func(v linkit.Customer) linkit.Time { return v.Created },
			)
		}},
		{"orders", func(l linkit.ListParams) iter.Seq2[time.Time, error] {
			return created(
				p.client.Orders.All(ctx, &linkit.OrderListParams{ListParams: l}),
				func(v linkit.Order) linkit.Time { return v.Created },
			)
		}},
	}
	for _, list := range lists {
		p.found("sort works on the list of "+list.name, "%s", sorts(list.read))
	}
}

// created yields when each record was created.
func created[T any](records iter.Seq2[T, error], of func(T) linkit.Time) iter.Seq2[time.Time, error] {
	return func(yield func(time.Time, error) bool) {
		for record, err := range records {
			if !yield(of(record).Time, err) {
				return
			}
		}
	}
}

// sorts compares the first records of both directions.
func sorts(read func(linkit.ListParams) iter.Seq2[time.Time, error]) string {
	var ends [2]time.Time
	for i, sort := range []string{"created", "-created"} {
		first, err := firstOf(read(linkit.ListParams{Limit: 5, Sort: sort}))
		if err != nil {
			return fmt.Sprintf("not known: %v", err)
		}
		ends[i] = first
	}
	switch {
	case ends[0].IsZero() || ends[1].IsZero():
		return "not known: no record, or none with a date"
	case ends[0].Before(ends[1]):
		return "yes"
	case ends[0].Equal(ends[1]):
		return "no, or all records are of one time"
	}
	return "no"
}

func firstOf(times iter.Seq2[time.Time, error]) (time.Time, error) {
	for at, err := range times {
		return at, err
	}
	return time.Time{}, nil
}

func yesOrNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
