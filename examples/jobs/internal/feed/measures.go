package feed

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
)

// measures are the metrics of a Feed. Those of the client's calls are linkitotel's.
type measures struct {
	webhooks, fetches, events, walked, delivered metric.Int64Counter
	registration                                 metric.Registration
}

func newMeasures(f *Feed) (*measures, error) {
	meter := f.Meter
	if meter == nil {
		meter = noop.NewMeterProvider().Meter("")
	}
	m := new(measures)
	for _, c := range []struct {
		to         *metric.Int64Counter
		name, text string
	}{
		{&m.webhooks, "orderfeed.webhooks", "Webhooks, by the status of the response."},
		{&m.fetches, "orderfeed.fetches", "Orders read, by result."},
		{&m.events, "orderfeed.events", "Changes of orders seen, by change."},
		{&m.walked, "orderfeed.walk.differences", "Orders that a walk of the list found new or different."},
		{&m.delivered, "orderfeed.events.handed_on", "Events that the receiver accepted."},
	} {
		var err error
		if *c.to, err = meter.Int64Counter(c.name, metric.WithDescription(c.text)); err != nil {
			return nil, err
		}
	}
	hints, err := meter.Int64ObservableGauge("orderfeed.hints.waiting",
		metric.WithDescription("Orders with a hint that nobody has fetched."))
	if err != nil {
		return nil, err
	}
	events, err := meter.Int64ObservableGauge("orderfeed.events.waiting",
		metric.WithDescription("Events that were not handed on."))
	if err != nil {
		return nil, err
	}
	m.registration, err = meter.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		waitingHints, waitingEvents, err := f.waiting(ctx)
		if err != nil {
			return err
		}
		o.ObserveInt64(hints, waitingHints)
		o.ObserveInt64(events, waitingEvents)
		return nil
	}, hints, events)
	return m, err
}

func (m *measures) stop() { _ = m.registration.Unregister() }

func (m *measures) webhook(ctx context.Context, status int) {
	m.webhooks.Add(ctx, 1, metric.WithAttributes(attribute.Int("http.response.status_code", status)))
}

func (m *measures) fetch(ctx context.Context, result string) {
	m.fetches.Add(ctx, 1, metric.WithAttributes(attribute.String("result", result)))
}

func (m *measures) changed(ctx context.Context, changes []change) {
	for _, c := range changes {
		m.events.Add(ctx, 1, metric.WithAttributes(attribute.String("change", c.name)))
	}
}

func (m *measures) found(ctx context.Context, n int) { m.walked.Add(ctx, int64(n)) }

func (m *measures) handedOn(ctx context.Context, n int) { m.delivered.Add(ctx, int64(n)) }
