package linkit_test

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// anyText is an id, an email and a phone number.
const anyText = "12345678@b.example"

// serviceCall calls one method of a service. The error is the call's, or the first that its iterator
// yields.
type serviceCall func(ctx context.Context, c *linkit.Client) error

// serviceCalls returns the methods of all services that take a context, by name.
func serviceCalls() map[string]serviceCall {
	calls := map[string]serviceCall{}
	for field := range reflect.TypeFor[linkit.Client]().Fields() {
		if !field.IsExported() {
			continue
		}
		for method := range field.Type.Methods() {
			if method.Type.NumIn() < 2 || method.Type.In(1) != reflect.TypeFor[context.Context]() {
				continue
			}
			calls[field.Name+"."+method.Name] = func(ctx context.Context, c *linkit.Client) error {
				in := []reflect.Value{reflect.ValueOf(c).Elem().FieldByIndex(field.Index), reflect.ValueOf(&ctx).Elem()}
				for i := 2; i < method.Type.NumIn(); i++ {
					in = append(in, argument(method.Type.In(i)))
				}
				return errorOf(method.Func.Call(in))
			}
		}
	}
	return calls
}

// argument returns a value that a call accepts.
func argument(kind reflect.Type) reflect.Value {
	value := reflect.New(kind).Elem()
	switch {
	case kind == reflect.TypeFor[linkit.BulkMode]():
		value.SetString(string(linkit.BulkUpsert))
	case kind.Kind() == reflect.String:
		value.SetString(anyText)
	case kind.Kind() == reflect.Struct:
		for _, field := range value.Fields() {
			if field.Kind() == reflect.String && field.CanSet() {
				field.SetString("A")
			}
		}
	case kind.Kind() == reflect.Slice:
		value.Set(reflect.Append(value, argument(kind.Elem())))
	case kind.Kind() == reflect.Func && kind.NumIn() == 1 && kind.In(0).Kind() == reflect.Func: // an iterator
		value.Set(reflect.MakeFunc(kind, func(in []reflect.Value) []reflect.Value {
			in[0].Call([]reflect.Value{argument(kind.In(0).In(0)), reflect.Zero(reflect.TypeFor[error]())})
			return nil
		}))
	}
	return value
}

// errorOf returns the error among what a method returned.
func errorOf(out []reflect.Value) error {
	last := out[len(out)-1]
	if last.Kind() == reflect.Func {
		var first error
		yield := reflect.MakeFunc(last.Type().In(0), func(in []reflect.Value) []reflect.Value {
			first, _ = reflect.TypeAssert[error](in[len(in)-1])
			return []reflect.Value{reflect.ValueOf(false)}
		})
		last.Call([]reflect.Value{yield})
		return first
	}
	err, _ := reflect.TypeAssert[error](last)
	return err
}

func TestEveryMethodReturnsTheErrorOfItsCall(t *testing.T) {
	t.Parallel()
	calls := serviceCalls()
	delete(calls, "Auth.Session") // without a sign-in it calls nobody
	assert.Greater(t, len(calls), 60)
	lost := errors.New("reset")
	responds := func(status int) roundTrip { return canned{status: status, body: `{"error":"no"}`}.RoundTrip }
	ended, end := context.WithCancel(t.Context())
	end()
	for failure, row := range map[string]struct {
		ctx       context.Context //nolint:containedctx // what is tested
		transport roundTrip
		closed    bool
		want      error
	}{
		"forbidden":  {ctx: t.Context(), transport: responds(http.StatusForbidden), want: linkit.ErrForbidden},
		"not found":  {ctx: t.Context(), transport: responds(http.StatusNotFound), want: linkit.ErrNotFound},
		"reset":      {ctx: t.Context(), transport: func(*http.Request) (*http.Response, error) { return nil, lost }, want: lost},
		"not called": {ctx: ended, want: context.Canceled},
		"closed":     {ctx: t.Context(), closed: true, want: linkit.ErrClosed},
		"no context": {want: linkit.ErrInvalid},
	} {
		for name, call := range calls {
			client := newClient(t, row.transport, linkit.WithRetries(0))
			if row.closed {
				require.NoError(t, client.Close())
			}
			err := call(row.ctx, client)
			require.ErrorIs(t, err, row.want, "%s: %s", name, failure)
			for _, other := range []error{linkit.ErrListChanged, linkit.ErrConflict, linkit.ErrNoSession} {
				require.NotErrorIs(t, err, other, name)
			}
		}
	}
}
