// Package repotest tests the repository itself: that the Go blocks of its pages run, that links
// lead somewhere, that every example works, that docs/api-coverage.md and api.txt name what the
// packages export. Its own tests cover the root module; a module beside it, which may use packages
// that the root must not require, calls [Blocks.Run] from a test of its own.
package repotest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Blocks runs the Go blocks of the repository's pages that belong to one module, by one test program
// in a module made for them:
//
//   - A block that is a package main is a program: the test calls its main, with LINKIT_* variables
//     that lead to a linkittest server.
//   - A block of test functions is run as such.
//   - A block that begins with "// examples/..." must be part of that file, word for word; another
//     test runs the example.
//   - Anything else is statements, run with ctx, client, server and err declared. An error that
//     they leave in err, or return, fails the test. The clients that they make with NewClient call
//     the server.
//
// A block belongs to the module beside the root whose package it names, and otherwise to the root.
// Failures name the page's line.
type Blocks struct {
	Root   string // of the repository, as seen from the test's folder
	Module string // "." or the folder of the module below Root, "linkitredis"
	// Imports are further packages, by name, that a block may use without an import declaration.
	Imports map[string]string
	// Env is added to the environment of the blocks.
	Env []string
}

// siblings are the published modules beside the root. Their packages have the same names.
var siblings = []string{"linkitredis", "linkitotel"}

const rootModule = "github.com/linkit-go/linkit"

// imports are the packages that a block of statements or tests may use without an import
// declaration.
var imports = map[string]string{
	"context": "context", "errors": "errors", "fmt": "fmt",
	"http": "net/http", "filepath": "path/filepath", "json": "encoding/json",
	"linkit": rootModule, "linkitredis": rootModule + "/linkitredis", "linkitotel": rootModule + "/linkitotel",
	"linkittest": rootModule + "/linkittest", "log": "log", "os": "os", "pem": "encoding/pem", "signal": "os/signal",
	"slices": "slices", "slog": "log/slog", "sql": "database/sql", "strconv": "strconv", "strings": "strings",
	"sync": "sync", "syscall": "syscall",
	"testing": "testing", "time": "time", "tls": "crypto/tls", "url": "net/url", "x509": "crypto/x509",
}

const serverForBlocks = `package blocks

import (
	"os"
	"testing"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

// Serve starts a server that knows the credentials and records of the pages, and sets the variables that lead to it.
func Serve(t *testing.T, opts ...linkittest.Option) *linkittest.Server {
	server := linkittest.NewServer(opts...)
	t.Cleanup(server.Close)
	server.AddAPIKey("your_api_key_here", "org_123", "org_456")
	server.AddToken("your_token_here", "org_123", "org_456")
	server.AddUser("user@example.com", "your_password", "org_123", "org_456")
	server.AddBranches(linkit.Branch{IvID: "BR-07", NameEn: "Olaya"})
	server.AddProducts(linkit.Product{IvID: "ITEM-1", NameEn: "Adol 500 mg", AveragePrice: 7.25})
	server.Inject(linkittest.Fault{Path: "/providers/paylinks", Body: "{}"}) // for docs/api-coverage.md
	t.Setenv("LINKIT_BASE_URL", server.URL)
	t.Setenv("LINKIT_API_KEY", "your_api_key_here")
	t.Setenv("STATE_DIRECTORY", t.TempDir())
	t.Setenv("CREDENTIALS_DIRECTORY", t.TempDir())
	_ = os.WriteFile(os.Getenv("CREDENTIALS_DIRECTORY")+"/linkit-api-key", []byte("your_api_key_here\n"), 0o600)
	t.Setenv("COMPANY_PROXY", server.URL[:len(server.URL)-len("/api/v1")]) // responds itself
	return server
}
`

// statements is the test of a block of statements: its name, the options of its server, and the
// block.
const statements = `func Test_%s(t *testing.T) {
	server := Serve(t%s)
	run := func(ctx context.Context, client *linkit.Client, server *linkittest.Server) (err error) {
		{
%s//line frame.go:1
			if err != nil {
				return err
			}
		}
		return nil
	}
	if certificate := server.Certificate(); certificate != nil {
		t.Chdir(t.TempDir())
		_ = os.WriteFile("company-ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}), 0o600)
	}
	client := server.Client(linkit.WithAPIKey("your_api_key_here"), linkit.WithOrganization("org_123"))
	if err := run(t.Context(), client, server); err != nil {
		t.Fatal(err)
	}
}
`

// callableMain lets the test of a program call its main.
const callableMain = `package program

// Main runs the program.
func Main() { main() }
`

const programTest = `package blocks

import (
	"testing"

	program "pages/%[1]s"
)

func Test_%[1]s(t *testing.T) {
	Serve(t)
	program.Main()
}
`

