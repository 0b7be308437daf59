package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

const productsPerPage = 20

// stocked is a product with its stock.
type stocked struct {
	IvID   string   `json:"iv_id"`
	NameEn string   `json:"name_en"`
	NameAr string   `json:"name_ar"`
	Price  float64  `json:"price"`
	Total  int      `json:"total"` // of all branches
	Stock  []atShop `json:"stock"` // at the first 100 branches
}

type atShop struct {
	Branch string `json:"branch"`
	NameEn string `json:"name_en"`
	NameAr string `json:"name_ar"`
	Qty    int    `json:"qty"`
}

// shopPage is a page of the catalogue.
type shopPage struct {
	Page     int       `json:"page"`
	Pages    int       `json:"pages"`
	Total    int       `json:"total"`
	Branches int       `json:"branches"`
	Products []stocked `json:"products"`
	Orders   []string  `json:"orders"` // the ids of the newest orders
}

// listed is a page of a list of the API.
type listed[T any] struct {
	Data  []T `json:"data"`
	Total int `json:"total_count"`
}

// peek reads a list of the server, without a request that would count.
func peek[T any](b *sandbox, path string, query url.Values) (list listed[T]) {
	_, body := b.server.Peek(linkittest.OrganizationID, path+"?"+query.Encode())
	if json.Unmarshal(body, &list) != nil {
		return listed[T]{}
	}
	return list
}

func (b *sandbox) getCatalogue(w http.ResponseWriter, r *http.Request) {
	page, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || page < 1 {
		page = 1
	}
	query := url.Values{"page": {strconv.Itoa(page)}, "limit": {strconv.Itoa(productsPerPage)}, "sort": {"iv_id"}}
	if search := r.URL.Query().Get("search"); search != "" {
		query.Set("search", search)
	}
	products := peek[linkit.Product](b, "/products", query)
	branches := peek[linkit.Branch](b, "/branches", url.Values{"limit": {"100"}})
	names := map[string]linkit.Branch{}
	for i := range branches.Data {
		names[branches.Data[i].IvID] = branches.Data[i]
	}
	shop := shopPage{
		Page: page, Pages: max(1, (products.Total+productsPerPage-1)/productsPerPage),
		Total: products.Total, Branches: branches.Total, Products: []stocked{}, Orders: []string{},
	}
	for i := range products.Data {
		shop.Products = append(shop.Products, b.stock(&products.Data[i], names))
	}
	orders := peek[struct {
		Order linkit.Order `json:"order"`
	}](b, "/orders", url.Values{"limit": {"20"}})
	for i := range orders.Data {
		shop.Orders = append(shop.Orders, orders.Data[i].Order.ID)
	}
	respond(w, http.StatusOK, shop)
}

// stock returns a product with its stock at every branch, a page of which becomes the list.
func (b *sandbox) stock(p *linkit.Product, branches map[string]linkit.Branch) stocked {
	s := stocked{IvID: p.IvID, NameEn: p.NameEn, NameAr: p.NameAr, Price: p.AveragePrice, Stock: []atShop{}}
	const limit = 100
	for page := 1; ; page++ {
		skus := peek[linkit.SKU](b, "/skus", url.Values{
			"product_iv_id": {p.IvID}, "limit": {strconv.Itoa(limit)}, "page": {strconv.Itoa(page)},
		})
		for _, sku := range skus.Data {
			qty := 0
			if sku.Qty != nil {
				qty = *sku.Qty
			}
			s.Total += qty
			if page == 1 {
				branch := branches[sku.BranchIvID]
				s.Stock = append(s.Stock, atShop{Branch: sku.BranchIvID, NameEn: branch.NameEn, NameAr: branch.NameAr, Qty: qty})
			}
		}
		if page*limit >= skus.Total {
			return s
		}
	}
}

// postWebhook posts an order to a program on this machine, as Linkit would.
func (b *sandbox) postWebhook(w http.ResponseWriter, r *http.Request) {
	var hook struct {
		URL   string `json:"url"`
		Order string `json:"order"`
	}
	if !read(w, r, &hook) {
		return
	}
	target, err := url.Parse(hook.URL)
	if err != nil || target.Scheme != "http" && target.Scheme != "https" || !loopback(target.Host) {
		fail(w, http.StatusBadRequest, "url must be that of a program on this machine, such as http://127.0.0.1:9000/orders")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
	defer cancel()
	began := time.Now()
	res, err := b.server.SendOrder(ctx, hook.URL, hook.Order)
	if errors.Is(err, linkit.ErrNotFound) {
		fail(w, http.StatusNotFound, fmt.Sprintf("there is no order %q", hook.Order))
		return
	}
	if err != nil { // without the URL, which may hold a secret
		if inURL, ok := errors.AsType[*url.Error](err); ok {
			err = inURL.Err
		}
		fail(w, http.StatusBadGateway, "the program at "+target.Host+" gave no response: "+err.Error())
		return
	}
	_ = res.Body.Close()
	respond(w, http.StatusOK, map[string]any{
		"status": res.StatusCode, "ms": float64(time.Since(began).Microseconds()) / 1000,
	})
}
