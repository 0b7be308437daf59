package transport

import (
	"net/http"
	"strings"
	"syscall/js"
)

// FetchOptions returns the header by which net/http tells a browser's fetch to follow no redirect.
// It is nil where t doesn't send by fetch.
func FetchOptions(t http.RoundTripper) http.Header {
	own, ok := t.(*http.Transport)
	if !ok || own.Dial != nil || own.DialContext != nil || own.DialTLS != nil || own.DialTLSContext != nil { //nolint:staticcheck // as net/http decides
		return nil
	}
	process := js.Global().Get("process")
	// net/http has a network of its own there
	inNode := process.Type() == js.TypeObject && strings.HasPrefix(process.Get("argv0").String(), "node")
	if inNode || js.Global().Get("fetch").IsUndefined() {
		return nil
	}
	return http.Header{"js.fetch:redirect": {"manual"}}
}
