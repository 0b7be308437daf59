package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/linkit-go/linkit/linkittest"
)

// startCanned serves documented responses made beforehand: a product, a page of a hundred, a bulk
// response, a 500.
func startCanned(s spec) (url string, certificate *x509.Certificate, setDelay func(order), end func()) {
	var delay atomic.Pointer[order]
	var requests atomic.Int64
	delay.Store(new(order))
	one, page := cannedProduct(0), cannedPage()
	mux := http.NewServeMux()
	respond := func(pattern string, status int, body func(r *http.Request) []byte) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != linkittest.APIKey {
				http.Error(w, `{"code":401,"error":"Unauthorized","details":"Invalid or expired token"}`, http.StatusUnauthorized)
				return
			}
			b := body(r)
			if d := delay.Load().of(requests.Add(1)); d > 0 {
				select {
				case <-time.After(d):
				case <-r.Context().Done():
					return
				}
			}
			w.Header()["Content-Type"] = []string{"application/json"}
			w.Header()["Content-Length"] = []string{strconv.Itoa(len(b))}
			w.WriteHeader(status)
			_, _ = w.Write(b)
		})
	}
	respond("GET /api/v1/products/{iv_id}", http.StatusOK, func(*http.Request) []byte { return one })
	respond(
		"GET /api/v1/products/"+failingID,
		http.StatusInternalServerError,
		func(*http.Request) []byte { return []byte(internalError) },
	)
	respond("GET /api/v1/products", http.StatusOK, func(*http.Request) []byte { return page })
	respond("POST /api/v1/products/bulk", http.StatusOK, func(r *http.Request) []byte {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 32<<20)) //nolint:forbidigo // bounded
		return fmt.Appendf(nil, `{"success":true,"message":"Processed %d products"}`, bytes.Count(body, []byte(`"iv_id":`)))
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // no lookup, nothing to wait for
	if err != nil {
		panic(err)
	}
	quiet := slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // clients that close pools cut handshakes off
	ts := &httptest.Server{
		Listener: listener,
		Config:   &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute, ErrorLog: quiet},
	}
	switch s.Protocol {
	case overTLS:
		ts.StartTLS()
	case http2:
		ts.EnableHTTP2 = true
		ts.TLS = &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
		ts.StartTLS()
	default:
		ts.Start()
	}
	return ts.URL + "/api/v1", ts.Certificate(), func(o order) { delay.Store(&o) }, ts.Close
}

func cannedProduct(i int) []byte {
	p := product(i)
	return encoded(record{
		ID: fmt.Sprintf(
			"k7m2p9q4x1c8%03d",
			i,
		),
		IvID:           p.IvID,
		OrganizationID: linkittest.OrganizationID,
		NameEn:         p.NameEn,
		NameAr:         p.NameAr,
		AveragePrice:   p.AveragePrice,
		VATValue:       p.VATValue,
		Barcode:        p.Barcode,
		BrandID:        p.BrandID,
		CategoryID:     p.CategoryID,
		GenericID:      p.GenericID,
		IsEnabled:      p.IsEnabled,
		Created:        time.Date(2026, 3, 2, 8, 15, 0, 0, time.UTC),
		Updated:        time.Date(2026, 4, 11, 17, 40, 30, 0, time.UTC),
	})
}

func cannedPage() []byte {
	p := page{Count: pageSize, TotalCount: pageSize, Page: 1, Limit: pageSize, Meta: json.RawMessage(`{}`)}
	for i := range pageSize {
		var r record
		if err := json.Unmarshal(cannedProduct(i), &r); err != nil {
			panic(err)
		}
		p.Data = append(p.Data, r)
	}
	return encoded(p)
}

func encoded(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // the program's own values
	}
	return b
}
