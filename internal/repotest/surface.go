package repotest

import (
	"flag"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the recorded API instead of comparing it")

// Surface compares what the packages of a module export with the file api.txt in the module's
// folder. Parameter names are no part of it. With the flag -update it rewrites the file.
type Surface struct {
	Folder   string   // of the module, as seen from the test's folder
	Packages []string // their import paths
}

// Check compares the exported names with api.txt, and compiles a program that uses each of them as
// the file declares it.
func (s Surface) Check(t *testing.T) {
	t.Helper()
	exports := s.exportData(t)
	got := s.describe(t, exports)
	file := filepath.Join(s.Folder, "api.txt")
	if *update {
		write(t, s.Folder, "api.txt", got)
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if difference := difference(string(want), got); difference != "" {
		t.Errorf("the exported names differ from api.txt (-recorded +found):\n%s"+
			"If that is intended, run `go test -run API -update` here, and see \"Versions\" in CONTRIBUTING.md.", difference)
		return
	}
	if err := compile(program(string(want)), exports); err != nil {
		t.Errorf("a program that uses every name of api.txt doesn't compile: %v", err)
	}
}

// exportData returns the files with the compiled exports of the packages and of everything that
// they import, by import path.
func (s Surface) exportData(t *testing.T) map[string]string {
	t.Helper()
	arguments := append([]string{"list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}"}, s.Packages...)
	list := exec.CommandContext(t.Context(), "go", arguments...)
	list.Dir = s.Folder
	list.Stderr = os.Stderr
	output, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	exports := map[string]string{}
	for line := range strings.Lines(string(output)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		exports[path] = file
	}
	return exports
}

func newImporter(exports map[string]string) types.Importer {
	return importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})
}

// describe returns the text of api.txt: the packages that the declarations name, then one
// declaration a line.
func (s Surface) describe(t *testing.T, exports map[string]string) string {
	t.Helper()
	d := describer{imports: map[string]string{}}
	from := newImporter(exports)
	for _, path := range s.Packages {
		pkg, err := from.Import(path)
		if err != nil {
			t.Fatal(err)
		}
		d.imports[path] = pkg.Name()
		for _, name := range pkg.Scope().Names() {
			if object := pkg.Scope().Lookup(name); object.Exported() {
				d.object(object)
			}
		}
	}
	var text strings.Builder
	for _, path := range slices.Sorted(maps.Keys(d.imports)) {
		fmt.Fprintf(&text, "import %s %q\n", d.imports[path], path)
	}
	for _, line := range d.lines {
		fmt.Fprintln(&text, line)
	}
	return text.String()
}

// describer collects declarations, and the packages that they name.
type describer struct {
	imports map[string]string // names by path
	lines   []string
}

