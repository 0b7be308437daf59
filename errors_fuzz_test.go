package linkit_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// FuzzErrorBody gives a call an error response, in which SECRET stands for its key.
func FuzzErrorBody(f *testing.F) {
	files, err := filepath.Glob("testdata/error-*.json")
	require.NoError(f, err)
	require.NotEmpty(f, files)
	bodies := []string{
		`{"status":400,"message":"Failed to create record.","data":{"iv_id":{"code":"validation_not_unique","message":"Value must be unique."}}}`,
		`{"code":422,"error":"no","details":{"SECRET":["SECRET",{"a":"SECRET"}]},"errors":["SECRET"]}`, `<html><title>SECRET</title>`,
		"SECRET\r\nlevel=ERROR \u202e\x00", `{"code":{"a":1},"error":["x"],"details":7}`, `{"error":"\u0053ECRET"}`, "", `"SECRET"`, `[]`, "\xff",
		`{"code":"BILLING_SERVICE_SUSPENDED","error":"suspended"}`, strings.Repeat("SECRET ", 10_000),
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		bodies = append(bodies, string(text))
	}
	for i, body := range bodies {
		for _, status := range []int{401, 403, 404, 409, 422, 429, 500} {
			f.Add(status+i%2, []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		status = 400 + max(status, -status)%200
		text := strings.ReplaceAll(string(body), "SECRET", testKey)
		client := newClient(t, canned{status: status, body: text}, linkit.WithRetries(0))
		_, err := client.Products.Get(t.Context(), "A")
		checkErrorResponse(t, err, status)
		_, err = client.Products.Create(t.Context(), linkit.ProductParams{IvID: "A"})
		checkErrorResponse(t, err, status)
		require.Equal(t, mayHaveActed(status), errors.Is(err, linkit.ErrUncertain), status)
	})
}

// checkErrorResponse checks that an error keeps its status, is one bounded line, and shows no key.
func checkErrorResponse(t *testing.T, err error, status int) {
	t.Helper()
	var refusal *linkit.APIError
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, status, refusal.StatusCode)
	require.LessOrEqual(t, len(refusal.Body), 64<<10)
	checkFuzzed(t, err)
	encoded, jsonErr := json.Marshal(refusal)
	require.NoError(t, jsonErr)
	for _, shown := range []string{fmt.Sprintf("%+v", *refusal), string(refusal.Body), string(encoded), fmt.Sprintf("%q", refusal.Fields)} {
		require.NotContains(t, shown, testKey)
	}
	for target, is := range map[error]bool{
		linkit.ErrUnauthorized: status == http.StatusUnauthorized, linkit.ErrForbidden: status == http.StatusForbidden,
		linkit.ErrNotFound: status == http.StatusNotFound, linkit.ErrRateLimited: status == http.StatusTooManyRequests,
	} {
		require.Equal(t, is, errors.Is(err, target), target)
	}
}

// mayHaveActed reports whether the server may have acted on a write that it responded to so.
func mayHaveActed(status int) bool {
	switch status {
	case 408, 500, 502, 503, 504:
		return true
	}
	return status > 511
}
