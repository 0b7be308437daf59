// Package demo provides the client of every example: of a fake server in the process, or, with the
// flag -live, of the service. A program of your own calls linkit.NewClient(linkit.FromEnv()) in its
// place.
package demo

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

var (
	live = flag.Bool("live", false, "work on the service, with the credential of the LINKIT_* variables")
	yes  = flag.Bool("yes", false, "with -live: write what the example says that it writes")
)

// Example describes an example.
type Example struct {
	// Fake fills the fake server, and says which faults its requests meet. Nil leaves it empty.
	Fake func(*linkittest.Server)
	// Options are for the fake server only: another credential than its API key, an organization.
	Options []linkit.Option
	// Writes says what the example writes: "adds a product and removes it again". With -live it is
	// printed, together with the host and the organization, and refused without -yes. Empty means
	// that the example only reads.
	Writes string
}

// NewClient parses the program's flags and returns a client of a fake server or, with -live, of the
// service. Without -live the LINKIT_* variables have no effect. The fake server ends with the
// program.
func NewClient(e Example, opts ...linkit.Option) (*linkit.Client, error) {
	if !flag.Parsed() {
		flag.Parse()
	}
	return e.client(os.Stdout, *live, *yes, opts)
}

func (e Example) client(out io.Writer, live, yes bool, opts []linkit.Option) (*linkit.Client, error) {
	if live {
		return e.service(out, yes, opts)
	}
	_, _ = fmt.Fprintln(out, "Working on a fake server in this process; -live works on the service.")
	server := linkittest.NewServer()
	if e.Fake != nil {
		e.Fake(server)
	}
	return server.Client(slices.Concat(e.Options, opts)...), nil
}

func (e Example) service(out io.Writer, yes bool, opts []linkit.Option) (*linkit.Client, error) {
	set := func(name string) bool { return os.Getenv(name) != "" }
	if !set("LINKIT_API_KEY") && !set("LINKIT_TOKEN") && (!set("LINKIT_EMAIL") || !set("LINKIT_PASSWORD")) {
		return nil, errors.New("-live needs a credential: " +
			"set LINKIT_API_KEY, LINKIT_TOKEN, or LINKIT_EMAIL and LINKIT_PASSWORD")
	}
	if e.Writes != "" {
		organization := "the credential's own organization"
		if id := os.Getenv("LINKIT_ORGANIZATION_ID"); id != "" {
			organization = "organization " + id
		}
		_, _ = fmt.Fprintf(out, "On %s, in %s, this %s.\n", host(), organization, e.Writes)
		if !yes {
			return nil, errors.New("nothing was sent: add -yes to write that")
		}
	}
	return linkit.NewClient(append([]linkit.Option{linkit.FromEnv()}, opts...)...)
}

// host returns the host that a client of the environment calls.
func host() string {
	base, err := url.Parse(cmp.Or(os.Getenv("LINKIT_BASE_URL"), linkit.DefaultBaseURL))
	if err != nil || base.Host == "" {
		return "the host of LINKIT_BASE_URL"
	}
	return base.Host
}
