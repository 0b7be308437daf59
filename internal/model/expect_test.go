package model_test

import (
	"cmp"
	"net/http"
	"slices"
)

// invalid reports whether the call can't be sent at all.
func (a *attempt) invalid() bool {
	return (a.verb == "create" || a.verb == "update") && a.entry.invalid() ||
		a.verb == "bulk" && slices.ContainsFunc(a.entries, entry.invalid)
}

// expect computes what the server would respond with, and what it would hold then.
func (a *attempt) expect() {
	switch {
	case a.invalid():
		a.want = statusInvalid
		return
	case a.r.until[a.client] > 0:
		a.want = http.StatusUnauthorized
		return
	case a.r.until[a.organization] > 0:
		a.want = http.StatusForbidden
		return
	}
	_, exists := a.before[a.resource][a.key]
	switch a.want = http.StatusOK; a.verb {
	case "get", "edit":
		if !exists {
			a.want = http.StatusNotFound
		}
	case "bulk", "bulkAll":
		for _, e := range a.entries {
			a.statuses = append(a.statuses, a.expectBulk(e))
		}
		return
	}
	if a.want == http.StatusOK {
		a.want = a.expectWrite()
	}
}

// expectWrite applies the write of one record to what the server would hold then.
func (a *attempt) expectWrite() (status int) {
	renamed := cmp.Or(a.entry.key, a.key)
	switch a.verb {
	case "create":
		renamed = keyOf(a.resource, a.entry)
	case "edit":
		if a.entry.invalid() {
			return statusInvalid
		}
	case "update", "delete":
	default:
		return http.StatusOK
	}
	if a.r.refuses(a.resource, renamed) || a.verb != "create" && a.r.refuses(a.resource, a.key) {
		return http.StatusUnprocessableEntity
	}
	switch a.verb {
	case "create":
		return a.after.create(a.resource, a.entry)
	case "update":
		return a.after.update(a.resource, a.key, a.entry)
	case "edit":
		old := a.before[a.resource][a.key]
		return a.after.update(a.resource, a.key, entry{key: a.entry.key, fields: old.fields.apply(a.entry.fields)})
	}
	return a.after.delete(a.resource, a.key)
}

// expectBulk applies one record of a bulk call to what the server would hold then.
func (a *attempt) expectBulk(e entry) (status int) {
	switch {
	case e.invalid():
		return statusInvalid
	case a.r.refuses(a.resource, keyOf(a.resource, e)):
		return http.StatusUnprocessableEntity
	}
	return a.after.bulk(a.resource, a.mode, e)
}
