package stock

import "context"

// Difference is a record that a pass would send.
type Difference struct {
	Key
	Old *Values // as acknowledged; nil: never
	New Values
	// Reason is why the record would be rejected without being sent.
	Reason string
}

// Differences calls each for the records that a pass would send or reject, shard by shard. It takes
// no lock and writes nothing, and needs no client. Records that must wait for the deadline of an
// earlier request are among them.
func Differences(ctx context.Context, source *Source, state *State, each func(Difference) error) (Summary, error) {
	e := &Engine{Options: Options{Shards: 1}, source: source, state: state}
	plans, _, err := e.plan(ctx)
	if err != nil {
		return Summary{}, err
	}
	var summary Summary
	if plans[0] == nil {
		return summary, nil
	}
	branches := plans[0].branches
	records, endRecords, err := source.Rows(ctx, branches)
	if err != nil {
		return summary, err
	}
	defer func() { _ = endRecords() }()
	sent := state.sent(ctx, branches)
	defer func() { _ = sent.close() }()
	rejected, endRejected, err := state.rejected(ctx, branches)
	if err != nil {
		return summary, err
	}
	defer func() { _ = endRejected() }()
	c := comparison{
		records: distinct(records),
		sent: cursor[sentRow]{
			rows: sent.next, key: func(row *sentRow) Key { return row.Key }, skipped: func(*sentRow) { summary.Gone++ },
		},
		rejected: cursor[Rejection]{
			rows: rejected, key: func(row *Rejection) Key { return row.Key }, skipped: func(*Rejection) {},
		},
	}
	return summary, c.run(func(record *Record, k known) error {
		summary.Rows += record.Rows
		summary.Records++
		switch decide(record, k) {
		case isUnchanged:
			summary.Unchanged++
			return nil
		case isRejected:
			summary.Rejected++
			return nil
		case mustReject:
			summary.Rejected++
		case mustSend, mustSendAgain, mustWait:
			summary.Waiting++
		}
		d := Difference{Key: record.Key, New: record.Values, Reason: record.Reason}
		if k.sent != nil {
			d.Old = new(k.sent.clone())
		}
		return each(d)
	})
}
