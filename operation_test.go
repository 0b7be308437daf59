package linkit_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

func TestBadIDsNeverReachTheNetworkAndHostileOnesChangeNoPath(t *testing.T) {
	t.Parallel()
	client, mt := newMockedClient(t)
	for _, id := range []string{"", ".", ".."} {
		_, err := client.Products.Get(t.Context(), id)
		require.ErrorIs(t, err, linkit.ErrInvalid)
		assert.ErrorContains(t, err, "iv_id")
		require.ErrorIs(t, client.Products.Delete(t.Context(), id), linkit.ErrInvalid)
	}
	assert.Zero(t, mt.GetTotalCallCount())

	for _, id := range []string{"a/b", "../../auth/login", "a?b=c", "a#b", "%2e%2e", "a b", "ع", "a\x00\r\nX-Evil: 1", "..;", "a%2Fb", "&=+$,@:;"} {
		rs := &replies{responses: []reply{{status: 200, body: product1}}}
		_, err := newClient(t, rs).Products.Get(t.Context(), id)
		require.NoError(t, err, id)
		u := rs.requests[0].URL
		segment, ok := strings.CutPrefix(u.EscapedPath(), "/api/v1/products/")
		require.True(t, ok, u.EscapedPath())
		assert.NotContains(t, segment, "/")
		plain, err := url.PathUnescape(segment)
		require.NoError(t, err)
		assert.Equal(t, id, plain)
		assert.Empty(t, u.RawQuery)
		assert.Empty(t, u.Fragment)
	}
}

func TestTwoHostileIDsStayTwoSegments(t *testing.T) {
	t.Parallel()
	for _, ids := range [][2]string{{"a/b", "c/d"}, {"a/b", "c"}, {"a", "c/d"}, {"%2F", "../x"}, {"a?", "#"}} {
		rs := &replies{responses: []reply{{status: 200, body: `{}`}}}
		_, _ = newClient(t, rs).Integrations.Config(t.Context(), ids[0], ids[1])
		require.Len(t, rs.requests, 1)
		path := rs.requests[0].URL.EscapedPath()
		assert.Contains(t, path, "/"+url.PathEscape(ids[0])+"/")
		assert.Contains(t, path+"/", "/"+url.PathEscape(ids[1])+"/")
	}
}

func TestDoReachesAnyEndpoint(t *testing.T) {
	t.Parallel()
	type body struct {
		Name string `json:"name"`
	}
	for name, row := range map[string]struct {
		in   any
		sent string
	}{
		"value":        {body{"<a>"}, `{"name":"\u003ca\u003e"}`},
		"raw message":  {[]byte(` {"x" : 1} `), ` {"x" : 1} `},
		"nothing":      {nil, ""},
		"empty []byte": {[]byte{}, ""},
		"one byte":     {[]byte("1"), "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rs := &replies{responses: []reply{{status: 200, body: `{"name":"out","success":true}`}}}
			var out body
			err := newClient(t, rs).Do(t.Context(), "POST", "/custom/a%2Fb", url.Values{"q": {"1 2"}}, row.in, &out)
			require.NoError(t, err)
			assert.Equal(t, "out", out.Name)
			assert.Equal(t, row.sent, rs.bodies[0])
			assert.Equal(t, testBase+"/custom/a%2Fb?q=1+2", rs.requests[0].URL.String())
			assert.Equal(t, testKey, rs.requests[0].Header.Get("Authorization"))
			assert.Equal(t, map[bool]string{true: "application/json"}[row.sent != ""], rs.requests[0].Header.Get("Content-Type"))
		})
	}
}