func (d *describer) add(format string, args ...any) {
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

// text writes a type with its packages' names.
func (d *describer) text(t types.Type) string {
	return types.TypeString(withoutNames(t), func(p *types.Package) string {
		d.imports[p.Path()] = p.Name()
		return p.Name()
	})
}

// signature writes a function type without the word func.
func (d *describer) signature(t types.Type) string { return strings.TrimPrefix(d.text(t), "func") }

// parameters writes a list of type parameters: "[T any]", or nothing where there are none.
func (d *describer) parameters(list *types.TypeParamList) string {
	if list.Len() == 0 {
		return ""
	}
	var each []string
	for parameter := range list.TypeParams() {
		each = append(each, parameter.Obj().Name()+" "+d.text(parameter.Constraint()))
	}
	return "[" + strings.Join(each, ", ") + "]"
}

func (d *describer) object(object types.Object) {
	name := object.Pkg().Name() + "." + object.Name()
	switch object := object.(type) {
	case *types.Const:
		value := object.Val().ExactString()
		if object.Name() == "Version" {
			value = "..." // a release changes it, and the API doesn't
		}
		d.add("const %s %s = %s", name, d.text(object.Type()), value)
	case *types.Var:
		d.add("var %s %s", name, d.text(object.Type()))
	case *types.Func:
		d.add("func %s%s%s", name, d.parameters(object.Signature().TypeParams()), d.signature(object.Type()))
	case *types.TypeName:
		d.typeName(name, object)
	}
}

func (d *describer) typeName(name string, object *types.TypeName) {
	named, ok := object.Type().(*types.Named)
	if !ok || object.IsAlias() {
		d.add("type %s = %s", name, d.text(types.Unalias(object.Type())))
		return
	}
	parameters := d.parameters(named.TypeParams())
	switch under := named.Underlying().(type) {
	case *types.Struct:
		d.add("type %s%s struct", name, parameters)
		d.fields(name, under)
	case *types.Interface:
		d.add("type %s%s interface", name, parameters)
		for method := range under.Methods() {
			d.add("method %s.%s%s", name, method.Name(), d.signature(method.Type()))
		}
	default:
		d.add("type %s%s %s", name, parameters, d.text(under))
	}
	d.methods(name, named)
}

// fields adds the exported fields of a struct, with those that it gets from unexported structs
// embedded in it.
func (d *describer) fields(name string, s *types.Struct) {
	hidden := false
	for field := range s.Fields() {
		inner, isStruct := field.Type().Underlying().(*types.Struct)
		switch {
		case field.Exported() && field.Embedded():
			d.add("field %s.%s %s embedded", name, field.Name(), d.text(field.Type()))
		case field.Exported():
			d.add("field %s.%s %s", name, field.Name(), d.text(field.Type()))
		case field.Embedded() && isStruct:
			hidden = true
			d.fields(name, inner)
		default:
			hidden = true
		}
	}
	if line := "field " + name + " unexported"; hidden && !slices.Contains(d.lines, line) {
		d.add("%s", line)
	}
}

// methods adds the exported methods of a type, with those that it gets from unexported types
// embedded in it.
func (d *describer) methods(name string, named *types.Named) {
	if types.IsInterface(named) {
		return // they are there already
	}
	values := types.NewMethodSet(named)
	for selection := range types.NewMethodSet(types.NewPointer(named)).Methods() {
		method := selection.Obj()
		if !method.Exported() || promotedByExported(named, selection) {
			continue
		}
		receiver := "(*" + name + ")"
		if values.Lookup(method.Pkg(), method.Name()) != nil {
			receiver = "(" + name + ")"
		}
		d.add("method %s.%s%s", receiver, method.Name(), d.signature(method.Type()))
	}
}

// promotedByExported reports whether a method comes from an embedded field that api.txt names
// already.
func promotedByExported(named *types.Named, selection *types.Selection) bool {
	under, ok := named.Underlying().(*types.Struct)
	return ok && len(selection.Index()) > 1 && under.Field(selection.Index()[0]).Exported()
}

// withoutNames returns a function type without the names of its parameters and results.
func withoutNames(t types.Type) types.Type {
	switch t := t.(type) {
	case *types.Pointer:
		return types.NewPointer(withoutNames(t.Elem()))
	case *types.Slice:
		return types.NewSlice(withoutNames(t.Elem()))
	case *types.Signature:
		parameters, results := tupleWithoutNames(t.Params()), tupleWithoutNames(t.Results())
		return types.NewSignatureType(nil, nil, nil, parameters, results, t.Variadic())
	default:
		return t
	}
}

func tupleWithoutNames(tuple *types.Tuple) *types.Tuple {
	var vars []*types.Var
	for v := range tuple.Variables() {
		vars = append(vars, types.NewParam(v.Pos(), v.Pkg(), "", withoutNames(v.Type())))
	}
	return types.NewTuple(vars...)
}

// difference returns the lines that only one of two texts has.
func difference(recorded, found string) string {
	var text strings.Builder
	sides := [][]string{strings.Split(recorded, "\n"), strings.Split(found, "\n")}
	for i, mark := range []string{"-", "+"} {
		for _, line := range sides[i] {
			if !slices.Contains(sides[1-i], line) {
				fmt.Fprintln(&text, mark, line)
			}
		}
	}
	if text.Len() == 0 && recorded != found {
		return "the order of its lines\n"
	}
	return text.String()
}
