package stock_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/linkit-go/linkit/examples/jobs/internal/database"
	"github.com/linkit-go/linkit/examples/jobs/internal/stock"
)

// work is the program of a worker. It ends at SIGTERM, after the requests in flight.
func work(text string) int {
	var w worker
	err := json.Unmarshal([]byte(text), &w)
	if err == nil {
		err = w.run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		return 1
	}
	return 0
}

func (w *worker) run() (err error) {
	begin, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	state, err := stock.OpenState(begin, w.DSN)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, state.Close()) }()
	db, err := database.OpenReadOnly(begin, w.DSN)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	source, err := stock.OpenSource(begin, db, stock.DefaultQuery)
	if err != nil {
		return err
	}
	c, err := client(w.URL)
	if err != nil {
		return err
	}
	engine, err := stock.New(begin, source, state, stock.Options{
		SKUs: c.SKUs, Shards: w.Shards, Workers: w.Workers, BatchSize: w.Batch, Timeout: w.Timeout, Grace: w.Grace,
	})
	if err != nil {
		return err
	}
	return engine.Run(begin, context.Background(), w.Every, func(_ stock.Summary, err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, "pass:", err)
		}
	})
}

// process is a worker in a process of its own.
type process struct {
	t       *testing.T
	command *exec.Cmd
	output  output
}

// output is what a process has printed.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(text)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func (w *worker) start(t *testing.T) *process {
	t.Helper()
	text, err := json.Marshal(w)
	require.NoError(t, err)
	p := &process{t: t, command: exec.CommandContext(context.Background(), os.Args[0])} // it ends below
	p.command.Env = append(os.Environ(), workerVariable+"="+string(text))
	p.command.Stdout, p.command.Stderr = &p.output, &p.output
	require.NoError(t, p.command.Start())
	t.Cleanup(p.kill)
	return p
}

// kill ends the process as a crash would.
func (p *process) kill() {
	if p.command.ProcessState == nil {
		_ = p.command.Process.Kill()
		_ = p.command.Wait()
	}
}

// terminate ends the process as the system does.
func (p *process) terminate() {
	p.t.Helper()
	require.NoError(p.t, p.command.Process.Signal(syscall.SIGTERM))
	require.NoError(p.t, p.command.Wait(), "%s", p.output.String())
}
