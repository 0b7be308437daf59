package linkittest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/linkit-go/linkit"
)

const maxBulk = 1000

// bulkResponse is the response to a bulk request. Linkit documents success and message. Records is
// linkittest's own: it reports on each record in order, with the status that a request of its own would
// have got.
type bulkResponse struct {
	Success bool         `json:"success"`
	Message string       `json:"message"`
	Records []bulkRecord `json:"records"`
}

type bulkRecord struct {
	Key     string `json:"key"`
	Status  int    `json:"status"`
	Error   string `json:"error,omitempty"`
	Details any    `json:"details,omitempty"`
}

// bulkItem is one record of a bulk request, decoded and as sent, and the error if it is malformed.
type bulkItem[T any] struct {
	record  *T
	raw     []byte
	refusal *problem
}

// bulk writes many records in one request. A rejected record doesn't affect the others. An update, and an
// upsert of an existing record, changes only the fields that are sent; whether Linkit does the same isn't
// documented.
func (d *resource[T]) bulk(r *request) response {
	mode, items, refusal := d.readBulk(r.body)
	if refusal != nil {
		return refusal.response()
	}
	switch mode {
	case linkit.BulkCreate, linkit.BulkUpdate, linkit.BulkUpsert:
	default:
		return badRequest("mode must be create, update or upsert").response()
	}
	return d.write(r, mode, items)
}

func (d *resource[T]) write(r *request, mode linkit.BulkMode, items []bulkItem[T]) response {
	records := make([]bulkRecord, len(items))
	c, end := r.change()
	for i, item := range items {
		key, status, refusal := d.writeOne(c, mode, item)
		records[i] = bulkRecord{Key: key, Status: status}
		if refusal != nil {
			records[i] = bulkRecord{Key: key, Status: refusal.status, Error: refusal.Error, Details: refusal.Details}
		}
	}
	end()
	return reply(http.StatusOK, bulkResponse{Success: true, Message: fmt.Sprintf("Processed %d %s", len(items), d.name), Records: records})
}

func (d *resource[T]) writeOne(c change, mode linkit.BulkMode, item bulkItem[T]) (key string, status int, refusal *problem) {
	v := item.record
	if item.refusal != nil {
		return *d.fields(v).Key, 0, item.refusal
	}
	key = *d.fields(v).Key
	if key == "" && d.setServerFields != nil { // it may be derived from other fields
		d.setServerFields(v, new(T))
		key = *d.fields(v).Key
	}
	if key == "" && d.find != nil {
		key = d.find(c, v)
	}
	old := d.table(c.org).get(key)
	switch {
	case mode == linkit.BulkUpdate && key == "":
		return key, 0, invalid("%s is required", d.key)
	case mode == linkit.BulkCreate, mode == linkit.BulkUpsert && old == nil:
		refusal = d.create(c, v)
		return *d.fields(v).Key, http.StatusCreated, refusal
	case old == nil:
		return key, 0, d.missing()
	}
	v = d.clone(old)
	if err := json.Unmarshal(item.raw, v); err != nil {
		return key, 0, unreadable(err)
	}
	return key, http.StatusOK, d.update(c, key, v)
}

// readBulk reads {mode, <name>: [...]}.
func (d *resource[T]) readBulk(body []byte) (mode linkit.BulkMode, items []bulkItem[T], refusal *problem) {
	dec := json.NewDecoder(bytes.NewReader(body))
	if token, err := dec.Token(); err != nil {
		return "", nil, unreadable(err)
	} else if token != json.Delim('{') {
		return "", nil, badRequest("the body must be a JSON object")
	}
	for dec.More() {
		name, err := dec.Token()
		if err == nil {
			switch name {
			case "mode":
				err = dec.Decode(&mode)
			case d.name:
				items, refusal = readItems[T](dec, body)
			default:
				var ignored json.RawMessage
				err = dec.Decode(&ignored)
			}
		}
		if err != nil {
			refusal = unreadable(err)
		}
		if refusal != nil {
			return "", nil, refusal
		}
	}
	if _, err := dec.Token(); err != nil {
		return "", nil, unreadable(err)
	}
	if refusal := ended(dec); refusal != nil {
		return "", nil, refusal
	}
	if len(items) == 0 {
		return "", nil, badRequest("%s must be a list of at least one record", d.name)
	}
	return mode, items, nil
}

// ended returns an error if anything follows the body.
func ended(dec *json.Decoder) *problem {
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return badRequest("the body is not valid JSON: something follows it")
	}
	return nil
}

// readItems reads a list of records. A malformed record doesn't affect the others.
func readItems[T any](dec *json.Decoder, body []byte) (items []bulkItem[T], refusal *problem) {
	if token, err := dec.Token(); err != nil {
		return nil, unreadable(err)
	} else if token != json.Delim('[') {
		return nil, badRequest("the records must be a list")
	}
	for dec.More() {
		if len(items) == maxBulk {
			return nil, badRequest("a request takes 1,000 records at most")
		}
		item := bulkItem[T]{record: new(T)}
		start := dec.InputOffset()
		err := dec.Decode(item.record)
		item.raw = bytes.TrimLeft(body[start:dec.InputOffset()], ", \t\r\n")
		var mistyped *json.UnmarshalTypeError
		switch {
		case errors.As(err, &mistyped):
			item.refusal = unreadable(err)
		case err != nil:
			return nil, unreadable(err)
		case item.raw[0] != '{':
			item.refusal = badRequest("a record must be a JSON object")
		}
		items = append(items, item)
	}
	_, err := dec.Token()
	if err != nil {
		return nil, unreadable(err)
	}
	return items, nil
}
