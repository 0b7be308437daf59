package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	resty2 "github.com/go-resty/resty/v2"
	"github.com/hashicorp/go-retryablehttp"
	resty3 "resty.dev/v3"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

const (
	sdk          = "this SDK"
	readingAhead = sdk + ", WithPrefetch(8)"
	handWritten  = "hand-written"
	bounded      = handWritten + ", each call with a timeout"
	restyTwo     = "resty v2"
	restyThree   = "resty v3"
	retryable    = "go-retryablehttp"
	ownPool      = retryable + ", its own pool"

	pageSize = 100
)

// record is a product as a program without the SDK would declare it.
type record struct {
	ID             string    `json:"id"`
	IvID           string    `json:"iv_id"`
	OrganizationID string    `json:"organization_id"`
	NameEn         string    `json:"name_en"`
	NameAr         string    `json:"name_ar"`
	AveragePrice   float64   `json:"average_price"`
	VATValue       float64   `json:"vat_value"`
	Barcode        string    `json:"barcode"`
	BrandID        string    `json:"brand_id"`
	CategoryID     string    `json:"category_id"`
	GenericID      string    `json:"generic_id"`
	IsEnabled      bool      `json:"is_enabled"`
	IsDeleted      bool      `json:"is_deleted"`
	Created        time.Time `json:"created"`
	Updated        time.Time `json:"updated"`
}

// page is the body of a list as such a program would declare it.
type page struct {
	Data       []record        `json:"data"`
	Count      int             `json:"count"`
	TotalCount int             `json:"total_count"`
	Page       int             `json:"page"`
	Limit      int             `json:"limit"`
	HasNext    bool            `json:"has_next"`
	Meta       json.RawMessage `json:"meta"`
}

// peer sends a request and decodes the response. in is JSON already, nil for a GET; path begins
// below /api/v1.
type peer struct {
	name string
	send func(ctx context.Context, path string, in []byte, out any) error
}

// tuned is the transport that every client gets one of. limit is the number of idle connections
// kept.
func (c *server) tuned(limit int) *http.Transport {
	return &http.Transport{
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.pool},
		ForceAttemptHTTP2:   true,
		MaxIdleConns:        limit,
		MaxIdleConnsPerHost: limit,
		IdleConnTimeout:     45 * time.Second,
	}
}

// client is the SDK over a tuned transport, with an API key unless opts name another credential. It
// is ready for use by all.
func (c *server) client(opts ...linkit.Option) (*linkit.Client, error) {
	own := []linkit.Option{linkit.WithBaseURL(c.url), linkit.WithHTTPClient(&http.Client{Transport: c.tuned(100)})}
	return linkit.NewClient(append(own, opts...)...)
}

func (c *server) keyed(opts ...linkit.Option) (*linkit.Client, error) {
	return c.client(append(opts, linkit.WithAPIKey(linkittest.APIKey))...)
}

// peers are all but the SDK, hand-written first, each as it comes but for the transport.
func (c *server) peers() []peer {
	return []peer{
		c.by(&http.Client{Transport: c.tuned(100)}, linkittest.APIKey),
		c.restyTwo(),
		c.restyThree(),
		c.retryable(retryable, c.tuned(100)),
	}
}

// bounded is the hand-written client with a timeout for each call, as any careful program has.
func (c *server) bounded() peer {
	plain := c.by(&http.Client{Transport: c.tuned(100)}, linkittest.APIKey)
	return peer{bounded, func(ctx context.Context, path string, in []byte, out any) error {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		return plain.send(ctx, path, in, out)
	}}
}

// by is a program's own few lines around an http.Client.
func (c *server) by(hc *http.Client, authorization string) peer {
	return peer{handWritten, func(ctx context.Context, path string, in []byte, out any) error {
		r, err := http.NewRequestWithContext(ctx, method(in), c.url+path, body(in))
		if err != nil {
			return err
		}
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		r.Header.Set("Accept", "application/json")
		if in != nil {
			r.Header.Set("Content-Type", "application/json")
		}
		resp, err := hc.Do(r)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		return read(resp, out)
	}}
}

