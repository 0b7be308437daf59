package linkittest

import (
	"cmp"
	"iter"
	"slices"
)

// row is a place in a table. A write puts another record in it.
type row[T any] struct {
	record  *record[T]
	created int64 // in microseconds
	seq     uint64
}

func older[T any](a, b *row[T]) int {
	if a.created != b.created {
		return cmp.Compare(a.created, b.created)
	}
	return cmp.Compare(a.seq, b.seq)
}

// maxChunk is the size at which a chunk is split.
const maxChunk = 1024

// rows are rows in the order of age. They are kept in chunks, so that inserting, removing and
// finding a position stay fast however many there are, and in whatever order they come. They must
// not be copied.
type rows[T any] struct {
	chunks [][]*row[T] // none is empty
	count  int

	// Most indexed values have a single row, so that its chunk is a part of rows.
	first      [1]*row[T]
	firstChunk [1][]*row[T]
}

func (rs *rows[T]) len() int {
	if rs == nil {
		return 0
	}
	return rs.count
}

// chunkOf returns the index of the chunk where r belongs. There must be one.
func (rs *rows[T]) chunkOf(r *row[T]) int {
	if last := len(rs.chunks) - 1; older(rs.chunks[last][0], r) <= 0 {
		return last
	}
	i, found := slices.BinarySearchFunc(rs.chunks, r, func(chunk []*row[T], r *row[T]) int { return older(chunk[0], r) })
	if found {
		return i
	}
	return max(i-1, 0)
}

// place returns the chunk where r belongs and its position there. Mostly r is the newest of all.
func (rs *rows[T]) place(r *row[T]) (chunk, position int) {
	last := len(rs.chunks) - 1
	if newest := rs.chunks[last]; older(newest[len(newest)-1], r) < 0 {
		return last, len(newest)
	}
	chunk = rs.chunkOf(r)
	position, _ = slices.BinarySearchFunc(rs.chunks[chunk], r, older)
	return chunk, position
}

func (rs *rows[T]) insert(r *row[T]) {
	rs.count++
	if len(rs.chunks) == 0 {
		rs.first[0], rs.firstChunk[0] = r, rs.first[:]
		rs.chunks = rs.firstChunk[:]
		return
	}
	i, at := rs.place(r)
	chunk := rs.chunks[i]
	switch {
	case len(chunk) < maxChunk:
		rs.chunks[i] = slices.Insert(chunk, at, r)
	case at == len(chunk): // the full chunk stays as it is
		rs.chunks = slices.Insert(rs.chunks, i+1, []*row[T]{r})
	default:
		half := slices.Clone(chunk[maxChunk/2:])
		clear(chunk[maxChunk/2:])
		rs.chunks[i] = chunk[:maxChunk/2]
		rs.chunks = slices.Insert(rs.chunks, i+1, half)
		rs.count--
		rs.insert(r)
	}
}

func (rs *rows[T]) remove(r *row[T]) {
	if len(rs.chunks) == 0 {
		return
	}
	i := rs.chunkOf(r)
	at, found := slices.BinarySearchFunc(rs.chunks[i], r, older)
	if !found {
		return
	}
	rs.count--
	if rs.chunks[i] = slices.Delete(rs.chunks[i], at, at+1); len(rs.chunks[i]) == 0 {
		rs.chunks = slices.Delete(rs.chunks, i, i+1)
	}
}

// all returns the rows, oldest first. They must not be changed meanwhile.
func (rs *rows[T]) all() iter.Seq[*row[T]] { return rs.from(0) }

// from returns the rows from a position on.
func (rs *rows[T]) from(position int) iter.Seq[*row[T]] {
	return func(yield func(*row[T]) bool) {
		if rs == nil {
			return
		}
		skip := position
		for _, chunk := range rs.chunks {
			if skip >= len(chunk) {
				skip -= len(chunk)
				continue
			}
			for _, r := range chunk[skip:] {
				if !yield(r) {
					return
				}
			}
			skip = 0
		}
	}
}

// between returns the rows at the positions [start, end).
func (rs *rows[T]) between(start, end int) []*row[T] {
	part := make([]*row[T], 0, end-start)
	for r := range rs.from(start) {
		if len(part) == end-start {
			break
		}
		part = append(part, r)
	}
	return part
}
