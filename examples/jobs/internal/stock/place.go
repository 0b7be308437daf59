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
func place(j journal, batch []Record) (p placed, err error) {
	var parents []outcome // whose records were all sent again in halves
	var alone []Rejection // refused as the only record of a request
	queue := [][]Record{batch}
	for refusals := 0; len(queue) > 0; queue = queue[1:] {
		records := queue[0]
		out := j.request(records)
		p.requests++
		p.sent += len(records)
		switch out.verdict {
		case taken:
			err = p.take(j, out, records)
		case partly:
			var rest []Record
			if rest, err = p.part(j, out, records); len(rest) > 0 {
				parents = append(parents, out)
				queue = append(queue, halves(rest)...)
			}
		case refused:
			refusals++
			if p.accepted == 0 && refusals >= maxRefusals {
				return p, errors.Join(fmt.Errorf("all requests are refused, whatever their records: %w", out.err),
					j.write(out.id, false, nil, nil))
			}
			err = j.write(out.id, false, nil, nil)
			if len(records) == 1 {
				alone = append(alone, reject(&records[0], bounded(out.err.Error())))
			} else {
				queue = append(queue, halves(records)...)
			}
		default:
			return p, out.err
		}
		if err != nil {
			return p, err
		}
	}
	p.rejected += len(alone)
	if len(alone) > 0 {
		err = j.write("", false, nil, alone)
	}
	for _, parent := range parents {
		err = errors.Join(err, j.write(parent.id, parent.retried, nil, nil))
	}
	return p, err
}

// take writes down a request that was taken, but for the records that are named.
func (p *placed) take(j journal, out outcome, records []Record) error {
	good, rejected := split(records, out.rejected)
	p.accepted += len(good)
	p.rejected += len(rejected)
	return j.write(out.id, out.retried, good, rejected)
}

// part writes down the records that a report names, and returns the others, one of which at least
// was rejected too.
func (p *placed) part(j journal, out outcome, records []Record) ([]Record, error) {
	if len(records) == 1 {
		p.rejected++
		return nil, j.write(out.id, out.retried, nil, []Rejection{reject(&records[0], bounded(out.err.Error()))})
	}
	rest, rejected := split(records, out.rejected)
	p.rejected += len(rejected)
	if len(rejected) == 0 {
		return rest, nil
	}
	return rest, j.write("", false, nil, rejected)
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
