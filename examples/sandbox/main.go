// Sandbox is a Linkit to try things on: linkittest on a port of 127.0.0.1, with the catalogue of a
// small pharmacy chain. It prints curl lines that work as they stand, and runs until interrupted.
//
//	go run ./examples/sandbox
//	go run ./examples/sandbox -addr 127.0.0.1:8090 -for 10m
package main

import (
	"context"
	"embed"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/linkit-go/linkit/linkittest"
)

//go:embed catalogue
var files embed.FS

const (
	token    = "sandbox-token" // what the dashboard would give out: it lasts as long as the sandbox
	password = "your_password" // as Linkit's documentation has it
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "loopback `address` to listen on; port 0 is any free one")
	life := flag.Duration("for", 0, "how long to run; 0 is until interrupted")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *addr, *life)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, addr string, life time.Duration) error {
	if life > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, life)
		defer cancel()
	}
	catalogue, err := fs.Sub(files, "catalogue")
	if err != nil {
		return err
	}
	server, err := serve(addr, catalogue)
	if err != nil {
		return err
	}
	defer server.Close()
	server.AddToken(token)
	server.AddUser(linkittest.Email, password)

	fmt.Printf("A Linkit to try things on is at %s until interrupted.\n", server.URL)
	fmt.Printf(
		"\n# Sign in\n"+`curl -X POST "%s/auth/login" -H "Content-Type: application/json"`+
			` -d '{"email": "%s", "password": "%s"}'`+"\n",
		server.URL,
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
		fmt.Printf("\n# %s\n"+`curl -X GET "%s/products" -H "Authorization: %s"`, line.what, server.URL, line.authorization)
		if line.organization != "" {
			fmt.Printf(` -H "X-Organization-ID: %s"`, line.organization)
		}
		fmt.Println()
	}
	fmt.Printf(
		"\n# A Go program\nexport LINKIT_BASE_URL=%s LINKIT_API_KEY=%s\ngo run ./examples/quickstart -live -yes\n",
		server.URL,
		linkittest.APIKey,
	)
	<-ctx.Done()
	return nil
}

// serve starts the server. Where it can't, NewServer panics: a test has no use for an error.
func serve(addr string, catalogue fs.FS) (server *linkittest.Server, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("%v", problem)
		}
	}()
	return linkittest.NewServer(linkittest.WithAddr(addr), linkittest.WithFixtures(catalogue)), nil
}
