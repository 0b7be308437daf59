// Gets reads one product as often as its argument says.
package main

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"

	"github.com/linkit-go/linkit"
)

const product = `{"id":"k7m2p9q4x1c8001","iv_id":"ITEM-001","organization_id":"org_9f2","name_en":"Adol 500 mg tablets, 24 a box",` +
	`"name_ar":"أدول ٥٠٠ ملغ أقراص","average_price":7.25,"vat_value":15,"barcode":"6291100350012","brand_id":"brand_jlp",` +
	`"category_id":"cat_otc","generic_id":"gen_apap","is_enabled":true,"is_deleted":false,` +
	`"created":"2026-03-02T08:15:00Z","updated":"2026-04-11T17:40:30Z"}`

func main() {
	times, err := strconv.Atoi(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, product)
	}))
	client, err := linkit.NewClient(
		linkit.WithBaseURL(server.URL+"/api/v1"), linkit.WithAPIKey("k3y-Zp0aQ9w8e7r6t5y4"), linkit.WithOrganization("org_9f2"),
	)
	if err != nil {
		log.Fatal(err)
	}
	for range times {
		if _, err := client.Products.Get(context.Background(), "ITEM-001"); err != nil {
			log.Fatal(err)
		}
	}
	_ = client.Close()
	server.Close()
}
