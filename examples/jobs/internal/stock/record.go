package stock

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/linkit-go/linkit"
)

// Key is a SKU's place in the tables: its branch, "" where the source has none, and its own key.
type Key struct{ Branch, SKU string }

// compare orders keys as the databases do: by bytes, the branch first.
func (k Key) compare(other Key) int {
	return cmp.Or(cmp.Compare(k.Branch, other.Branch), cmp.Compare(k.SKU, other.SKU))
}

// Values are what is known of a SKU. Nil is not known, and not sent.
type Values struct {
	Product   *string  `json:"product,omitempty"`
	Qty       *int64   `json:"qty,omitempty"`
	Price     *float64 `json:"price,omitempty"`
	Cost      *float64 `json:"cost,omitempty"`
	Available *bool    `json:"available,omitempty"`
}

// String returns the values as a person reads them: "qty 5, price 7.25".
func (v Values) String() string {
	var parts []string
	add := func(name string, value any) { parts = append(parts, fmt.Sprintf("%s %v", name, value)) }
	if v.Qty != nil {
		add("qty", *v.Qty)
	}
	if v.Price != nil {
		add("price", *v.Price)
	}
	if v.Cost != nil {
		add("cost", *v.Cost)
	}
	if v.Available != nil {
		add("available", *v.Available)
	}
	if v.Product != nil {
		add("product", *v.Product)
	}
	return strings.Join(parts, ", ")
}

// in reports whether sent has each value that v has.
func (v Values) in(sent Values) bool {
	return within(v.Product, sent.Product) && within(v.Qty, sent.Qty) && within(v.Price, sent.Price) &&
		within(v.Cost, sent.Cost) && within(v.Available, sent.Available)
}

// clone returns values that don't change with v's.
func (v Values) clone() Values {
	return Values{
		Product: copied(v.Product), Qty: copied(v.Qty), Price: copied(v.Price), Cost: copied(v.Cost),
		Available: copied(v.Available),
	}
}

func copied[T any](value *T) *T {
	if value == nil {
		return nil
	}
	return new(*value)
}

func within[T comparable](value, sent *T) bool { return value == nil || sent != nil && *value == *sent }

// Record is one SKU of the source.
type Record struct {
	Key
	Values
	Rows   int    // of the source that it stands for
	Reason string // why it can't be sent; "": it can
	Raw    string // the values as the source has them, if there is a Reason

	wasSent     bool // with other values
	wasRejected bool // likewise
}

// text returns the values as JSON, by which a rejected record is known again.
func (r *Record) text() string {
	if r.Reason != "" {
		return r.Raw
	}
	text, err := json.Marshal(r.Values)
	if err != nil {
		return err.Error() // numbers that JSON doesn't have are rejected when they are read
	}
	return string(text)
}

// params returns what is sent. withBranch: the source has a column branch.
func (r *Record) params(withBranch bool) linkit.SKUParams {
	p := linkit.SKUParams{IvID: r.SKU, Price: r.Price, Cost: r.Cost, Available: r.Available}
	if r.Product != nil {
		p.ProductIvID = *r.Product
	}
	if withBranch {
		p.BranchIvID = r.Branch
	}
	if r.Qty != nil {
		p.Qty = linkit.Ptr(int(*r.Qty))
	}
	return p
}

// Rejection is a record that isn't sent again until its values change.
type Rejection struct {
	Key
	Record string // its values as JSON
	Reason string
}

func keysOf(records []Record) []Key {
	keys := make([]Key, len(records))
	for i := range records {
		keys[i] = records[i].Key
	}
	return keys
}
