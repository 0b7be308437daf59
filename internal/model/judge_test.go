package model_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/linkit-go/linkit"
)

// attempt is a call that was made, and what came back.
type attempt struct {
	*call
	r      *run
	script *script
	ctx    context.Context //nolint:containedctx // of this one call
	cancel context.CancelFunc
	key    string // with a customer's in place of its number

	before, after organization // after: if the call takes effect
	want          int          // the status that the server would respond with
	statuses      []int        // of the records of a bulk call

	err     error
	got     []record
	total   int
	more    bool
	results []linkit.BulkResult
	strict  bool // nothing excuses another outcome than the server's own
	failing bool // the source of a BulkAll ends with an error
}

// statusInvalid stands for a record that can't be sent.
const statusInvalid = 499

// prepare puts up the call's script and computes what the server would do.
func (r *run) prepare(c *call) *attempt {
	own := *c
	a := &attempt{call: &own, r: r, key: c.key, before: r.world[c.organization]}
	if c.verb == "bulkAll" && c.take > 0 {
		a.entries, a.failing = c.entries[:c.take], true
	}
	a.after = a.before.clone()
	if c.resource == customers {
		a.key = "nobody00000000x"
		if all := a.before.list(customers); len(all) > 0 {
			a.key = all[c.customer%len(all)].key
		}
	}
	if c.deadline > 0 {
		a.ctx, a.cancel = context.WithTimeout(context.Background(), c.deadline)
	} else {
		a.ctx, a.cancel = context.WithCancel(context.Background())
	}
	if c.cancelled {
		a.cancel()
	}
	a.script = &script{
		faults: map[int][]*fault{}, limit: c.tooLarge, cancel: a.cancel,
		create:  c.verb == "create" || c.verb == "bulk" && c.mode == linkit.BulkCreate || c.verb == "bulkAll" && c.mode == linkit.BulkCreate,
		unclear: map[int]bool{}, delivered: map[int]int{},
	}
	for part, list := range c.faults {
		a.script.faults[part] = slices.Clone(list)
	}
	switch c.verb {
	case "bulk":
		a.script.part = map[string]int{}
	case "bulkAll":
		a.script.part = map[string]int{}
		for i, e := range c.entries {
			a.script.part[keyOf(c.resource, e)] = i
		}
	}
	r.network.mu.Lock()
	r.network.scripts[c.client+" "+c.organization] = a.script
	r.network.signIns[c.client] = append(r.network.signIns[c.client], c.signIns...)
	delete(r.network.refused, c.client)
	r.network.mu.Unlock()
	a.expect()
	return a
}

// do makes the call.
func (a *attempt) do() {
	c, r := a.r.clients[a.client].ForOrganization(a.organization), resources[a.resource]
	one := func(got record, err error) {
		a.got, a.err = []record{got}, err
	}
	switch a.verb {
	case "list":
		a.got, a.total, a.more, a.err = r.list(a.ctx, c, a.page, a.limit)
	case "all":
		for got, err := range r.all(a.ctx, c, a.limit) {
			if err != nil {
				a.err = err
				break
			}
			if a.got = append(a.got, got); len(a.got) == a.take {
				break
			}
		}
	case "count":
		a.total, a.err = r.count(a.ctx, c)
	case "get":
		one(r.get(a.ctx, c, a.key))
	case "create":
		one(r.create(a.ctx, c, a.entry))
	case "update":
		one(r.update(a.ctx, c, a.key, a.entry))
	case "edit":
		one(r.edit(a.ctx, c, a.key, a.entry, func() {}))
	case "delete":
		a.err = r.delete(a.ctx, c, a.key)
	case "bulk":
		result, err := r.bulk(a.ctx, c, a.mode, a.entries)
		if a.err = err; result != nil {
			a.results = []linkit.BulkResult{*result}
		}
	case "bulkAll":
		a.err = r.bulkAll(a.ctx, c, a.mode, a.source, func(r linkit.BulkResult) { a.results = append(a.results, r) })
	}
	var response *linkit.APIError // whose body may have been cut off by the cancel
	if errors.Is(a.ctx.Err(), context.Canceled) && a.err != nil && !errors.Is(a.err, context.Canceled) &&
		!errors.As(a.err, &response) && !errors.Is(a.err, linkit.ErrInvalid) {
		a.script.violation = "the error of a cancelled call doesn't match context.Canceled"
	}
}

// errSource is why a source fails.
var errSource = errors.New("the source failed")

// source yields the records of a BulkAll.
func (a *attempt) source(yield func(entry, error) bool) {
	for _, e := range a.entries {
		if !yield(e, nil) {
			return
		}
	}
	if a.failing {
		yield(entry{}, errSource)
	}
}

// reads reports whether the call only reads.
func (a *attempt) reads() bool {
	return slices.Contains([]string{"get", "list", "all", "count"}, a.verb)
}

// problem describes what is wrong with a call. It holds no figure that differs between runs.
func (a *attempt) problem(format string, args ...any) error {
	a.r.stats.last = a.err
	return fmt.Errorf("%s of %s in %s: %s (error: %s)", a.verb, a.resource, a.organization, fmt.Sprintf(format, args...), kindOf(a.err))
}

