package linkit

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// bulkReport is what the response to a bulk request says about its records. Only "success" and
// "message" are documented: the rest is recognised by what such reports usually look like.
type bulkReport struct {
	message  string
	keys     []string // of the records that were sent
	mode     BulkMode
	byKey    map[string]int          // their positions; made when it is needed
	rejected map[int]*RejectedRecord // by position
	counts   reportCounts
	verdicts int  // records that the response says something about
	status   int  // of the response
	unclear  bool // it holds a list or an object that says nothing recognisable
}

// maxReportDepth is how deep reports are looked for: {"data": {"results": {"failed": [...]}}}.
const maxReportDepth = 4

// readBulkReport reads a response to the records of keys, in any form. The error is that of a
// response which isn't the promised one, or which says of the request as a whole that it failed.
func readBulkReport(status int, body []byte, keys []string, mode BulkMode) (bulkReport, error) {
	r := bulkReport{keys: keys, mode: mode, status: status, counts: reportCounts{sent: len(keys)}}
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	if list := reportList(body); len(list) > 0 && reportObject(list[0]) != nil {
		r.list("records", list)
		return r, nil
	}
	var top map[string]json.RawMessage
	if err := decode(body, &top); err != nil {
		return r, err
	}
	if top == nil {
		return r, errors.New("the response is not the promised object: it is null")
	}
	r.message, _ = reportText(top["message"])
	if n, _ := reportInt(top["status"]); n == http.StatusMultiStatus {
		r.status = n
	}
	r.object("", top, 0)
	err := checkSuccess(body)
	if success, ok := reportBool(top["success"]); ok && !success {
		err = errRefused
	}
	r.counts.settle(len(keys), mode, err != nil)
	return r, err
}

// count is how many records the response rejects, at least.
func (r *bulkReport) count() int {
	n := max(len(r.rejected), min(r.counts.failed, len(r.keys)))
	if n == 0 && r.status == http.StatusMultiStatus && !r.counts.cleared && r.verdicts < len(r.keys) {
		return 1 // "multi-status" says that not all went well, unless the report says that it did
	}
	return n
}

// records returns the rejected records by position.
func (r *bulkReport) records() []RejectedRecord {
	records := make([]RejectedRecord, 0, len(r.rejected))
	for _, position := range slices.Sorted(maps.Keys(r.rejected)) {
		records = append(records, *r.rejected[position])
	}
	return records
}

// object reads the members of an object that isn't about one record.
func (r *bulkReport) object(name string, members map[string]json.RawMessage, depth int) {
	if depth > 0 && r.byRecord(members) {
		return
	}
	before, known := *r, isAside(name) || name == "meta"
	for _, member := range slices.Sorted(maps.Keys(members)) {
		value, name := members[member], reportName(member)
		list, object := reportList(value), reportObject(value)
		switch {
		case list != nil:
			r.list(name, list)
		case object != nil && isFailure(name):
			r.failures(object)
		case object != nil && depth < maxReportDepth:
			r.object(name, object, depth+1)
		case object == nil:
			known = r.counts.member(name, value) || known
			r.keysIn(name, value)
		}
	}
	known = known || r.verdicts != before.verdicts || len(r.rejected) != len(before.rejected) || r.counts != before.counts
	if depth > 0 && !known && len(members) > 0 {
		r.unclear = true
	}
}

// byRecord reads an object whose members are about one record each: {"A": {"status": 404}, "B":
// "ok"}, or by index. It reports whether it is one.
func (r *bulkReport) byRecord(members map[string]json.RawMessage) bool {
	entries := make(map[int]reportEntry, len(members))
	verdicts := 0
	for member, value := range members {
		position := r.find(member)
		if position < 0 {
			n, err := strconv.Atoi(member)
			if err != nil || n < 0 || n >= len(r.keys) {
				return false
			}
			position = n
		}
		entry := r.entry(value, false)
		entries[position] = entry
		if entry.verdict {
			verdicts++
		}
	}
	if verdicts == 0 {
		return false
	}
	r.verdicts += verdicts
	for position, entry := range entries {
		if entry.rejected {
			r.reject(position, entry.record)
		}
	}
	return true
}

// keysIn reads keys of rejected records from a text: {"failed": "A, C"}.
func (r *bulkReport) keysIn(name string, value json.RawMessage) {
	text, ok := reportText(value)
	if !ok || value[0] != '"' || !isFailure(name) {
		return
	}
	var positions []int
	for key := range strings.FieldsFuncSeq(text, func(c rune) bool { return c == ',' || c == ';' }) {
		position := r.find(strings.TrimSpace(key))
		if position < 0 {
			return
		}
		positions = append(positions, position)
	}
	for _, position := range positions {
		r.reject(position, RejectedRecord{})
	}
}