func TestDoTakesTheAnswerAsItIs(t *testing.T) {
	t.Parallel()
	client := newClient(t, &replies{responses: []reply{{status: 200, body: " {\"a\" : 1}\n"}}})
	var out json.RawMessage
	raw := &out
	require.NoError(t, client.Do(t.Context(), "GET", "/x", nil, nil, raw))
	assert.Equal(t, " {\"a\" : 1}\n", string(out))
	require.NoError(t, client.Do(t.Context(), "GET", "/x", nil, nil, nil))

	empty := newClient(t, &replies{responses: []reply{{status: 204}}})
	require.NoError(t, empty.Do(t.Context(), "DELETE", "/x", nil, nil, nil))
	require.NoError(t, empty.Do(t.Context(), "DELETE", "/x", nil, nil, raw))
	var v struct{}
	var te *linkit.TransportError
	require.ErrorAs(t, empty.Do(t.Context(), "POST", "/x", nil, nil, &v), &te)
	assert.ErrorContains(t, te, "empty")
	assert.True(t, te.Sent)
}

func TestDoSendsNoBodyThatIsNotUTF8(t *testing.T) {
	t.Parallel()
	client, mt := newMockedClient(t)
	for _, row := range []struct {
		body any
		want string
	}{
		{[]byte("\xff"), "the body is not valid UTF-8"},
		{json.RawMessage("{\"a\":\"\xff\"}"), "the body's a is not valid UTF-8"},
		{[]byte("{\"a\":{\"b\":\"\xc3\"}}"), "the body's a.b is not valid UTF-8"},
		{map[string]string{"a": "\xff"}, "a is not valid UTF-8"},
	} {
		err := client.Do(t.Context(), "POST", "/x", nil, row.body, nil)
		require.ErrorIs(t, err, linkit.ErrInvalid)
		require.ErrorContains(t, err, "POST /x: "+row.want)
	}
	assert.Zero(t, mt.GetTotalCallCount())
}

func TestDoNamesTheFieldOfATypeOfTheCallersThatDoesNotFit(t *testing.T) {
	t.Parallel()
	var out struct {
		Lines []struct {
			Qty int `json:"qty"`
		} `json:"lines"`
	}
	err := newClient(t, canned{body: `{"lines":[{"qty":"5"}]}`}).Do(t.Context(), "GET", "/x", nil, nil, &out)
	require.ErrorContains(t, err, "qty must not be a string")
	assert.NotContains(t, err.Error(), "Go ")
	var mistyped *json.UnmarshalTypeError
	require.ErrorAs(t, err, &mistyped, "whoever knows encoding/json finds its error")
}

func TestDoRefusesBadPathsAndMethods(t *testing.T) {
	t.Parallel()
	client, mt := newMockedClient(t)
	for path, hint := range map[string]string{
		"":                     `begin with "/"`,
		"products":             `begin with "/"`,
		"/":                    "empty segment",
		"//evil.example/x":     "empty segment",
		"https://evil.example": `begin with "/"`,
		"/products/":           "empty segment",
		"/a/../b":              `".."`,
		"/a/%2e%2e/b":          `".."`,
		"/a/./b":               `"."`,
		"/a?b=c":               "query",
		"/a#b":                 "fragment",
		"/a b":                 "escaped",
		"/a%zz":                "escaped",
		"/عربي":                "escaped",
		"/a\r\nb":              "escaped",
		"/api/v1/products":     "leave it out",
		"/api/v1":              "leave it out",
	} {
		err := client.Do(t.Context(), "GET", path, nil, nil, nil)
		require.ErrorIs(t, err, linkit.ErrInvalid, path)
		assert.ErrorContains(t, err, hint, path)
	}
	for _, method := range []string{"", "get", "CONNECT", "GET /x", "PO\r\nST"} {
		require.ErrorIs(t, client.Do(t.Context(), method, "/x", nil, nil, nil), linkit.ErrInvalid)
	}
	require.ErrorIs(t, client.Do(t.Context(), "POST", "/x", nil, func() {}, nil), linkit.ErrInvalid)
	assert.Zero(t, mt.GetTotalCallCount())
}

func TestDoShowsNoIDInItsRoute(t *testing.T) {
	t.Parallel()
	client := newClient(t, &replies{responses: []reply{{status: 404}}})
	var ae *linkit.APIError
	require.ErrorAs(t, client.Do(t.Context(), "GET", "/customer-groups/Grp55/by_phone/+966550001122", nil, nil, nil), &ae)
	assert.Equal(t, "/customer-groups/{id}/by_phone/{id}", ae.Route)
}

