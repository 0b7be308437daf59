package stock

import "fmt"

// next returns the next element of an ordered stream; false at its end and with an error.
type next[T any] func() (T, bool, error)

// distinct makes one record of the rows with one key. Where their values differ, the record has a
// Reason. It fails where rows aren't ordered by key.
func distinct(rows next[Record]) next[Record] {
	return (&uniter{rows: rows, has: true}).next
}

// uniter reads one row ahead.
type uniter struct {
	rows       next[Record]
	ahead      Record
	has, begun bool
}

func (u *uniter) read() (err error) {
	u.ahead, u.has, err = u.rows()
	return err
}

func (u *uniter) next() (record Record, ok bool, err error) {
	if !u.begun {
		u.begun = true
		err = u.read()
	}
	if !u.has {
		return record, false, err
	}
	for record = u.ahead; ; unite(&record, &u.ahead) {
		if err := u.read(); err != nil {
			return record, false, err
		}
		order := u.ahead.compare(record.Key)
		switch {
		case !u.has || order > 0:
			return record, true, nil
		case order < 0:
			return record, false, fmt.Errorf("the source's rows aren't ordered by their bytes: %q comes after %q",
				u.ahead.Key, record.Key)
		}
	}
}

// unite adds another row of the same key.
func unite(record, row *Record) {
	record.Rows += row.Rows
	if record.SKU == "" { // rows without a key have nothing in common
		return
	}
	if text := row.text(); text != record.text() {
		record.Raw = record.text() + " and " + text
		record.Reason = "the source has this key more than once, with other values"
	}
}

// cursor follows a stream of the state while the source's is read.
type cursor[T any] struct {
	rows    next[T]
	key     func(*T) Key
	skipped func(*T) // called for those that the source doesn't have
	row     T
	state   cursorState
}

type cursorState int

const (
	unread cursorState = iota
	onRow
	atEnd
)

// at returns the row of key, and false if there is none. Keys must ascend.
func (c *cursor[T]) at(key Key) (row T, ok bool, err error) {
	for {
		if c.state == unread {
			var more bool
			if c.row, more, err = c.rows(); err != nil {
				return row, false, err
			}
			c.state = onRow
			if !more {
				c.state = atEnd
			}
		}
		if c.state == atEnd {
			return row, false, nil
		}
		switch order := c.key(&c.row).compare(key); {
		case order > 0:
			return row, false, nil
		case order == 0:
			c.state = unread
			return c.row, true, nil
		}
		c.skipped(&c.row)
		c.state = unread
	}
}

// rest skips what is left.
func (c *cursor[T]) rest() error {
	for {
		if c.state == onRow {
			c.skipped(&c.row)
		}
		if c.state == atEnd {
			return nil
		}
		row, more, err := c.rows()
		if err != nil {
			return err
		}
		c.row, c.state = row, onRow
		if !more {
			c.state = atEnd
		}
	}
}
