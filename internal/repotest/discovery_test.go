package repotest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// discoverTools asks a tool-discovery endpoint (Model Context Protocol, stateless HTTP) for the
// names of its tools: each stands for an operation of the API, "get_branches_by_id" for GET
// /branches/{id}.
func discoverTools(ctx context.Context, hc *http.Client, url string) ([]string, error) {
	var names []string
	cursor := ""
	for range 20 {
		page, next, err := toolsPage(ctx, hc, url, cursor)
		if err != nil {
			return nil, err
		}
		names = append(names, page...)
		if next == "" {
			return names, nil
		}
		cursor = next
	}
	return nil, errors.New("the list of tools has no end")
}

func toolsPage(ctx context.Context, hc *http.Client, url, cursor string) (names []string, next string, err error) {
	params := map[string]string{}
	if cursor != "" {
		params["cursor"] = cursor
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": params})
	if err != nil {
		return nil, "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	r.Header.Set("Mcp-Protocol-Version", "2025-06-18")
	resp, err := hc.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil || resp.StatusCode != http.StatusOK {
		return nil, "", fmt.Errorf("status %d: %w", resp.StatusCode, err)
	}
	var listed struct {
		Result struct {
			Tools []struct {
				Name string `json:"name"`
			} `json:"tools"`
			NextCursor string `json:"nextCursor"`
		} `json:"result"`
		Error *struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.Unmarshal(eventData(text), &listed); err != nil {
		return nil, "", err
	}
	if listed.Error != nil {
		return nil, "", errors.New(listed.Error.Message)
	}
	for _, tool := range listed.Result.Tools {
		names = append(names, tool.Name)
	}
	return names, listed.Result.NextCursor, nil
}

// eventData returns the data of a text/event-stream with one event, and any other body as it is.
func eventData(body []byte) []byte {
	for line := range bytes.Lines(body) {
		if data, found := bytes.CutPrefix(line, []byte("data:")); found {
			return bytes.TrimSpace(data)
		}
	}
	return body
}

// toolName is what the tool of an endpoint is called, up to the names of its path parameters:
// "get_branches_by".
func toolName(endpoint string) string {
	method, path, _ := strings.Cut(endpoint, " ")
	name, byKey := strings.ToLower(method), false
	for segment := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		if strings.HasPrefix(segment, "{") {
			byKey = true
			continue
		}
		name += "_" + strings.ReplaceAll(segment, "-", "_")
	}
	if byKey {
		name += "_by"
	}
	return name
}

// undocumented compares the tools with the rows of docs/api-coverage.md, and returns what only one
// side has.
func undocumented(rows []covered, tools []string) (onlyTools, onlyRows []string) {
	known := map[string]bool{}
	for _, row := range rows {
		if row.line != "" {
			known[toolName(row.line)] = true
		}
	}
	offered := map[string]bool{}
	for _, tool := range tools {
		name := tool
		if before, _, found := strings.Cut(tool, "_by_"); found {
			name = before + "_by"
		}
		offered[name] = true
		if !known[name] {
			onlyTools = append(onlyTools, tool)
		}
	}
	for _, row := range rows {
		if row.line != "" && !offered[toolName(row.line)] {
			onlyRows = append(onlyRows, row.line)
		}
	}
	slices.Sort(onlyTools)
	return onlyTools, onlyRows
}

func TestDiscoveredToolsAreComparedWithTheCoverage(t *testing.T) {
	t.Parallel()
	pages := map[string]string{
		"":  `{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"get_products"},{"name":"get_branches_by_id"}],"nextCursor":"2"}}`,
		"2": "event: message\ndata: " + `{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"post_customer_groups"},{"name":"get_orders_export"}]}}` + "\n\n",
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			Method string `json:"method"`
			Params struct {
				Cursor string `json:"cursor"`
			} `json:"params"`
		}
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&request))
		assert.Equal(t, "tools/list", request.Method)
		assert.Empty(t, r.Header.Get("Authorization"))
		_, _ = io.WriteString(w, pages[request.Params.Cursor])
	}))
	t.Cleanup(server.Close)
	tools, err := discoverTools(t.Context(), server.Client(), server.URL)
	require.NoError(t, err)
	onlyTools, onlyRows := undocumented([]covered{
		{
			line: "GET /products",
		},
		{line: "GET /branches/{iv_id}"},
		{line: "POST /customer-groups"},
		{line: "PUT /customer-groups/{id}"},
		{},
	}, tools)
	assert.Equal(t, []string{"get_orders_export"}, onlyTools)
	assert.Equal(t, []string{"PUT /customer-groups/{id}"}, onlyRows)
}

func TestDiscoveryReportsAnError(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no such method"}}`, `<html>`, ``} {
		server := httptest.NewServer(
			http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }),
		)
		t.Cleanup(server.Close)
		_, err := discoverTools(t.Context(), server.Client(), server.URL)
		assert.Error(t, err)
	}
}