func TestDeleteThatFindsNothingAfterALostAttemptHasSucceeded(t *testing.T) {
	t.Parallel()
	lost := map[string]reply{
		"reset": {err: &net.OpError{Op: "read", Err: syscall.ECONNRESET}},
		"500":   {status: 500}, "502": {status: 502}, "504": {status: 504}, "408": {status: 408},
	}
	for name, first := range lost {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, &replies{responses: []reply{first, {status: 404}}})
			assert.NoError(t, client.Products.Delete(t.Context(), "x"))
		})
	}
	for name, first := range map[string]reply{
		"refused": {err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}},
		"429":     {status: 429}, "503": {status: 503}, "at once": {status: 404},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, &replies{responses: []reply{first, {status: 404}}})
			assert.ErrorIs(t, client.Products.Delete(t.Context(), "x"), linkit.ErrNotFound)
		})
	}
	client := newClient(t, &replies{responses: []reply{{status: 502}, {status: 404}}})
	_, err := client.Products.Update(t.Context(), "x", linkit.ProductParams{})
	require.ErrorIs(t, err, linkit.ErrNotFound, "only a DELETE is done when there is nothing")
}

func TestEveryDeleteReturnsTheRefusal(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(context.Context, *linkit.Client) error{
		"product":        func(ctx context.Context, c *linkit.Client) error { return c.Products.Delete(ctx, "x") },
		"SKU":            func(ctx context.Context, c *linkit.Client) error { return c.SKUs.Delete(ctx, "x") },
		"branch":         func(ctx context.Context, c *linkit.Client) error { return c.Branches.Delete(ctx, "x") },
		"customer":       func(ctx context.Context, c *linkit.Client) error { return c.Customers.Delete(ctx, "x") },
		"customer group": func(ctx context.Context, c *linkit.Client) error { return c.CustomerGroups.Delete(ctx, "x") },
		"offer":          func(ctx context.Context, c *linkit.Client) error { return c.Offers.Delete(ctx, "x") },
	} {
		rs := &replies{responses: []reply{{status: 409, body: `{"error":"it is in use"}`}}}
		require.ErrorIs(t, remove(t.Context(), newClient(t, rs)), linkit.ErrConflict, name)
		assert.Equal(t, http.MethodDelete, rs.requests[0].Method)
	}
}

func TestDeleteThatIsRefusedAfterALostAttemptHasFailed(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]error{500: linkit.ErrServer, 403: linkit.ErrForbidden, 409: linkit.ErrConflict} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			client := newClient(t, &replies{responses: []reply{{status: 502}, {status: status}}}, linkit.WithRetries(1))
			require.ErrorIs(t, client.Products.Delete(t.Context(), "x"), want, "only a 404 says that it is gone")
		})
	}
}

func TestEveryRedirectIsAnError(t *testing.T) {
	t.Parallel()
	for _, status := range []int{300, 301, 302, 303, 304, 305, 307, 308, 399} {
		rs := &replies{responses: []reply{{status: status, body: product1}}}
		client := newClient(t, rs)
		for name, err := range map[string]error{
			"Get": getOne(t.Context(), client), "Delete": client.Products.Delete(t.Context(), "x"), "Do": client.Do(t.Context(), "POST", "/x", nil, nil, nil),
		} {
			var ae *linkit.APIError
			require.ErrorAs(t, err, &ae, "%s %d", name, status)
			assert.Equal(t, status, ae.StatusCode)
		}
		assert.Len(t, rs.requests, 3, "a redirect is neither followed nor retried")
	}
}

func TestStatusesFrom200To299Succeed(t *testing.T) {
	t.Parallel()
	for status, ok := range map[int]bool{200: true, 201: true, 226: true, 299: true, 300: false, 304: false, 399: false, 400: false} {
		client := newClient(t, canned{status: status, body: product1})
		_, err := client.Products.Get(t.Context(), "ITEM-1")
		assert.Equal(t, ok, err == nil, "%d: %v", status, err)
		assert.Equal(t, ok, client.Products.Delete(t.Context(), "ITEM-1") == nil, status)
	}
}