// list reads a list, each of whose elements is about one record.
func (r *bulkReport) list(name string, elements []json.RawMessage) {
	if isAside(name) {
		r.unclear = r.unclear || len(elements) > 0 // what it says can't be known
		return
	}
	failed := isFailure(name)
	entries := make([]reportEntry, len(elements))
	for i, element := range elements {
		entries[i] = r.entry(element, failed)
		entries[i].counted = entries[i].counted || strings.Contains(name, "row") || strings.Contains(name, "line")
	}
	base, inOrder := r.base(entries), r.inOrder(entries)
	recognised, placed, unplaced := false, map[int]bool{}, 0
	for i, entry := range entries {
		position := r.positionOf(entry, i, len(elements), base, inOrder)
		switch {
		case entry.rejected && position >= 0:
			r.reject(position, entry.record)
			placed[position] = true
		case entry.rejected:
			unplaced++
		}
		if entry.verdict {
			r.verdicts++
		}
		recognised = recognised || entry.verdict || entry.position >= 0
	}
	if len(elements) > 0 && !recognised {
		r.unclear = true
	}
	r.counts.listed(name, len(elements), len(placed)+unplaced)
}

// inOrder reports whether entries are one a record, in order, as far as keys show. Those of records
// that were sent without one, such as a SKU that the server names after its product and branch,
// show nothing.
func (r *bulkReport) inOrder(entries []reportEntry) bool {
	if len(entries) != len(r.keys) {
		return false
	}
	for i, e := range entries {
		known := e.position >= 0 && r.keys[e.position] == r.keys[i]
		if r.keys[i] != "" && !known && (e.position >= 0 || e.named) {
			return false
		}
	}
	return true
}

// positionOf is the position of the record that the element i of n is about; -1: it isn't known.
func (r *bulkReport) positionOf(e reportEntry, i, n, base int, inOrder bool) int {
	whole := n == len(r.keys) // one element a record: they are in order
	switch {
	case e.position >= 0 && (inOrder || whole && r.keys[i] == r.keys[e.position]):
		return i // of several with one key
	case e.position >= 0:
		return e.position
	case e.index >= base && e.index-base < len(r.keys):
		return e.index - base
	case e.index < 0 && (inOrder || whole && !e.named):
		return i
	}
	return -1
}

// failures reads an object whose members are failures: by key, by index, or {"count": 2,
// "records": [...]}.
func (r *bulkReport) failures(members map[string]json.RawMessage) {
	if entry := r.objectEntry(members, true); entry.rejected {
		if position := r.positionOf(entry, 0, -1, r.base([]reportEntry{entry}), false); position >= 0 {
			r.reject(position, entry.record)
			return
		}
	}
	placed, blank := false, true
	for _, member := range slices.Sorted(maps.Keys(members)) {
		if value := members[member]; !isBlankReport(value) {
			blank = false
			placed = r.failure(member, value) || placed
		}
	}
	r.counts.told = r.counts.told || !placed && !blank
}

// failure reads a member of an object of failures. It reports whether it says which or how many.
func (r *bulkReport) failure(member string, value json.RawMessage) bool {
	list := reportList(value)
	if position := r.position(member); position >= 0 {
		entry := r.entry(value, true)
		entry.explainByField(reportObject(value))
		r.reject(position, entry.record)
		return true
	}
	if list != nil && reportName(member) != "message" {
		r.list("errors", list)
		return true
	}
	switch reportName(member) {
	case "index", "idx", "row", "line", "position", "code", "status", "statuscode":
		return false
	}
	n, ok := reportInt(value)
	if ok && n > 0 {
		r.counts.failed = max(r.counts.failed, n)
	}
	return ok
}

// reject notes a rejected record. What two parts of a report say about it is put together.
func (r *bulkReport) reject(position int, record RejectedRecord) {
	if r.rejected == nil {
		r.rejected = map[int]*RejectedRecord{}
	}
	old := r.rejected[position]
	if old == nil {
		record.Index, record.Key = position, r.keys[position]
		r.rejected[position] = &record
		return
	}
	old.StatusCode = cmp.Or(old.StatusCode, record.StatusCode)
	old.Code = cmp.Or(old.Code, record.Code)
	old.Message = cmp.Or(old.Message, record.Message)
	if old.Fields == nil {
		old.Fields = record.Fields
	}
}

// position finds a record by its key, by its index, or by a path such as "products[3].iv_id"; -1:
// it doesn't.
func (r *bulkReport) position(name string) int {
	if i := r.find(name); i >= 0 {
		return i
	}
	for part := range strings.FieldsFuncSeq(name, func(c rune) bool { return strings.ContainsRune(".[]/", c) }) {
		if i, err := strconv.Atoi(part); err == nil {
			if i >= 0 && i < len(r.keys) {
				return i
			}
			return -1
		}
	}
	return -1
}

// find finds a record by its key; -1: there is none. Of several with one key it is the first.
func (r *bulkReport) find(key string) int {
	if key == "" {
		return -1
	}
	if r.byKey == nil {
		r.byKey = make(map[string]int, len(r.keys))
		for i, v := range slices.Backward(r.keys) {
			r.byKey[v] = i
		}
	}
	if i, ok := r.byKey[key]; ok {
		return i
	}
	return -1
}

// base is the index of the first record in a list of entries: 1 where a key, the order or the last
// record's index shows it.
func (r *bulkReport) base(entries []reportEntry) int {
	base := 0
	for i, entry := range entries {
		switch {
		case entry.index < 0:
		case entry.index == 0:
			return 0
		case entry.position >= 0:
			return min(max(entry.index-entry.position, 0), 1)
		case entry.index == len(r.keys), entry.counted, len(entries) == len(r.keys) && entry.index == i+1:
			base = 1
		}
	}
	return base
}
