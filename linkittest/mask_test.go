package linkittest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/linkittest"
)

func TestASecretIsMaskedWhereverItIsRepeated(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{linkittest.APIKey, "Bearer t0ken-of-sixteen"} {
		var seen []linkittest.Exchange
		server := newServer(t, linkittest.WithObserver(func(x linkittest.Exchange) { seen = append(seen, x) }))
		server.AddToken("t0ken-of-sixteen")
		plain := strings.TrimPrefix(secret, "Bearer ")
		server.Inject(linkittest.Fault{Status: 500, Body: `{"echo":"` + plain + `"}`, Header: http.Header{"X-Echo": {plain}}})
		for range 2 { // the second one without a fault
			send(t, server, "POST", "/products/"+plain+"?q="+plain, `{"copy":"`+plain+`"}`,
				"Authorization", secret, "X-Copy", secret, "Cookie", "id=c00kie", "X-Api-Key", "an0ther")
		}
		require.Len(t, seen, 2)
		for _, x := range seen {
			shown := fmt.Sprintf("%+v %+v", x, x.Fault)
			for _, part := range []string{shown, string(x.Request.Body), string(x.Body)} {
				for _, leak := range []string{plain, "c00kie", "an0ther"} {
					assert.NotContains(t, part, leak)
				}
			}
			assert.Equal(t, "/products/[masked]", x.Request.Path)
		}
	}
}

func TestACredentialIsMaskedHoweverShortItIs(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{"k3y": "[masked]", "Bearer t0k": "Bearer [masked]", "Bearer": "Bearer [masked]", "a b": "[masked]"} {
		var seen []linkittest.Exchange
		server := newServer(t, linkittest.WithObserver(func(x linkittest.Exchange) { seen = append(seen, x) }))
		send(t, server, "GET", "/products", "", "Authorization", sent)
		require.Len(t, seen, 1)
		assert.Equal(t, []string{want}, seen[0].Request.Header["Authorization"], sent)
	}
}

func TestSignInsAreMaskedWhateverTheirForm(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"":                          "",
		" \n":                       " \n",
		`{"password":"pa55"}`:       `{"password":"[masked]"}`,
		`{"a":{"PassWord":["p"]}}`:  `{"a":{"PassWord":"[masked]"}}`,
		`[{"password":"pa55"},1.0]`: `[{"password":"[masked]"},1.0]`,
		`"pa55"`:                    `"[masked]"`,
		`{"password":"pa55"} more`:  `"[masked]"`,
		`password=pa55`:             `"[masked]"`,
	} {
		var seen []linkittest.Exchange
		server := newServer(t, linkittest.WithObserver(func(x linkittest.Exchange) { seen = append(seen, x) }))
		send(t, server, "POST", "/auth/login?Password=pa55&q=1", body)
		assert.Equal(t, want, string(server.Requests()[0].Body))
		require.Len(t, seen, 1)
		assert.Equal(t, want, string(seen[0].Request.Body))
		assert.Equal(t, []string{"[masked]"}, seen[0].Request.Query["Password"])
		assert.Equal(t, []string{"1"}, seen[0].Request.Query["q"])
	}
}

func TestATokenIsMaskedHoweverMuchOfItWasSent(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]linkittest.Fault{
		"whole":    {Delay: 1},
		"half":     {Truncate: true},
		"a fault":  {Body: `{"token":"t0ken"}`},
		"an error": {Status: 400, Body: `{"token":"t0ken"}`},
	} {
		var seen linkittest.Exchange
		server := newServer(t, linkittest.WithObserver(func(x linkittest.Exchange) { seen = x }))
		server.Inject(fault)
		body := `{"email":"` + linkittest.Email + `","password":"` + linkittest.Password + `"}`
		res, _ := trySend(t, server, "POST", "/auth/login", body)
		if token, ok := signedIn(res); ok {
			assert.NotContains(t, string(seen.Body), token, name)
		}
		assert.Contains(t, string(seen.Body), "[masked]", name)
		if fault.Body != "" {
			require.NotNil(t, seen.Fault, name)
			assert.JSONEq(t, `{"token":"[masked]"}`, seen.Fault.Body, name)
		}
	}
	var seen linkittest.Exchange
	server := newServer(t, linkittest.WithObserver(func(x linkittest.Exchange) { seen = x }))
	server.Inject(linkittest.Fault{Status: 502, Body: "<html>"})
	send(t, server, "POST", "/auth/login", "{}")
	assert.Equal(t, "<html>", string(seen.Body), "an error that isn't JSON has no token")
}

// signedIn returns the token of a response that has a whole one.
func signedIn(res result) (token string, ok bool) {
	var body struct{ Token string }
	err := json.Unmarshal([]byte(res.body), &body)
	return body.Token, err == nil && body.Token != ""
}
