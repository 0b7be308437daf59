// Package stock keeps Linkit's stock and prices equal to those of a database. It sends what differs
// from what Linkit last acknowledged: each record at least once, and never so that an older value
// can be left standing over a newer one.
//
// A shard of branches is worked on by whoever holds its lock. Before a request is sent, its records
// and a deadline are written down; until that deadline a request that was orphaned may still take
// effect, so nobody sends those records, and then they are sent again.
package stock

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/linkit-go/linkit"
)

// SKUs is what is used of a client.
type SKUs interface {
	Bulk(ctx context.Context, mode linkit.BulkMode, skus []linkit.SKUParams) (*linkit.BulkResult, error)
	All(ctx context.Context, params *linkit.SKUListParams) iter.Seq2[linkit.SKU, error]
}

// Options configure an [Engine]. A zero has the default.
type Options struct {
	SKUs      SKUs
	Mode      linkit.BulkMode // upsert if the source has product and branch, else update
	Shards    int             // 16; all processes on one state must agree
	Workers   int             // requests in flight; 8
	Timeout   time.Duration   // of a request with all its retries; 30 s
	Grace     time.Duration   // how long after Timeout a request may still take effect; 5 s
	BatchSize int             // records in a request; 1,000
	Log       *slog.Logger
	Begin     func(rows int) // if not nil, is called at the beginning of a pass over all shards
	// Progress, if not nil, is told of records that were dealt with, and how many were rejected.
	// It must be safe for concurrent use.
	Progress func(records, rejected int)
}

// The defaults of Options.
const (
	DefaultShards  = 16
	DefaultWorkers = 8
	DefaultTimeout = 30 * time.Second
	defaultGrace   = 5 * time.Second
	maxBatch       = 1000
	maxReaders     = 6 // shards that one process reads at a time
)

// Engine pushes one source.
type Engine struct {
	Options
	source *Source
	state  *State
	slots  chan struct{}
	health health
}

// New returns an engine. It fails where the state was made for another number of shards.
func New(ctx context.Context, source *Source, state *State, options Options) (*Engine, error) {
	e := &Engine{Options: options, source: source, state: state}
	setDefault(&e.Shards, DefaultShards)
	setDefault(&e.Workers, DefaultWorkers)
	setDefault(&e.Timeout, DefaultTimeout)
	setDefault(&e.Grace, defaultGrace)
	setDefault(&e.BatchSize, maxBatch)
	if e.Log == nil {
		e.Log = slog.New(slog.DiscardHandler)
	}
	if e.Mode == "" {
		e.Mode = linkit.BulkUpdate
		if source.HasProduct && source.HasBranch {
			e.Mode = linkit.BulkUpsert
		}
	}
	e.slots = make(chan struct{}, e.Workers)
	e.health.progressed()
	shards, err := state.Shards(ctx, e.Shards)
	if err == nil && shards != e.Shards {
		err = &ShardsError{Want: e.Shards, Have: shards}
	}
	return e, err
}

func setDefault[T comparable](value *T, standard T) {
	var zero T
	if *value == zero {
		*value = standard
	}
}

// ShardsError is a state that was made for another number of shards.
type ShardsError struct{ Want, Have int }

// Error says how to change the number.
func (e *ShardsError) Error() string {
	return fmt.Sprintf("-shards %d: the state was made with %d, and every process must use that; "+
		"to change it, stop all of them, wait until linkit_inflight is empty or a minute has passed, "+
		"and empty linkit_shards and linkit_inflight", e.Want, e.Have)
}

func (e *Engine) advance(records, rejected int) {
	e.health.progressed()
	if e.Progress != nil && records > 0 {
		e.Progress(records, rejected)
	}
}

// plan is the branches of a shard.
type plan struct {
	branches []string
	rows     int
}

// plan returns the shards that have rows in the source or in the state.
func (e *Engine) plan(ctx context.Context) (map[int]*plan, int, error) {
	counts, err := e.source.Branches(ctx)
	if err != nil {
		return nil, 0, err
	}
	old, err := e.state.branches(ctx)
	if err != nil {
		return nil, 0, err
	}
	for _, branch := range old {
		counts[branch] += 0
	}
	open, err := e.state.openShards(ctx)
	if err != nil {
		return nil, 0, err
	}
	shards := map[int]*plan{}
	for _, shard := range open {
		shards[shard] = &plan{}
	}
	total := 0
	for branch, rows := range counts {
		shard := shardOf(branch, e.Shards)
		if shards[shard] == nil {
			shards[shard] = &plan{}
		}
		shards[shard].branches = append(shards[shard].branches, branch)
		shards[shard].rows += rows
		total += rows
	}
	return shards, total, nil
}

// pass is what one pass over shards has done.
type pass struct {
	mu     sync.Mutex
	shards map[int]*Summary
	errs   []error
}