// body is an untyped nil for no body: a typed one would be sent.
func body(in []byte) io.Reader {
	if in == nil {
		return nil
	}
	return bytes.NewReader(in)
}

func method(in []byte) string {
	if in == nil {
		return http.MethodGet
	}
	return http.MethodPost
}

// read decodes a 2xx, and leaves the connection reusable whatever the response.
func read(resp *http.Response, out any) error {
	defer func() { _, _ = io.Copy(io.Discard, resp.Body) }()
	if resp.StatusCode >= http.StatusMultipleChoices {
		return status(resp.StatusCode)
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

// status is an error response.
type status int

func (s status) Error() string { return http.StatusText(int(s)) }

func (c *server) restyTwo() peer {
	client := resty2.New().SetTransport(
		c.tuned(100),
	).SetBaseURL(
		c.url,
	).SetHeader(
		"Authorization",
		linkittest.APIKey,
	).SetHeader(
		"Accept",
		"application/json",
	)
	return peer{restyTwo, func(ctx context.Context, path string, in []byte, out any) error {
		r := client.R().SetContext(ctx).SetResult(out)
		if in != nil {
			r.SetHeader("Content-Type", "application/json").SetBody(in)
		}
		resp, err := r.Execute(method(in), path)
		if err == nil && !resp.IsSuccess() {
			err = status(resp.StatusCode())
		}
		return err
	}}
}

func (c *server) restyThree() peer {
	client := resty3.New().SetTransport(
		c.tuned(100),
	).SetBaseURL(
		c.url,
	).SetHeader(
		"Authorization",
		linkittest.APIKey,
	).SetHeader(
		"Accept",
		"application/json",
	)
	return peer{restyThree, func(ctx context.Context, path string, in []byte, out any) error {
		r := client.R().SetContext(ctx).SetResult(out)
		if in != nil {
			r.SetHeader("Content-Type", "application/json").SetBody(in)
		}
		resp, err := r.Execute(method(in), path)
		if err == nil && !resp.IsStatusSuccess() {
			err = status(resp.StatusCode())
		}
		return err
	}}
}

// retryable is go-retryablehttp, with waits as short as the SDK's where calls fail; a nil transport
// leaves it its own pool.
func (c *server) retryable(name string, transport *http.Transport) peer {
	client := retryablehttp.NewClient()
	client.Logger, client.RetryMax, client.RetryWaitMin, client.RetryWaitMax = nil, 3, time.Millisecond, time.Millisecond
	if transport == nil {
		pooled := client.HTTPClient.Transport.(*http.Transport) //nolint:errcheck,forcetypeassert // cleanhttp's
		pooled.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.pool}
	} else {
		client.HTTPClient = &http.Client{Transport: transport}
	}
	return peer{name, func(ctx context.Context, path string, in []byte, out any) error {
		var raw any
		if in != nil {
			raw = in
		}
		r, err := retryablehttp.NewRequestWithContext(ctx, method(in), c.url+path, raw)
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", linkittest.APIKey)
		r.Header.Set("Accept", "application/json")
		if in != nil {
			r.Header.Set("Content-Type", "application/json")
		}
		resp, err := client.Do(r)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		return read(resp, out)
	}}
}

func (p peer) product(ctx context.Context, ivID string) error {
	var v record
	if err := p.send(ctx, "/products/"+ivID, nil, &v); err != nil {
		return err
	}
	return checkProduct(v.IvID, v.AveragePrice, v.Created)
}

func checkProduct(ivID string, price float64, created time.Time) error {
	if ivID == "" || price != 7.25 || created.IsZero() {
		return errors.New("not the product that was asked for")
	}
	return nil
}

func (p peer) page(ctx context.Context, number int) (*page, error) {
	v := new(page)
	if err := p.send(ctx, fmt.Sprintf("/products?page=%d&limit=%d", number, pageSize), nil, v); err != nil {
		return nil, err
	}
	if len(v.Data) != pageSize || v.Page != number {
		return nil, fmt.Errorf("page %d has %d records", v.Page, len(v.Data))
	}
	return v, nil
}
