package faults_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// backend is the server behind everything. It counts how often each record was written.
type backend struct {
	*httptest.Server
	mu      sync.Mutex
	effects map[string]int
}

func newBackend(t *testing.T) *backend {
	t.Helper()
	b := &backend{effects: map[string]int{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/products", b.create)
	mux.HandleFunc("GET /api/v1/products/{iv_id}", func(w http.ResponseWriter, r *http.Request) {
		respond(w, http.StatusOK, b.record(r, r.PathValue("iv_id")))
	})
	mux.HandleFunc("POST /api/v1/products/bulk", b.bulk)
	b.Server = httptest.NewServer(mux)
	t.Cleanup(b.Close)
	return b
}

// wrote counts a write of key.
func (b *backend) wrote(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.effects[key]++
}

// written returns how often key was written.
func (b *backend) written(key string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.effects[key]
}

func (b *backend) create(w http.ResponseWriter, r *http.Request) {
	var product struct {
		IvID string `json:"iv_id"`
	}
	if !read(w, r, &product) {
		return
	}
	b.wrote(product.IvID)
	respond(w, http.StatusCreated, b.record(r, product.IvID))
}

func (b *backend) bulk(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Products []struct {
			IvID string `json:"iv_id"`
		} `json:"products"`
	}
	if !read(w, r, &body) {
		return
	}
	for _, product := range body.Products {
		b.wrote(product.IvID)
	}
	respond(
		w,
		http.StatusOK,
		map[string]any{"success": true, "message": fmt.Sprintf("Processed %d products successfully", len(body.Products))},
	)
}

// record is what the request's organization has under key.
func (b *backend) record(r *http.Request, key string) map[string]any {
	organization := r.Header.Get("X-Organization-ID")
	return map[string]any{
		"id":              "id_" + key,
		"iv_id":           key,
		"organization_id": organization,
		"name_en":         organization + "/" + key + strings.Repeat(" ", 200),
	}
}

func read(w http.ResponseWriter, r *http.Request, body any) bool {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 8<<20))
	if err == nil {
		err = json.Unmarshal(b, body)
	}
	if err != nil { // a request that was cut off has no effect
		http.Error(w, `{"code":400,"error":"Bad Request"}`, http.StatusBadRequest)
		return false
	}
	return true
}

func respond(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		panic(err) // the test's own values
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b)
}
