package stock

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestDecideWhatToDoWithARecord(t *testing.T) {
	t.Parallel()
	record := qty("A", 5)
	record.Price = new(7.25)
	unreadable := Record{Key: Key{SKU: "A"}, Reason: "qty", Raw: `{"qty":"x"}`}
	equal, other, less := record.Values, Values{Qty: new(int64(4)), Price: record.Price}, Values{Qty: record.Qty}
	whole := Record{Key: Key{SKU: "A"}, Values: Values{
		Product: new("P"), Qty: new(int64(5)), Price: new(7.25), Cost: new(3.0), Available: new(true),
	}}
	changed := func(change func(*Values)) known {
		sent := whole.clone()
		change(&sent)
		return known{sent: &sent}
	}
	more := Values{Qty: record.Qty, Price: record.Price, Cost: new(3.0), Product: new("P")}
	rejected, otherRejected, rawRejected := record.text(), `{"qty":4}`, unreadable.Raw
	waiting, acknowledged := &hold{until: time.Now(), open: true}, &hold{until: time.Now()}
	for name, c := range map[string]struct {
		record Record
		known  known
		want   fate
	}{
		"new":                               {record, known{}, mustSend},
		"changed":                           {record, known{sent: &other}, mustSend},
		"unchanged":                         {record, known{sent: &equal}, isUnchanged},
		"nothing changed":                   {whole, changed(func(*Values) {}), isUnchanged},
		"another product":                   {whole, changed(func(v *Values) { v.Product = new("Q") }), mustSend},
		"another quantity":                  {whole, changed(func(v *Values) { v.Qty = new(int64(6)) }), mustSend},
		"another price":                     {whole, changed(func(v *Values) { v.Price = new(7.26) }), mustSend},
		"another cost":                      {whole, changed(func(v *Values) { v.Cost = new(3.01) }), mustSend},
		"no longer available":               {whole, changed(func(v *Values) { v.Available = new(false) }), mustSend},
		"a value that wasn't sent before":   {record, known{sent: &less}, mustSend},
		"a value that is no longer there":   {record, known{sent: &more}, isUnchanged},
		"rejected":                          {record, known{rejected: &rejected}, isRejected},
		"rejected, and sent otherwise":      {record, known{sent: &other, rejected: &rejected}, isRejected},
		"rejected with other values":        {record, known{rejected: &otherRejected}, mustSend},
		"back at what was acknowledged":     {record, known{sent: &equal, rejected: &otherRejected}, isUnchanged},
		"in an open request":                {record, known{hold: waiting}, mustWait},
		"unchanged in an open request":      {record, known{sent: &equal, hold: waiting}, mustWait},
		"rejected in an open request":       {record, known{rejected: &rejected, hold: waiting}, mustWait},
		"changed after a retried request":   {record, known{sent: &other, hold: acknowledged}, mustWait},
		"unchanged after a retried request": {record, known{sent: &equal, hold: acknowledged}, isUnchanged},
		"owed":                              {record, known{owed: true}, mustSendAgain},
		"owed, though unchanged":            {record, known{sent: &equal, owed: true}, mustSendAgain},
		"owed, though rejected":             {record, known{rejected: &rejected, owed: true}, mustSendAgain},
		"owed, and in a newer request":      {record, known{owed: true, hold: waiting}, mustWait},
		"unreadable":                        {unreadable, known{sent: &equal}, mustReject},
		"unreadable as before":              {unreadable, known{rejected: &rawRejected}, isRejected},
		"unreadable in another way":         {unreadable, known{rejected: &otherRejected}, mustReject},
		"unreadable and owed":               {unreadable, known{owed: true, hold: waiting}, mustReject},
	} {
		assert.Equal(t, c.want, decide(&c.record, c.known), name)
	}
}

func TestOwedRequestsAreDoneOnceAllTheirRecordsAreSettled(t *testing.T) {
	t.Parallel()
	a, b, c, gone := Key{SKU: "A"}, Key{SKU: "B"}, Key{SKU: "C"}, Key{SKU: "D"}
	o := newOwed([]openRow{
		{id: "1", keys: []Key{a, b}}, {id: "2", keys: []Key{b, c, c, gone}}, {id: "3"},
	})
	assert.True(t, o.see(a))
	assert.True(t, o.see(b))
	assert.True(t, o.see(c))
	assert.False(t, o.see(Key{SKU: "E"}))
	assert.False(t, o.see(Key{Branch: "X", SKU: "A"}), "another branch's")
	assert.Equal(t, []string{"3"}, o.done(), "a request that owes nothing")

	assert.Empty(t, o.completes([]Key{a}))
	assert.Equal(t, []string{"1"}, o.completes([]Key{a, b}))
	o.settle([]Key{a}, nil)
	assert.Equal(t, []string{"1"}, o.completes([]Key{b, {SKU: "E"}}))
	o.settle([]Key{b}, []string{"1"})
	assert.Equal(t, []string{"3"}, o.done())
	assert.Equal(t, []Key{gone}, o.unseen())
	o.settle(o.unseen(), nil)
	assert.Equal(t, []string{"2"}, o.completes([]Key{c}))
	o.settle([]Key{c}, nil) // without its removal
	o.settle([]Key{c}, nil)
	assert.ElementsMatch(t, []string{"2", "3"}, o.done())
}
