package program

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Output is where a job reports: text and a progress bar on a terminal, JSON lines otherwise.
type Output struct {
	Log      *slog.Logger
	Terminal bool
	w        io.Writer
	mu       sync.Mutex
	bar      *progressbar.ProgressBar
}

// NewOutput returns an Output to a file, usually os.Stdout.
func NewOutput(file *os.File) *Output {
	return newOutput(file, term.IsTerminal(int(file.Fd())))
}

func newOutput(w io.Writer, terminal bool) *Output {
	o := &Output{w: w, Terminal: terminal}
	if terminal {
		o.Log = slog.New(slog.NewTextHandler(o, &slog.HandlerOptions{ReplaceAttr: brief}))
	} else {
		o.Log = slog.New(slog.NewJSONHandler(o, nil))
	}
	return o
}

// brief leaves out what a person at a terminal knows.
func brief(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey && a.Value.Any() == slog.LevelInfo) {
		return slog.Attr{}
	}
	return a
}

// Write writes lines above the bar, if there is one.
func (o *Output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.bar == nil {
		return o.w.Write(text)
	}
	_ = o.bar.Clear()
	n, err := o.w.Write(text)
	_ = o.bar.RenderBlank()
	return n, err
}

// Printf writes a line of text.
func (o *Output) Printf(format string, args ...any) { _, _ = fmt.Fprintf(o, format+"\n", args...) }

// Say reports a sentence: as it is on a terminal, as a JSON line otherwise.
func (o *Output) Say(sentence string) {
	if o.Terminal {
		o.Printf("%s", sentence)
		return
	}
	o.Log.Info(sentence)
}

// StartBar shows a bar of total records on a terminal.
func (o *Output) StartBar(total int, description string) {
	if !o.Terminal {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.bar = progressbar.NewOptions(total,
		progressbar.OptionSetWriter(o.w), progressbar.OptionSetDescription(description),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("records"),
		progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(30),
	)
}

// Advance moves the bar by n records; a description that isn't empty replaces the bar's.
func (o *Output) Advance(n int, description string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.bar == nil {
		return
	}
	if description != "" {
		o.bar.Describe(description)
	}
	_ = o.bar.Add(n)
}

// EndBar removes the bar.
func (o *Output) EndBar() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.bar != nil {
		_ = o.bar.Clear()
		o.bar = nil
	}
}
