package linkit

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// reportEntry is what one element of a list says about one record.
type reportEntry struct {
	record   RejectedRecord
	position int  // by its key; -1: it names none that was sent
	index    int  // as the element says; -1: it doesn't
	counted  bool // index counts from 1
	named    bool // it has a key, though not one that was sent
	rejected bool
	verdict  bool // it says whether the record was taken
	create   bool // the request creates records
}

// keyNames are members that hold a record's own key, in the order in which they are tried.
var keyNames = []string{
	"key",
	"ivid",
	"brandcode",
	"categorycode",
	"genericcode",
	"externalid",
	"reference",
	"identifier",
	"sku",
	"id",
	"name",
	"code",
}

// entry reads an element. failed: the list is one of failures, unless the element says otherwise.
func (r *bulkReport) entry(element json.RawMessage, failed bool) reportEntry {
	if members := reportObject(element); members != nil {
		return r.objectEntry(members, failed)
	}
	e := r.newEntry()
	e.scalar(r, element, failed)
	return e
}

func (r *bulkReport) newEntry() reportEntry {
	return reportEntry{position: -1, index: -1, create: r.mode == BulkCreate}
}

func (r *bulkReport) objectEntry(members map[string]json.RawMessage, failed bool) reportEntry {
	e := r.newEntry()
	known := -1
	for name, value := range members {
		if len(members) > 1 {
			break
		}
		inner := reportObject(value)
		known = r.find(name)
		switch {
		case known >= 0 && inner == nil: // {"A": "not found"}
			e.scalar(r, value, failed)
			e.position = known
			return e
		case known >= 0, inner != nil && !isFailure(reportName(name)):
			// {"A": {"status": 404}}, {"update": {"iv_id": "A", "status": 404}}
			members = inner
		}
	}
	if e.place(r, members); known >= 0 {
		e.position = known
	}
	ok := e.judge(members, 0)
	if failed && !ok {
		e.rejected = true
	}
	e.verdict = e.rejected || ok || failed
	if e.rejected {
		e.explain(members, 0)
		if known >= 0 && failed {
			e.explainByField(members)
		}
	}
	return e
}

// scalar reads an element that is a text or a number: the key of a record, its index, or why it
// failed.
func (e *reportEntry) scalar(r *bulkReport, element json.RawMessage, failed bool) {
	if !failed {
		e.verdictOf(element)
		return
	}
	if isBlankReport(element) && string(element) != "0" {
		return
	}
	e.rejected, e.verdict = true, true
	if n, ok := reportInt(element); ok && element[0] != '"' {
		if e.position = r.find(strconv.Itoa(n)); e.position < 0 {
			e.index = n
		}
		return
	}
	text, ok := reportText(element)
	if !ok {
		text = strings.Join(reportTexts(element), "; ")
	}
	if e.position = r.find(text); e.position >= 0 {
		return
	}
	e.record.Message = text
	ends := func(c rune) bool { return unicode.IsSpace(c) || strings.ContainsRune(`"'(),:;`, c) }
	for word := range strings.FieldsFuncSeq(text, ends) {
		if e.position = r.find(word); e.position >= 0 {
			return
		}
	}
	if at := strings.IndexByte(text, '['); at >= 0 { // products[3].iv_id: ...
		path, _, _ := strings.Cut(text[at:], " ")
		e.position = r.position(path)
	}
}

// verdictOf reads an element that is a bool, a status or a text about a record whose place is
// known by other means.
func (e *reportEntry) verdictOf(element json.RawMessage) {
	taken := e.judgeStatus("status", element)
	if text, _ := reportText(element); !taken && saysRejected(text) {
		e.rejected = true
	}
	e.verdict = taken || e.rejected
	if _, ok := reportInt(element); e.rejected && !ok {
		e.say(element)
	}
}

// place finds which record an element is about.
func (e *reportEntry) place(r *bulkReport, members map[string]json.RawMessage) {
	named := e.readNames(members)
	for _, name := range keyNames {
		if (name == "name" || name == "code") && e.index >= 0 {
			break // they may be those of an error
		}
		if e.position = r.find(named[name]); e.position >= 0 {
			return
		}
		e.named = e.named || named[name] != "" && name != "code" && name != "name"
	}
	if e.placeWithin(r, members, named); e.position < 0 && e.index < 0 && !e.named {
		e.position = r.placeByPath(members, named)
	}
}

// readNames notes the index of the record, where the element has one, and returns the texts of its
// members by name.
func (e *reportEntry) readNames(members map[string]json.RawMessage) map[string]string {
	named := map[string]string{}
	for name, value := range members {
		n := reportName(name)
		if text, ok := reportText(value); ok {
			named[n] = text
		}
		switch n {
		case "index", "idx", "position", "pos", "i", "recordindex", "itemindex":
			e.setIndex(value, false)
		case "row", "line", "rownumber", "linenumber", "rowindex":
			e.setIndex(value, true)
		}
	}
	return named
}

