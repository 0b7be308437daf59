package linkittest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/linkit-go/linkit"
)

const maxBulk = 1000

// bulkResponse is the response to a bulk request. Linkit documents success and message. Records is
// linkittest's own: it reports on each record in order, with the status that a request of its own
// would have got.
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

// bulkItem is one record of a bulk request, and the error if it isn't an object.
type bulkItem struct {
	members members
	refusal *problem
}

// bulk writes many records in one request. A rejected record doesn't affect the others. An update,
// and an upsert of an existing record, changes only the fields that are sent; whether Linkit does
// the same isn't documented.
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

func (d *resource[T]) write(r *request, mode linkit.BulkMode, items []bulkItem) response {
	report := make([]bulkRecord, len(items))
	records := make([]*record[T], len(items))
	for i := range items {
		records[i] = new(record[T])
		if item := &items[i]; item.refusal == nil {
			records[i], item.refusal = d.decode(item.members, nil)
		}
	}
	c, end := r.change()
	for i, item := range items {
		key, status, refusal := d.writeOne(c, mode, records[i], item)
		if key == "" && d.aliases != nil {
			key = cmp.Or(d.aliases(&records[i].value)...)
		}
		report[i] = bulkRecord{Key: key, Status: status}
		if refusal != nil {
			report[i] = bulkRecord{Key: key, Status: refusal.status, Error: refusal.Error, Details: refusal.Details}
		}
	}
	end()
	message := fmt.Sprintf("Processed %d %s", len(items), d.name)
	return reply(http.StatusOK, bulkResponse{Success: true, Message: message, Records: report})
}

// writeOne writes one record of a bulk request. item has what was sent, and the error if v is
// incomplete.
func (d *resource[T]) writeOne(
	c change, mode linkit.BulkMode, v *record[T], item bulkItem,
) (key string, status int, refusal *problem) {
	key = d.keyOf(c, &v.value)
	old := d.table(c.org).get(key)
	switch {
	case old != nil && mode != linkit.BulkCreate: // decoded anew, over what is there
		if v, refusal = d.patch(old, item.members); refusal == nil {
			refusal = d.update(c, key, v)
		}
		return key, http.StatusOK, refusal
	case item.refusal != nil:
		return key, 0, item.refusal
	case mode != linkit.BulkUpdate:
		refusal = d.create(c, v)
		return *d.fields(&v.value).Key, http.StatusCreated, refusal
	case key == "":
		return key, 0, invalid("%s is required", d.key)
	}
	if refusal = d.refused(c, key, v); refusal == nil {
		refusal = d.missing()
	}
	return key, 0, refusal
}

// keyOf returns the key of a record of a bulk request, "" if there is none.
func (d *resource[T]) keyOf(c change, v *T) string {
	key := d.fields(v).Key
	if *key == "" && d.setServerFields != nil { // it may be derived from other fields
		d.setServerFields(v, new(T))
	}
	if *key == "" && d.find != nil {
		return d.find(c, v)
	}
	return *key
}

// readBulk reads {mode, <name>: [...]}.
func (d *resource[T]) readBulk(body []byte) (mode linkit.BulkMode, items []bulkItem, refusal *problem) {
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
				items, refusal = readItems(dec)
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
func readItems(dec *json.Decoder) (items []bulkItem, refusal *problem) {
	if token, err := dec.Token(); err != nil {
		return nil, unreadable(err)
	} else if token != json.Delim('[') {
		return nil, badRequest("the records must be a list")
	}
	for dec.More() {
		if len(items) == maxBulk {
			return nil, badRequest("a request takes 1,000 records at most")
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, unreadable(err)
		}
		var item bulkItem
		if item.members, item.refusal = readMembers(raw); item.refusal != nil {
			item.refusal = badRequest("a record must be a JSON object")
		}
		items = append(items, item)
	}
	if _, err := dec.Token(); err != nil {
		return nil, unreadable(err)
	}
	return items, nil
}
