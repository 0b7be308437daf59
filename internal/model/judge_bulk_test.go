package model_test

import (
	"errors"
	"slices"

	"github.com/linkit-go/linkit"
)

// judgeBulk judges the results of a bulk call, and returns what the server may hold: each request
// took effect, or didn't, or either.
func (a *attempt) judgeBulk() ([]organization, error) {
	if a.want >= 400 {
		a.statuses, a.after = nil, a.before
		for _, e := range a.entries {
			a.statuses = append(a.statuses, map[bool]int{true: statusInvalid, false: a.want}[e.invalid()])
		}
	}
	allowed, sent := true, slices.ContainsFunc(a.entries, func(e entry) bool { return !e.invalid() })
	for _, status := range a.statuses {
		allowed = allowed && status < 400
	}
	tooLarge := a.tooLarge > 0 && a.verb == "bulk" && len(a.entries) > a.tooLarge
	exact := a.strict && a.want < 400 && !tooLarge
	switch {
	case a.strict && a.want >= 400 && sent && !a.matches(a.err, a.want):
		return nil, a.problem("the server's response would be %d", a.want)
	case exact && allowed && a.failing != (a.err != nil):
		return nil, a.problem("all of its records can be written")
	case exact && a.failing && !errors.Is(a.err, errSource):
		return nil, a.problem("its source failed")
	case exact && allowed == errors.Is(a.err, linkit.ErrRejected):
		return nil, a.problem("that all of its records can be written is %t", allowed)
	case a.err == nil && (!allowed || a.failing || a.want >= 400):
		return nil, a.problem("it succeeded, and not all of its records were written")
	}
	if a.verb == "bulk" {
		a.results = a.single()
	}
	candidates := []organization{a.before}
	next, covered := 0, 0
	for _, result := range a.results {
		if result.Offset < next || result.Offset+result.Count > len(a.entries) {
			return nil, a.problem("the results' ranges overlap")
		}
		next, covered = result.Offset+result.Count, covered+result.Count
		var err error
		if candidates, err = a.judgeResult(candidates, &result); err != nil {
			return nil, err
		}
	}
	if (a.err == nil || exact) && covered != len(a.entries) {
		return nil, a.problem("its results cover %d of %d records", covered, len(a.entries))
	}
	return candidates, nil
}

// single returns the result of a Bulk as that of a BulkAll with one request.
func (a *attempt) single() []linkit.BulkResult {
	result := linkit.BulkResult{Count: len(a.entries), Err: a.err}
	if len(a.results) > 0 {
		result = a.results[0]
		result.Err = a.err
	}
	return []linkit.BulkResult{result}
}

// judgeResult judges the result of one request.
func (a *attempt) judgeResult(candidates []organization, result *linkit.BulkResult) ([]organization, error) {
	effects, sent := 0, false
	for i := result.Offset; i < result.Offset+result.Count; i++ {
		effects += a.script.delivered[i]
		sent = sent || !a.entries[i].invalid()
	}
	a.r.stats.request(result.Err)
	uncertain := errors.Is(result.Err, linkit.ErrUncertain)
	_, rejected := result.Err.(*linkit.RejectedError) //nolint:errorlint // it may also be joined with why the others failed
	written := result.Err == nil || rejected
	switch {
	case a.script.create && effects > 1:
		return nil, a.problem("a request took effect %d times", effects)
	case uncertain && !a.mayHaveActed():
		return nil, a.problem("nothing happened that would make it uncertain")
	case !written && !uncertain && effects > 0:
		return nil, a.problem("a request took effect, and its error doesn't say that it may have")
	case !written && !uncertain:
		return candidates, nil
	case written && effects == 0 && sent:
		return nil, a.problem("a request succeeded without an effect")
	}
	if written {
		if err := a.checkRejected(result); err != nil {
			return nil, err
		}
	}
	var both []organization
	for _, o := range candidates {
		changed := o.clone()
		if effects > 0 || uncertain {
			for _, e := range a.entries[result.Offset : result.Offset+result.Count] {
				if !e.invalid() && !a.r.refuses(a.resource, keyOf(a.resource, e)) {
					changed.bulk(a.resource, a.mode, e)
				}
			}
		}
		if uncertain {
			both = append(both, o)
		}
		both = append(both, changed)
	}
	return both, nil
}

// checkRejected checks that the records that a result rejects are those that the server does.
func (a *attempt) checkRejected(result *linkit.BulkResult) error {
	rejected := map[int]int{}
	for _, record := range result.Rejected {
		rejected[record.Index] = record.StatusCode
	}
	for i := result.Offset; i < result.Offset+result.Count; i++ {
		status, isRejected := rejected[i]
		want := a.statuses[i]
		if want == statusInvalid {
			status += statusInvalid // it has none
		}
		if isRejected != (want >= 400) || isRejected && status != want {
			return a.problem("record %d: the status that it is rejected with is %d instead of %d", i, status, want)
		}
	}
	return nil
}
