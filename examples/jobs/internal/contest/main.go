// Contest pushes many SKUs from PostgreSQL to a fake server of its own process, first by a
// hand-written loop and then by stocksync, and prints their times, the peak of stocksync's heap, and
// how long it takes to find and send what changed afterwards.
//
//	go run -C examples/jobs ./internal/contest -dsn postgres://127.0.0.1/contest
//
// It drops and makes the tables stock, loop_sent and linkit_* of that database.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/linkit-go/linkit/examples/jobs/internal/database"
)

// settings are what the processes of the contest are told.
type settings struct {
	dsn     string
	url     string
	records int
	workers int
	delay   time.Duration
	role    string // fake, loop or stocksync; "": the contest
}

func main() {
	var s settings
	flag.StringVar(&s.dsn, "dsn", "", "a database of PostgreSQL, whose tables are dropped")
	flag.StringVar(&s.url, "url", "", "the fake server")
	flag.IntVar(&s.records, "records", 1_000_000, "SKUs")
	flag.IntVar(&s.workers, "workers", 20, "requests in flight of stocksync")
	flag.DurationVar(&s.delay, "delay", 50*time.Millisecond, "how long the fake server takes for a request")
	flag.StringVar(&s.role, "role", "", "what this process is")
	flag.Parse()
	if err := s.run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func (s *settings) run(ctx context.Context) error {
	switch {
	case s.role == "fake":
		return s.serve(ctx)
	case !database.IsPostgres(s.dsn):
		return errors.New("-dsn must be a postgres://... whose tables may be dropped")
	case s.role == "loop":
		return s.report(s.loop(ctx))
	case s.role == "stocksync":
		return s.report(s.stocksync(ctx))
	}
	return s.contest(ctx)
}

// figures are what a contestant reports.
type figures struct {
	Seconds float64 `json:"seconds"`
	Sent    int     `json:"sent"`
	Heap    uint64  `json:"heap"` // its peak, in bytes
}

func (s *settings) report(f figures, err error) error {
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(f)
}

// contest runs the contestants one after the other.
func (s *settings) contest(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	fake := s.child(ctx, "fake")
	output, err := fake.StdoutPipe()
	if err != nil {
		return err
	}
	if err := fake.Start(); err != nil {
		return err
	}
	defer func() {
		cancel()
		_ = fake.Wait() // until it has ended
	}()
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		return err
	}
	s.url = strings.TrimSpace(line)
	if err := s.fill(ctx); err != nil {
		return err
	}
	loop, err := s.contestant(ctx, "loop")
	if err != nil {
		return err
	}
	fmt.Printf("hand-written loop   %8.1f s  %d records\n", loop.Seconds, loop.Sent)
	first, err := s.contestant(ctx, "stocksync")
	if err != nil {
		return err
	}
	fmt.Printf("stocksync           %8.1f s  %d records, peak heap %.1f MiB\n", first.Seconds, first.Sent, mib(first.Heap))
	fmt.Printf("ratio               %8.1f\n", loop.Seconds/first.Seconds)
	if err := s.exec(ctx, `UPDATE stock SET qty = qty + 1 WHERE ctid IN
		(SELECT ctid FROM stock ORDER BY random() LIMIT (SELECT count(*) / 100 FROM stock))`, "ANALYZE"); err != nil {
		return err
	}
	changed, err := s.contestant(ctx, "stocksync")
	if err != nil {
		return err
	}
	fmt.Printf("1 %% changed         %8.1f s  %d records, peak heap %.1f MiB\n",
		changed.Seconds, changed.Sent, mib(changed.Heap))
	return nil
}

func mib(bytes uint64) float64 { return float64(bytes) / (1 << 20) }

// child is this program in another role.
func (s *settings) child(ctx context.Context, role string) *exec.Cmd {
	command := exec.CommandContext(ctx, os.Args[0], "-role", role, "-dsn", s.dsn, "-url", s.url, //nolint:gosec // itself
		"-workers", fmt.Sprint(s.workers), "-delay", s.delay.String(), "-records", fmt.Sprint(s.records))
	command.Stderr = os.Stderr
	return command
}

func (s *settings) contestant(ctx context.Context, role string) (f figures, err error) {
	text, err := s.child(ctx, role).Output()
	if err != nil {
		return f, fmt.Errorf("%s: %w", role, err)
	}
	return f, json.Unmarshal(text, &f)
}

// fill makes the source: 200 branches.
func (s *settings) fill(ctx context.Context) error {
	return s.exec(ctx,
		`DROP TABLE IF EXISTS stock, loop_sent, linkit_sent, linkit_rejected, linkit_inflight, linkit_shards`,
		`CREATE TABLE stock (branch text, product text, qty integer, price numeric(12, 2), cost numeric(12, 2),
			available boolean, PRIMARY KEY (branch, product))`,
		fmt.Sprintf(`INSERT INTO stock SELECT 'BR-' || i %% 200, 'ITEM-' || i / 200, i %% 50, 5 + i %% 1000 * 0.25,
			3 + i %% 1000 * 0.125, i %% 10 > 0 FROM generate_series(0, %d) i`, s.records-1),
		`CREATE TABLE loop_sent (sku text PRIMARY KEY, qty bigint, price double precision, cost double precision,
			available boolean)`,
		`VACUUM ANALYZE stock`, `CHECKPOINT`,
	)
}

func (s *settings) exec(ctx context.Context, statements ...string) (err error) {
	db, err := database.Open(ctx, s.dsn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, statement := range statements {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}
