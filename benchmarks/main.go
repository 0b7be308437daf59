// Benchmarks measures this SDK beside its peers: hand-written net/http with encoding/json, resty v2
// and v3, and bare go-retryablehttp, on the same work against the same server, a child process on
// 127.0.0.1.
//
//	go run -C benchmarks .                   # everything: six minutes on two cores
//	go run -C benchmarks . -quick            # the same with less of it, under a minute: that it runs, not how fast
//	go run -C benchmarks . -only get,page    # some of it
//	go run -C benchmarks . -check            # exit 1 when a ratio that must hold is missed by more than a tenth
//	go run -C benchmarks . -docs ../docs     # write performance.svg and performance.md's table there, and the README's
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, stop := context.WithTimeout(ctx, 20*time.Minute)
	err := run(ctx)
	stop()
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchmarks:", err)
		os.Exit(1)
	}
}

// scenarios are what is measured, in this order.
var scenarios = []struct {
	name string
	run  func(context.Context, *bench) error
}{
	{"get", smallGet},
	{"page", onePage},
	{"walk0", func(ctx context.Context, b *bench) error { return walk(ctx, b, 0) }},
	{"walk20", func(ctx context.Context, b *bench) error { return walk(ctx, b, 20*time.Millisecond) }},
	{"walk50", func(ctx context.Context, b *bench) error { return walk(ctx, b, 50*time.Millisecond) }},
	{"thousand", thousandPages},
	{"bulk", bulk},
	{"uneven", uneven},
	{"parallel", parallel},
	{"failing", failing},
	{"cold", coldStart},
	{"catalogue", catalogue},
}

func run(ctx context.Context) error {
	var names []string
	for _, s := range scenarios {
		names = append(names, s.name)
	}
	serve := flag.Bool("serve", false, "be the server of a benchmark: for the program itself")
	quick := flag.Bool("quick", false, "less of everything: figures of no worth, in under a minute")
	only := flag.String("only", "", "measure only these, separated by commas: "+strings.Join(names, ", "))
	check := flag.Bool("check", false, "fail when a ratio that must hold is missed by more than a tenth; not with -quick")
	docs := flag.String(
		"docs",
		"",
		"write the figures of a full run to this folder's performance.md and performance.svg, and to the README beside it",
	)
	flag.Parse()
	if *serve {
		return child(ctx, os.Stdin, os.Stdout)
	}
	chosen := names
	if *only != "" {
		chosen = strings.Split(*only, ",")
	}
	for _, name := range chosen {
		if !slices.Contains(names, name) {
			return fmt.Errorf("-only: there is no %q; there are %s", name, strings.Join(names, ", "))
		}
	}
	if *docs != "" && (*quick || *only != "") {
		return errors.New("-docs wants a full run: leave out -quick and -only")
	}
	b := &bench{quick: *quick}
	for _, s := range scenarios {
		if !slices.Contains(chosen, s.name) {
			continue
		}
		began := time.Now()
		if err := s.run(ctx, b); err != nil {
			return fmt.Errorf("%s: %w", s.name, cmp.Or(context.Cause(ctx), err))
		}
		fmt.Fprintf(os.Stderr, "%s: %.0f s\n", s.name, time.Since(began).Seconds())
	}
	text := b.markdown()
	fmt.Print(text)
	if *docs != "" {
		if err := b.publish(*docs, text); err != nil {
			return err
		}
	}
	if missed := b.missed(); *check && !*quick && len(missed) > 0 {
		return fmt.Errorf("missed by more than a tenth: %s", strings.Join(missed, "; "))
	}
	return nil
}
