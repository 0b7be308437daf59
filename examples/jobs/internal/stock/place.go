package stock

import (
	"errors"
	"fmt"
)

// maxRefusals is how many requests made of one batch may be refused before any is taken. Requests
// are halved breadth first, so that many refusals mean that the records aren't the reason.
const maxRefusals = 32

// placed is what became of a batch.
type placed struct {
	requests int // sent
	sent     int // records in them
	accepted int
	rejected int
}

// journal sends requests and writes down their results.
type journal interface {
	request(records []Record) outcome
	// write writes down that records were taken and others rejected. id is the row of the request
	// that this ends; "" ends none.
	write(id string, keep bool, taken []Record, rejected []Rejection) error
}

// place sends the records of a batch. One that is rejected without a name is found by halving, and
// the others go on. It ends at the first error; what it wrote down until then stays.
func place(j journal, batch []Record) (placed, error) {
	p := placement{journal: j, queue: [][]Record{batch}}
	for ; len(p.queue) > 0; p.queue = p.queue[1:] {
		records := p.queue[0]
		out := j.request(records)
		p.requests++
		p.sent += len(records)
		var err error
		switch out.verdict {
		case taken:
			err = p.take(j, out, records)
		case partly:
			err = p.part(out, records)
		case refused:
			err = p.refuse(out, records)
		case unsent, unknown:
			err = out.err
		}
		if err != nil {
			return p.placed, err
		}
	}
	return p.placed, p.end()
}

// placement is a batch that is being sent.
type placement struct {
	placed
	journal  journal
	queue    [][]Record
	parents  []outcome   // whose records were all sent again in halves
	alone    []Rejection // refused as the only record of a request
	refusals int
}

// part writes down the records that a report names, and sends the others again, one of which at
// least was rejected too.
func (p *placement) part(out outcome, records []Record) error {
	if len(records) == 1 {
		p.rejected++
		return p.journal.write(out.id, out.retried, nil, []Rejection{reject(&records[0], bounded(out.err.Error()))})
	}
	rest, rejected := split(records, out.rejected)
	p.rejected += len(rejected)
	p.parents = append(p.parents, out)
	p.queue = append(p.queue, halves(rest)...)
	if len(rejected) == 0 {
		return nil
	}
	return p.journal.write("", false, nil, rejected)
}

// refuse sends the records of a request that was refused as a whole again, in halves.
func (p *placement) refuse(out outcome, records []Record) error {
	err := p.journal.write(out.id, false, nil, nil)
	p.refusals++
	switch {
	case p.accepted == 0 && p.refusals >= maxRefusals:
		return errors.Join(fmt.Errorf("all requests are refused, whatever their records: %w", out.err), err)
	case len(records) == 1:
		p.alone = append(p.alone, reject(&records[0], bounded(out.err.Error())))
	default:
		p.queue = append(p.queue, halves(records)...)
	}
	return err
}

// end writes down what had to wait for the whole batch.
func (p *placement) end() (err error) {
	p.rejected += len(p.alone)
	if len(p.alone) > 0 {
		err = p.journal.write("", false, nil, p.alone)
	}
	for _, parent := range p.parents {
		err = errors.Join(err, p.journal.write(parent.id, parent.retried, nil, nil))
	}
	return err
}

// take writes down a request that was taken, but for the records that are named.
func (p *placed) take(j journal, out outcome, records []Record) error {
	good, rejected := split(records, out.rejected)
	p.accepted += len(good)
	p.rejected += len(rejected)
	return j.write(out.id, out.retried, good, rejected)
}

func split(records []Record, reasons map[int]string) (good []Record, rejected []Rejection) {
	for i := range records {
		if reason, ok := reasons[i]; ok {
			rejected = append(rejected, reject(&records[i], reason))
		} else {
			good = append(good, records[i])
		}
	}
	return good, rejected
}

func reject(record *Record, reason string) Rejection {
	return Rejection{Key: record.Key, Record: record.text(), Reason: reason}
}

func halves(records []Record) [][]Record {
	if len(records) == 1 {
		return [][]Record{records}
	}
	middle := len(records) / 2
	return [][]Record{records[:middle:middle], records[middle:]}
}
