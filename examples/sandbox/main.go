// Sandbox runs a fake Linkit to try things on: linkittest on a port of 127.0.0.1, with the
// catalogue of a small pharmacy chain or one of any size. Its page, for a browser, shows the
// requests as they arrive and has buttons that make them fail. Scripts do the same through the JSON
// interface at /_control/. It prints curl lines that work as they stand, and runs until
// interrupted.
//
//	go run ./examples/sandbox
//	go run ./examples/sandbox -addr 127.0.0.1:8090 -products 10000 -branches 40 -limit 300/10s
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/linkit-go/linkit/linkittest"
)

const (
	token    = "sandbox-token" // what the dashboard would issue: valid until tokens are expired
	password = "your_password" // as in Linkit's documentation
)

func main() {
	var c config
	flag.StringVar(&c.addr, "addr", "127.0.0.1:0", "loopback `address` to listen on; port 0 is any free one")
	flag.DurationVar(&c.life, "for", 0, "how long to run; 0 is until interrupted")
	flag.IntVar(&c.products, "products", 0, "`number` of products; 0 is those of the fixtures")
	flag.IntVar(&c.branches, "branches", 0, "`number` of branches; 0 is those of the fixtures")
	flag.StringVar(&c.fixtures, "fixtures", "", "`folder` of files such as products.json, in place of the sandbox's own")
	flag.DurationVar(&c.delay, "delay", 0, "how long each response is delayed")
	flag.DurationVar(&c.tokenTTL, "token-ttl", 24*time.Hour, "lifetime of the tokens of sign-ins")
	flag.StringVar(&c.limit, "limit", "", "`requests/interval` allowed, such as 300/10s; no limit by default")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, c)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, c config) error {
	if c.life > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.life)
		defer cancel()
	}
	b, err := start(c)
	if err != nil {
		return err
	}
	defer b.close()
	printLines(b)
	<-ctx.Done()
	return nil
}

// printLines prints the page's address and the commands.
func printLines(b *sandbox) {
	fmt.Printf("A Linkit to try things on is at %s until interrupted.\n", b.server.URL)
	fmt.Printf("Watch and steer it in a browser: %s/\n", b.origin())
	fmt.Printf(
		"\n# Sign in\n"+`curl -X POST "%s/auth/login" -H "Content-Type: application/json"`+
			` -d '{"email": "%s", "password": "%s"}'`+"\n",
		b.server.URL,
		linkittest.Email,
		password,
	)
	for _, line := range []struct{ what, authorization, organization string }{
		{"Bearer token", "Bearer " + token, ""},
		{"API key", linkittest.APIKey, ""},
		{"With organization header", "Bearer " + token, linkittest.OrganizationID},
		{"401: a key that nobody gave out", "another-key", ""},
		{"403: somebody else's organization", linkittest.APIKey, "org_456"},
	} {
		fmt.Printf("\n# %s\n"+`curl -X GET "%s/products" -H "Authorization: %s"`, line.what, b.server.URL, line.authorization)
		if line.organization != "" {
			fmt.Printf(` -H "X-Organization-ID: %s"`, line.organization)
		}
		fmt.Println()
	}
	fmt.Printf(
		"\n# Make the next request fail; %[1]s/_control/ lists what else there is\n"+
			`#   curl "%[1]s/_control/faults" -H "Content-Type: application/json" -d '{"status": 502}'`+"\n",
		b.origin(),
	)
	fmt.Printf(
		"\n# A Go program\nexport LINKIT_BASE_URL=%s LINKIT_API_KEY=%s\ngo run ./examples/quickstart -live -yes\n",
		b.server.URL,
		linkittest.APIKey,
	)
}
