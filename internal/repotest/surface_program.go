package repotest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"regexp"
	"strings"
)

var (
	constLine  = regexp.MustCompile(`^const (\S+) (.+?) = `)
	varLine    = regexp.MustCompile(`^var (\S+) (.+)$`)
	funcLine   = regexp.MustCompile(`^func (\w+\.\w+)(\[.*?\])?(\(.*)$`)
	typeLine   = regexp.MustCompile(`^type (\w+\.\w+)(\[.*?\])? (= .+|.*)$`)
	fieldLine  = regexp.MustCompile(`^field (\w+\.\w+)\.(\w+) (.+?)( embedded)?$`)
	methodLine = regexp.MustCompile(`^method \(?\*?(\w+\.\w+)\)?\.(\w+)(\(.*)$`)
)

// program returns a program that uses every name of an api.txt with the type that the file gives
// it.
func program(recorded string) string {
	p := &writer{generic: map[string]string{}}
	p.line("package main\n\nfunc main() {}\n")
	var imports strings.Builder
	for line := range strings.Lines(recorded) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "import ") {
			fmt.Fprintln(&imports, line)
			continue
		}
		p.use(line)
	}
	return strings.Replace(p.text.String(), "package main\n", "package main\n\n"+imports.String(), 1)
}

// writer writes the program. A type's line comes before those of its fields and methods.
type writer struct {
	text    strings.Builder
	generic map[string]string // the type parameters of generic types: "[T any]"
}

func (p *writer) line(format string, args ...any) { fmt.Fprintf(&p.text, format+"\n", args...) }

func (p *writer) use(line string) {
	kind, _, _ := strings.Cut(line, " ")
	switch kind {
	case "const":
		m := constLine.FindStringSubmatch(line)
		p.line("const _ %s = %s", strings.TrimPrefix(untyped.ReplaceAllString(m[2], ""), " "), m[1])
	case "var":
		m := varLine.FindStringSubmatch(line)
		p.line("var _ *%s = &%s", m[2], m[1])
	case "func":
		m := funcLine.FindStringSubmatch(line)
		p.line("func _%s() { var _ func%s = %s%s }", m[2], m[3], m[1], typeArguments(m[2]))
	case "type":
		m := typeLine.FindStringSubmatch(line)
		p.generic[m[1]] = m[2]
		p.line("func _%s() { var _ %s%s }", m[2], m[1], typeArguments(m[2]))
		if other, isAlias := strings.CutPrefix(m[3], "= "); isAlias {
			p.line("var _ *%s = (*%s)(nil)", m[1], other)
		}
	case "field":
		if m := fieldLine.FindStringSubmatch(line); m != nil && m[3] != "" {
			p.member(m[1], m[2], m[3])
		}
	case "method":
		m := methodLine.FindStringSubmatch(line)
		p.member(m[1], m[2], "func"+m[3])
	}
}

var untyped = regexp.MustCompile(`^untyped \w+$`)

// member uses a field or a method of a type.
func (p *writer) member(owner, name, memberType string) {
	parameters := p.generic[owner]
	p.line("func _%s(x %s%s) { var _ %s = x.%s }", parameters, owner, typeArguments(parameters), memberType, name)
}

// typeArguments returns the type arguments for type parameters: "[K, V]" for "[K comparable, V
// any]".
func typeArguments(parameters string) string {
	if parameters == "" {
		return ""
	}
	var names []string
	for parameter := range strings.SplitSeq(strings.Trim(parameters, "[]"), ", ") {
		name, _, _ := strings.Cut(parameter, " ")
		names = append(names, name)
	}
	return "[" + strings.Join(names, ", ") + "]"
}

// compile checks a program as the compiler does.
func compile(source string, exports map[string]string) error {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "program.go", source, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	_, err = (&types.Config{Importer: newImporter(exports)}).Check("main", files, []*ast.File{file}, nil)
	return err
}
