package feed

import (
	"strings"

	"github.com/linkit-go/linkit"
)

// The changes of an order that are events.
const (
	ChangeNew               = "new" // the order was first seen; To is its status
	ChangeStatus            = "order_status"
	ChangePaymentStatus     = "payment_status"
	ChangeFulfillmentStatus = "fulfillment_status"
)

// A change is what one read of an order shows that was different before.
type change struct{ name, from, to string }

// changesOf returns how an order differs from what is stored of it, nil for nothing. A status that
// is missing from a read is no change: the order can't have lost it.
func changesOf(stored, read *linkit.Order) []change {
	if stored == nil {
		return []change{{ChangeNew, "", storable(string(read.OrderStatus))}}
	}
	var changes []change
	for _, c := range []change{
		{ChangeStatus, string(stored.OrderStatus), string(read.OrderStatus)},
		{ChangePaymentStatus, string(stored.PaymentStatus), string(read.PaymentStatus)},
		{ChangeFulfillmentStatus, string(stored.FulfillmentStatus), string(read.FulfillmentStatus)},
	} {
		if c.from, c.to = storable(c.from), storable(c.to); c.to != "" && c.from != c.to {
			changes = append(changes, c)
		}
	}
	return changes
}

// outdated reports whether a record of the list shows that what is stored of its order is out of
// date. The list may leave out what reading one order returns: what it doesn't have is no difference.
func outdated(stored *linkit.Order, listed linkit.Order) bool {
	return stored == nil || len(changesOf(stored, &listed)) > 0 ||
		!listed.Updated.IsZero() && !listed.Updated.Equal(stored.Updated.Time) ||
		listed.TotalAmount != 0 && listed.TotalAmount != stored.TotalAmount
}

// storable returns a text as both databases take it: PostgreSQL refuses zero bytes and what isn't
// UTF-8.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// final are the statuses of orders that walks of the open orders pass over.
var final = []string{
	string(linkit.OrderStatusDelivered), string(linkit.OrderStatusCancelled), string(linkit.OrderStatusReturned),
}

// open are the documented statuses of the other orders.
var open = []string{
	string(linkit.OrderStatusPending), string(linkit.OrderStatusConfirmed), string(linkit.OrderStatusPreparing),
	string(linkit.OrderStatusReady), string(linkit.OrderStatusShipped),
}
