//go:build !js

package transport

import "net/http"

// FetchOptions returns nil: only a browser has fetch.
func FetchOptions(http.RoundTripper) http.Header { return nil }
