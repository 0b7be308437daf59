package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"time"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/linkittest"
)

// spec is what a child serves.
type spec struct {
	Protocol string `json:"protocol"`
	Products int    `json:"products"`
	Branches int    `json:"branches"`
	Canned   bool   `json:"canned"` // fixed responses: linkittest would be measured more than the clients
}

const (
	plainHTTP = "HTTP/1.1"
	overTLS   = "HTTP/1.1 over TLS"
	http2     = "HTTP/2"
)

// order is an instruction to a child, which returns a report for each: how long a response takes.
type order struct {
	Delay time.Duration `json:"delay"`
	Slow  time.Duration `json:"slow"` // one response in Every; canned ones only
	Every int64         `json:"every"`
}

// of is the delay of the nth response.
func (o *order) of(n int64) time.Duration {
	if o.Every > 0 && n%o.Every == 0 {
		return o.Slow
	}
	return o.Delay
}

// report is a child's first message, and its response to every order.
type report struct {
	URL         string `json:"url"`
	Certificate []byte `json:"certificate"` // nil without TLS
}

// child serves until its standard input ends, which it does with its parent, however that ends.
func child(ctx context.Context, in io.Reader, out io.Writer) error {
	orders, reports := json.NewDecoder(in), json.NewEncoder(out)
	var s spec
	if err := orders.Decode(&s); err != nil {
		return err
	}
	start := startLinkittest
	if s.Canned {
		start = startCanned
	}
	url, certificate, setDelay, end := start(s)
	defer end()
	ready := report{URL: url}
	if certificate != nil {
		ready.Certificate = certificate.Raw
	}
	if err := reports.Encode(ready); err != nil {
		return err
	}
	for ctx.Err() == nil {
		var o order
		if err := orders.Decode(&o); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		setDelay(o)
		if err := reports.Encode(ready); err != nil {
			return err
		}
	}
	return nil
}

func startLinkittest(s spec) (url string, certificate *x509.Certificate, setDelay func(order), end func()) {
	opts := []linkittest.Option{linkittest.WithoutRecording()}
	switch s.Protocol {
	case overTLS:
		opts = append(opts, linkittest.WithTLS())
	case http2:
		opts = append(opts, linkittest.WithHTTP2())
	}
	server := linkittest.NewServer(opts...)
	for i := range s.Branches {
		server.AddBranches(linkit.Branch{IvID: branchID(i), NameEn: fmt.Sprintf("Branch %d", i), Active: true})
	}
	for i := range s.Products {
		server.AddProducts(product(i))
	}
	server.Inject(
		linkittest.Fault{
			Method: http.MethodGet,
			Path:   "/products/" + failingID,
			Status: http.StatusInternalServerError,
			Body:   internalError,
			Times:  -1,
		},
	)
	return server.URL, server.Certificate(), func(o order) { server.SetDelay(o.Delay) }, server.Close
}

const (
	failingID     = "FAILING"
	internalError = `{"code":500,"error":"Internal Server Error","details":"out of order"}`
)

func productID(i int) string { return fmt.Sprintf("ITEM-%06d", i) }
func branchID(i int) string  { return fmt.Sprintf("BR-%02d", i) }

// product is one of a pharmacy's, every field filled.
func product(i int) linkit.Product {
	return linkit.Product{
		IvID:         productID(i),
		NameEn:       "Adol 500 mg tablets, 24 a box",
		NameAr:       "أدول ٥٠٠ ملغ أقراص",
		AveragePrice: 7.25,
		VATValue:     15,
		Barcode:      "6291100350012",
		BrandID:      "brand_jlp",
		CategoryID:   "cat_otc",
		GenericID:    "gen_apap",
		IsEnabled:    true,
	}
}

// server is a child as its parent sees it.
type server struct {
	url     string
	pool    *x509.CertPool // nil without TLS
	command *exec.Cmd
	stdin   io.WriteCloser
	orders  *json.Encoder
	reports *json.Decoder
}

// start starts a child. Its end is certain: with stop, with ctx, and with this process.
func start(ctx context.Context, s spec) (*server, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &server{command: exec.CommandContext(ctx, program, "-serve")} //nolint:gosec // this program itself
	c.command.Stderr = os.Stderr
	stdout, err := c.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if c.stdin, err = c.command.StdinPipe(); err != nil {
		return nil, err
	}
	if err := c.command.Start(); err != nil {
		return nil, err
	}
	c.orders, c.reports = json.NewEncoder(c.stdin), json.NewDecoder(stdout)
	ready, err := c.tell(s)
	if err != nil {
		c.stop()
		return nil, fmt.Errorf("the server did not start: %w", err)
	}
	c.url = ready.URL
	if len(ready.Certificate) > 0 {
		certificate, err := x509.ParseCertificate(ready.Certificate)
		if err != nil {
			c.stop()
			return nil, err
		}
		c.pool = x509.NewCertPool()
		c.pool.AddCert(certificate)
	}
	return c, nil
}

func (c *server) tell(what any) (report, error) {
	var r report
	if err := c.orders.Encode(what); err != nil {
		return r, err
	}
	return r, c.reports.Decode(&r)
}

// delay delays every response from now on.
func (c *server) delay(d time.Duration) error {
	_, err := c.tell(order{Delay: d})
	return err
}

// slowOne delays every response, and one in every so many by more.
func (c *server) slowOne(d, slow time.Duration, every int64) error {
	_, err := c.tell(order{Delay: d, Slow: slow, Every: every})
	return err
}

// stop ends the child: by the end of its input, or after a while by force.
func (c *server) stop() {
	_ = c.stdin.Close()
	timer := time.AfterFunc(5*time.Second, func() { _ = c.command.Process.Kill() })
	defer timer.Stop()
	_ = c.command.Wait() // how it ended doesn't matter
}
