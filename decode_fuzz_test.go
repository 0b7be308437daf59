package linkit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// addSamples seeds with the samples and with odd forms of them.
func addSamples(f *testing.F) {
	f.Helper()
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(f, err)
	require.NotEmpty(f, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(text)
		f.Add(bytes.ReplaceAll(text, []byte(`: "`), []byte(`: 7, "odd": "`)))
		f.Add(bytes.ReplaceAll(text, []byte(`: "`), []byte(": \"\xff\\ud800")))
	}
	for _, body := range refusals {
		f.Add([]byte(body))
	}
	for _, odd := range []string{
		``, `null`, `[]`, `{"data":[{"id":"s2","iv_id":"RICE_2","qty":2.5}],"limit":9223372036854775807}`, `{"data":[null,7,{"id":{}}],"has_next":"N/A"}`,
		`{"id":"r1","iv_id":"A","IV_ID":"LEGACY-9","created":"0000-00-00 00:00:00"}`, "\ufeff{\"id\":\"\xff\"}", `<html><title>502</title>`,
		`{"success":true,"message":"Created","id":"req_9","data":{"id":"r1","iv_id":"A"}}`, `{"spec_version":"1","order":{"id":"o1","products":["SKU-1"],"skus":[{"code":"A"}]}}`,
	} {
		f.Add([]byte(odd))
	}
}

// checkFuzzed holds an error to one printable line without the credential.
func checkFuzzed(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	text := err.Error()
	if strings.Contains(text, testKey) || len(text) > 4000 {
		t.Fatalf("%q", text)
	}
	for _, r := range text {
		if !unicode.IsPrint(r) {
			t.Fatalf("%q has %q", text, r)
		}
	}
}

func fuzzBody(f *testing.F, status int) {
	f.Helper()
	addSamples(f)
	all := readings()
	f.Fuzz(func(t *testing.T, body []byte) {
		client := newClient(
			t,
			canned{body: string(body), status: status},
			linkit.WithRetries(0),
			linkit.WithOrganization(testOrganization),
		)
		for _, r := range all {
			for _, read := range []func(context.Context, *linkit.Client) (any, error){r.one, r.list} {
				if read != nil {
					model, err := read(t.Context(), client)
					checkFuzzed(t, err)
					_, err = json.Marshal(model) // as a program that stores it
					require.NoError(t, err)
				}
			}
		}
		checkFuzzed(t, client.Products.Delete(t.Context(), "A"))
	})
}

func FuzzResponse(f *testing.F)      { fuzzBody(f, 200) }
func FuzzErrorResponse(f *testing.F) { fuzzBody(f, 422) }

func FuzzParseOrder(f *testing.F) {
	addSamples(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		order, err := linkit.ParseOrder(bytes.NewReader(body))
		checkFuzzed(t, err)
		if err == nil {
			_, err = json.Marshal(order)
			require.NoError(t, err)
		}
	})
}

func FuzzTime(f *testing.F) {
	for _, seed := range []string{"2024-01-15T10:30:00+0300", "1705314600", "2024-01-15 10:30:00 +0000 UTC", "0000-00-00 00:00:00", "31/05/1990", "2024-01-15T10:30:00+24:00", "9999-12-31T23:59:59.999999999-12:00"} {
		f.Add(strconv.Quote(seed))
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var at, again linkit.Time
		if err := json.Unmarshal([]byte(text), &at); err != nil {
			checkFuzzed(t, err)
			require.True(t, at.IsZero())
		}
		written, err := json.Marshal(at)
		require.NoError(t, err, text)
		require.NoError(t, json.Unmarshal(written, &again))
		require.True(t, at.Equal(again.Time), text)
		var day, same linkit.Date
		if err := json.Unmarshal([]byte(text), &day); err != nil {
			checkFuzzed(t, err)
			require.True(t, day.IsZero())
		}
		written, err = json.Marshal(day)
		require.NoError(t, err, text)
		require.NoError(t, json.Unmarshal(written, &same))
		require.Equal(t, day, same)
	})
}
