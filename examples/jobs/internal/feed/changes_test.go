package feed

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/linkit-go/linkit"
)

func TestOnlyWhatChangedIsAnEvent(t *testing.T) {
	t.Parallel()
	pending := &linkit.Order{OrderStatus: "pending", PaymentStatus: "pending"}
	for name, row := range map[string]struct {
		stored, read *linkit.Order
		want         []change
	}{
		"first seen":        {nil, pending, []change{{ChangeNew, "", "pending"}}},
		"first, no status":  {nil, new(linkit.Order), []change{{ChangeNew, "", ""}}},
		"the same again":    {pending, &linkit.Order{OrderStatus: "pending", PaymentStatus: "pending", Comment: "ring twice"}, nil},
		"status":            {pending, &linkit.Order{OrderStatus: "ready", PaymentStatus: "pending"}, []change{{ChangeStatus, "pending", "ready"}}},
		"back again":        {&linkit.Order{OrderStatus: "ready"}, &linkit.Order{OrderStatus: "pending"}, []change{{ChangeStatus, "ready", "pending"}}},
		"an unknown status": {pending, &linkit.Order{OrderStatus: "lost in transit", PaymentStatus: "pending"}, []change{{ChangeStatus, "pending", "lost in transit"}}},
		"paid and fulfilled": {
			pending, &linkit.Order{OrderStatus: "pending", PaymentStatus: "paid", FulfillmentStatus: "fulfilled"},
			[]change{{ChangePaymentStatus, "pending", "paid"}, {ChangeFulfillmentStatus, "", "fulfilled"}},
		},
		"a status that is missing now": {pending, new(linkit.Order), nil},
		"a status that came":           {new(linkit.Order), pending, []change{{ChangeStatus, "", "pending"}, {ChangePaymentStatus, "", "pending"}}},
		"what PostgreSQL refuses":      {pending, &linkit.Order{OrderStatus: "a\x00b\xff"}, []change{{ChangeStatus, "pending", "a\uFFFDb\uFFFD"}}},
	} {
		assert.Equal(t, row.want, changesOf(row.stored, row.read), name)
	}
}

func TestListShowsThatAnOrderIsOutOfDate(t *testing.T) {
	t.Parallel()
	at := linkit.Time{Time: time.Unix(1_800_000_000, 0).UTC()}
	stored := &linkit.Order{ID: "o1", OrderStatus: "pending", TotalAmount: 10, Updated: at, Comment: "ring twice"}
	for name, row := range map[string]struct {
		stored *linkit.Order
		listed linkit.Order
		want   bool
	}{
		"unknown":               {nil, linkit.Order{ID: "o1"}, true},
		"the same":              {stored, *stored, false},
		"only its id":           {stored, linkit.Order{ID: "o1"}, false},
		"a summary":             {stored, linkit.Order{ID: "o1", OrderStatus: "pending", TotalAmount: 10}, false},
		"status":                {stored, linkit.Order{ID: "o1", OrderStatus: "ready"}, true},
		"payment":               {stored, linkit.Order{ID: "o1", PaymentStatus: "paid"}, true},
		"amount":                {stored, linkit.Order{ID: "o1", TotalAmount: 11}, true},
		"updated":               {stored, linkit.Order{ID: "o1", Updated: linkit.Time{Time: at.Add(time.Second)}}, true},
		"the same, other zone":  {stored, linkit.Order{ID: "o1", Updated: linkit.Time{Time: at.In(time.FixedZone("", 3600))}}, false},
		"other text, not known": {stored, linkit.Order{ID: "o1", Comment: "knock"}, false},
	} {
		assert.Equal(t, row.want, outdated(row.stored, row.listed), name)
	}
}
