package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/linkit-go/linkit/examples/jobs/internal/program"
	"github.com/linkit-go/linkit/examples/jobs/internal/stock"
)

// metrics are what the job measures, beside the client's calls.
type metrics struct {
	sent     metric.Int64Counter
	passes   metric.Int64Counter
	records  metric.Int64Gauge
	lastSync metric.Int64Gauge
}

func newMetrics(monitor *program.Monitor) (*metrics, error) {
	meter := monitor.Meter("stocksync")
	var m metrics
	errs := make([]error, 4)
	m.sent, errs[0] = meter.Int64Counter("stocksync.records.sent",
		metric.WithDescription("Records that Linkit acknowledged."))
	m.passes, errs[1] = meter.Int64Counter("stocksync.passes",
		metric.WithDescription("Passes, by whether they failed."))
	m.records, errs[2] = meter.Int64Gauge("stocksync.records",
		metric.WithDescription("Records of the last pass, by what became of them."))
	m.lastSync, errs[3] = meter.Int64Gauge("stocksync.last_sync", metric.WithUnit("s"),
		metric.WithDescription("When a pass last found or made everything equal, but for rejected records, in Unix time."))
	return &m, errors.Join(errs...)
}

// record notes a pass.
func (m *metrics) record(ctx context.Context, s *stock.Summary, err error) {
	m.sent.Add(ctx, int64(s.Sent))
	m.passes.Add(ctx, 1, metric.WithAttributes(attribute.Bool("failed", err != nil)))
	for name, n := range map[string]int{
		"unchanged": s.Unchanged, "sent": s.Sent, "rejected": s.Rejected, "waiting": s.Waiting, "failed": s.Failed,
		"gone": s.Gone,
	} {
		m.records.Record(ctx, int64(n), metric.WithAttributes(attribute.String("result", name)))
	}
	if err == nil && s.Waiting+s.Failed == 0 { // busy shards are another process's
		m.lastSync.Record(ctx, time.Now().Unix())
	}
}

// progress is the bar of a pass.
type progress struct {
	out      *program.Output
	mu       sync.Mutex
	rejected int
}

func (p *progress) begin(rows int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rejected = 0
	p.out.StartBar(rows, "0 rejected")
}

func (p *progress) add(records, rejected int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	description := ""
	if p.rejected += rejected; rejected > 0 {
		description = fmt.Sprintf("%d rejected", p.rejected)
	}
	p.out.Advance(records, description)
}

func (p *progress) end() { p.out.EndBar() }
