package linkit

import (
	"encoding/json"
	"net/http"
	"strings"
)

// messageNames and fieldNames are members that say why a record was rejected, in order of
// preference.
var (
	messageNames = []string{
		"error", "err", "failure", "reason", "reasons", "message", "msg", "errormessage", "exception",
		"description", "detail", "response", "result", "body", "outcome",
	}
	fieldNames = []string{"details", "errors", "fields", "fielderrors", "validation", "validationerrors", "data"}
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
	for _, name := range []string{"code", "errorcode", "errcode"} {
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
	e.explainFields(named)
}

func (e *reportEntry) explainFields(named map[string]json.RawMessage) {
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

// explainByField takes the members of a rejection that says nothing else as reasons by field:
// {"price": ["too low"]}.
func (e *reportEntry) explainByField(members map[string]json.RawMessage) {
	if e.record.Message == "" && e.record.Code == "" && e.record.Fields == nil && len(members) > 0 {
		e.record.Fields = reportFields(members)
	}
}

// say adds a text to the message: "Not found: no such SKU".
func (e *reportEntry) say(value json.RawMessage) {
	text := strings.Join(reportTexts(value), "; ")
	switch {
	case strings.Contains(e.record.Message, text): // any text holds ""
	case e.record.Message == "":
		e.record.Message = text
	default:
		e.record.Message += ": " + text
	}
}

// fieldErrors reports whether an object holds errors by field, as PocketBase's do, and not the
// record itself.
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
