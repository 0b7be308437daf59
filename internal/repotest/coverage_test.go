package repotest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// withoutEndpoint are the methods that send no request of their own kind, or not at once.
var withoutEndpoint = []string{"Auth.Session", "Auth.Reset", "Orders.WebhookHandler"}

// covered is one row of docs/api-coverage.md.
type covered struct {
	line     string   // "GET /skus/{iv_id}"; "" where the path isn't known
	methods  []string // "SKUs.Get"; none where Client.Do reaches it
	evidence string   // D, I or -
}

var (
	routeCell  = regexp.MustCompile("^`((?:GET|POST|PUT|PATCH|DELETE) /[^`]*)`$")
	methodName = regexp.MustCompile("`([A-Z][A-Za-z]*\\.[A-Z][A-Za-z]*)`")
	pathName   = regexp.MustCompile(`\{[a-z_]+\}`)
	wireLine   = regexp.MustCompile(`^//\t(GET|POST|PUT|PATCH|DELETE) (/\S*)(   \(inferred\))?$`)
)

func coverage(t *testing.T) (rows []covered) {
	t.Helper()
	page := read(t, root, "docs/api-coverage.md")
	for line := range strings.Lines(page) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 3 || strings.HasPrefix(line, "|---") || strings.HasPrefix(line, "| Endpoint ") {
			continue
		}
		row := covered{evidence: strings.TrimSpace(cells[2])}
		if route := routeCell.FindStringSubmatch(strings.TrimSpace(cells[0])); route != nil {
			row.line = route[1]
		}
		for _, name := range methodName.FindAllStringSubmatch(cells[1], -1) {
			if name[1] != "Client.Do" {
				row.methods = append(row.methods, name[1])
			}
		}
		switch row.evidence {
		case "-":
			assert.Empty(t, row.methods, line)
			assert.Contains(t, cells[1], "`Client.Do`", line)
		default:
			assert.Contains(t, []string{"D", "I"}, row.evidence, line)
			assert.NotEmpty(t, row.line, line)
			assert.NotEmpty(t, row.methods, line)
		}
		rows = append(rows, row)
	}
	require.NotEmpty(t, rows)
	return rows
}

// methods are the methods of the client's services by name: "SKUs.Get".
func methods(client *linkit.Client) map[string]reflect.Value {
	found := map[string]reflect.Value{}
	services := reflect.ValueOf(client).Elem()
	for i := range services.NumField() {
		field := services.Type().Field(i)
		if !field.IsExported() {
			continue
		}
		for j := range services.Field(i).NumMethod() {
			found[field.Name+"."+field.Type.Method(j).Name] = services.Field(i).Method(j)
		}
	}
	return found
}

// anything is a response that every method can read.
const anything = `{"id":"x","iv_id":"x","slug":"x","order_id":"x","status":"healthy","message":"x","token":"t0ken-0123","user":{"id":"x"},
	"data":[],"providers":[],"total_count":0,"page":1,"has_next":false,"service_operational":true,"note":"x","runtime":{}}`

func TestEveryMethodHasARowAndTakesItsRoute(t *testing.T) {
	t.Parallel()
	left := methods(newRecorder(t).client)
	for _, name := range withoutEndpoint {
		require.Contains(t, left, name)
		delete(left, name)
	}
	for _, row := range coverage(t) {
		for _, name := range row.methods {
			if !assert.Contains(t, left, name, "a row names a method that doesn't exist or has a row already") {
				continue
			}
			delete(left, name)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				r := newRecorder(t)
				drive(t, name, methods(r.client)[name])
				requests := r.requests()
				require.NotEmpty(t, requests)
				n := 0
				want := pathName.ReplaceAllStringFunc(row.line, func(string) string { n++; return "id" + strconv.Itoa(n) })
				for _, request := range requests {
					assert.Equal(t, want, request)
				}
			})
		}
	}
	for name := range left {
		assert.Fail(t, name+" has no row in docs/api-coverage.md")
	}
}

func TestEveryRowWithoutAMethodIsReachedByDo(t *testing.T) {
	t.Parallel()
	reached := 0
	for _, row := range coverage(t) {
		if row.evidence != "-" || row.line == "" {
			continue
		}
		r := newRecorder(t)
		method, path, _ := strings.Cut(row.line, " ")
		var out json.RawMessage
		require.NoError(t, r.client.Do(t.Context(), method, path, nil, map[string]any{"provider": "tamara"}, &out))
		assert.Equal(t, row.line, r.requests()[0])
		reached++
	}
	assert.NotZero(t, reached)
}

