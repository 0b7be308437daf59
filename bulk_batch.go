package linkit

import "strings"

// theRecord is what errors call a record whose index stands beside them.
const theRecord = "the record"

// bulkBatch is the records of one request, encoded: its body but for the end. A part of a batch
// shares its memory.
type bulkBatch struct {
	target *bulkTarget
	offset int      // of the first record in the sequence
	keys   []string // of all records
	text   []byte   // the target's head, and the good records as JSON, each followed by a comma
	head   int      // how much of text is the head; 0: it has none, since this is a part
	ends   []int    // in the text of the whole batch, by record; one that can't be written is empty
	start  int      // of text in that of the whole batch
	errs   map[int]error
}

// newBulkBatch makes room for so many records, of so many bytes in all.
func newBulkBatch(target *bulkTarget, offset, records, bytes int) *bulkBatch {
	head := target.head()
	text := append(make([]byte, 0, len(head)+bytes+len(target.tail())), head...)
	return &bulkBatch{
		target: target, offset: offset, keys: make([]string, 0, records),
		text: text, head: len(head), ends: make([]int, 0, records),
	}
}

// size is how many bytes its good records take.
func (b *bulkBatch) size() int { return len(b.text) - b.head }

// body returns the body of a request with the good records, of which there are some. That of a
// whole batch takes the batch's own memory.
func (b *bulkBatch) body() ownBody {
	records := b.text[:len(b.text)-1] // without the last comma
	if b.head == 0 {
		head, tail := b.target.head(), b.target.tail()
		body := make([]byte, 0, len(head)+len(records)+len(tail))
		return append(append(append(body, head...), records...), tail...)
	}
	return append(records, b.target.tail()...)
}

// addRecord encodes a record now: the caller may change what it points to afterwards. A record
// that can't be written keeps its place. The error is ErrInvalid and names where.
func addRecord[T keyed](b *bulkBatch, where string, record *T) error {
	encoded, err := encodeRecord(where, record)
	if err == nil {
		b.text = append(append(b.text, encoded...), ',')
	} else {
		if b.errs == nil {
			b.errs = map[int]error{}
		}
		b.errs[len(b.keys)] = err
	}
	b.keys = append(b.keys, (*record).recordKey())
	b.ends = append(b.ends, len(b.text))
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

// slice returns the records [from, to) as a batch.
func (b *bulkBatch) slice(from, to int) *bulkBatch {
	if from == 0 && to == len(b.keys) {
		return b
	}
	start := b.start + b.head
	if from > 0 {
		start = b.ends[from-1]
	}
	part := &bulkBatch{
		target: b.target, offset: b.offset + from, keys: b.keys[from:to:to], ends: b.ends[from:to:to], start: start,
	}
	part.text = b.text[start-b.start : b.ends[to-1]-b.start]
	for i := range part.keys {
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
