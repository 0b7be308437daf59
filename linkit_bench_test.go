package linkit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit"
)

// handWritten is what a program without the SDK would do, with an equally tuned transport.
func handWritten(b testing.TB, hc *http.Client, url string, out any) {
	if err := handWrittenCall(b.Context(), hc, http.MethodGet, url, nil, out); err != nil {
		b.Fatal(err)
	}
}

// handWrittenCall uses nothing of testing: require's own work is no part of a call.
func handWrittenCall(ctx context.Context, hc *http.Client, method, url string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", testKey)
	r.Header.Set("Accept", "application/json")
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := hc.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// canned responses every request alike, with a 200 unless it has a status.
type canned struct {
	body   string
	status int
}

var cannedHeader = http.Header{"Content-Type": {"application/json"}, "Date": {"Mon, 23 Nov 2026 10:00:00 GMT"}}

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: max(
			c.status,
			http.StatusOK,
		),
		Header:        cannedHeader,
		Body:          io.NopCloser(strings.NewReader(c.body)),
		ContentLength: int64(len(c.body)),
		Request:       r,
	}, nil
}

// overCanned returns a client over canned responses.
func overCanned(tb testing.TB, response http.RoundTripper, opts ...linkit.Option) *linkit.Client {
	tb.Helper()
	opts = append(
		opts,
		linkit.WithBaseURL(testBase),
		linkit.WithHTTPClient(&http.Client{Transport: response}),
		linkit.WithRetries(0),
	)
	client, err := linkit.NewClient(opts...)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = client.Close() })
	return client
}

// fullProduct is a record with every field.
func fullProduct(i int) string {
	return fmt.Sprintf(
		`{"id":"k7m2p9q4x1c8%03d","iv_id":"ITEM-%03d","organization_id":"org_9f2","name_en":"Adol 500 mg tablets, 24 a box","name_ar":"أدول ٥٠٠ ملغ أقراص","average_price":7.25,"vat_value":15,"barcode":"6291100350012","brand_id":"brand_jlp","category_id":"cat_otc","generic_id":"gen_apap","is_enabled":true,"is_deleted":false,"created":"2026-03-02T08:15:00Z","updated":"2026-04-11T17:40:30Z"}`,
		i,
		i,
	)
}

func pageOfProducts() string {
	const n = 100
	records := make([]string, n)
	for i := range records {
		records[i] = fullProduct(i)
	}
	return fmt.Sprintf(
		`{"data":[%s],"count":%d,"total_count":%d,"page":1,"limit":100,"has_next":false,"meta":{}}`,
		strings.Join(records, ","),
		n,
		n,
	)
}

// compare runs the SDK and the hand-written call on the same server, or over the same canned
// responses.
func compare(b *testing.B, body string, sdk func(*linkit.Client) error, out func() any) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	}))
	b.Cleanup(server.Close)
	tuned := &http.Transport{MaxIdleConns: 100, MaxIdleConnsPerHost: 100, IdleConnTimeout: 45 * time.Second}
	b.Cleanup(tuned.CloseIdleConnections)
	for _, over := range []struct {
		name      string
		transport http.RoundTripper
	}{{"socket", tuned}, {"canned", canned{body: body}}} {
		client, err := linkit.NewClient(
			linkit.WithBaseURL(server.URL),
			linkit.WithAPIKey(testKey),
			linkit.WithHTTPClient(&http.Client{Transport: over.transport}),
		)
		require.NoError(b, err)
		b.Run(over.name+"/sdk", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := sdk(client); err != nil {
					b.Fatal(err)
				}
			}
		})
		hc := &http.Client{Transport: over.transport}
		b.Run(over.name+"/hand-written", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				handWritten(b, hc, server.URL+"/products/ITEM-1", out())
			}
		})
	}
}

func BenchmarkGet(b *testing.B) {
	compare(
		b,
		product1,
		func(c *linkit.Client) error { return getOne(b.Context(), c) },
		func() any { return new(linkit.Product) },
	)
}

func BenchmarkPage(b *testing.B) {
	compare(b, pageOfProducts(), func(c *linkit.Client) error {
		_, err := c.Products.List(b.Context(), nil)
		return err
	}, func() any { return new(linkit.Page[linkit.Product]) })
}

