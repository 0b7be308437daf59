package linkittest

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	defaultLimit = 20
	maxLimit     = 100
)

// page is the response to a list request.
type page struct {
	Data       []any    `json:"data"`
	Count      int      `json:"count"`
	TotalCount int      `json:"total_count"`
	Page       int      `json:"page"`
	Limit      int      `json:"limit"`
	HasNext    bool     `json:"has_next"`
	Meta       struct{} `json:"meta"`
}

// list returns a page. A page or limit that is not a positive number is replaced by the default.
func (d *resource[T]) list(r *request) response {
	if d.needsOrgHeader && r.Header.Get("X-Organization-Id") == "" {
		return badRequest("X-Organization-ID is required").response()
	}
	query := r.URL.Query()
	sel, refusal := d.selection(query)
	if refusal != nil {
		return refusal.response()
	}
	p := page{Page: positive(query.Get("page"), 1), Limit: min(positive(query.Get("limit"), defaultLimit), maxLimit)}
	data := &r.server.data
	data.mu.RLock()
	total, between := d.table(r.org).selected(r.org, sel)
	p.TotalCount = total
	start := total
	if p.Page <= total/p.Limit+1 { // otherwise it is beyond the end, and the product might overflow
		start = min((p.Page-1)*p.Limit, total)
	}
	end := min(start+p.Limit, total)
	var part []*row[T]
	if sel.backward {
		part = slices.Clone(between(total-end, total-start))
		slices.Reverse(part)
	} else {
		part = between(start, end)
	}
	p.Data = make([]any, len(part))
	for i, row := range part {
		p.Data[i] = d.rendered(r.org, row.record)
	}
	data.mu.RUnlock()
	p.Count = len(p.Data)
	p.HasNext = start+p.Count < p.TotalCount
	return reply(http.StatusOK, p)
}

func positive(text string, otherwise int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return otherwise
	}
	return n
}

// filter is a list parameter. If match is nil, the index of the same name is used.
type filter[T any] struct {
	name  string
	match func(value string) (func(*T) bool, *problem)
}

// equal selects the records whose field equals the parameter.
func equal[T any](name string, field func(*T) string) filter[T] {
	return filter[T]{name: name, match: func(value string) (func(*T) bool, *problem) {
		return func(v *T) bool { return field(v) == value }, nil
	}}
}

// atLeast and atMost select the records whose field is not below, or not above, the parameter.
func atLeast[T any](name string, field func(*T) int) filter[T] { return bound(name, field, 1) }
func atMost[T any](name string, field func(*T) int) filter[T]  { return bound(name, field, -1) }

func bound[T any](name string, field func(*T) int, sign int) filter[T] {
	return filter[T]{name: name, match: func(value string) (func(*T) bool, *problem) {
		limit, err := strconv.Atoi(value)
		if err != nil {
			return nil, badRequest("%s must be a whole number", name)
		}
		return func(v *T) bool { return cmp.Compare(field(v), limit)*sign >= 0 }, nil
	}}
}

// flag selects by true or false.
func flag[T any](name string, field func(*T) bool) filter[T] {
	return filter[T]{name: name, match: func(value string) (func(*T) bool, *problem) {
		if value != "true" && value != "false" {
			return nil, badRequest("%s must be true or false", name)
		}
		wanted := value == "true"
		return func(v *T) bool { return field(v) == wanted }, nil
	}}
}

// search selects the records with a field that contains the parameter, ignoring case.
func search[T any](fields func(v *T, has func(string) bool) bool) filter[T] {
	return filter[T]{name: "search", match: func(value string) (func(*T) bool, *problem) {
		has := func(s string) bool { return containsFold(s, value) }
		return func(v *T) bool { return fields(v, has) }, nil
	}}
}

func containsFold(s, part string) bool {
	for i := range s {
		if len(s)-i < len(part) {
			return false
		}
		if strings.EqualFold(s[i:i+len(part)], part) {
			return true
		}
	}
	return part == ""
}

// selection is the records that a list request selects, and their order.
type selection[T any] struct {
	name     string // identifies the selection
	index    string // "": none
	value    string // of index
	match    []func(*T) bool
	sort     string // a field other than created
	backward bool
}

// selection reads a list's parameters. Unknown ones are ignored, except that an unknown field to
// sort by is a 400. Every list can be sorted by any of its fields, and is sorted by descending
// creation time by default; Linkit documents sorting for products and offers.
func (d *resource[T]) selection(query url.Values) (selection[T], *problem) {
	sort, backward := strings.CutPrefix(query.Get("sort"), "-")
	sel := selection[T]{backward: backward || sort == ""}
	if sort != "" && sort != "created" {
		if _, ok := column[T](sort); !ok {
			return sel, badRequest("sort: a %s has no field %q to sort by", d.singular, sort)
		}
		sel.sort, sel.name = sort, sort
	}
	for _, f := range d.filters {
		value := query.Get(f.name)
		if value == "" {
			continue
		}
		sel.name += "&" + f.name + "=" + url.QueryEscape(value)
		switch {
		case f.match != nil:
			match, refusal := f.match(value)
			if refusal != nil {
				return sel, refusal
			}
			sel.match = append(sel.match, match)
		case sel.index == "":
			sel.index, sel.value = f.name, value
		default:
			i := slices.IndexFunc(d.indexes, func(ix index[T]) bool { return ix.name == f.name })
			field := d.indexes[i].value
			sel.match = append(sel.match, func(v *T) bool { return field(v) == value })
		}
	}
	return sel, nil
}
