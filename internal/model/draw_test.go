package model_test

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/linkit-go/linkit"
)

// The keys of records. Any text may be one.
var keys = map[string][]string{
	products: {"A", "B", "C/ü %2F", "D"},
	branches: {"x", "y", "z"},
	skus:     {"A_x", "A_y", "B_x", "S"},
}

// pools are the values that fields are set to.
var pools = map[string][]any{
	"NameEn": {"n1", "n2", "طعام"}, "NameAr": {"n1", ""}, "AveragePrice": {1.5, 0.0, 1e-7}, "Barcode": {"600", "", nil},
	"IsEnabled": {true, false}, "Active": {true, false},
	"Location":    {linkit.Location{Lat: 24.7, Lon: 46.6}, linkit.Location{}, nil},
	"ProductIvID": {"A", "B", ""}, "BranchIvID": {"x", "y"}, "Qty": {3, 0, nil}, "Price": {2.25, 0.0}, "Available": {true, false},
	"FirstName": {"f1", "f2"}, "Email": {"a@example.com", "b@example.com"}, "Phone": {"+966500000001", ""},
	"Status": {linkit.CustomerStatusActive, linkit.CustomerStatusBlocked, linkit.CustomerStatus("")},
}

// notText can't be sent.
const notText = "\xc8\xe4"

func (e entry) invalid() bool { return e.fields["NameAr"] == notText }

var fieldsOf = map[string][]string{
	products:  {"NameEn", "AveragePrice", "Barcode", "IsEnabled"},
	branches:  {"NameEn", "NameAr", "Active", "Location"},
	skus:      {"ProductIvID", "BranchIvID", "Qty", "Price", "Available"},
	customers: {"FirstName", "Email", "Phone", "Status"},
}

// programs are programs of -rapid.steps steps on average.
var programs = rapid.Custom(func(t *rapid.T) *program {
	p := &program{
		ttl:  rapid.SampledFrom([]time.Duration{time.Hour, 10 * time.Minute, 20 * time.Second}).Draw(t, "ttl"),
		skew: rapid.SampledFrom([]time.Duration{0, 0, 3 * time.Hour, -25 * time.Hour}).Draw(t, "skew"),
	}
	t.Repeat(actions(p))
	return p
})

// actions returns the functions that each add a step to a program.
func actions(p *program) map[string]func(*rapid.T) {
	add := func(draw func(*rapid.T) step) func(*rapid.T) {
		return func(t *rapid.T) { p.steps = append(p.steps, draw(t)) }
	}
	actions := map[string]func(*rapid.T){
		"wait": add(func(t *rapid.T) step {
			return &wait{rapid.SampledFrom([]time.Duration{
				time.Second, time.Minute, 9 * time.Minute, 58 * time.Minute, 2 * time.Hour,
			}).Draw(t, "d")}
		}),
		"expire": add(func(*rapid.T) step { return &expire{} }),
		"reset":  add(func(*rapid.T) step { return &reset{} }),
		"refuse": add(func(t *rapid.T) step {
			resource := rapid.SampledFrom(names[:3]).Draw(t, "resource")
			key, _ := drawKey(t, resource)
			return &refuse{resource, key, rapid.IntRange(1, 6).Draw(t, "steps")}
		}),
		"restart": add(func(t *rapid.T) step {
			return &restart{rapid.SampledFrom([]string{byKey, byLogin}).Draw(t, "client")}
		}),
		"revoke": add(func(t *rapid.T) step {
			return &revoke{rapid.SampledFrom([]string{byKey, byLogin}).Draw(t, "client"), rapid.IntRange(1, 3).Draw(t, "steps")}
		}),
		"suspend": add(func(t *rapid.T) step {
			return &suspend{rapid.SampledFrom(organizations).Draw(t, "organization"), rapid.IntRange(1, 3).Draw(t, "steps")}
		}),
		"together": add(drawTogether),
	}
	for verb, weight := range map[string]int{
		"create": 3, "update": 2, "edit": 1, "delete": 1, "get": 2, "list": 1, "all": 2, "count": 1, "bulk": 2, "bulkAll": 2,
	} {
		for n := range weight {
			actions[fmt.Sprint(verb, " ", n)] = add(func(t *rapid.T) step { return drawCall(t, verb) })
		}
	}
	return actions
}

func drawTogether(t *rapid.T) step {
	s := &together{}
	client := rapid.SampledFrom([]string{byKey, byLogin}).Draw(t, "client")
	for _, organization := range organizations[:rapid.IntRange(2, 3).Draw(t, "calls")] {
		c := drawCall(t, rapid.SampledFrom([]string{"create", "get", "update", "delete", "all", "edit", "bulk", "bulkAll"}).Draw(t, "verb"))
		c.client, c.organization = client, organization
		s.calls = append(s.calls, c)
	}
	return s
}

