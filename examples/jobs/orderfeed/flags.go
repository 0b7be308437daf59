package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/linkit-go/linkit/examples/jobs/internal/database"
	"github.com/linkit-go/linkit/examples/jobs/internal/feed"
	"github.com/linkit-go/linkit/examples/jobs/internal/program"
)

// minSecret is the length of a secret that nobody guesses.
const minSecret = 16

type flags struct {
	program.Flags
	dsn        string
	exec       string
	post       string
	secretFile string
	every      time.Duration
	workers    int
	backfill   bool
}

func (f *flags) register(errs *os.File) *flag.FlagSet {
	set := flag.NewFlagSet("orderfeed", flag.ContinueOnError)
	set.SetOutput(errs)
	set.Usage = func() {
		_, _ = fmt.Fprintln(errs, "Orderfeed takes orders from Linkit into a database and hands their changes on. "+
			"Without flags it demonstrates itself on a fake server.")
		set.PrintDefaults()
	}
	f.Register(set)
	set.StringVar(&f.dsn, "dsn", "orderfeed.db", "the database: postgres://..., host=... or the `path` of a SQLite file")
	set.StringVar(&f.exec, "exec", "", "a shell `command` that takes events: a JSON line each on its standard input, "+
		"up to 100 at a time; by ending with 0 it accepts them")
	set.StringVar(&f.post, "post", "", "a `URL` that takes events: one JSON object each; a status of 2xx accepts it")
	set.StringVar(&f.secretFile, "secret-file", "",
		"the `file` with the secret of the webhooks' path (default: the variable WEBHOOK_SECRET)")
	set.DurationVar(&f.every, "every", 5*time.Minute, "how often to look for open orders that no webhook told of")
	set.BoolVar(&f.backfill, "backfill", false, "first walk all orders, which otherwise happens every night")
	set.IntVar(&f.workers, "workers", 10, "orders read at once")
	return set
}

// check returns what is wrong with the flags together.
func (f *flags) check() error {
	var err error
	switch {
	case f.dsn == "":
		err = errors.New("-dsn is empty: give postgres://... or the path of a SQLite file")
	case f.exec != "" && f.post != "":
		err = errors.New("-exec and -post exclude each other: an event has one receiver")
	case f.every < time.Second:
		err = fmt.Errorf("-every %v is shorter than a second", f.every)
	case f.workers < 1 || f.workers > 256:
		err = fmt.Errorf("-workers %d is not between 1 and 256", f.workers)
	case f.secretFile != "" && f.Listen == "":
		err = errors.New("-secret-file needs -listen: the address to take webhooks at")
	case !f.Live:
		err = errors.New("nothing to do without -live: add -live -yes to work on the service")
	}
	if err != nil {
		return program.Usage(err)
	}
	return nil
}

// receiver returns what takes the events, or nil.
func (f *flags) receiver(out *program.Output) (feed.Receiver, error) {
	if f.exec != "" {
		return feed.Exec(f.exec, out), nil
	}
	if f.post == "" {
		return nil, nil
	}
	receiver, err := feed.Post(f.post)
	if err != nil {
		return nil, program.Usage(err)
	}
	return receiver, nil
}

// webhookSecret returns the secret of the webhooks' path, or "" if none is set.
func (f *flags) webhookSecret() (string, error) {
	secret, from := os.Getenv("WEBHOOK_SECRET"), "WEBHOOK_SECRET"
	if f.secretFile != "" {
		text, err := os.ReadFile(f.secretFile)
		if err != nil {
			return "", program.Usage(fmt.Errorf("-secret-file: %w", err))
		}
		secret, from = strings.TrimSpace(string(text)), "-secret-file"
	} else if f.Listen == "" || secret == "" {
		return "", nil
	}
	if len(secret) < minSecret || strings.ContainsAny(secret, "/?#% \t\r\n") {
		return "", program.Usage(fmt.Errorf("%s: the secret must have at least %d characters, "+
			"and none of them may be a slash, a space, or one of ?#%%", from, minSecret))
	}
	return secret, nil
}

// writes says what the program writes, and where.
func (f *flags) writes() string {
	text := fmt.Sprintf("only reads orders; it writes linkit_orders, linkit_order_hints, order_events and River's "+
		"tables (river_*) in %s", database.Name(f.dsn))
	switch {
	case f.exec != "":
		text += ", and hands events on to the command of -exec"
	case f.post != "":
		text += ", and hands events on to the endpoint of -post"
	}
	return text
}
