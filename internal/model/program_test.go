package model_test

import (
	"fmt"
	"strings"
	"time"

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
	skew  time.Duration // of the server's clock
	steps []step
}

// GoString prints the program, one step a line.
func (p *program) GoString() string {
	var b strings.Builder
	fmt.Fprintf(&b, "with tokens of %v and the server's clock %v off\n", p.ttl, p.skew)
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
	take                 int // records that All is left after, or that BulkAll's source fails after; 0: never

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
		if c.take > 0 {
			return []string{fmt.Sprintf("limit %d, left after %d", c.limit, c.take)}
		}
		return []string{fmt.Sprintf("limit %d", c.limit)}
	case "bulk", "bulkAll":
		arguments := []string{fmt.Sprintf("%q", c.mode)}
		for _, e := range c.entries {
			arguments = append(arguments, params(e))
		}
		if c.take > 0 {
			arguments = append(arguments, fmt.Sprintf("and its source fails after %d", c.take))
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

// refuse makes the server reject a record for some steps.
type refuse struct {
	resource, key string
	steps         int
}

func (s *refuse) String() string {
	return fmt.Sprintf("server.Refuse(%q, %q, 422, \"\") for %d steps", "/"+s.resource, s.key, s.steps)
}

// restart closes a client and makes another one.
type restart struct{ client string }

func (s *restart) String() string {
	return fmt.Sprintf("%[1]s.Close(); %[1]s = linkit.NewClient(...)", s.client)
}

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
