package linkit_test

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

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The Go blocks of the pages are compiled, vetted and run, by one go test in a module outside this one:
//
//   - A block that is a package main is a program. It runs with LINKIT_* variables that lead to a linkittest server.
//   - A block of test functions is run as that.
//   - A block that begins with "// examples/..." stands in that file, word for word; another test runs the example.
//   - Anything else is statements, run with ctx, client, server and err at hand. An error that they leave in err, or return,
//     fails. What they make with NewClient is led to the server.
//
// What goes wrong is told at the page's line.

// block is a Go block of a page.
type block struct {
	page string // "docs/retries.md"
	line int    // of its first line
	code string
}

func (b block) name() string {
	return regexp.MustCompile(`\W`).ReplaceAllString(b.page, "_") + fmt.Sprint("_", b.line)
}

func pages(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	texts := map[string]string{}
	for _, file := range append(files, "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md") {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		texts[filepath.ToSlash(file)] = string(text)
	}
	return texts
}

func blocks(t *testing.T) (found []block) {
	t.Helper()
	for page, text := range pages(t) {
		var open *block
		number := 0
		for line := range strings.Lines(text) {
			number++
			switch {
			case open == nil && strings.TrimSpace(line) == "```go":
				open = &block{page: page, line: number + 1}
			case open != nil && strings.TrimSpace(line) == "```":
				found = append(found, *open)
				open = nil
			case open != nil:
				open.code += line
			}
		}
		require.Nil(t, open, "%s: a block has no end", page)
	}
	require.NotEmpty(t, found)
	return found
}

// imports are the packages that a block of statements or tests may use without saying so.
var imports = map[string]string{
	"context": "context", "errors": "errors", "fmt": "fmt", "http": "net/http", "filepath": "path/filepath", "json": "encoding/json",
	"linkit": "github.com/linkit-go/linkit", "linkittest": "github.com/linkit-go/linkit/linkittest", "log": "log",
	"os": "os", "pem": "encoding/pem", "slog": "log/slog", "strings": "strings", "sync": "sync", "testing": "testing",
	"time": "time", "tls": "crypto/tls", "url": "net/url", "x509": "crypto/x509",
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
	t.Setenv("COMPANY_PROXY", server.URL[:len(server.URL)-len("/api/v1")]) // answers what it is asked to pass on
	return server
}
`

// testFile makes the test of a block, and names the folder that it belongs in.
func (b block) testFile(t *testing.T) (folder, source string) {
	t.Helper()
	code := fmt.Sprintf("//line %s:%d\n%s", b.page, b.line, b.code)
	if strings.HasPrefix(b.code, "package main") {
		return b.name(), "package main\n\nimport (\n\t\"testing\"\n\n\t\"pages/blocks\"\n)\n\n" +
			"func TestProgram(t *testing.T) {\n\tblocks.Serve(t)\n\tmain()\n}\n"
	}
	if file, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+b.code, 0); err == nil {
		runs := slices.ContainsFunc(file.Decls, func(d ast.Decl) bool {
			f, ok := d.(*ast.FuncDecl)
			return ok && strings.HasPrefix(f.Name.Name, "Test")
		})
		assert.True(t, runs, "%s:%d: declarations without a test: nothing runs them", b.page, b.line)
	} else {
		options := ""
		if strings.Contains(b.code, "company-ca.pem") {
			options = ", linkittest.WithTLS()"
		}
		code = fmt.Sprintf(`func Test_%s(t *testing.T) {
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
	if err := run(t.Context(), server.Client(linkit.WithAPIKey("your_api_key_here"), linkit.WithOrganization("org_123")), server); err != nil {
		t.Fatal(err)
	}
}
`, b.name(), options, code)
		code = strings.ReplaceAll(code, "linkit.NewClient(", "linkit.NewClient(linkit.WithBaseURL(server.URL), ")
	}
	source = "package blocks\n\nimport (\n"
	for _, name := range slices.Sorted(maps.Keys(imports)) {
		if regexp.MustCompile(`\b` + name + `\.[A-Z]`).MatchString(code) {
			source += fmt.Sprintf("\t%q\n", imports[name])
		}
	}
	return "blocks", source + ")\n\n" + code
}

func TestEveryBlockOfThePagesRuns(t *testing.T) {
	t.Parallel()
	root, err := os.Getwd()
	require.NoError(t, err)
	dir := t.TempDir()
	read := func(name string) string {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		return string(text)
	}
	write := func(name, text string) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	// The requirements are this module's own, so that nothing else is downloaded.
	write("go.mod", strings.Replace(read("go.mod"), "module github.com/linkit-go/linkit\n", "module pages\n", 1)+
		"\nrequire github.com/linkit-go/linkit v0.0.0\n\nreplace github.com/linkit-go/linkit => "+fmt.Sprintf("%q", filepath.ToSlash(root))+"\n")
	write("go.sum", read("go.sum"))
	write("blocks/serve.go", serverForBlocks)
	for _, b := range blocks(t) {
		if first, _, _ := strings.Cut(b.code, "\n"); strings.HasPrefix(first, "// examples/") {
			assert.Contains(t, read(strings.TrimPrefix(first, "// ")), strings.TrimPrefix(b.code, first+"\n"), "%s:%d", b.page, b.line)
			continue
		}
		folder, source := b.testFile(t)
		write(folder+"/"+b.name()+"_test.go", source)
		if folder != "blocks" {
			write(folder+"/main.go", fmt.Sprintf("//line %s:%d\n%s", b.page, b.line, b.code))
		}
	}
	test := exec.CommandContext(t.Context(), "go", "test", "-ldflags=-s -w", "./...")
	test.Dir = dir
	test.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off", "LINKIT_TOKEN=", "LINKIT_EMAIL=", "LINKIT_PASSWORD=", "LINKIT_ORGANIZATION_ID=")
	output, err := test.CombinedOutput()
	assert.NoError(t, err, "%s", output)
}
