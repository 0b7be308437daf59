package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/linkit-go/linkit"
	"github.com/linkit-go/linkit/examples/jobs/internal/database"
	"github.com/linkit-go/linkit/examples/jobs/internal/program"
	"github.com/linkit-go/linkit/examples/jobs/internal/stock"
	"github.com/linkit-go/linkit/linkittest"
)

const (
	demoBranches = 25
	demoProducts = 120
	demoRefused  = "ITEM-007_BR-03"
	demoUnread   = "ITEM-042_BR-11"
	demoChanged  = 200
	demoTimeout  = 2 * time.Second
)

// demo is a demonstration: a fake server, a database of its own, and what goes wrong on the way.
type demo struct {
	out      *program.Output
	server   *linkittest.Server
	db       *database.DB
	engine   *stock.Engine
	progress *progress

	change  sync.Once // values, during the first pass
	changed error
}

// demonstrate shows stocksync on a fake server, whatever variables are set.
func demonstrate(stop program.Stop, out *program.Output) (err error) {
	ctx := stop.Begin
	folder, err := os.MkdirTemp("", "stocksync-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	d := &demo{out: out, server: linkittest.NewServer(), progress: &progress{out: out}}
	defer d.server.Close()
	client := d.server.Client(linkit.WithUserAgent("stocksync"), linkit.WithAttemptTimeout(demoTimeout))
	defer func() { err = errors.Join(err, client.Close()) }()
	path := filepath.Join(folder, "stock.db")
	state, err := stock.OpenState(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, state.Close()) }()
	if d.db, err = database.Open(ctx, path); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.db.Close()) }()
	if err := d.fill(ctx); err != nil {
		return err
	}
	source, err := stock.OpenSource(ctx, d.db, stock.DefaultQuery)
	if err != nil {
		return err
	}
	d.engine, err = stock.New(ctx, source, state, stock.Options{
		SKUs: client.SKUs, Workers: 2, Timeout: demoTimeout, Begin: d.progress.begin, Progress: d.advance,
	})
	if err != nil {
		return err
	}
	return d.run(stop, client)
}

// fill makes the catalogue at the fake server and the table in the database.
func (d *demo) fill(ctx context.Context) error {
	for branch := range demoBranches {
		d.server.AddBranches(linkit.Branch{IvID: fmt.Sprintf("BR-%02d", branch)})
	}
	for product := range demoProducts {
		d.server.AddProducts(linkit.Product{IvID: fmt.Sprintf("ITEM-%03d", product)})
	}
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `CREATE TABLE stock (sku, product, branch, qty, price, cost, available)`)
	for product := range demoProducts {
		for branch := range demoBranches {
			if err == nil {
				_, err = tx.ExecContext(ctx, `INSERT INTO stock VALUES (NULL, ?, ?, ?, ?, ?, ?)`,
					fmt.Sprintf("ITEM-%03d", product), fmt.Sprintf("BR-%02d", branch),
					product+branch, 5+float64(product)/4, 3+float64(product)/8, product%10 > 0)
			}
		}
	}
	if err == nil {
		_, err = tx.ExecContext(ctx, `UPDATE stock SET qty = '12,5' WHERE product || '_' || branch = ?`, demoUnread)
	}
	return errors.Join(err, tx.Commit())
}

// advance moves the bar, and changes values once the first request was acknowledged.
func (d *demo) advance(records, rejected int) {
	d.progress.add(records, rejected)
	if records > 1 {
		d.change.Do(func() {
			_, d.changed = d.db.ExecContext(context.Background(), fmt.Sprintf(
				`UPDATE stock SET qty = qty + 1000, price = price + 0.05 WHERE rowid IN
				(SELECT rowid FROM stock WHERE qty <> '12,5' AND product || '_' || branch <> '%s' ORDER BY rowid LIMIT %d)`,
				demoRefused, demoChanged))
		})
	}
}

// run makes the passes.
func (d *demo) run(stop program.Stop, client *linkit.Client) error {
	records := demoBranches * demoProducts
	d.out.Printf("stocksync demonstrates itself on a fake server in this process, with SQLite in a temporary folder.")
	d.out.Printf("-dsn reads a database of yours; -help lists the flags.\n")
	d.server.SetDelay(100 * time.Millisecond)
	d.server.Inject(linkittest.Fault{Method: http.MethodPost, Path: "/skus/bulk", DropAfter: true})
	d.server.Refuse("/skus", demoRefused, http.StatusUnprocessableEntity, "the branch is closed")
	d.out.Printf("1. %d records are new. The response to the first request is lost, Linkit rejects one record,"+
		"\n   another's quantity is %q, and %d change during the push:", records, "12,5", demoChanged)
	if _, err := d.pass(stop); err != nil {
		return err
	}
	d.out.Printf("2. What changed after it was read is sent. Records of the request that was retried wait"+
		"\n   until its first attempt can't take effect any more, %v after it began:", demoTimeout+5*time.Second)
	if _, err := d.once(stop); err != nil {
		return err
	}
	d.out.Printf("3. Nothing has changed, so nothing is sent:")
	last, err := d.pass(stop)
	if err != nil {
		return err
	}
	if last.Requests > 0 {
		return fmt.Errorf("the last pass sent %d requests", last.Requests)
	}
	return d.account(stop.Begin, client)
}

func (d *demo) pass(stop program.Stop) (stock.Summary, error) {
	summary, err := d.engine.Pass(stop.Begin, stop.Finish)
	d.progress.end()
	d.print(&summary)
	return summary, errors.Join(err, d.changed)
}

func (d *demo) once(stop program.Stop) (stock.Summary, error) {
	summary, err := d.engine.Once(stop.Begin, stop.Finish)
	d.progress.end()
	d.print(&summary)
	return summary, err
}

func (d *demo) print(s *stock.Summary) {
	d.out.Printf("   %d records: %d unchanged, %d sent, %d rejected, %d waiting; %d requests with %d records\n",
		s.Records, s.Unchanged, s.Sent, s.Rejected, s.Waiting, s.Requests, s.RecordsSent)
}

// account compares every record of the database with what the fake server has.
func (d *demo) account(ctx context.Context, client *linkit.Client) error {
	has := map[string]linkit.SKU{}
	for sku, err := range client.SKUs.All(ctx, nil) {
		if err != nil {
			return err
		}
		has[sku.IvID] = sku
	}
	rows, err := d.db.QueryContext(ctx, `SELECT product || '_' || branch, qty, price FROM stock`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	records, equal := 0, 0
	for rows.Next() {
		var sku string
		var qty any
		var price float64
		if err := rows.Scan(&sku, &qty, &price); err != nil {
			return err
		}
		records++
		if at := has[sku]; at.Qty != nil && fmt.Sprint(*at.Qty) == fmt.Sprint(qty) && at.Price == price {
			equal++
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	d.out.Printf("Accounted for: %d records in the database, %d equal at Linkit, 2 rejected:", records, equal)
	if equal != records-2 {
		return fmt.Errorf("%d records differ", records-equal)
	}
	return d.printRejected(ctx)
}

func (d *demo) printRejected(ctx context.Context) error {
	rows, err := d.db.QueryContext(ctx, `SELECT sku, reason FROM linkit_rejected ORDER BY sku`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var sku, reason string
		if err := rows.Scan(&sku, &reason); err != nil {
			return err
		}
		d.out.Printf("   %s: %s", sku, reason)
	}
	return rows.Err()
}
