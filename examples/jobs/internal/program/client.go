package program

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"

	"github.com/linkit-go/linkit"
)

// Flags are the flags that the jobs share.
type Flags struct {
	Live   bool
	Yes    bool
	Listen string
}

// Register adds the flags to set.
func (f *Flags) Register(set *flag.FlagSet) {
	set.BoolVar(&f.Live, "live", false, "work on the service, with the credential of the LINKIT_* variables")
	set.BoolVar(&f.Yes, "yes", false, "with -live: write what the program says that it writes")
	set.StringVar(&f.Listen, "listen", "", "serve /metrics and /healthz on this `address`, such as 127.0.0.1:9090")
}

// NewClient returns a client of the service, with the credential of the LINKIT_* variables. It first
// prints the host, the organization and what the program writes to them, and fails without -yes. An
// empty writes means that the program only reads there.
func (f *Flags) NewClient(out *Output, writes string, opts ...linkit.Option) (*linkit.Client, error) {
	if !f.Live {
		return nil, Usage(errors.New("-live is missing: without it nothing reaches the service"))
	}
	set := func(name string) bool { return os.Getenv(name) != "" }
	if !set("LINKIT_API_KEY") && !set("LINKIT_TOKEN") && (!set("LINKIT_EMAIL") || !set("LINKIT_PASSWORD")) {
		return nil, Usage(errors.New("-live needs a credential: " +
			"set LINKIT_API_KEY, LINKIT_TOKEN, or LINKIT_EMAIL and LINKIT_PASSWORD"))
	}
	if writes != "" {
		organization := "the credential's own organization"
		if id := os.Getenv("LINKIT_ORGANIZATION_ID"); id != "" {
			organization = "organization " + id
		}
		out.Say(fmt.Sprintf("On %s, in %s, this %s.", host(), organization, writes))
		if !f.Yes {
			return nil, Usage(errors.New("nothing was sent: add -yes to write that"))
		}
	}
	client, err := linkit.NewClient(append([]linkit.Option{linkit.FromEnv()}, opts...)...)
	if err != nil {
		return nil, Usage(err)
	}
	return client, nil
}

// host returns the host that a client of the environment calls.
func host() string {
	base, err := url.Parse(cmp.Or(os.Getenv("LINKIT_BASE_URL"), linkit.DefaultBaseURL))
	if err != nil || base.Host == "" {
		return "the host of LINKIT_BASE_URL"
	}
	return base.Host
}