// kindOf names what an error matches.
func kindOf(err error) string {
	if err == nil {
		return "nil"
	}
	var kinds []string
	for name, kind := range map[string]error{
		"ErrUncertain": linkit.ErrUncertain, "ErrUnauthorized": linkit.ErrUnauthorized, "ErrForbidden": linkit.ErrForbidden,
		"ErrNotFound": linkit.ErrNotFound, "ErrConflict": linkit.ErrConflict, "ErrServer": linkit.ErrServer,
		"ErrRateLimited": linkit.ErrRateLimited, "ErrRejected": linkit.ErrRejected, "ErrLogin": linkit.ErrLogin,
		"ErrInvalid": linkit.ErrInvalid, "errSource": errSource, "Canceled": context.Canceled, "DeadlineExceeded": context.DeadlineExceeded,
	} {
		if errors.Is(err, kind) {
			kinds = append(kinds, name)
		}
	}
	slices.Sort(kinds)
	return strings.Join(append(kinds, "an error"), ", ")
}

// judge compares the outcome with the model, and updates that.
func (a *attempt) judge() error {
	a.strict = a.isStrict()
	switch {
	case a.script.violation != "":
		return a.problem("%s", a.script.violation)
	case a.invalid() && !errors.Is(a.err, linkit.ErrInvalid):
		return a.problem("it can't be sent")
	case a.cancelled && !a.invalid() && !errors.Is(a.err, context.Canceled): // what can't be sent is invalid first
		return a.problem("the context was cancelled before the call")
	case a.reads():
		return a.judgeRead()
	}
	actual, err := a.r.actual(a.organization)
	if err != nil {
		return err
	}
	var candidates []organization
	switch a.verb {
	case "bulk", "bulkAll":
		candidates, err = a.judgeBulk()
	default:
		candidates, err = a.judgeWrite()
	}
	if err != nil {
		return err
	}
	problem := ""
	for i, candidate := range candidates {
		problem = candidate.differs(actual, a.organization)
		if problem != "" {
			continue
		}
		if err := a.look(actual, i > 0); err != nil {
			return err
		}
		a.r.world[a.organization] = actual
		return nil
	}
	return a.problem("%s", problem)
}

// look settles an uncertain write as programs do: by reading.
func (a *attempt) look(actual organization, effect bool) error {
	a.r.stats.write(a.err, effect)
	if !errors.Is(a.err, linkit.ErrUncertain) {
		return a.checkReturned(actual)
	}
	got := actual.clone()
	got[a.resource] = map[string]record{}
	if a.r.until[a.organization] > 0 {
		a.r.server.SetSuspended(a.organization, false)
		defer a.r.server.SetSuspended(a.organization, true)
	}
	if err := readAll(context.Background(), a.r.auditor.ForOrganization(a.organization), a.resource, got); err != nil {
		return a.problem("looking at the result: %v", err)
	}
	if problem := actual.differs(got, a.organization); problem != "" {
		return a.problem("looking at the result: %s", problem)
	}
	return nil
}

// checkReturned compares the record that a write returned with what the server holds.
func (a *attempt) checkReturned(actual organization) error {
	if a.err != nil || len(a.got) == 0 {
		return nil //nolint:nilerr // it returned nothing
	}
	got := a.got[0]
	if held, exists := actual[a.resource][got.key]; !exists || held.differs(got) != "" || got.organization != a.organization {
		return a.problem("the record that it returned is another one: %v", got.key)
	}
	return nil
}

// mayHaveActed reports whether the server may have acted on any request without the client's
// knowing.
func (a *attempt) mayHaveActed() bool { return len(a.script.served) > 0 || a.deadline > 0 }

// judgeWrite judges the error of a write of one record, and returns what the server may hold.
func (a *attempt) judgeWrite() ([]organization, error) {
	effects := a.script.delivered[0]
	gone := a.verb == "delete" && a.want == http.StatusNotFound && len(a.script.served) > 0
	switch {
	case a.strict && !a.matches(a.err, a.want):
		return nil, a.problem("the server's response would be %d", a.want)
	case a.verb == "create" && effects > 1:
		return nil, a.problem("it took effect %d times", effects)
	case a.err == nil && a.want >= 400 && !gone:
		return nil, a.problem("it succeeded where the server's response is %d", a.want)
	case a.err == nil && effects == 0 && !gone:
		return nil, a.problem("it succeeded without an effect")
	case a.err == nil:
		return []organization{a.after}, nil
	case errors.Is(a.err, linkit.ErrUncertain) && a.mayHaveActed():
		return []organization{a.before, a.after}, nil
	case errors.Is(a.err, linkit.ErrUncertain):
		return nil, a.problem("nothing happened that would make it uncertain")
	case effects > 0:
		return nil, a.problem("it took effect, and its error doesn't say that it may have")
	}
	return []organization{a.before}, nil
}

// matches reports whether an error is that of a status.
func (a *attempt) matches(err error, status int) bool {
	kinds := map[int]error{
		statusInvalid:           linkit.ErrInvalid,
		http.StatusUnauthorized: linkit.ErrUnauthorized, http.StatusForbidden: linkit.ErrForbidden, // its code may have been cut off
		http.StatusNotFound: linkit.ErrNotFound, http.StatusConflict: linkit.ErrConflict,
		http.StatusUnprocessableEntity: linkit.ErrValidation,
	}
	if status < 400 || a.verb == "delete" && err == nil && len(a.script.served) > 0 {
		return err == nil
	}
	return errors.Is(err, kinds[status])
}
