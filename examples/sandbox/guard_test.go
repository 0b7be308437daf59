package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOtherOriginsAndHostsAreRefused(t *testing.T) {
	t.Parallel()
	b := newSandbox(t, config{})
	own := b.origin()
	rows := []struct {
		name, value string
		status      int
	}{
		{"Origin", own, http.StatusOK},
		{"Sec-Fetch-Site", "same-origin", http.StatusOK},
		{"Sec-Fetch-Site", "none", http.StatusOK},
		{"Host", "localhost", http.StatusOK},
		{"Host", "LOCALHOST:80", http.StatusOK},
		{"Host", "[::1]:8090", http.StatusOK},
		{"Host", "[::1]", http.StatusOK},
		{"Host", "127.8.9.1:80", http.StatusOK},
		{"Origin", "http://localhost:1", http.StatusForbidden},
		{"Origin", "https" + own[len("http"):], http.StatusForbidden},
		{"Origin", own + ".example.com", http.StatusForbidden},
		{"Origin", "http://example.com", http.StatusForbidden},
		{"Origin", "null", http.StatusForbidden},
		{"Sec-Fetch-Site", "cross-site", http.StatusForbidden},
		{"Sec-Fetch-Site", "same-site", http.StatusForbidden},
		{"Host", "example.com", http.StatusForbidden},
		{"Host", "127.0.0.1.example.com", http.StatusForbidden},
		{"Host", "127.0.0.1@example.com", http.StatusForbidden},
		{"Host", "localhost.example.com:80", http.StatusForbidden},
		{"Host", "10.0.0.1", http.StatusForbidden},
		{"Host", "0.0.0.0", http.StatusForbidden},
		{"Host", "2130706433", http.StatusForbidden},
	}
	for _, row := range rows {
		for _, request := range [][3]string{
			{http.MethodGet, "/_control/state", ""}, {http.MethodPost, "/_control/expire", "{}"}, {http.MethodGet, "/_control/exchanges", ""},
		} {
			got := call(t, b, request[0], request[1], request[2], row.name, row.value)
			if got.status == http.StatusBadRequest && row.status == http.StatusForbidden {
				continue // net/http itself rejected the Host
			}
			assert.Equal(t, row.status, got.status, "%s %s: %s", request, row.name, row.value)
		}
		if row.name == "Host" && row.status == http.StatusForbidden {
			got := call(t, b, http.MethodGet, "/", "", row.name, row.value)
			assert.GreaterOrEqual(t, got.status, 400, "the page: %s", row.value)
		}
	}
}

func TestWritesNeedAJSONContentType(t *testing.T) {
	t.Parallel()
	b := newSandbox(t, config{})
	for value, status := range map[string]int{
		"application/json":                  http.StatusCreated,
		"Application/JSON; charset=utf-8":   http.StatusCreated,
		"":                                  http.StatusUnsupportedMediaType,
		"text/plain":                        http.StatusUnsupportedMediaType,
		"text/plain; application/json":      http.StatusUnsupportedMediaType,
		"application/x-www-form-urlencoded": http.StatusUnsupportedMediaType,
		"multipart/form-data; boundary=x":   http.StatusUnsupportedMediaType,
	} {
		got := call(t, b, http.MethodPost, "/_control/faults", `{"status": 500}`, "Content-Type", value)
		assert.Equal(t, status, got.status, value)
	}
	assert.Equal(
		t,
		http.StatusUnsupportedMediaType,
		call(t, b, http.MethodDelete, "/_control/faults", "", "Content-Type", "").status,
	)
	assert.Len(t, b.faults.all(), 2)
}