// Run runs the blocks of the module as a test.
func (b Blocks) Run(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	b.writeModule(t, dir)
	write(t, dir, "blocks/serve.go", serverForBlocks)
	found := 0
	for _, block := range goBlocks(t, b.Root) {
		if block.module() != b.Module {
			continue
		}
		found++
		if first, rest, _ := strings.Cut(block.code, "\n"); strings.HasPrefix(first, "// examples/") {
			if !strings.Contains(read(t, b.Root, strings.TrimPrefix(first, "// ")), rest) {
				t.Errorf("%s:%d isn't part of %s", block.page, block.line, strings.TrimPrefix(first, "// "))
			}
			continue
		}
		b.writeTest(t, dir, block)
	}
	if found == 0 {
		return // go test would fail for want of packages to test
	}
	test := exec.CommandContext(t.Context(), "go", "test", "-vet=off", "-ldflags=-s -w", "./blocks")
	test.Dir = dir
	test.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off", "LINKIT_TOKEN=", "LINKIT_EMAIL=", "LINKIT_PASSWORD=",
		"LINKIT_ORGANIZATION_ID=")
	test.Env = append(test.Env, b.Env...)
	if output, err := test.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

var (
	moduleLine  = regexp.MustCompile(`(?m)^module (\S+)$`)
	replacement = regexp.MustCompile(`(?m)=> (\.\S+)$`)
)

// writeModule writes the go.mod and go.sum of the blocks. The requirements are those of the module
// that the blocks belong to, so that nothing else is downloaded.
func (b Blocks) writeModule(t *testing.T, dir string) {
	t.Helper()
	root, err := filepath.Abs(b.Root)
	if err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(root, b.Module)
	text := read(t, home, "go.mod")
	name := moduleLine.FindStringSubmatch(text)[1]
	text = replacement.ReplaceAllStringFunc(text, func(found string) string {
		return fmt.Sprintf("=> %q", filepath.ToSlash(filepath.Join(home, strings.TrimPrefix(found, "=> "))))
	})
	text = strings.Replace(text, "module "+name+"\n", "module pages\n", 1)
	text += fmt.Sprintf("\nrequire %s v0.0.0\n\nreplace %s => %q\n", name, name, filepath.ToSlash(home))
	write(t, dir, "go.mod", text)
	write(t, dir, "go.sum", read(t, home, "go.sum"))
}

// writeTest writes the test of a block, and the block itself where it is a program.
func (b Blocks) writeTest(t *testing.T, dir string, block block) {
	t.Helper()
	code := fmt.Sprintf("//line %s:%d\n%s", block.page, block.line, block.code)
	if strings.HasPrefix(block.code, "package main\n") {
		write(t, dir, block.name()+"/main.go", strings.Replace(code, "package main", "package program", 1))
		write(t, dir, block.name()+"/callable.go", callableMain)
		write(t, dir, "blocks/"+block.name()+"_test.go", fmt.Sprintf(programTest, block.name()))
		return
	}
	if file, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+block.code, 0); err == nil {
		if !slices.ContainsFunc(file.Decls, isTest) {
			t.Errorf("%s:%d: declarations without a test: nothing runs them", block.page, block.line)
		}
	} else {
		options := ""
		if strings.Contains(block.code, "company-ca.pem") {
			options = ", linkittest.WithTLS()"
		}
		code = fmt.Sprintf(statements, block.name(), options, code)
		code = strings.ReplaceAll(code, "linkit.NewClient(", "linkit.NewClient(linkit.WithBaseURL(server.URL), ")
	}
	write(t, dir, "blocks/"+block.name()+"_test.go", "package blocks\n\nimport (\n"+b.importsOf(code)+")\n\n"+code)
}

func isTest(declaration ast.Decl) bool {
	function, ok := declaration.(*ast.FuncDecl)
	return ok && (strings.HasPrefix(function.Name.Name, "Test") || strings.HasPrefix(function.Name.Name, "Example"))
}

// importsOf returns the import lines for the packages that code uses.
func (b Blocks) importsOf(code string) string {
	known := maps.Clone(imports)
	maps.Copy(known, b.Imports)
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if regexp.MustCompile(`\b` + name + `\.[A-Z]`).MatchString(code) {
			fmt.Fprintf(&lines, "\t%s %q\n", name, known[name])
		}
	}
	return lines.String()
}

// block is a Go block of a page.
type block struct {
	page string // "docs/retries.md"
	line int    // of its first line
	code string
}

var notName = regexp.MustCompile(`\W`)

func (b block) name() string { return notName.ReplaceAllString(b.page, "_") + fmt.Sprint("_", b.line) }

// module returns the folder of the module that the block belongs to.
func (b block) module() string {
	for _, sibling := range siblings {
		if strings.Contains(b.code, sibling+".") {
			return sibling
		}
	}
	return "."
}

// goBlocks returns the Go blocks of all pages.
func goBlocks(t *testing.T, root string) (found []block) {
	t.Helper()
	for page, text := range pages(t, root) {
		var open *block
		number := 0
		for line := range strings.Lines(text) {
			number++
			switch fence := strings.TrimSpace(line); {
			case open == nil && fence == "```go":
				open = &block{page: page, line: number + 1}
			case open != nil && fence == "```":
				found = append(found, *open)
				open = nil
			case open != nil:
				open.code += line
			}
		}
		if open != nil {
			t.Fatalf("%s:%d: the block has no end", page, open.line)
		}
	}
	if len(found) == 0 {
		t.Fatal("no page has a Go block")
	}
	return found
}

// pages returns the repository's Markdown pages by their paths below root.
func pages(t *testing.T, root string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"}
	for _, file := range files {
		names = append(names, "docs/"+filepath.Base(file))
	}
	texts := map[string]string{}
	for _, name := range names {
		texts[name] = read(t, root, name)
	}
	return texts
}

func read(t *testing.T, root, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, root, name, text string) {
	t.Helper()
	path := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
