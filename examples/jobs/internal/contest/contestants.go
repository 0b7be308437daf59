package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/examples/jobs/internal/database"
	"github.com/linkit-go/linkit/examples/jobs/internal/stock"
)

// query is what both contestants read.
const query = "SELECT product, branch, qty, price, cost, available FROM stock"

// serve is a server that takes every bulk request, after the delay.
func (s *settings) serve(ctx context.Context) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s/api/v1\n", listener.Addr())
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-time.After(s.delay)
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"success":true,"message":"Processed"}`))
		},
	)}
	return server.Serve(listener)
}

func (s *settings) client() (*linkit.Client, error) {
	return linkit.NewClient(linkit.WithBaseURL(s.url), linkit.WithAPIKey("key"), linkit.WithMaxConcurrency(s.workers))
}

// loop is what one writes by hand: read, send 1,000, write them down, and so on.
func (s *settings) loop(ctx context.Context) (f figures, err error) {
	client, err := s.client()
	if err != nil {
		return f, err
	}
	db, err := database.Open(ctx, s.dsn)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	began := time.Now()
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return f, err
	}
	defer func() { _ = rows.Close() }()
	batch := make([]linkit.SKUParams, 0, 1000)
	send := func() error {
		if _, err := client.SKUs.Bulk(ctx, linkit.BulkUpsert, batch); err != nil {
			return err
		}
		f.Sent += len(batch)
		err := writeDown(ctx, db, batch)
		batch = batch[:0]
		return err
	}
	for rows.Next() {
		var p linkit.SKUParams
		if err := rows.Scan(&p.ProductIvID, &p.BranchIvID, &p.Qty, &p.Price, &p.Cost, &p.Available); err != nil {
			return f, err
		}
		p.IvID = p.ProductIvID + "_" + p.BranchIvID
		if batch = append(batch, p); len(batch) == 1000 {
			if err := send(); err != nil {
				return f, err
			}
		}
	}
	if err := rows.Err(); err != nil {
		return f, err
	}
	if len(batch) > 0 {
		err = send()
	}
	f.Seconds = time.Since(began).Seconds()
	return f, err
}

func writeDown(ctx context.Context, db *database.DB, batch []linkit.SKUParams) error {
	var skus []string
	var qtys []*int
	var prices, costs []*float64
	var available []*bool
	for i := range batch {
		p := &batch[i]
		skus, qtys, prices = append(skus, p.IvID), append(qtys, p.Qty), append(prices, p.Price)
		costs, available = append(costs, p.Cost), append(available, p.Available)
	}
	_, err := db.ExecContext(ctx, `INSERT INTO loop_sent
		SELECT * FROM unnest($1::text[], $2::bigint[], $3::double precision[], $4::double precision[], $5::boolean[])
		ON CONFLICT (sku) DO UPDATE SET qty = excluded.qty, price = excluded.price, cost = excluded.cost,
			available = excluded.available`, skus, qtys, prices, costs, available)
	return err
}

// stocksync pushes once, as the program does.
func (s *settings) stocksync(ctx context.Context) (f figures, err error) {
	client, err := s.client()
	if err != nil {
		return f, err
	}
	heap := watchHeap()
	began := time.Now()
	state, err := stock.OpenState(ctx, s.dsn)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, state.Close()) }()
	db, err := database.OpenReadOnly(ctx, s.dsn)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	source, err := stock.OpenSource(ctx, db, query)
	if err != nil {
		return f, err
	}
	engine, err := stock.New(ctx, source, state, stock.Options{SKUs: client.SKUs, Workers: s.workers})
	if err != nil {
		return f, err
	}
	summary, err := engine.Once(ctx, ctx)
	return figures{Seconds: time.Since(began).Seconds(), Sent: summary.Sent, Heap: heap()}, err
}

// watchHeap watches the heap until the function it returns is called, which returns the peak.
func watchHeap() func() uint64 {
	var peak uint64
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		for {
			metrics.Read(sample)
			peak = max(peak, sample[0].Value.Uint64())
			select {
			case <-stop:
				return
			case <-ticker.C:
			}
		}
	})
	return func() uint64 {
		close(stop)
		watching.Wait()
		return peak
	}
}
