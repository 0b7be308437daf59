package linkit_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// FuzzID holds any id to one segment of its path.
func FuzzID(f *testing.F) {
	for _, id := range []string{
		"", ".", "..", "a/b", "../../auth/login", "a?b=c", "a#b", "%2e%2e", "a b", "ع", "a\x00\r\nX-Evil: 1", "..;", "a%2Fb", "&=+$,@:;", "\xff", "...", "\\..\\",
	} {
		f.Add(id, "")
		f.Add("salla", id)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		var sent *http.Request
		client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
			sent = r
			return canned{body: product1}.RoundTrip(r)
		}), linkit.WithRetries(0))
		usable := func(id string) bool { return id != "" && id != "." && id != ".." && utf8.ValidString(id) }
		_, err := client.Products.Get(t.Context(), first)
		checkFuzzed(t, err)
		checkSegments(t, sent, err, usable(first), "products", first)
		sent = nil
		if !organizationID(first) {
			return
		}
		_, err = client.Integrations.Config(t.Context(), first, second)
		checkFuzzed(t, err)
		if sent != nil {
			checkSegments(t, sent, nil, usable(first) && usable(second), "integrations", first, second)
		}
	})
}

// organizationID reports whether id may be an organization's.
func organizationID(id string) bool {
	return id != "" && strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}

// checkSegments checks that a request's path has these segments after each other, and nothing below
// the first that isn't one of them.
func checkSegments(t *testing.T, sent *http.Request, err error, usable bool, first string, ids ...string) {
	t.Helper()
	if !usable {
		require.ErrorIs(t, err, linkit.ErrInvalid)
		require.Nil(t, sent)
		return
	}
	require.NotNil(t, sent)
	path := sent.URL.EscapedPath()
	rest, ok := strings.CutPrefix(path, "/api/v1/"+first+"/")
	require.True(t, ok, path)
	var got []string
	for segment := range strings.SplitSeq(rest, "/") {
		plain, err := url.PathUnescape(segment)
		require.NoError(t, err)
		got = append(got, plain)
	}
	require.Subset(t, got, ids, path)
	require.Less(t, len(got), len(ids)+2, path)
	require.Empty(t, sent.URL.RawQuery)
	require.Empty(t, sent.URL.Fragment)
	require.Equal(t, "linkit.test", sent.URL.Host)
	// As it goes over the wire, and as a server reads it again.
	read, err := url.ParseRequestURI(sent.URL.RequestURI())
	require.NoError(t, err)
	require.Equal(t, path, read.EscapedPath())
}

// FuzzDoPath holds a path of Do to the base URL: what is sent is what was given, below it.
func FuzzDoPath(f *testing.F) {
	for _, path := range []string{
		"", "products", "/", "//evil.example/x", "https://evil.example", "/products/", "/a/../b", "/a/%2e%2e/b", "/a/%2E./b", "/a/./b", "/a?b=c", "/a#b", "/a b",
		"/a%zz", "/عربي", "/a\r\nb", "/api/v1/products", "/api/v1", "/custom/a%2Fb", "/customers/by_phone/+966550001122", "/a;b=c/d:e@f", "/%ff", "/a%00b", "/a%5c..%5cb", "/@evil.example",
	} {
		f.Add(path, "q", "1 2&x=y#z")
	}
	f.Fuzz(func(t *testing.T, path, name, value string) {
		var sent *http.Request
		client := newClient(t, roundTrip(func(r *http.Request) (*http.Response, error) {
			sent = r
			return canned{body: `{}`}.RoundTrip(r)
		}), linkit.WithRetries(0))
		err := client.Do(t.Context(), http.MethodGet, path, url.Values{name: {value}}, nil, nil)
		checkFuzzed(t, err)
		if err != nil {
			require.ErrorIs(t, err, linkit.ErrInvalid)
			require.Nil(t, sent)
			return
		}
		require.Equal(t, "/api/v1"+path, sent.URL.EscapedPath())
		require.Equal(t, "https", sent.URL.Scheme)
		require.Equal(t, "linkit.test", sent.URL.Host)
		require.Nil(t, sent.URL.User)
		read, err := url.ParseRequestURI(sent.URL.RequestURI())
		require.NoError(t, err)
		require.Equal(t, sent.URL.EscapedPath(), read.EscapedPath())
		require.Equal(t, url.Values{name: {value}}, read.Query())
		for segment := range strings.SplitSeq(path[1:], "/") {
			plain, err := url.PathUnescape(segment)
			require.NoError(t, err)
			require.NotContains(t, []string{"", ".", ".."}, plain)
		}
	})
}
