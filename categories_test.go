package linkit_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/linkit-go/linkit"
	"github.com/stretchr/testify/assert"
)

func sampleCategory() linkit.Category {
	return linkit.Category{
		ID: "cat_otc", CategoryCode: "OTC-PAIN", OrganizationID: "org_9f2", NameEn: "Pain relief", NameAr: "مسكنات",
		ParentID: "cat_health", Depth: 1, Path: "Health > Pain relief", ProductCount: 64, Created: created, Updated: updated,
	}
}

func TestCategoriesOnTheWire(t *testing.T) {
	t.Parallel()
	want := sampleCategory()
	exchanges(t, []exchange{
		{
			name: "get", line: "GET /categories/code/OTC-PAIN", response: sample(t, "category.json"), record: true, want: &want,
			call: func(ctx context.Context, c *linkit.Client) (any, error) { return c.Categories.Get(ctx, "OTC-PAIN") },
		},
		{
			name:     "create",
			line:     "POST /categories",
			body:     "category.json",
			status:   http.StatusCreated,
			response: sample(t, "category.json"),
			record:   true,
			want:     &want,
			call: func(ctx context.Context, c *linkit.Client) (any, error) {
				return c.Categories.Create(ctx, linkit.CategoryParams{
					CategoryCode: "OTC-PAIN", NameEn: "Pain relief", NameAr: "مسكنات", ParentID: "cat_health",
				})
			},
		},
		{
			name:     "create a root",
			line:     "POST /categories",
			body:     "category-root.json",
			response: sample(t, "category.json"),
			want:     &want,
			call: func(ctx context.Context, c *linkit.Client) (any, error) {
				return c.Categories.Create(ctx, linkit.CategoryParams{CategoryCode: "HEALTH", NameEn: "Health"})
			},
		},
	})
}

func TestCategoryListsSendTheirParametersAndReadWhatComes(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]listing[linkit.Category, *linkit.CategoryListParams]{
		"nil": {record: sample(t, "category.json"), want: sampleCategory()},
		"children": {
			params: &linkit.CategoryListParams{Search: "pain", ParentID: "cat_health"},
			query:  "search=pain&parent_id=cat_health",
			record: `{"category_code":"NEW","parent_id":"","path":null,"created":"","updated":null,"new":[]}`,
			want:   linkit.Category{CategoryCode: "NEW"},
		},
		"roots": {
			params: &linkit.CategoryListParams{Roots: true},
			query:  "parent_id=null",
			record: sample(t, "category-root.json"),
			want: linkit.Category{
				ID: "cat_health", CategoryCode: "HEALTH", OrganizationID: "org_9f2", NameEn: "Health", NameAr: "صحة",
				Path: "Health", ProductCount: 640, Created: created, Updated: updated,
			},
		},
	} {
		row.line = "GET /categories"
		row.service = func(c *linkit.Client) lister[linkit.Category, *linkit.CategoryListParams] { return c.Categories }
		t.Run(name, row.check)
	}
}

func TestRootsAndAParentExcludeEachOther(t *testing.T) {
	t.Parallel()
	both := &linkit.CategoryListParams{Roots: true, ParentID: "cat_health"}
	for name, call := range map[string]func(context.Context, *linkit.Client) error{
		"list": func(ctx context.Context, c *linkit.Client) error {
			_, err := c.Categories.List(ctx, both)
			return err
		},
		"all": func(ctx context.Context, c *linkit.Client) error {
			_, err := linkit.Collect(c.Categories.All(ctx, both))
			return err
		},
		"count": func(ctx context.Context, c *linkit.Client) error {
			n, err := c.Categories.Count(ctx, both)
			assert.Zero(t, n)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			invalidBefore(t, call, []string{"Roots", "ParentID"})
		})
	}
}