func drawCall(t *rapid.T, verb string) *call {
	c := &call{
		verb:   verb,
		client: rapid.SampledFrom([]string{byKey, byLogin}).Draw(t, "client"), organization: rapid.SampledFrom(organizations).Draw(t, "organization"),
	}
	some := names
	if verb == "bulk" || verb == "bulkAll" {
		some = names[:3] // customers have no bulk
	}
	c.resource = rapid.SampledFrom(some).Draw(t, "resource")
	parts := 1
	switch verb {
	case "create":
		c.entry = drawEntry(t, c.resource)
	case "update", "edit":
		c.key, c.customer = drawKey(t, c.resource)
		c.entry = drawEntry(t, c.resource)
		if rapid.IntRange(0, 2).Draw(t, "renamed") == 0 {
			c.entry.key = c.key
		}
	case "get", "delete":
		c.key, c.customer = drawKey(t, c.resource)
	case "list":
		c.page, c.limit = rapid.IntRange(1, 3).Draw(t, "page"), rapid.IntRange(1, 4).Draw(t, "limit")
	case "all":
		c.limit, parts = rapid.IntRange(1, 4).Draw(t, "limit"), 3
		c.take = max(rapid.IntRange(-4, 3).Draw(t, "take"), 0)
	case "bulk", "bulkAll":
		c.mode = rapid.SampledFrom([]linkit.BulkMode{linkit.BulkUpsert, linkit.BulkCreate, linkit.BulkUpdate}).Draw(t, "mode")
		c.entries = drawEntries(t, c.resource, verb == "bulkAll")
		if rapid.IntRange(0, 4).Draw(t, "limited") == 4 {
			c.tooLarge = rapid.IntRange(1, 2).Draw(t, "tooLarge")
		}
		if verb == "bulkAll" {
			parts = len(c.entries)
			c.take = max(rapid.IntRange(-8, len(c.entries)).Draw(t, "take"), 0)
		}
	}
	drawNetwork(t, c, parts)
	return c
}

// drawnFaults are all faults, and those more often that matter most to what follows them.
var drawnFaults = slices.Concat(faults, slices.Repeat([]*fault{
	named("response lost"), named("lost on its way"), named("401"), named("403"), named("refused connection"),
}, 4))

// drawNetwork draws what the network does to a call: half of the calls meet nothing.
func drawNetwork(t *rapid.T, c *call, parts int) {
	switch rapid.IntRange(0, 9).Draw(t, "context") {
	case 8:
		c.deadline = rapid.SampledFrom([]time.Duration{100 * time.Millisecond, 3 * time.Second, 45 * time.Second}).Draw(t, "deadline")
	case 9:
		c.cancelled = rapid.IntRange(0, 2).Draw(t, "cancelled") == 2
	}
	n := max(rapid.IntRange(-4, 4).Draw(t, "faults"), 0)
	for range n {
		part := rapid.IntRange(0, parts-1).Draw(t, "part")
		if c.faults == nil {
			c.faults = map[int][]*fault{}
		}
		c.faults[part] = append(c.faults[part], rapid.SampledFrom(drawnFaults).Draw(t, "fault"))
	}
	if c.client == byLogin && rapid.IntRange(0, 7).Draw(t, "signs in badly") == 7 {
		c.signIns = rapid.SliceOfN(rapid.SampledFrom(signInFaults), 1, 3).Draw(t, "sign-in faults")
	}
}

func drawKey(t *rapid.T, resource string) (key string, customer int) {
	if resource == customers {
		return "", rapid.IntRange(0, 3).Draw(t, "customer")
	}
	return rapid.SampledFrom(keys[resource]).Draw(t, "key"), 0
}

func drawEntry(t *rapid.T, resource string) entry {
	e := entry{fields: fields{}}
	if resource != customers {
		e.key, _ = drawKey(t, resource)
	}
	for _, name := range fieldsOf[resource] {
		pool := pools[name]
		if i := rapid.IntRange(0, len(pool)).Draw(t, name); i > 0 {
			e.fields[name] = pool[i-1]
		}
	}
	if resource == products && rapid.IntRange(0, 19).Draw(t, "invalid") == 19 {
		e.fields["NameAr"] = notText
	}
	if resource == skus && e.fields.text("ProductIvID") != "" && e.fields.text("BranchIvID") != "" &&
		rapid.IntRange(0, 1).Draw(t, "derived") == 1 {
		e.key = ""
	}
	return e
}

func drawEntries(t *rapid.T, resource string, distinct bool) (entries []entry) {
	for range rapid.IntRange(1, 5).Draw(t, "entries") {
		e := drawEntry(t, resource)
		same := func(other entry) bool { return keyOf(resource, other) == keyOf(resource, e) }
		if !distinct || !slices.ContainsFunc(entries, same) {
			entries = append(entries, e)
		}
	}
	return entries
}