// pass works on each of the shards once; nil means all. begin ends when nothing more is to be begun,
// finish when requests in flight are to be cancelled.
func (e *Engine) pass(begin, finish context.Context, only []int) (map[int]*Summary, error) {
	plans, rows, err := e.plan(begin)
	if err != nil {
		return nil, causeOf(begin, err)
	}
	if only == nil {
		if e.Begin != nil {
			e.Begin(rows)
		}
		for shard := range plans {
			only = append(only, shard)
		}
	}
	rand.Shuffle(len(only), func(i, j int) { only[i], only[j] = only[j], only[i] }) //nolint:gosec // processes spread
	begin, halt := context.WithCancelCause(begin)
	defer halt(nil)
	result := pass{shards: map[int]*Summary{}}
	var group errgroup.Group
	group.SetLimit(min(maxReaders, e.Workers))
	for _, shard := range only {
		if plans[shard] == nil {
			plans[shard] = &plan{} // its rows and its open requests are gone
		}
		group.Go(func() error {
			summary, err := e.passShard(begin, finish, shard, plans[shard].branches)
			result.add(shard, summary, err)
			if fatal(err) {
				halt(err)
			}
			return nil
		})
	}
	_ = group.Wait() // its functions return none
	if len(result.errs) == 0 && begin.Err() != nil {
		return result.shards, context.Cause(begin)
	}
	return result.shards, firstErrors(result.errs)
}

// add notes the result of a shard. An error that has ended the whole pass is noted once.
func (p *pass) add(shard int, summary *Summary, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shards[shard] = summary
	if err == nil || fatal(err) && slices.ContainsFunc(p.errs, fatal) {
		return
	}
	p.errs = append(p.errs, fmt.Errorf("shard %d: %w", shard, err))
}

// firstErrors joins a few errors, those first that end the run.
func firstErrors(errs []error) error {
	const most = 3
	slices.SortStableFunc(errs, func(a, b error) int { return btoi(fatal(b)) - btoi(fatal(a)) })
	if len(errs) > most {
		errs = append(errs[:most:most], fmt.Errorf("and %d more shards failed", len(errs)-most))
	}
	return errors.Join(errs...)
}

func (e *Engine) passShard(begin, finish context.Context, shard int, branches []string) (*Summary, error) {
	if begin.Err() != nil {
		return &Summary{Busy: 1}, nil
	}
	held, err := e.state.lock(finish, lockName(shard))
	if err != nil {
		return &Summary{Busy: 1}, err
	}
	if held == nil {
		return &Summary{Busy: 1}, nil
	}
	defer held.release()
	p := &shardPass{engine: e, shard: shard, branches: branches, lock: held}
	err = p.run(begin)
	return &p.summary, err
}

func lockName(shard int) string { return "shard " + strconv.Itoa(shard) }

// Pass works on every shard once, except those that another process works on.
func (e *Engine) Pass(begin, finish context.Context) (Summary, error) {
	shards, err := e.pass(begin, finish, nil)
	return e.ended(total(shards), err)
}

func (e *Engine) ended(summary Summary, err error) (Summary, error) {
	e.health.ended(err)
	return summary, err
}

func total(shards map[int]*Summary) Summary {
	var sum Summary
	for _, s := range shards {
		sum.add(s)
	}
	return sum
}

// Once works until every shard is in sync: it waits for those that another process works on, and for
// the deadlines of requests that were orphaned. It ends at the first pass that fails.
func (e *Engine) Once(begin, finish context.Context) (Summary, error) {
	shards, err := e.pass(begin, finish, nil)
	for err == nil {
		var left []int
		for shard, s := range shards {
			if !s.InSync() {
				left = append(left, shard)
			}
		}
		if len(left) == 0 {
			break
		}
		if err = wait(begin, untilNext(total(shards))); err != nil {
			break
		}
		var again map[int]*Summary
		again, err = e.pass(begin, finish, left)
		for shard, s := range again {
			merged := s.after(shards[shard])
			shards[shard] = &merged
		}
	}
	return e.ended(total(shards), err)
}

// untilNext returns how long to wait for shards that are busy, or records that must wait.
func untilNext(s Summary) time.Duration {
	const busy = 500 * time.Millisecond
	if s.Busy > 0 {
		return busy
	}
	return max(time.Until(s.NextDue), 0) + 10*time.Millisecond // the clocks differ by less
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Run makes a pass every so often until begin ends, or an error that leaves no hope for another. each
// is called after every pass.
func (e *Engine) Run(begin, finish context.Context, every time.Duration, each func(Summary, error)) error {
	for {
		began := time.Now()
		summary, err := e.Pass(begin, finish)
		if begin.Err() == nil || err == nil {
			each(summary, err)
		}
		if fatal(err) {
			return err
		}
		pause := time.Until(began.Add(every))
		if !summary.NextDue.IsZero() {
			pause = min(pause, untilNext(Summary{NextDue: summary.NextDue}))
		}
		if wait(begin, max(pause, 0)) != nil {
			return nil //nolint:nilerr // it was told to end
		}
	}
}
