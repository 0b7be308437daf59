package lenient

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// A Member is one name of an object and its value, which is part of the text that was read.
type Member struct {
	Name     string
	Value    []byte
	Elements [][]byte // instead of Value: a list that [ReadObject] was asked to split
}

// An Object is the members of a JSON object, in order.
type Object []Member

// Member returns the last member of that name, nil where there is none.
func (o Object) Member(name string) *Member {
	for i := len(o) - 1; i >= 0; i-- {
		if o[i].Name == name {
			return &o[i]
		}
	}
	return nil
}

// Get returns the value of the last member of that name, nil where there is none.
func (o Object) Get(name string) []byte {
	if m := o.Member(name); m != nil {
		return m.Value
	}
	return nil
}

// Has reports whether the object has a member of one of these names.
func (o Object) Has(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return o.Member(name) != nil })
}

var errNoObject = errors.New("it is not an object")

// ReadObject splits a JSON object into its members, and those of them that are lists and named in
// lists into their elements. What isn't one object, and nothing else, is an error; what was read
// before the place of a syntax error is returned with it.
func ReadObject(text []byte, lists ...string) (Object, error) {
	var o Object
	err := split(text, jsontext.KindBeginObject, errNoObject, func(d *jsontext.Decoder) error {
		name, err := d.ReadValue()
		if err != nil {
			return err
		}
		o = append(o, Member{Name: memberName(name)})
		m := &o[len(o)-1]
		if d.PeekKind() == jsontext.KindBeginArray && slices.Contains(lists, m.Name) {
			return m.readElements(d, text)
		}
		m.Value, err = readPart(d, text)
		return err
	})
	return o, err
}

// memberName returns a name as it came, invalid UTF-8 included: it must not be written back as
// another one.
func memberName(text []byte) string {
	if inner := text[1 : len(text)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	name, _ := Text(text)
	return name
}

func (m *Member) readElements(d *jsontext.Decoder, text []byte) error {
	const expected = 100
	m.Elements = make([][]byte, 0, expected)
	_, err := d.ReadToken()
	for err == nil && d.PeekKind() != jsontext.KindEndArray {
		var element []byte
		if element, err = readPart(d, text); err == nil {
			m.Elements = append(m.Elements, element)
		}
	}
	if err == nil {
		_, err = d.ReadToken()
	}
	return err
}

var errNoList = errors.New("it is not a list")

// ReadList returns the elements of a JSON list. What isn't one list, and nothing else, is an error.
func ReadList(text []byte) (elements [][]byte, err error) {
	err = split(text, jsontext.KindBeginArray, errNoList, func(d *jsontext.Decoder) error {
		element, err := readPart(d, text)
		if err == nil {
			elements = append(elements, element)
		}
		return err
	})
	return elements, err
}

// splitter is a decoder and what it reads from.
type splitter struct {
	decoder jsontext.Decoder
	text    bytes.Buffer
}

func (s *splitter) reset(text []byte) *jsontext.Decoder {
	s.text = *bytes.NewBuffer(text)
	s.decoder.Reset(&s.text, tolerant)
	return &s.decoder
}

var splitters = sync.Pool{New: func() any { return new(splitter) }}

// split calls part before each part of the object or list that text is to be.
func split(text []byte, kind jsontext.Kind, other error, part func(*jsontext.Decoder) error) error {
	s, _ := splitters.Get().(*splitter)
	defer func() {
		s.reset(nil) // keeps nothing of text
		splitters.Put(s)
	}()
	d := s.reset(text)
	token, err := d.ReadToken()
	if err != nil {
		return textError(err)
	}
	if token.Kind() != kind {
		return other
	}
	for end := false; !end; {
		switch d.PeekKind() {
		case jsontext.KindEndObject, jsontext.KindEndArray:
			end = true
			_, err = d.ReadToken()
		default:
			err = part(d)
		}
		if _, ok := errors.AsType[*jsontext.SyntacticError](err); ok || end && err != nil {
			return textError(err)
		}
		if err != nil {
			return err
		}
	}
	if rest := bytes.TrimLeft(text[d.InputOffset():], " \t\r\n"); len(rest) > 0 {
		return fmt.Errorf("there is more after its end, at offset %d", len(text)-len(rest))
	}
	return nil
}

// readPart reads the next value, as a part of text.
func readPart(d *jsontext.Decoder, text []byte) ([]byte, error) {
	value, err := d.ReadValue()
	if err != nil {
		return nil, err
	}
	end := int(d.InputOffset())
	return text[end-len(value) : end : end], nil
}
