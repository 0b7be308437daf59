package linkit

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
)

// Category is a place in the tree that products are sorted into.
type Category struct {
	ID             string          `json:"id"`
	CategoryCode   string          `json:"category_code"` // your own identifier
	OrganizationID string          `json:"organization_id"`
	NameEn         string          `json:"name_en"`
	NameAr         string          `json:"name_ar"`
	ParentID       string          `json:"parent_id"` // the parent's ID; "" for a root
	Depth          int             `json:"depth"`     // 0 for a root
	Path           string          `json:"path"`      // the names from the root on: "Health > Pain relief"
	ProductCount   int             `json:"product_count"`
	Created        Time            `json:"created"`
	Updated        Time            `json:"updated"`
	Raw            json.RawMessage `json:"-"` // the record as it came. Not written.
}

func (c Category) keys() (key, id string) { return c.CategoryCode, c.ID }

func (c Category) organization() string { return c.OrganizationID }

func (c *Category) setRaw(text json.RawMessage) { c.Raw = text }

// CategoryParams is a category to write. An empty string is left out of the request.
type CategoryParams struct {
	CategoryCode string `json:"category_code,omitempty"`
	NameEn       string `json:"name_en,omitempty"`
	NameAr       string `json:"name_ar,omitempty"`
	ParentID     string `json:"parent_id,omitempty"` // the parent's ID, not its code; "" makes a root

	// Extra holds further members by their JSON names: ones without a field, "" to clear a text,
	// nil for null. An entry replaces the field of that name. Values are encoded as by
	// [json.Marshal].
	Extra map[string]any `json:"-"`
}

type plainCategoryParams CategoryParams // without methods

// MarshalJSON encodes the fields that are set, and Extra.
func (p CategoryParams) MarshalJSON() ([]byte, error) {
	return mergeParams((*plainCategoryParams)(&p), p.Extra, nil)
}

// CategoryListParams selects categories. The zero value, like nil, selects all.
type CategoryListParams struct {
	ListParams
	Search   string // free text
	ParentID string // the children of one category, by its ID
	Roots    bool   // those without a parent; not together with ParentID
}

func (p *CategoryListParams) query() (ListParams, url.Values) {
	if p == nil {
		return ListParams{}, nil
	}
	q := url.Values{}
	setText(q, "search", p.Search)
	setText(q, "parent_id", p.ParentID)
	if p.Roots {
		q.Set("parent_id", "null") // the literal text
	}
	return p.ListParams, q
}

func (p *CategoryListParams) check() error {
	if p != nil && p.Roots && p.ParentID != "" {
		return invalid("CategoryListParams: Roots and ParentID exclude each other")
	}
	return nil
}

// CategoriesService reads and adds categories. Use it as Client.Categories.
type CategoriesService service

// List returns one page of categories. Nil params select the first page of all, 20 of them
// unless the server decides otherwise.
//
//	GET /categories
func (s *CategoriesService) List(ctx context.Context, params *CategoryListParams) (*Page[Category], error) {
	if err := params.check(); err != nil {
		return nil, err
	}
	return list[Category](ctx, s.client, "/categories", params)
}

// All returns a sequence of every category from params.Page on, which reads pages of
// params.Limit, 100 by default, as it goes and [WithPrefetch] of them ahead. It yields each
// category once, and an error at most once, last: after the categories of the pages before
// it. Leaving the loop stops the requests. See [ListParams] for a list that changes
// meanwhile, which may end with [ErrListChanged]. The sequence can be ranged over again, and
// starts anew.
//
//	GET /categories
func (s *CategoriesService) All(ctx context.Context, params *CategoryListParams) iter.Seq2[Category, error] {
	if err := params.check(); err != nil {
		return func(yield func(Category, error) bool) { yield(Category{}, err) }
	}
	return all[Category](ctx, s.client, "/categories", params)
}

// Count returns how many categories params selects, as the total_count of a page of one
// record says. A response without one is an error.
//
//	GET /categories
func (s *CategoriesService) Count(ctx context.Context, params *CategoryListParams) (int, error) {
	if err := params.check(); err != nil {
		return 0, err
	}
	return count[Category](ctx, s.client, "/categories", params)
}

// Get returns the category with this code; ErrNotFound when there is none.
//
//	GET /categories/code/{category_code}
func (s *CategoriesService) Get(ctx context.Context, categoryCode string) (*Category, error) {
	op := &operation{method: http.MethodGet, route: "/categories/code/{category_code}", ids: ids{categoryCode}}
	return do[Category](ctx, s.client, op)
}

// Create adds a category; Linkit sets its depth and path. A CategoryCode in use is ErrConflict. It
// is not retried once it may have taken effect.
//
//	POST /categories   (inferred)
func (s *CategoriesService) Create(ctx context.Context, params CategoryParams) (*Category, error) {
	return do[Category](ctx, s.client, &operation{method: http.MethodPost, route: "/categories", body: params})
}