// BenchmarkSignedIn is BenchmarkGet's canned half with a token of WithLogin in hand.
func BenchmarkSignedIn(b *testing.B) {
	both := `{"token":"t0ken-1","expires_at":"2099-01-01T00:00:00Z",` + product1[1:] // a sign-in and a product at once
	client := overCanned(b, canned{body: both}, linkit.WithLogin("user@example.com", "password"))
	b.ReportAllocs()
	for b.Loop() {
		if err := getOne(b.Context(), client); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRequest is what it takes to build a request, and to send it nowhere.
func BenchmarkRequest(b *testing.B) {
	client := overCanned(b, canned{body: "{}"}, linkit.WithAPIKey(testKey), linkit.WithOrganization("org_9f2"))
	query := url.Values{
		"page":       {"7"},
		"limit":      {"100"},
		"sort":       {"-created"},
		"search":     {"adol 500"},
		"is_enabled": {"true"},
	}
	whole := linkit.Product{
		IvID:         "ITEM-1",
		NameEn:       "Adol",
		NameAr:       "أدول",
		AveragePrice: 7.25,
		VATValue:     15,
		BrandID:      "brand_jlp",
	}.Params()
	for _, request := range []struct {
		name string
		send func(context.Context) error
	}{
		{"id", func(ctx context.Context) error { return client.Products.Delete(ctx, "ITEM-1") }},
		{"escaped-id", func(ctx context.Context) error { return client.Products.Delete(ctx, "ITEM/1 ü") }},
		{"path", func(ctx context.Context) error {
			return client.Do(ctx, http.MethodDelete, "/products/ITEM-1", nil, nil, nil)
		}},
		{"query", func(ctx context.Context) error { return client.Do(ctx, http.MethodGet, "/products", query, nil, nil) }},
		{"body", func(ctx context.Context) error { return client.Do(ctx, http.MethodPost, "/products", nil, whole, nil) }},
	} {
		b.Run(request.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := request.send(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkError is what a refusal costs on its way to a typed error.
func BenchmarkError(b *testing.B) {
	for _, response := range []struct {
		name string
		canned
	}{
		{"text", canned{`{"code":404,"error":"Not Found","details":"there is no product with this iv_id"}`, http.StatusNotFound}},
		{"fields", canned{`{"code":422,"error":"Validation error","details":{"name_en":"too long","barcode":"taken"}}`, http.StatusUnprocessableEntity}},
		{"html", canned{"<html><body>" + strings.Repeat("Bad gateway. ", 50) + "</body></html>", http.StatusBadGateway}},
	} {
		b.Run(response.name, func(b *testing.B) {
			client := overCanned(b, response.canned, linkit.WithAPIKey(testKey))
			b.ReportAllocs()
			for b.Loop() {
				var refusal *linkit.APIError
				if err := getOne(b.Context(), client); !errors.As(err, &refusal) || refusal.StatusCode != response.status {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkAll walks ten pages of a hundred, which cost nothing to serve.
func BenchmarkAll(b *testing.B) {
	const pages = 10
	var responses [pages]string
	for i := range responses {
		responses[i] = strings.NewReplacer(
			`"page":1,`,
			fmt.Sprintf(`"page":%d,`, i+1),
			`"total_count":100,`,
			`"total_count":1000,`,
			`"has_next":false`,
			fmt.Sprintf(`"has_next":%t`, i+1 < pages),
			`"iv_id":"ITEM-`,
			fmt.Sprintf(`"iv_id":"ITEM-%d`, i),
		).Replace(
			pageOfProducts(),
		)
	}
	serve := roundTrip(func(r *http.Request) (*http.Response, error) {
		page, err := strconv.Atoi(r.URL.Query().Get("page"))
		if err != nil {
			return nil, err
		}
		return canned{body: responses[page-1]}.RoundTrip(r)
	})
	for _, ahead := range []int{0, 1, 8} {
		b.Run(fmt.Sprintf("prefetch=%d", ahead), func(b *testing.B) {
			client := overCanned(b, serve, linkit.WithAPIKey(testKey), linkit.WithPrefetch(ahead))
			b.ReportAllocs()
			for b.Loop() {
				read := 0
				for _, err := range client.Products.All(b.Context(), nil) {
					if err != nil {
						b.Fatal(err)
					}
					read++
				}
				if read != pages*100 {
					b.Fatal(read, "records")
				}
			}
		})
	}
}

// BenchmarkBulk writes a thousand records in one request.
func BenchmarkBulk(b *testing.B) {
	client := overCanned(
		b,
		canned{body: `{"success":true,"message":"Processed 1000 products"}`},
		linkit.WithAPIKey(testKey),
	)
	records := make([]linkit.ProductParams, 1000)
	for i := range records {
		records[i] = linkit.Product{
			IvID:         fmt.Sprint("ITEM-", i),
			NameEn:       "Adol",
			NameAr:       "أدول",
			AveragePrice: 7.25,
			VATValue:     15,
		}.Params()
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := client.Products.Bulk(b.Context(), linkit.BulkUpsert, records); err != nil {
			b.Fatal(err)
		}
	}
}
