package linkittest

import (
	"cmp"
	"slices"
	"unicode/utf8"

	"github.com/linkit-go/linkit"
)

// The documented limits of text fields, in characters.
const (
	maxName        = 255
	maxCode        = 50
	maxGroupName   = 100
	maxDescription = 500
)

// text is a field with a limited length, in characters.
type text struct {
	field, value string
	most         int
}

func longest(texts ...text) *problem {
	for _, t := range texts {
		if utf8.RuneCountInString(t.value) > t.most {
			return invalid("%s must have %d characters at most", t.field, t.most)
		}
	}
	return nil
}

// coded returns the documented limits of a brand; categories and generics are taken to have the
// same.
func coded(key, code, nameEn, nameAr string) *problem {
	return longest(text{key, code, maxCode}, text{"name_en", nameEn, maxName}, text{"name_ar", nameAr, maxName})
}

// WithStrict rejects with a 422, in addition to what Linkit documents, records that any such
// service would reject: negative prices and quantities, names and keys of more than 255 characters,
// ids of brands, categories, generics, products and branches that don't exist (an unknown parent of
// a category is always rejected), unknown genders, types and statuses of customers, locations that
// aren't on Earth, offers that end before they start, and generics with a name that is in use in
// any organization, which get a 409. This is linkittest's own: what the service does isn't
// documented. A reference is checked only when it changes. The Add methods and fixtures aren't
// checked.
func WithStrict() Option {
	return func(s *settings) { s.strict = true }
}

// number is a field that must not be negative.
type number struct {
	field string
	value float64
}

func negative(numbers ...number) *problem {
	for _, n := range numbers {
		if n.value < 0 {
			return invalid("%s must not be negative", n.field)
		}
	}
	return nil
}

// reference is a field with the key of another record.
type reference struct {
	field, value, old string
	exists            func(value string) bool
}

func dangling(references ...reference) *problem {
	for _, r := range references {
		if r.value != "" && r.value != r.old && !r.exists(r.value) {
			return invalid("%s: there is no such record", r.field)
		}
	}
	return nil
}

func (t *table[T]) hasID(id string) bool   { return t.first("id", id) != nil }
func (t *table[T]) hasKey(key string) bool { return t.get(key) != nil }

// oneOf returns an error unless value is one of those listed, or empty.
func oneOf[S ~string](field string, value S, values ...S) *problem {
	if value == "" || slices.Contains(values, value) {
		return nil
	}
	return invalid("%s is unknown", field)
}

func strictProduct(c change, p, old *linkit.Product) *problem {
	return cmp.Or(
		longest(text{"name_en", p.NameEn, maxName}, text{"name_ar", p.NameAr, maxName}, text{"barcode", p.Barcode, maxName}),
		negative(number{"average_price", p.AveragePrice}, number{"vat_value", p.VATValue}),
		dangling(
			reference{"brand_id", p.BrandID, old.BrandID, c.org.brands.hasID},
			reference{"category_id", p.CategoryID, old.CategoryID, c.org.categories.hasID},
			reference{"generic_id", p.GenericID, old.GenericID, c.org.generics.hasID},
		),
	)
}

func strictSKU(c change, sku, old *linkit.SKU) *problem {
	return cmp.Or(
		negative(number{"qty", float64(quantity(sku))}, number{"price", sku.Price}, number{"cost", sku.Cost}),
		dangling(
			reference{"product_iv_id", sku.ProductIvID, old.ProductIvID, c.org.products.hasKey},
			reference{"branch_iv_id", sku.BranchIvID, old.BranchIvID, c.org.branches.hasKey},
		),
	)
}

func strictBranch(_ change, b, _ *linkit.Branch) *problem {
	if b.Location.Lat < -90 || b.Location.Lat > 90 || b.Location.Lon < -180 || b.Location.Lon > 180 {
		return invalid("location must be on Earth")
	}
	return longest(text{"name_en", b.NameEn, maxName}, text{"name_ar", b.NameAr, maxName})
}

func strictGeneric(c change, g, _ *linkit.Generic) *problem {
	for _, org := range c.server.data.organizations {
		for r := range org.generics.rows.all() {
			other := &r.record.value
			switch {
			case other.ID == g.ID:
			case g.NameEn != "" && other.NameEn == g.NameEn:
				return conflict("generic", "name_en", g.NameEn)
			case g.NameAr != "" && other.NameAr == g.NameAr:
				return conflict("generic", "name_ar", g.NameAr)
			}
		}
	}
	return nil
}

func strictCustomer(_ change, v, _ *linkit.Customer) *problem {
	return cmp.Or(
		longest(
			text{"first_name", v.FirstName, maxName}, text{"last_name", v.LastName, maxName},
			text{"email", v.Email, maxName}, text{"phone", v.Phone, maxName},
		),
		oneOf("gender", string(v.Gender), "male", "female", "other"),
		oneOf("type", string(v.Type), "individual", "corporate", "vip"),
		oneOf("status", string(v.Status), "active", "inactive", "pending", "suspended", "blocked"),
	)
}

func strictOrder(_ change, o, _ *linkit.Order) *problem {
	refusal := negative(
		number{"total_amount", o.TotalAmount}, number{"subtotal", o.Subtotal}, number{"discount", o.DiscountsAmount},
		number{"tax", o.VATAmount}, number{"delivery_fee", o.DeliveryFee},
	)
	for _, item := range o.Products {
		refusal = cmp.Or(refusal, negative(number{"products.quantity", item.Quantity}, number{"products.price", item.Price}))
	}
	return refusal
}

func strictOffer(_ change, o, _ *linkit.Offer) *problem {
	if !o.StartAt.IsZero() && !o.EndAt.IsZero() && o.EndAt.Before(o.StartAt.Time) {
		return invalid("end_at must not be before start_at")
	}
	return cmp.Or(
		longest(text{"name", o.Name, maxName}),
		negative(
			number{"discount_value", o.DiscountValue}, number{"buy_qty", float64(o.BuyQty)},
			number{"get_qty", float64(o.GetQty)}, number{"get_discount_percent", o.GetDiscountPercent},
		),
	)
}
