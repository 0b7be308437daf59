package main

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"testing/fstest"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

//go:embed catalogue
var embedded embed.FS

const (
	maxProducts = 200_000
	maxBranches = 2_000
	maxStock    = 2_000_000 // SKUs: about 1 GB
)

// catalogue is what a sandbox starts with: fixtures, and generated records beyond them.
type catalogue struct {
	files              fstest.MapFS
	products, branches []string // the iv_ids of the fixtures
	moreProducts       []linkit.Product
	moreBranches       []linkit.Branch
}

// newCatalogue reads the fixtures of a folder, or the sandbox's own if it is empty. If products or
// branches isn't zero, surplus records are left out and missing ones are generated.
func newCatalogue(folder string, products, branches int) (*catalogue, error) {
	if products < 0 || products > maxProducts {
		return nil, fmt.Errorf("-products must be between 0 and %d", maxProducts)
	}
	if branches < 0 || branches > maxBranches {
		return nil, fmt.Errorf("-branches must be between 0 and %d", maxBranches)
	}
	source, err := fs.Sub(embedded, "catalogue")
	if folder != "" {
		source, err = os.DirFS(folder), nil
	}
	if err != nil {
		return nil, err
	}
	c := &catalogue{files: fstest.MapFS{}}
	if err := c.read(source); err != nil {
		return nil, fmt.Errorf("-fixtures: %w", err)
	}
	if c.products, err = c.first("products.json", products); err != nil {
		return nil, err
	}
	if c.branches, err = c.first("branches.json", branches); err != nil {
		return nil, err
	}
	for n := len(c.products); n < products; n++ {
		c.moreProducts = append(c.moreProducts, generatedProduct(n+1))
	}
	for n := len(c.branches); n < branches; n++ {
		c.moreBranches = append(c.moreBranches, generatedBranch(n+1))
	}
	if all := max(products, len(c.products)) * max(branches, len(c.branches)); all > maxStock {
		return nil, fmt.Errorf("-products and -branches make %d SKUs, more than %d", all, maxStock)
	}
	return c, c.keepStock(products, branches)
}

// read copies the JSON files of a folder into memory.
func (c *catalogue) read(source fs.FS) error {
	names, err := fs.Glob(source, "*.json")
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return errors.New("the folder has no JSON files")
	}
	for _, name := range names {
		data, err := fs.ReadFile(source, name)
		if err != nil {
			return err
		}
		c.files[name] = &fstest.MapFile{Data: data}
	}
	return nil
}

// keys are the members by which fixtures are selected.
type keys struct {
	IvID        string `json:"iv_id"`
	ProductIvID string `json:"product_iv_id"`
	BranchIvID  string `json:"branch_iv_id"`
}

// first keeps the first n records of a file, or all if n is zero, and returns their iv_ids.
func (c *catalogue) first(name string, n int) (ivIDs []string, err error) {
	err = c.filter(name, n > 0, func(k keys) bool {
		if n > 0 && len(ivIDs) == n {
			return false
		}
		ivIDs = append(ivIDs, k.IvID)
		return true
	})
	return ivIDs, err
}

// keepStock drops the SKUs of products and branches that were left out.
func (c *catalogue) keepStock(products, branches int) error {
	known := map[string]bool{}
	for _, ivID := range c.products {
		known["p "+ivID] = true
	}
	for _, ivID := range c.branches {
		known["b "+ivID] = true
	}
	return c.filter("skus.json", products > 0 || branches > 0, func(k keys) bool {
		return (products == 0 || known["p "+k.ProductIvID]) && (branches == 0 || known["b "+k.BranchIvID])
	})
}

// filter calls keep for each record of a file and, if write is set, removes those that it rejects.
func (c *catalogue) filter(name string, write bool, keep func(keys) bool) error {
	file := c.files[name]
	if file == nil {
		return nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(file.Data, &list); err != nil {
		var page struct {
			Data  []json.RawMessage `json:"data"`
			Items []json.RawMessage `json:"items"`
		}
		if json.Unmarshal(file.Data, &page) != nil {
			return fmt.Errorf("-fixtures: %s: %w", name, err)
		}
		list = slices.Concat(page.Data, page.Items)
	}
	kept := make([]json.RawMessage, 0, len(list))
	for _, raw := range list {
		var k keys
		if err := json.Unmarshal(raw, &k); err != nil {
			return fmt.Errorf("-fixtures: %s: %w", name, err)
		}
		if keep(k) {
			kept = append(kept, raw)
		}
	}
	if !write {
		return nil
	}
	data, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	c.files = maps.Clone(c.files)
	c.files[name] = &fstest.MapFile{Data: data}
	return nil
}

// addGenerated adds the generated products and branches, with stock at every branch.
func (c *catalogue) addGenerated(server *linkittest.Server) {
	server.AddBranches(c.moreBranches...)
	server.AddProducts(c.moreProducts...)
	branches := c.branches
	for i := range c.moreBranches {
		branches = append(branches, c.moreBranches[i].IvID)
	}
	for n, ivID := range c.products {
		server.AddSKUs(generatedStock(n+1, ivID, 0, branches[len(c.branches):])...)
	}
	for n := range c.moreProducts {
		p := &c.moreProducts[n]
		server.AddSKUs(generatedStock(len(c.products)+n+1, p.IvID, p.AveragePrice, branches)...)
	}
}
