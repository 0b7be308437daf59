package linkittest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
)

const masked = "[masked]"

// isSignIn reports whether a path is that of a sign-in, even below a wrong base path.
func isSignIn(path string) bool {
	return strings.HasSuffix(strings.TrimRight(path, "/"), "/auth/login")
}

// maskMembers masks the members with the given name in a JSON body, or the whole body if it isn't
// an object or a list.
func maskMembers(body []byte, name string) []byte {
	if len(bytes.TrimSpace(body)) == 0 {
		return body
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil || dec.More() || !maskIn(v, name) {
		return []byte(`"` + masked + `"`)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return []byte(`"` + masked + `"`)
	}
	return b
}

// maskIn masks members at any depth. It returns false for a value without members.
func maskIn(v any, name string) bool {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if strings.EqualFold(key, name) {
				v[key] = masked
			} else {
				maskIn(value, name)
			}
		}
		return true
	case []any:
		for _, value := range v {
			maskIn(value, name)
		}
		return true
	}
	return false
}

// maskCredentials masks the credentials in an exchange, which must be a copy.
func (x *Exchange) maskCredentials() {
	for i, value := range x.Request.Header["Authorization"] {
		scheme, rest, _ := strings.Cut(value, " ")
		x.replace(value)
		x.replace(strings.TrimSpace(rest))
		switch {
		case value == "":
		case scheme == "Bearer":
			x.Request.Header["Authorization"][i] = "Bearer " + masked
		default:
			x.Request.Header["Authorization"][i] = masked
		}
	}
	for _, header := range x.headers() {
		for _, name := range []string{"Cookie", "Set-Cookie", "Proxy-Authorization", "X-Api-Key"} {
			for i := range header[name] {
				header[name][i] = masked
			}
		}
	}
	if isSignIn(x.Request.Path) {
		x.maskSignIn()
	}
}

// headers returns all headers in an exchange.
func (x *Exchange) headers() []http.Header {
	if x.Fault == nil {
		return []http.Header{x.Request.Header, x.Header}
	}
	return []http.Header{x.Request.Header, x.Header, x.Fault.Header}
}

// maskSignIn masks the password and the token of a sign-in.
func (x *Exchange) maskSignIn() {
	for name := range x.Request.Query {
		if strings.EqualFold(name, "password") {
			x.Request.Query[name] = []string{masked}
		}
	}
	if json.Valid(x.Body) || x.StatusCode < http.StatusMultipleChoices { // a truncated token is a secret too
		x.Body = maskMembers(x.Body, "token")
	}
	if x.Fault != nil && json.Valid([]byte(x.Fault.Body)) {
		x.Fault.Body = string(maskMembers([]byte(x.Fault.Body), "token"))
	}
}

// replace masks a secret wherever else it is repeated. One of a few letters would hide everything.
func (x *Exchange) replace(secret string) {
	const shortest = 8
	if len(secret) < shortest {
		return
	}
	for _, values := range append(x.headers(), http.Header(x.Request.Query)) {
		for _, list := range values {
			for i := range list {
				list[i] = strings.ReplaceAll(list[i], secret, masked)
			}
		}
	}
	x.Request.Path = strings.ReplaceAll(x.Request.Path, secret, masked)
	x.Request.Body = bytes.ReplaceAll(x.Request.Body, []byte(secret), []byte(masked))
	x.Body = bytes.ReplaceAll(x.Body, []byte(secret), []byte(masked))
	if x.Fault != nil {
		x.Fault.Body = strings.ReplaceAll(x.Fault.Body, secret, masked)
	}
}