func TestEveryDocCommentEndsWithItsRouteAndItsEvidence(t *testing.T) {
	t.Parallel()
	want := map[string]string{} // by method: the comment's last line
	services := reflect.TypeFor[linkit.Client]()
	for _, row := range coverage(t) {
		for _, name := range row.methods {
			field, method, _ := strings.Cut(name, ".")
			service, ok := services.FieldByName(field)
			require.True(t, ok, name)
			last := "//\t" + row.line
			if row.evidence == "I" {
				last += "   (inferred)"
			}
			want[service.Type.Elem().Name()+"."+method] = last
		}
	}
	got := map[string]string{}
	files, err := filepath.Glob(filepath.Join(root, "*.go"))
	require.NoError(t, err)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, declaration := range parsed.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || function.Recv == nil || function.Doc == nil || !function.Name.IsExported() {
				continue
			}
			star, ok := function.Recv.List[0].Type.(*ast.StarExpr)
			if !ok {
				continue
			}
			last := function.Doc.List[len(function.Doc.List)-1].Text
			if wireLine.MatchString(last) {
				got[fmt.Sprintf("%s.%s", star.X, function.Name)] = last
			}
		}
	}
	for name, last := range want {
		assert.Equal(t, last, got[name], "the last line of the doc comment of %s", name)
		delete(got, name)
	}
	for name := range got {
		assert.Fail(t, name+" has no row in docs/api-coverage.md")
	}
}

// drive calls a method with something in every argument, and reads all of a sequence.
func drive(t *testing.T, name string, method reflect.Value) {
	t.Helper()
	in := make([]reflect.Value, method.Type().NumIn())
	ids := 0
	for i := range in {
		in[i] = reflect.New(method.Type().In(i)).Elem()
		switch {
		case in[i].Type() == reflect.TypeFor[context.Context]():
			in[i].Set(reflect.ValueOf(t.Context()))
		case in[i].Type() == reflect.TypeFor[string]():
			ids++
			in[i].SetString("id" + strconv.Itoa(ids))
			if strings.Contains(name, ".FindBy") {
				in[i].SetString("0501234567") // as good as an email here
			}
		case in[i].Kind() == reflect.Pointer: // a list's params: nil selects all
		default:
			fill(t, in[i])
		}
	}
	results := method.Call(in)
	last := results[len(results)-1]
	if last.Kind() == reflect.Func {
		for _, err := range last.Seq2() {
			assert.True(t, err.IsNil(), "%v", err)
		}
		return
	}
	if err, _ := reflect.TypeAssert[error](last); !errors.Is(err, linkit.ErrNotFound) || !strings.Contains(name, ".FindBy") {
		assert.NoError(t, err)
	}
}

// fill sets v to something that isn't zero, down to its last member.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Type() {
	case reflect.TypeFor[json.RawMessage]():
		v.SetBytes([]byte(`{}`))
		return
	case reflect.TypeFor[linkit.BulkMode]():
		v.Set(reflect.ValueOf(linkit.BulkUpsert))
		return
	case reflect.TypeFor[linkit.Time]():
		v.Set(reflect.ValueOf(linkit.Time{Time: time.Unix(1, 0)}))
		return
	case reflect.TypeFor[linkit.Date]():
		v.Set(reflect.ValueOf(linkit.Date{Year: 1988, Month: time.November, Day: 3}))
		return
	}
	switch v.Kind() {
	case reflect.Map: // a further field
		v.Set(reflect.ValueOf(map[string]any{"further": "field"}))
	case reflect.Struct:
		for _, field := range v.Fields() {
			if field.CanSet() {
				fill(t, field)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(1)
	case reflect.Float64:
		v.SetFloat(1)
	case reflect.Func: // a source of records yields one; any other stays nil
		if v.Type().NumIn() == 1 && v.Type().In(0).Kind() == reflect.Func {
			v.Set(reflect.MakeFunc(v.Type(), func(args []reflect.Value) []reflect.Value {
				yield := args[0]
				record, none := reflect.New(yield.Type().In(0)).Elem(), reflect.Zero(yield.Type().In(1))
				fill(t, record)
				yield.Call([]reflect.Value{record, none})
				return nil
			}))
		}
	case reflect.Interface: // any: nil
	default:
		t.Fatalf("%s: give fill a value for it", v.Type())
	}
}
