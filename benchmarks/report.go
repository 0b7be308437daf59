package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// claim is something that must hold.
type claim struct {
	what      string
	got, want float64
	atMost    bool // or at least
	exact     bool // a count: no margin
	unit      string
}

const margin = 0.1 // by which a time or a size may miss before -check fails

func (b *bench) atMost(what string, got, want float64, unit string) {
	b.claims = append(b.claims, claim{what: what, got: got, want: want, atMost: true, unit: unit})
}

func (b *bench) atLeast(what string, got, want float64) {
	b.claims = append(b.claims, claim{what: what, got: got, want: want})
}

// exactly is atMost for what doesn't vary with the machine.
func (b *bench) exactly(what string, got, want float64) {
	b.claims = append(b.claims, claim{what: what, got: got, want: want, atMost: true, exact: true})
}

func (c *claim) holds(margin float64) bool {
	if c.exact {
		margin = 0
	}
	if c.atMost {
		return c.got <= c.want*(1+margin)
	}
	return c.got >= c.want*(1-margin)
}

func (c *claim) text(figure float64) string { return strings.TrimSpace(number(figure) + " " + c.unit) }

// missed returns the claims that don't hold by any reckoning.
func (b *bench) missed() []string {
	var missed []string
	for _, c := range b.claims {
		if !c.holds(margin) {
			missed = append(missed, fmt.Sprintf("%s: %s", c.what, c.text(c.got)))
		}
	}
	return missed
}

// markdown is the machine, the table, and what must hold.
func (b *bench) markdown() string {
	var t strings.Builder
	fmt.Fprintf(
		&t,
		"%s, %d cores, %s, %s/%s. %s.\n\n",
		processor(),
		runtime.NumCPU(),
		runtime.Version(),
		runtime.GOOS,
		runtime.GOARCH,
		versions(),
	)
	t.WriteString("| Work | Client | Median | Least – most | Beside the first | Allocations | Garbage | Peak heap |\n")
	t.WriteString("|---|---|--:|--:|--:|--:|--:|--:|\n")
	work := ""
	for i := range b.lines {
		l := &b.lines[i]
		name, beside := l.work, "1"
		if name == work {
			name, beside = "", comparison(l.ratio)
		}
		work = l.work
		fmt.Fprintf(
			&t,
			"| %s | %s | %s a %s | %s – %s | %s | %s | %s | %s |\n",
			name,
			l.who+l.note,
			brief(l.median()),
			l.unit,
			brief(
				slices.Min(l.took),
			),
			brief(slices.Max(l.took)),
			beside,
			shown(l.allocs, "%.0f"),
			shown(l.garbage/1024, "%.1f KiB"),
			shown(float64(l.peak())/(1<<20), "%.1f MiB"),
		)
	}
	if len(b.claims) > 0 {
		t.WriteString("\n| What must hold | Wanted | Measured | |\n|---|--:|--:|---|\n")
	}
	for _, c := range b.claims {
		bound, verdict := "at least", "holds"
		if c.atMost {
			bound = "at most"
		}
		if !c.holds(0) {
			verdict = "**missed**"
		}
		fmt.Fprintf(&t, "| %s | %s %s | %s | %s |\n", c.what, bound, c.text(c.want), c.text(c.got), verdict)
	}
	if faster := b.faster(); len(faster) > 0 {
		t.WriteString(
			"\nWhere others are faster than this SDK, by more than a hundredth:\n\n* " + strings.Join(faster, "\n* ") + "\n",
		)
	}
	return t.String()
}

// faster names who beats the SDK, work by work.
func (b *bench) faster() []string {
	var found []string
	for rest := b.lines; len(rest) > 0; {
		n := slices.IndexFunc(rest, func(l line) bool { return l.work != rest[0].work })
		if n < 0 {
			n = len(rest)
		}
		own := 0.0
		for _, l := range rest[:n] {
			if strings.HasPrefix(l.who, sdk) && (own == 0 || l.ratio < own) {
				own = l.ratio
			}
		}
		var names []string
		for _, l := range rest[:n] {
			if !strings.HasPrefix(l.who, sdk) && l.ratio < 0.99*own {
				names = append(names, fmt.Sprintf("%s (%.2f of our time)", l.who, l.ratio/own))
			}
		}
		if len(names) > 0 {
			found = append(found, rest[0].work+": "+strings.Join(names, ", "))
		}
		rest = rest[n:]
	}
	return found
}

