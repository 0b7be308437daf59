package main

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPageLoadsNothingFromElsewhereAndRunsNothingInline(t *testing.T) {
	t.Parallel()
	b := newSandbox(t, config{})
	index := call(t, b, http.MethodGet, "/", "")
	require.Equal(t, http.StatusOK, index.status)
	policy := index.header.Get("Content-Security-Policy")
	assert.Contains(t, policy, "default-src 'none'")
	assert.NotContains(t, policy, "unsafe")
	files := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(index.body, -1)
	require.NotEmpty(t, files)
	assert.NotRegexp(t, `(?i)<script(?:\s+type="module")?>|<style| style=| on[a-z]+="`, index.body)
	seen := map[string]bool{}
	for _, file := range files {
		assertFile(t, b, file[1], seen)
	}
	assert.GreaterOrEqual(t, len(seen), 8, "%v", seen)
}

// assertFile checks a file of the page and those that it imports.
func assertFile(t *testing.T, b *sandbox, path string, seen map[string]bool) {
	t.Helper()
	if seen[path] {
		return
	}
	seen[path] = true
	require.True(t, strings.HasPrefix(path, "/_page/"), path)
	got := call(t, b, http.MethodGet, path, "")
	assert.Equal(t, http.StatusOK, got.status, path)
	assert.Equal(t, "nosniff", got.header.Get("X-Content-Type-Options"), path)
	text := strings.ReplaceAll(got.body, "http://www.w3.org/2000/svg", "") // a namespace
	text = strings.ReplaceAll(text, "http://127.0.0.1", "")
	assert.NotContains(t, text, "http:", path)
	assert.NotContains(t, text, "https:", path)
	assert.NotContains(t, text, "innerHTML", path)
	for _, imported := range regexp.MustCompile(`from "\./([a-z]+\.js)"`).FindAllStringSubmatch(got.body, -1) {
		assertFile(t, b, "/_page/"+imported[1], seen)
	}
}

func TestPageIsReadOnlyAndListsNoFolder(t *testing.T) {
	t.Parallel()
	b := newSandbox(t, config{})
	assert.Equal(t, http.StatusMethodNotAllowed, call(t, b, http.MethodPost, "/", "{}").status)
	assert.Equal(t, http.StatusNotFound, call(t, b, http.MethodGet, "/_page/", "").status)
	assert.Equal(t, http.StatusNotFound, call(t, b, http.MethodGet, "/_page/nothing.js", "").status)
	assert.Zero(t, b.exchanges.totals().Requests, "none of this is a request to Linkit")
}
