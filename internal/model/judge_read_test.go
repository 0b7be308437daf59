package model_test

import (
	"errors"
	"net/http"

	"github.com/linkit-go/linkit"
)

// judgeRead judges what a read returned.
func (a *attempt) judgeRead() error {
	a.r.stats.read(a.err)
	want := a.before.list(a.resource)
	switch {
	case errors.Is(a.err, linkit.ErrUncertain):
		return a.problem("a read is never uncertain")
	case a.strict && !a.matches(a.err, a.want):
		return a.problem("the server's response would be %d", a.want)
	case a.err == nil && a.want >= 400:
		return a.problem("it succeeded where the server's response is %d", a.want)
	case errors.Is(a.err, linkit.ErrNotFound) && a.want != http.StatusNotFound:
		return a.problem("the record exists")
	case a.verb == "all" && a.err != nil:
		want = want[:min(len(a.got), len(want))]
	case a.verb == "all" && a.take > 0:
		want = want[:min(a.take, len(want))]
	case a.err != nil, a.verb == "count" && a.total == len(want):
		return nil //nolint:nilerr // a read may fail
	case a.verb == "get":
		want = []record{a.before[a.resource][a.key]}
	case a.verb == "list":
		start := min((a.page-1)*a.limit, len(want))
		end := min(start+a.limit, len(want))
		if a.total != len(want) || a.more != (end < len(want)) {
			return a.problem("total %d and more %t instead of %d and %t", a.total, a.more, len(want), end < len(want))
		}
		want = want[start:end]
	}
	if len(a.got) != len(want) {
		return a.problem("%d records instead of %d", len(a.got), len(want))
	}
	for i, got := range a.got {
		if got.organization != a.organization {
			return a.problem("the record belongs to %s", got.organization)
		}
		if problem := want[i].differs(got); problem != "" {
			return a.problem("%s", problem)
		}
	}
	return nil
}
