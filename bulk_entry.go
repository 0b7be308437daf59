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
}

// keyNames are members that hold a record's own key, in the order in which they are tried.
var keyNames = []string{"key", "ivid", "brandcode", "categorycode", "genericcode", "externalid", "reference", "identifier", "sku", "id", "name", "code"}

// entry reads an element. failed: the list is one of failures, unless the element says otherwise.
func (r *bulkReport) entry(element json.RawMessage, failed bool) reportEntry {
	if members := reportObject(element); members != nil {
		return r.objectEntry(members, failed)
	}
	e := reportEntry{position: -1, index: -1}
	e.scalar(r, element, failed)
	return e
}

func (r *bulkReport) objectEntry(members map[string]json.RawMessage, failed bool) reportEntry {
	e := reportEntry{position: -1, index: -1}
	e.place(r, members)
	ok := e.judge(members, 0)
	if failed && !ok {
		e.rejected = true
	}
	e.verdict = e.rejected || ok || failed
	if e.rejected {
		e.explain(members, 0)
	}
	return e
}

// scalar reads an element that is a text or a number: the key of a record, its index, or why it failed.
func (e *reportEntry) scalar(r *bulkReport, element json.RawMessage, failed bool) {
	if !failed || isBlankReport(element) && string(element) != "0" {
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
	for word := range strings.FieldsFuncSeq(text, func(c rune) bool { return unicode.IsSpace(c) || strings.ContainsRune(`"'(),:;`, c) }) {
		if e.position = r.find(word); e.position >= 0 {
			return
		}
	}
	if at := strings.IndexByte(text, '['); at >= 0 { // products[3].iv_id: ...
		path, _, _ := strings.Cut(text[at:], " ")
		e.position = r.position(path)
	}
}

// place finds which record an element is about.
func (e *reportEntry) place(r *bulkReport, members map[string]json.RawMessage) {
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
	for _, name := range keyNames {
		if e.position = r.find(named[name]); e.position >= 0 {
			return
		}
		e.named = e.named || named[name] != "" && name != "code" && name != "name"
	}
	for _, name := range []string{"record", "item", "data", "input", "product", "sku", "branch", "order", "offer", "resource"} {
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

func (e *reportEntry) setIndex(value json.RawMessage, counted bool) {
	if n, ok := reportInt(value); ok && n >= 0 {
		e.index, e.counted = n, counted
	}
}

// judge reads whether an element says that its record was rejected, in e.rejected, and whether it says that it was taken.
func (e *reportEntry) judge(members map[string]json.RawMessage, depth int) (taken bool) {
	for _, member := range slices.Sorted(maps.Keys(members)) {
		value, name := members[member], reportName(member)
		switch name {
		case "status", "statuscode", "httpstatus", "httpcode", "httpstatuscode", "code", "result", "outcome", "state":
			if inner := reportObject(value); inner != nil && depth < maxReportDepth {
				taken = e.judge(inner, depth+1) || taken
				continue
			}
			taken = e.judgeStatus(name, value) || taken
		case "response", "body":
			if inner := reportObject(value); inner != nil && depth < maxReportDepth {
				taken = e.judge(inner, depth+1) || taken
			}
		case "success", "ok", "succeeded", "valid", "isvalid", "accepted", "processed", "written", "saved", "imported":
			if is, ok := reportBool(value); ok {
				e.rejected = e.rejected || !is
				taken = taken || is
			}
		case "reason", "exception":
			e.rejected = e.rejected || !isBlankReport(value)
		default:
			if isFailure(name) && !isBlankReport(value) {
				e.rejected = true
			}
		}
	}
	return taken && !e.rejected
}

// judgeStatus reads a status: of HTTP, or a word.
func (e *reportEntry) judgeStatus(name string, value json.RawMessage) (taken bool) {
	if n, ok := reportInt(value); ok {
		switch {
		case n >= http.StatusBadRequest && n < 600:
			e.rejected, e.record.StatusCode = true, n
		case n >= 200 && n < 300:
			return true
		}
		return false
	}
	text, _ := reportText(value)
	word := reportName(text)
	switch {
	case isFailure(word):
		e.rejected = true
	case name == "code":
	case slices.Contains([]string{"ok", "success", "succeeded", "successful", "created", "updated", "upserted", "inserted", "accepted", "done", "completed", "processed", "unchanged", "saved", "imported"}, word):
		return true
	}
	return false
}

// messageNames and fieldNames are members that say why a record was rejected, in the order in which they are told.
var (
	messageNames = []string{"error", "err", "failure", "reason", "message", "msg", "errormessage", "exception", "detail", "response", "result", "body", "outcome"}
	fieldNames   = []string{"details", "errors", "fields", "fielderrors", "validation", "validationerrors", "data"}
)

// explain takes the status, the code, the message and the fields of a rejection.
func (e *reportEntry) explain(members map[string]json.RawMessage, depth int) {
	named := make(map[string]json.RawMessage, len(members))
	for name, value := range members {
		named[reportName(name)] = value
	}
	for _, name := range []string{"status", "statuscode", "code"} {
		if n, ok := reportInt(named[name]); ok && e.record.StatusCode == 0 && n >= http.StatusBadRequest && n < 600 {
			e.record.StatusCode = n
		}
	}
	for _, name := range []string{"code", "errorcode"} {
		if text, ok := reportText(named[name]); ok && e.record.Code == "" {
			e.record.Code = text
		}
	}
	for _, name := range messageNames {
		if inner := reportObject(named[name]); inner != nil && depth < maxReportDepth {
			e.explain(inner, depth+1)
		} else if inner == nil {
			e.say(named[name])
		}
	}
	for _, name := range fieldNames {
		inner := reportObject(named[name])
		switch {
		case inner != nil && (name != "data" || fieldErrors(inner)):
			if e.record.Fields == nil && len(inner) > 0 {
				e.record.Fields = reportFields(inner)
			}
		case inner == nil && name != "data":
			e.say(named[name])
		}
	}
}

// say adds a text to the message: "Not found: no such SKU".
func (e *reportEntry) say(value json.RawMessage) {
	text := strings.Join(reportTexts(value), "; ")
	switch {
	case text == "" || strings.Contains(e.record.Message, text):
	case e.record.Message == "":
		e.record.Message = text
	default:
		e.record.Message += ": " + text
	}
}

// fieldErrors reports whether an object holds errors by field, as PocketBase's do, and not the record itself.
func fieldErrors(members map[string]json.RawMessage) bool {
	for _, value := range members {
		if inner := reportObject(value); inner == nil || inner["message"] == nil && inner["code"] == nil {
			return false
		}
	}
	return true
}

// reportFields is the reasons by field.
func reportFields(members map[string]json.RawMessage) map[string]string {
	fields := make(map[string]string, len(members))
	for name, value := range members {
		if inner := reportObject(value); inner != nil && len(inner["message"]) > 0 {
			value = inner["message"]
		}
		fields[name] = strings.Join(reportTexts(value), "; ")
	}
	return fields
}
