package stock

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/linkit-go/linkit"
)

// flushAt is how many rejections, or rejections that are over, are written down at once.
const flushAt = 500

// shardPass sends what differs in one shard, whose lock it holds.
type shardPass struct {
	engine   *Engine
	shard    int
	branches []string
	lock     *lock
	holds    map[Key]*hold
	owed     *owed

	group    *errgroup.Group
	reading  context.Context //nolint:containedctx // ends when nothing more is to be begun
	batch    []Record
	rejected []Rejection // to write down
	cleared  []Key       // no longer rejected

	mu      sync.Mutex
	summary Summary
}

// run reads the shard and sends what differs. begin ends when nothing more is to be begun.
func (p *shardPass) run(begin context.Context) error {
	open, err := p.engine.state.open(p.lock.ctx, p.shard) //nolint:contextcheck // that of the lock, which ends earlier
	if err != nil {
		return err
	}
	p.sort(open)
	ctx, cancel := context.WithCancel(p.lock.ctx)
	defer cancel()
	defer context.AfterFunc(begin, cancel)()
	p.group, p.reading = errgroup.WithContext(ctx) // the first failure ends the reading
	err = p.read(p.reading)                        //nolint:contextcheck // likewise
	if sent := p.group.Wait(); sent != nil {
		err = sent // it is why the reading ended
	}
	p.count(func(s *Summary) { s.Failed = s.Records - s.Unchanged - s.Sent - s.Rejected - s.Waiting })
	if err != nil {
		return causeOf(begin, causeOf(p.lock.ctx, err)) //nolint:contextcheck // likewise
	}
	p.owed.settle(p.owed.unseen(), nil)
	return p.flush(p.owed.done())
}

// sort tells the open requests whose records must wait from those whose records must be sent again.
func (p *shardPass) sort(open []openRow) {
	now := time.Now()
	p.holds = map[Key]*hold{}
	var due []openRow
	for i := range open {
		row := &open[i]
		if row.left <= 0 {
			if row.acknowledged {
				row.keys = nil // nothing can take effect any more, and what did is known
			}
			due = append(due, *row)
			continue
		}
		until := now.Add(row.left)
		for _, key := range row.keys {
			h := p.holds[key]
			if h == nil {
				h = &hold{}
				p.holds[key] = h
			}
			h.open = h.open || !row.acknowledged
			if until.After(h.until) {
				h.until = until
			}
		}
	}
	p.owed = newOwed(due)
}

// read compares the source with the state.
func (p *shardPass) read(ctx context.Context) error {
	records, endRecords, err := p.engine.source.Rows(ctx, p.branches)
	if err != nil {
		return err
	}
	defer func() { _ = endRecords() }()
	sent := p.engine.state.sent(ctx, p.branches)
	defer func() { _ = sent.close() }()
	rejected, endRejected, err := p.engine.state.rejected(ctx, p.branches)
	if err != nil {
		return err
	}
	defer func() { _ = endRejected() }()
	c := comparison{
		records: distinct(records),
		sent: cursor[sentRow]{
			rows: sent.next, key: func(row *sentRow) Key { return row.Key },
			skipped: func(*sentRow) { p.count(func(s *Summary) { s.Gone++ }) },
		},
		rejected: cursor[Rejection]{
			rows: rejected, key: func(row *Rejection) Key { return row.Key },
			skipped: func(row *Rejection) { p.cleared = append(p.cleared, row.Key) },
		},
	}
	if err := c.run(p.handle); err != nil {
		return err
	}
	if err := p.send(ctx); err != nil {
		return err
	}
	return p.flush(nil)
}

// comparison reads the source beside the state.
type comparison struct {
	records  next[Record]
	sent     cursor[sentRow]
	rejected cursor[Rejection]
}

// run calls handle for each record of the source, with what the state has of it.
func (c *comparison) run(handle func(*Record, known) error) error {
	for {
		record, ok, err := c.records()
		if err != nil {
			return err
		}
		if !ok {
			return errors.Join(c.sent.rest(), c.rejected.rest())
		}
		var k known
		sent, ok, err := c.sent.at(record.Key)
		if err != nil {
			return err
		}
		if ok {
			k.sent = &sent.Values
		}
		rejection, ok, err := c.rejected.at(record.Key)
		if err != nil {
			return err
		}
		if ok {
			k.rejected = &rejection.Record
		}
		if err := handle(&record, k); err != nil {
			return err
		}
	}
}