// comparison says a ratio of times in words.
func comparison(ratio float64) string {
	if ratio < 0.8 {
		return fmt.Sprintf("%.1f times as fast", 1/ratio)
	}
	return fmt.Sprintf("%.2f of the time", ratio)
}

func shown(v float64, format string) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf(format, v)
}

func number(v float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", v), "0"), ".")
}

// brief is a time in three digits.
func brief(d time.Duration) string {
	unit, name := time.Microsecond, "µs"
	switch {
	case d >= time.Second:
		unit, name = time.Second, "s"
	case d >= time.Millisecond:
		unit, name = time.Millisecond, "ms"
	}
	v := float64(d) / float64(unit)
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f %s", v, name)
	case v >= 10:
		return fmt.Sprintf("%.1f %s", v, name)
	}
	return fmt.Sprintf("%.2f %s", v, name)
}

func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "an unnamed processor"
	}
	for line := range strings.Lines(string(info)) {
		if name, found := strings.CutPrefix(line, "model name"); found {
			return strings.Trim(name, "\t :\n")
		}
	}
	return "an unnamed processor"
}

// versions names what was measured.
func versions() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "Versions unknown"
	}
	var named []string
	for _, m := range info.Deps {
		switch m.Path {
		case "github.com/go-resty/resty/v2", "resty.dev/v3", "github.com/hashicorp/go-retryablehttp":
			named = append(named, m.Path+" "+m.Version)
		}
	}
	return strings.Join(named, ", ")
}

// highlights are what the README shows.
var highlights = []group{
	{"One small GET", "One small GET, " + plainHTTP},
	{"A page of 100 records", "A page of 100 records, " + plainHTTP},
	{"Small GETs from 64 goroutines, over TLS", "64 goroutines, small GETs"},
	{"A list of 3,750 pages, 50 ms each", "A walk of 3750 pages, 50ms"},
	{"100,000 upserts, 50 ms a request", "100000 records"},
}

// about returns the lines of a group's work.
func (b *bench) about(g group) []line {
	first := slices.IndexFunc(b.lines, func(l line) bool { return strings.HasPrefix(l.work, g.work) })
	if first < 0 {
		return nil
	}
	n := slices.IndexFunc(b.lines[first:], func(l line) bool { return l.work != b.lines[first].work })
	if n < 0 {
		return b.lines[first:]
	}
	return b.lines[first : first+n]
}

// summary is what the README shows: two lines.
func (b *bench) summary() string {
	ratio := make([]float64, len(highlights))
	for i, h := range highlights {
		for _, l := range b.about(h) {
			if l.who == sdk || l.who == readingAhead {
				ratio[i] = l.ratio
			}
		}
	}
	return fmt.Sprintf(
		"Beside a hand-written `net/http` client, a call takes %.2f of the time, a page of 100 records %.2f, "+
			"small calls from 64 goroutines over\nTLS %.2f; at 50 ms a request, a list of 3,750 pages takes %.2f of the time, "+
			"and 100,000 upserts %.2f.\n",
		ratio[0],
		ratio[1],
		ratio[2],
		ratio[3],
		ratio[4],
	)
}

const (
	begin = "<!-- measured -->\n"
	end   = "<!-- end of measured -->\n"
)

// publish fills in the tables of performance.md and of the README, and draws performance.svg.
func (b *bench) publish(folder, table string) error {
	for file, text := range map[string]string{"performance.md": table, "../README.md": b.summary()} {
		if err := fill(filepath.Join(folder, file), text); err != nil {
			return err
		}
	}
	return b.draw(filepath.Join(folder, "performance.svg"))
}

// fill puts a text between a page's marks.
func fill(name, text string) error {
	page, err := os.ReadFile(name) //nolint:gosec // the folder that was asked for
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(page), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return fmt.Errorf("%s has no place for the table: it stands between two comments", name)
	}
	return os.WriteFile(name, []byte(before+begin+"\n"+text+"\n"+end+after), 0o644) //nolint:gosec // documentation
}
