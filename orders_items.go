package linkit

import (
	"bytes"
	"encoding/json"

	"github.com/linkit-go/linkit/internal/lenient"
)

// LineItem is one line of an order. What is zero is left out of a request; only a line that was
// read with a zero keeps it.
type LineItem struct {
	ProductID string          `json:"product_id,omitempty"`
	Name      string          `json:"name,omitempty"`
	Quantity  float64         `json:"quantity,omitzero"` // nothing says that it is whole
	Price     float64         `json:"price,omitzero"`
	Total     float64         `json:"total,omitzero"`
	Raw       json.RawMessage `json:"-"` // read: the whole line, with what isn't documented. Not written.
}

type plainLineItem LineItem // without methods

func (l *LineItem) keep(text []byte) { l.Raw = bytes.Clone(text) }

// UnmarshalJSON keeps the line as it came. A field that can't be read is zero.
func (l *LineItem) UnmarshalJSON(b []byte) error {
	_, err := models.Read(b, l)
	return err
}

// MarshalJSON writes the fields that are set, and of a line that was read those whose value came as
// zero or can't be read. What came and isn't UTF-8 is written with U+FFFD in its place, as
// encoding/json does; in [OrderParams] it is an error, unless the field was set since.
func (l LineItem) MarshalJSON() ([]byte, error) {
	text, err := l.encode()
	if err == nil || l.readable() {
		return text, err
	}
	l.Raw = lenient.Readable(l.Raw)
	return l.encode()
}

// encode is MarshalJSON where text that isn't UTF-8 is an error.
func (l LineItem) encode() ([]byte, error) {
	if len(l.Raw) == 0 {
		return mergeParams((*plainLineItem)(&l), nil, nil)
	}
	line := plainLineItem(l)
	_, kept := carry(l.Raw, &line)
	return mergeParams(line, nil, kept)
}

// readable reports whether what came is UTF-8.
func (l LineItem) readable() bool { return len(l.Raw) == 0 || lenient.Check(l.Raw) == nil }
