package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// scraper is a Prometheus of this program's own.
type scraper struct {
	url     string
	folder  string
	process *exec.Cmd
}

const scrapeConfig = `global: {scrape_interval: 1s}
scrape_configs: [{job_name: load, static_configs: [{targets: [%q]}]}]
`

// startPrometheus starts Prometheus on a free loopback port, and returns once it is ready.
func startPrometheus(ctx context.Context, program, target string, native bool) (*scraper, error) {
	folder, err := os.MkdirTemp("", "load")
	if err != nil {
		return nil, err
	}
	config := filepath.Join(folder, "prometheus.yml")
	if err := os.WriteFile(config, fmt.Appendf(nil, scrapeConfig, target), 0o600); err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return nil, err
	}
	arguments := []string{
		"--config.file=" + config, "--storage.tsdb.path=" + filepath.Join(folder, "data"),
		"--web.listen-address=" + addr, "--log.level=error",
	}
	if native {
		arguments = append(arguments, "--enable-feature=native-histograms")
	}
	s := &scraper{url: "http://" + addr, folder: folder}
	s.process = exec.CommandContext(ctx, program, arguments...) //nolint:gosec // the user's own program
	s.process.Stderr = os.Stderr
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	if err := s.ready(ctx); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// ready waits until Prometheus responds.
func (s *scraper) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		if s.get(ctx, "/-/ready", nil, nil) == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.New("prometheus isn't ready after 30 s")
		case <-ticker.C:
		}
	}
}

func (s *scraper) stop() {
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
	_ = os.RemoveAll(s.folder)
}

// get decodes the response into out, unless that is nil.
func (s *scraper) get(ctx context.Context, path string, query url.Values, out any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path+"?"+query.Encode(), http.NoBody)
	if err != nil {
		return err
	}
	response, err := new(http.Client).Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("prometheus: %s: %s", path, response.Status)
	}
	if out == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(out)
}

// result is one series that a query returns.
type result struct {
	Metric map[string]string
	Value  sample   // of a query
	Values []sample // of a query over time
}

// sample is a time in seconds and a value.
type sample [2]any

func (s sample) at() float64 {
	at, _ := s[0].(float64)
	return at
}

func (s sample) value() float64 {
	text, _ := s[1].(string)
	value, _ := strconv.ParseFloat(text, 64)
	return value
}

func (s *scraper) query(ctx context.Context, path string, parameters url.Values) ([]result, error) {
	var response struct{ Data struct{ Result []result } }
	err := s.get(ctx, path, parameters, &response)
	return response.Data.Result, err
}

// report prints how many series there are, and draws the dashboard's panels if svg names a file.
func (s *scraper) report(ctx context.Context, began time.Time, period time.Duration, svg string) error {
	const all = `__name__=~"(http_client|linkit_client)_.+"`
	for _, count := range []struct{ what, query string }{
		{"series", `count({` + all + `})`},
		{"series, each histogram counted as one", `count({` + all + `, __name__!~".+_(bucket|sum)"})`},
	} {
		found, err := s.query(ctx, "/api/v1/query", url.Values{"query": {count.query}})
		if err != nil {
			return err
		}
		for _, each := range found {
			fmt.Printf("%v %s\n", each.Value.value(), count.what)
		}
	}
	if svg == "" {
		return nil
	}
	panels, err := readDashboard()
	if err != nil {
		return err
	}
	for i := range panels {
		if err := s.fill(ctx, &panels[i], began, period); err != nil {
			return err
		}
	}
	return os.WriteFile(svg, []byte(draw(panels, period)), 0o644) //nolint:gosec // documentation
}

// fill runs the queries of a panel.
func (s *scraper) fill(ctx context.Context, p *panel, began time.Time, period time.Duration) error {
	replaced := strings.NewReplacer("$server", ".*", "$__rate_interval", "5s")
	for _, target := range p.Targets {
		found, err := s.query(ctx, "/api/v1/query_range", url.Values{
			"query": {replaced.Replace(target.Expr)},
			"start": {fmt.Sprint(began.Unix())},
			"end":   {fmt.Sprint(began.Add(period).Unix())},
			"step":  {"1"},
		})
		if err != nil {
			return err
		}
		for _, each := range found {
			l := line{name: legend(target.LegendFormat, each.Metric)}
			for _, v := range each.Values {
				l.points = append(l.points, [2]float64{v.at() - float64(began.Unix()), v.value()})
			}
			p.lines = append(p.lines, l)
		}
	}
	return nil
}
