package feed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

const (
	postTimeout = 20 * time.Second
	killDelay   = 5 * time.Second // between asking a command to end and ending it
)

// Exec returns a receiver that runs a command of the shell for up to 100 events at a time, one line
// of JSON each on its standard input. It accepts them all by ending with 0, and none otherwise.
// Output gets what the command prints.
func Exec(command string, output io.Writer) Receiver { return &execReceiver{command, output} }

type execReceiver struct {
	command string
	output  io.Writer
}

// HandOn implements [Receiver].
func (r *execReceiver) HandOn(ctx context.Context, events []Event, _ time.Time) (accepted int, err error) {
	var input bytes.Buffer
	for _, e := range events {
		line, err := e.line()
		if err != nil {
			return 0, err
		}
		input.Write(line)
		input.WriteByte('\n')
	}
	command := exec.CommandContext(ctx, "/bin/sh", "-c", r.command) //nolint:gosec // the command is the user's
	command.Stdin, command.Stdout, command.Stderr = &input, r.output, r.output
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = killDelay
	if err := command.Run(); err != nil {
		return 0, fmt.Errorf("-exec: %w", err)
	}
	return len(events), nil
}

// line returns an event as one line of JSON.
func (e Event) line() ([]byte, error) {
	line, err := json.Marshal(e) // compacts Order: no line ends in it
	if err != nil {
		return nil, fmt.Errorf("event %d: %w", e.ID, err)
	}
	return line, nil
}

// Post returns a receiver that posts each event as JSON to a URL, with its id in the header
// Idempotency-Key, and accepts it by a status of 200 to 299. Redirects aren't followed.
func Post(target string) (Receiver, error) {
	parsed, err := url.Parse(target)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return nil, errors.New("-post is not the URL of an HTTP endpoint") // it may hold a secret
	}
	return &postReceiver{url: target, host: parsed.Host, client: &http.Client{
		Timeout:       postTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

type postReceiver struct {
	url, host string
	client    *http.Client
}

// HandOn implements [Receiver].
func (r *postReceiver) HandOn(ctx context.Context, events []Event, until time.Time) (accepted int, err error) {
	for i, e := range events {
		if i > 0 && time.Now().After(until) { // a slow receiver is no failure
			return i, nil
		}
		if err := r.post(ctx, e); err != nil {
			return i, fmt.Errorf("event %d, to %s: %w", e.ID, r.host, err)
		}
	}
	return len(events), nil
}

func (r *postReceiver) post(ctx context.Context, e Event) error {
	body, err := e.line()
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(body))
	if err != nil {
		return errors.New("the request can't be made")
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", "order-event-"+strconv.FormatInt(e.ID, 10))
	response, err := r.client.Do(request)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // without the URL, which may hold a secret
		}
		return err
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // so that the connection is reused
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("%s", response.Status)
	}
	return nil
}