// handle does with a record what is to be done.
func (p *shardPass) handle(record *Record, k known) error {
	k.hold, k.owed = p.holds[record.Key], p.owed.see(record.Key)
	todo := decide(record, k)
	p.count(func(s *Summary) {
		s.Rows += record.Rows
		s.Records++
		switch todo {
		case isUnchanged:
			s.Unchanged++
		case isRejected, mustReject:
			s.Rejected++
		case mustWait:
			s.Waiting++
			s.due(k.hold.until)
		case mustSend, mustSendAgain:
		}
	})
	switch todo {
	case isUnchanged:
		if k.rejected != nil {
			p.cleared = append(p.cleared, record.Key)
		}
	case mustReject:
		p.rejected = append(p.rejected, reject(record, record.Reason))
	case mustSend, mustSendAgain:
		record.wasSent, record.wasRejected = k.sent != nil, k.rejected != nil
		p.batch = append(p.batch, *record)
		if len(p.batch) >= p.engine.BatchSize {
			return p.send(p.reading)
		}
		return nil
	case isRejected, mustWait:
	}
	if record.Reason != "" {
		p.owed.settle([]Key{record.Key}, nil) // it can't be sent
	}
	p.engine.advance(1, btoi(todo == mustReject || todo == isRejected))
	if len(p.rejected)+len(p.cleared) >= flushAt {
		return p.flush(nil)
	}
	return nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// flush writes down what needs no request.
func (p *shardPass) flush(settled []string) error {
	if len(p.rejected)+len(p.cleared)+len(settled) == 0 {
		return nil
	}
	err := p.engine.state.finish(p.lock.ctx, &result{rejected: p.rejected, cleared: p.cleared, settled: settled})
	p.owed.settle(nil, settled)
	p.rejected, p.cleared = nil, nil
	return err
}

// send sends the batch on a goroutine of its own, once there is a slot.
func (p *shardPass) send(ctx context.Context) error {
	if len(p.batch) == 0 {
		return nil
	}
	batch := p.batch
	p.batch = nil
	select {
	case p.engine.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if ctx.Err() != nil { // it may have ended as the slot came free
		<-p.engine.slots
		return ctx.Err()
	}
	p.group.Go(func() error {
		defer func() { <-p.engine.slots }()
		result, err := place(p, batch)
		p.count(func(s *Summary) {
			s.Sent += result.accepted
			s.Rejected += result.rejected
			s.Requests += result.requests
			s.RecordsSent += result.sent
		})
		p.engine.advance(result.accepted+result.rejected, result.rejected)
		return err
	})
	return nil
}

func (p *shardPass) count(change func(*Summary)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.summary)
}

// request writes down a request and sends it. Whatever the client retries ends before the deadline
// that is written down.
func (p *shardPass) request(records []Record) outcome {
	e := p.engine
	ctx, cancel := context.WithTimeoutCause(p.lock.ctx, e.Timeout, fmt.Errorf("no response within %v", e.Timeout))
	defer cancel()
	id, err := e.state.begin(ctx, p.lock, p.shard, keysOf(records), e.Timeout+e.Grace)
	if err != nil {
		return outcome{verdict: unsent, err: causeOf(p.lock.ctx, err)}
	}
	params := make([]linkit.SKUParams, len(records))
	for i := range records {
		params[i] = records[i].params(e.source.HasBranch)
	}
	var response linkit.Response
	res, err := e.SKUs.Bulk(linkit.ContextWithResponse(ctx, &response), e.Mode, params)
	out := classify(res, err, response.Attempts, len(records))
	out.id = id
	switch out.verdict {
	case unsent:
		out.err = errors.Join(causeOf(ctx, out.err), p.write(id, false, nil, nil))
	case unknown:
		out.err = causeOf(ctx, out.err)
	case taken, partly, refused:
	}
	return out
}

// write writes down the result of a request.
func (p *shardPass) write(id string, keep bool, accepted []Record, rejected []Rejection) error {
	keys := keysOf(accepted)
	for i := range rejected {
		keys = append(keys, rejected[i].Key)
	}
	var cleared []Key
	fresh := true
	for i := range accepted {
		fresh = fresh && !accepted[i].wasSent
		if accepted[i].wasRejected {
			cleared = append(cleared, accepted[i].Key)
		}
	}
	settled := p.owed.completes(keys)
	err := p.engine.state.finish(p.lock.ctx, &result{
		id: id, keep: keep, sent: accepted, rejected: rejected, settled: settled, cleared: cleared, fresh: fresh,
	})
	if err == nil {
		p.owed.settle(keys, settled)
	}
	return err
}
