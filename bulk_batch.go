package linkit

import "strings"

// theRecord is what errors call a record whose index stands beside them.
const theRecord = "the record"

// bulkBatch is the records of one request, encoded.
type bulkBatch struct {
	offset  int      // of the first record in the sequence
	keys    []string // of all records
	records []byte   // the good ones as JSON, each followed by a comma
	ends    []int    // in records, by record; one that can't be written is empty
	errs    map[int]error
}

func newBulkBatch(offset, size int) *bulkBatch {
	return &bulkBatch{offset: offset, keys: make([]string, 0, size), ends: make([]int, 0, size)}
}

// addRecord encodes a record now: the caller may change what it points to afterwards. A record
// that can't be written keeps its place. The error is ErrInvalid and names where.
func addRecord[T keyed](b *bulkBatch, where string, record T) error {
	encoded, err := encodeRecord(where, &record)
	if err == nil {
		b.records = append(append(b.records, encoded...), ',')
	} else {
		if b.errs == nil {
			b.errs = map[int]error{}
		}
		b.errs[len(b.keys)] = err
	}
	b.keys = append(b.keys, record.recordKey())
	b.ends = append(b.ends, len(b.records))
	return err
}

// checker is the parameters of a record that Linkit's documented limits apply to.
type checker interface {
	check(where string) error
}

// encodeRecord returns a record as JSON. Its error is ErrInvalid, and names where and the field.
func encodeRecord(where string, record any) ([]byte, error) {
	if c, ok := record.(checker); ok {
		if err := c.check(where); err != nil {
			return nil, err
		}
	}
	b, err := encodeBody(record)
	if err != nil {
		return nil, invalid("%s: %s", where, reason(err))
	}
	return b, nil
}

// slice returns the records [from, to) as a batch. It shares their memory.
func (b *bulkBatch) slice(from, to int) *bulkBatch {
	start := 0
	if from > 0 {
		start = b.ends[from-1]
	}
	part := &bulkBatch{offset: b.offset + from, keys: b.keys[from:to:to], ends: make([]int, to-from)}
	part.records = b.records[start:b.ends[to-1]]
	for i := range part.ends {
		part.ends[i] = b.ends[from+i] - start
		if err := b.errs[from+i]; err != nil {
			if part.errs == nil {
				part.errs = map[int]error{}
			}
			part.errs[i] = err
		}
	}
	return part
}

// sent returns the positions of the records that a request carries, and their keys.
func (b *bulkBatch) sent() (positions []int, keys []string) {
	if len(b.errs) == 0 {
		return nil, b.keys
	}
	for i, key := range b.keys {
		if b.errs[i] == nil {
			positions, keys = append(positions, i), append(keys, key)
		}
	}
	return positions, keys
}

// invalid returns the records that can't be written.
func (b *bulkBatch) invalid() (rejected []RejectedRecord, causes []error) {
	for i := range b.keys {
		if err := b.errs[i]; err != nil {
			why := strings.TrimPrefix(reason(err), theRecord+": ")
			rejected = append(rejected, RejectedRecord{Index: b.offset + i, Key: b.keys[i], Message: why})
			causes = append(causes, err)
		}
	}
	return rejected, causes[:min(len(causes), 1)] // one tells what kind they are; each is in rejected
}
