package model_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/linkit-go/linkit"
)

var organizations = []string{"org_1", "org_2", "org_3"}

// The clients, by their credentials.
const (
	byKey   = "key"
	byLogin = "login"
)

// program is what a test runs.
type program struct {
	ttl   time.Duration // of tokens
	steps []step
}

// GoString prints the program, one step a line.
func (p *program) GoString() string {
	var b strings.Builder
	fmt.Fprintf(&b, "with tokens of %v\n", p.ttl)
	for i, s := range p.steps {
		fmt.Fprintf(&b, "%3d  %v\n", i+1, s)
	}
	return b.String()
}

// step is one step of a program.
type step interface {
	fmt.Stringer
	// run returns what is wrong with what happened, or nil.
	run(r *run) error
}

// call is a call of the SDK, and what the network does to it.
type call struct {
	client, organization string
	verb, resource       string
	key                  string // "": a customer's
	customer             int    // which one, of those that there are
	entry                entry
	mode                 linkit.BulkMode
	entries              []entry
	page, limit          int

	faults    map[int][]*fault // by the part of the call
	signIns   []*fault
	tooLarge  int           // records in a bulk request are a 413 if they are more; 0: none
	deadline  time.Duration // 0: none
	cancelled bool          // before the call
}

// String prints the call as Go.
func (c *call) String() string {
	ctx := "ctx"
	switch {
	case c.cancelled:
		ctx = "cancelled"
	case c.deadline > 0:
		ctx = fmt.Sprintf("within(%v)", c.deadline)
	}
	name := map[string]string{products: "Products", branches: "Branches", skus: "SKUs", customers: "Customers"}[c.resource]
	text := fmt.Sprintf("%s.ForOrganization(%q).%s.%s(%s)", c.client, c.organization, name, strings.ToUpper(c.verb[:1])+c.verb[1:],
		strings.Join(append([]string{ctx}, c.arguments()...), ", "))
	if met := c.met(); met != "" {
		text += " // " + met
	}
	return text
}

func (c *call) arguments() []string {
	key := fmt.Sprintf("%q", c.key)
	if c.key == "" {
		key = fmt.Sprintf("customer(%d)", c.customer)
	}
	params := resources[c.resource].params
	switch c.verb {
	case "create":
		return []string{params(c.entry)}
	case "update", "edit":
		return []string{key, params(c.entry)}
	case "get", "delete":
		return []string{key}
	case "list":
		return []string{fmt.Sprintf("page %d, limit %d", c.page, c.limit)}
	case "all":
		return []string{fmt.Sprintf("limit %d", c.limit)}
	case "bulk", "bulkAll":
		arguments := []string{fmt.Sprintf("%q", c.mode)}
		for _, e := range c.entries {
			arguments = append(arguments, params(e))
		}
		return arguments
	}
	return nil
}

// met prints what the network does to the call.
func (c *call) met() string {
	var met []string
	for part := range 10 {
		for _, f := range c.faults[part] {
			if part > 0 {
				met = append(met, fmt.Sprintf("part %d: %s", part+1, f.name))
			} else {
				met = append(met, f.name)
			}
		}
	}
	for _, f := range c.signIns {
		met = append(met, "sign-in: "+f.name)
	}
	if c.tooLarge > 0 {
		met = append(met, fmt.Sprintf("413 for more than %d records", c.tooLarge))
	}
	return strings.Join(met, "; ")
}

// together is calls at the same time, for different organizations by one client.
type together struct{ calls []*call }

func (s *together) String() string {
	lines := []string{"at the same time:"}
	for _, c := range s.calls {
		lines = append(lines, "    "+c.String())
	}
	return strings.Join(lines, "\n")
}

// wait lets time pass.
type wait struct{ d time.Duration }

func (s *wait) String() string { return fmt.Sprintf("time.Sleep(%v)", s.d) }

// expire makes the server forget all tokens.
type expire struct{}

func (s *expire) String() string { return "server.ExpireTokens()" }

// revoke voids a client's credential for some steps.
type revoke struct {
	client string
	steps  int
}

func (s *revoke) String() string { return fmt.Sprintf("revoke(%s) for %d steps", s.client, s.steps) }

// suspend suspends an organization for some steps.
type suspend struct {
	organization string
	steps        int
}

func (s *suspend) String() string {
	return fmt.Sprintf("server.SetSuspended(%q, true) for %d steps", s.organization, s.steps)
}

// reset is Auth.Reset.
type reset struct{}

func (s *reset) String() string { return "login.Auth.Reset()" }

// The keys of records. Any text may be one.
var keys = map[string][]string{
	products: {"A", "B", "C/ü %2F"},
	branches: {"x", "y"},
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

var fieldsOf = map[string][]string{
	products:  {"NameEn", "AveragePrice", "Barcode", "IsEnabled"},
	branches:  {"NameEn", "NameAr", "Active", "Location"},
	skus:      {"ProductIvID", "BranchIvID", "Qty", "Price", "Available"},
	customers: {"FirstName", "Email", "Phone", "Status"},
}

// programs are programs of -rapid.steps steps on average.
var programs = rapid.Custom(func(t *rapid.T) *program {
	p := &program{ttl: rapid.SampledFrom([]time.Duration{time.Hour, 10 * time.Minute, 20 * time.Second}).Draw(t, "ttl")}
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
		"revoke": add(func(t *rapid.T) step {
			return &revoke{rapid.SampledFrom([]string{byKey, byLogin}).Draw(t, "client"), rapid.IntRange(1, 3).Draw(t, "steps")}
		}),
		"suspend": add(func(t *rapid.T) step {
			return &suspend{rapid.SampledFrom(organizations).Draw(t, "organization"), rapid.IntRange(1, 3).Draw(t, "steps")}
		}),
		"together": add(drawTogether),
	}
	for _, verb := range []string{
		"create", "update", "edit", "delete", "get", "list", "all", "count", "bulk", "bulkAll",
	} {
		actions[verb] = add(func(t *rapid.T) step { return drawCall(t, verb) })
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
	case "bulk", "bulkAll":
		c.mode = rapid.SampledFrom([]linkit.BulkMode{linkit.BulkUpsert, linkit.BulkCreate, linkit.BulkUpdate}).Draw(t, "mode")
		c.entries = drawEntries(t, c.resource, verb == "bulkAll")
		if rapid.IntRange(0, 4).Draw(t, "limited") == 4 {
			c.tooLarge = rapid.IntRange(1, 2).Draw(t, "tooLarge")
		}
		if verb == "bulkAll" {
			parts = len(c.entries)
		}
	}
	drawNetwork(t, c, parts)
	return c
}

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
		c.faults[part] = append(c.faults[part], rapid.SampledFrom(faults).Draw(t, "fault"))
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
	if resource == skus && e.fields.text("ProductIvID") != "" && e.fields.text("BranchIvID") != "" &&
		rapid.IntRange(0, 1).Draw(t, "derived") == 1 {
		e.key = ""
	}
	return e
}

func drawEntries(t *rapid.T, resource string, distinct bool) (entries []entry) {
	for range rapid.IntRange(1, 4).Draw(t, "entries") {
		e := drawEntry(t, resource)
		same := func(other entry) bool { return keyOf(resource, other) == keyOf(resource, e) }
		if !distinct || !slices.ContainsFunc(entries, same) {
			entries = append(entries, e)
		}
	}
	return entries
}
