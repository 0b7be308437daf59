package repotest

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A third Get runs what the second did, and nothing that only a first one needs.
func TestAGetThatGoesWellRunsFewOfOurFunctions(t *testing.T) {
	t.Parallel()
	const most = 35
	program := filepath.Join(t.TempDir(), "gets")
	goTool(t, "build", "-cover", "-covermode=count", "-coverpkg=./...", "-o", program, "./internal/repotest/testdata/gets")
	two, three := countersOf(t, program, 2), countersOf(t, program, 3)
	ran := map[string][]line{}
	for counter, count := range three {
		if count != two[counter] {
			ran[counter.file] = append(ran[counter.file], counter.begin)
		}
	}
	var functions []string
	for file, lines := range ran {
		if !strings.HasPrefix(file, "internal/repotest/") {
			functions = append(functions, functionsAt(t, file, lines)...)
		}
	}
	slices.Sort(functions)
	list := strings.Join(functions, "\n")
	t.Logf("%d functions:\n%s", len(functions), list)
	assert.Contains(t, list, "products.go (*ProductsService).Get", "the measurement has to find what surely runs")
	assert.LessOrEqual(t, len(functions), most)
}

// line is a number in a file.
type line int

// counter is that of a run of statements.
type counter struct {
	file  string // from the repository's root
	begin line
	rest  string
}

// profileLine is "path/file.go:12.34,56.7 8 9": where a block begins and ends, its statements and
// its count.
var profileLine = regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(rootModule) + `/(\S+):(\d+)(\.\S+) \d+ (\d+)$`)

// countersOf runs the program and returns how often it ran each block of the module.
func countersOf(t *testing.T, program string, gets int) map[counter]int {
	t.Helper()
	folder := t.TempDir()
	run := exec.CommandContext(t.Context(), program, strconv.Itoa(gets))
	run.Env = append(os.Environ(), "GOCOVERDIR="+folder)
	output, err := run.CombinedOutput()
	require.NoError(t, err, string(output))
	profile := filepath.Join(t.TempDir(), "profile.txt")
	goTool(t, "tool", "covdata", "textfmt", "-i="+folder, "-o="+profile)
	text, err := os.ReadFile(profile)
	require.NoError(t, err)
	counters := map[counter]int{}
	for _, found := range profileLine.FindAllStringSubmatch(string(text), -1) {
		begin, err := strconv.Atoi(found[2])
		require.NoError(t, err)
		count, err := strconv.Atoi(found[4])
		require.NoError(t, err)
		counters[counter{file: found[1], begin: line(begin), rest: found[3]}] = count
	}
	return counters
}

func goTool(t *testing.T, arguments ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", arguments...)
	command.Dir = root
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
}

// functionsAt names the declared functions of a file that hold one of the lines. Function literals
// belong to the function around them.
func functionsAt(t *testing.T, file string, lines []line) (names []string) {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(root, file))
	require.NoError(t, err)
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, source, parser.SkipObjectResolution)
	require.NoError(t, err)
	for _, declaration := range parsed.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if !ok {
			continue
		}
		begin, end := line(set.Position(function.Pos()).Line), line(set.Position(function.End()).Line)
		if slices.ContainsFunc(lines, func(l line) bool { return begin <= l && l <= end }) {
			names = append(names, file+" "+nameOf(source, set, function))
		}
	}
	return names
}

// nameOf returns a function's name with its receiver, as in "(*ProductsService).Get".
func nameOf(source []byte, set *token.FileSet, function *ast.FuncDecl) string {
	if function.Recv == nil {
		return function.Name.Name
	}
	of := function.Recv.List[0].Type
	receiver := source[set.Position(of.Pos()).Offset:set.Position(of.End()).Offset]
	return "(" + string(bytes.TrimSpace(receiver)) + ")." + function.Name.Name
}
