// Package program is what the jobs share as programs: signals, the flags of the service, output,
// metrics and exit codes.
package program

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// Stop is how a person or the system ends a job.
type Stop struct {
	// Begin ends at the first SIGINT or SIGTERM: nothing new is begun.
	Begin context.Context //nolint:containedctx // two contexts that belong together
	// Finish ends at the second: what is in flight is cancelled. It also ends with the parent.
	Finish context.Context //nolint:containedctx // likewise
}

// ErrSignal is the cause of the contexts of a Stop that a signal has ended.
var ErrSignal = errors.New("stopped by a signal")

// Signals returns a Stop, and a function that releases it.
func Signals(parent context.Context) (Stop, func()) {
	finish, cancel := context.WithCancelCause(parent)
	begin, halt := context.WithCancelCause(finish)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		for _, stop := range []context.CancelCauseFunc{halt, cancel} {
			select {
			case <-signals:
				stop(ErrSignal)
			case <-finish.Done():
				return
			}
		}
	}()
	return Stop{Begin: begin, Finish: finish}, func() {
		signal.Stop(signals)
		cancel(nil)
	}
}

// Parse parses args. A false return means that the program ends with code: after -help, or a flag
// that is wrong.
func Parse(set *flag.FlagSet, args []string) (code int, ok bool) {
	err := set.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return ExitOK, false
	case err != nil:
		return ExitUsage, false // set has printed it
	case set.NArg() > 0:
		_, _ = fmt.Fprintf(set.Output(), "%s: unexpected argument %q: everything is set by flags\n", set.Name(), set.Arg(0))
		return ExitUsage, false
	}
	return ExitOK, true
}
