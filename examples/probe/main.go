// Probe finds out what Linkit's documentation leaves open, with one scratch product that it removes
// again, and prints a table that can be sent to Linkit's support.
//
//	go run ./examples/probe
//	go run ./examples/probe -live -yes
//
// Without flags it works on a fake server, and so finds out how that one behaves. The table holds
// names of fields and counts, never values, and no credential.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"text/tabwriter"
	"time"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/examples/internal/demo"
	"github.com/linkit-go/linkit/linkittest"
)

// scratch is the key of the product that is added and removed; missing is one that doesn't exist.
const (
	scratch = "LINKIT-GO-PROBE"
	missing = scratch + "-MISSING"
)

var example = demo.Example{
	Fake: func(server *linkittest.Server) {
		server.AddBranches(linkit.Branch{IvID: "BR-07", NameEn: "Olaya"}, linkit.Branch{IvID: "BR-08", NameEn: "Tahlia"})
		server.AddProducts(
			linkit.Product{IvID: "ITEM-1", NameEn: "Adol 500 mg"},
			linkit.Product{IvID: "ITEM-2", NameEn: "Panadol Extra"},
		)
	},
	Options: []linkit.Option{linkit.WithOrganization(linkittest.OrganizationID)}, // customers need it named
	Writes:  "adds the product " + scratch + ", changes it and removes it again, and what an earlier run left of it",
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	err := run(ctx)
	cancel()
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	client, err := demo.NewClient(example) // in your program: linkit.NewClient(linkit.FromEnv())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	fmt.Println("The scratch product is", scratch)
	if err := remove(ctx, client); err != nil {
		return fmt.Errorf("what an earlier run left: %w", err)
	}
	p := &probe{client: client}
	err = p.products(ctx)
	err = errors.Join(err, remove(context.WithoutCancel(ctx), client))
	if err != nil {
		return err
	}
	p.sorting(ctx)
	return p.print()
}

// remove deletes the scratch products, as far as there are any.
func remove(ctx context.Context, client *linkit.Client) error {
	for _, ivID := range []string{scratch, missing} {
		if err := client.Products.Delete(ctx, ivID); err != nil && !errors.Is(err, linkit.ErrNotFound) {
			return err
		}
	}
	return nil
}

// probe collects the results.
type probe struct {
	client *linkit.Client
	rows   [][2]string
}

func (p *probe) found(question, format string, args ...any) {
	p.rows = append(p.rows, [2]string{question, fmt.Sprintf(format, args...)})
}

func (p *probe) print() error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w)
	for _, row := range p.rows {
		_, _ = fmt.Fprintf(w, "%s\t%s\n", row[0], row[1])
	}
	return w.Flush()
}
