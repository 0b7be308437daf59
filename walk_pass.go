package linkit

import "slices"

// maxRepeatedPages is how many pages in a row may have no new record because that many records
// were added in front of them.
const maxRepeatedPages = 100

// maxRepeatedWhereItFell is the same for a pass that has to be repeated anyway: a total that rises and
// falls from page to page must not look like growth for long.
const maxRepeatedWhereItFell = 1

// pass is one reading of a list, and what its pages show of changes meanwhile.
type pass struct {
	pageSize int // records on a full page; 0: not known yet

	total   int // total_count of the page before
	counted bool
	growth  int // records that were added, less the repeated ones that they explain

	page     []uint64 // the page at hand, as hashes
	repeats  int      // ... its records that earlier pages had
	fresh    int      // ... and those that no page had
	oldPages int      // pages in a row without a new record

	fell     bool   // the list became shorter, or a page came again without growth
	overlaps bool   // some records came again on a later page without growth
	circle   error  // why the pass ended early
	print    uint64 // of all pages, to compare passes by
}

// begin begins a page whose total_count is total, if it has one.
func (p *pass) begin(total int, counted bool) {
	p.page, p.repeats, p.fresh = p.page[:0], 0, 0
	if !counted {
		return
	}
	if p.counted {
		p.fell = p.fell || total < p.total
		p.growth += max(total-p.total, 0)
	}
	p.total, p.counted = total, true
	p.mix(uint64(total)) //nolint:gosec // any bits do
}

// add adds a record to the page. One that is on the page twice says nothing about the list.
func (p *pass) add(hash uint64, repeated bool) {
	switch {
	case !repeated:
		p.fresh++
	case !slices.Contains(p.page, hash):
		p.repeats++
	}
	p.page = append(p.page, hash)
	p.mix(hash)
}

// end ends the page. It reports whether no record of it is new without as many having been added
// as that takes.
func (p *pass) end() (circular bool) {
	p.growth -= p.repeats
	explained := p.growth >= 0
	p.growth = max(p.growth, 0)
	if p.fresh > 0 || len(p.page) == 0 {
		p.oldPages = 0
		p.overlaps = p.overlaps || !explained
		return false
	}
	limit := maxRepeatedPages
	if p.fell {
		limit = maxRepeatedWhereItFell
	}
	if p.oldPages++; explained && p.oldPages <= limit {
		return false
	}
	p.fell = true
	return true
}

// shifted reports whether the list changed in a way that may have hidden records from the pass.
func (p *pass) shifted() bool { return p.fell || p.overlaps }

// settled reports whether nothing changed since another pass: then the list doesn't shift, the
// server merely repeats records.
func (p *pass) settled(last *pass) bool { return !p.fell && p.print == last.print }

// circular reports whether the server led both passes in the same circle.
func (p *pass) circular(last *pass) bool {
	return p.circle != nil && last.circle != nil && p.print == last.print
}

func (p *pass) mix(v uint64) { p.print = (p.print ^ v) * 1099511628211 } // as FNV does