// placeWithin finds the record in a member that holds it.
func (e *reportEntry) placeWithin(r *bulkReport, members map[string]json.RawMessage, named map[string]string) {
	for _, name := range []string{
		"record", "item", "data", "input", "product", "sku", "branch", "order", "offer", "resource",
	} {
		if e.position = r.find(named[name]); e.position >= 0 {
			return
		}
		if inner := reportObject(members[name]); inner != nil && !e.named {
			if e.place(r, inner); e.position >= 0 {
				return
			}
		}
	}
}

// placeByPath finds a record by a path: "products[3].iv_id", "/products/3", ["products", 3].
func (r *bulkReport) placeByPath(members map[string]json.RawMessage, named map[string]string) int {
	for _, name := range []string{"path", "pointer", "instancepath", "field", "loc", "location", "property"} {
		path := named[name]
		if list := reportList(members[name]); list != nil {
			var parts []string
			for _, part := range list {
				text, _ := reportText(part)
				parts = append(parts, text)
			}
			path = strings.Join(parts, ".")
		}
		if !strings.ContainsAny(path, ".[/") {
			continue
		}
		if position := r.position(path); position >= 0 {
			return position
		}
	}
	return -1
}

func (e *reportEntry) setIndex(value json.RawMessage, counted bool) {
	if n, ok := reportInt(value); ok && n >= 0 {
		e.index, e.counted = n, counted
	}
}

// judge reads whether an element says that its record was rejected, in e.rejected, and whether it
// says that it was taken.
func (e *reportEntry) judge(members map[string]json.RawMessage, depth int) (taken bool) {
	weak := false // it looks like a rejection, unless something says that the record was taken
	for _, member := range slices.Sorted(maps.Keys(members)) {
		value, name := members[member], reportName(member)
		switch name {
		case "status", "statuscode", "httpstatus", "httpcode", "httpstatuscode", "code", "result", "outcome", "state",
			"action", "response", "body":
			taken = e.judgeState(name, value, depth) || taken
		case "success", "ok", "succeeded", "valid", "isvalid", "accepted", "processed", "written", "saved", "imported":
			taken = e.judgeFlag(value) || taken
		case "reason", "reasons", "message", "msg", "errorcode", "errcode":
			weak = saysWhy(name, value) || weak
		case "severity", "level":
			taken = isRemark(value) || taken
		default:
			e.rejected = isFailure(name) && !isBlankReport(value) || e.rejected
		}
	}
	e.rejected = e.rejected || weak && !taken
	return taken && !e.rejected
}

// judgeState reads a member that says how the record fared, in a word, a status or an object.
func (e *reportEntry) judgeState(name string, value json.RawMessage, depth int) (taken bool) {
	inner := reportObject(value)
	if inner == nil {
		return e.judgeStatus(name, value)
	}
	return depth < maxReportDepth && e.judge(inner, depth+1)
}

// isRemark reports whether a severity is that of a remark.
func isRemark(severity json.RawMessage) bool {
	text, _ := reportText(severity)
	word := reportName(text)
	return isAside(word) || word == "warn"
}

// saysWhy reports whether a member gives a reason for a rejection.
func saysWhy(name string, value json.RawMessage) bool {
	if strings.HasPrefix(name, "m") {
		text, _ := reportText(value)
		return saysRejected(text)
	}
	return !isBlankReport(value)
}

// judgeFlag reads a flag such as "success".
func (e *reportEntry) judgeFlag(value json.RawMessage) (taken bool) {
	is, ok := reportBool(value)
	if !ok {
		text, _ := reportText(value)
		e.rejected = e.rejected || isFailure(reportName(text))
		return false
	}
	e.rejected = e.rejected || !is
	return is
}

// takenWords are words of a status that say that a record was taken.
var takenWords = []string{
	"ok", "success", "succeeded", "successful", "create", "created", "update", "updated", "upsert", "upserted",
	"insert", "inserted", "accepted", "done",
	"completed", "processed", "unchanged", "notmodified", "saved", "imported", "written", "replaced",
}

// judgeStatus reads a status: of HTTP, a word, or a bool.
func (e *reportEntry) judgeStatus(name string, value json.RawMessage) (taken bool) {
	if n, ok := reportStatus(value); ok {
		switch {
		case n >= http.StatusBadRequest && n < 600:
			e.rejected, e.record.StatusCode = true, n
		case n >= 200 && n < 300:
			return true
		}
		return false
	}
	if name != "code" {
		if is, ok := reportBool(value); ok {
			e.rejected = e.rejected || !is
			return is
		}
	}
	text, _ := reportText(value)
	word := reportName(text)
	switch {
	case isFailure(word), word == "skip", word == "exists" && e.create, word == "alreadyexists" && e.create:
		e.rejected = true
	case name == "code", name == "response", name == "body":
	default:
		return slices.Contains(takenWords, word)
	}
	return false
}
