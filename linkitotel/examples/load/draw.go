package main

import (
	"encoding/json"
	"fmt"
	"html"
	"math"
	"os"
	"regexp"
	"strings"
	"time"
)

// panel is one of the dashboard's, with the results of its queries.
type panel struct {
	Title   string   `json:"title"`
	Targets []target `json:"targets"`
	lines   []line
}

type target struct {
	Expr         string `json:"expr"`
	LegendFormat string `json:"legendFormat"`
}

type line struct {
	name   string
	points [][2]float64 // seconds since the start, and the value
}

// readDashboard reads the panels of the file in the module's folder.
func readDashboard() ([]panel, error) {
	text, err := os.ReadFile("dashboard.json")
	if err != nil {
		return nil, err
	}
	var dashboard struct {
		Panels []panel `json:"panels"`
	}
	err = json.Unmarshal(text, &dashboard)
	return dashboard.Panels, err
}

var label = regexp.MustCompile(`\{\{(\w+)\}\}`)

// legend returns the name of a series as the dashboard has it.
func legend(format string, labels map[string]string) string {
	name := label.ReplaceAllStringFunc(format, func(found string) string { return labels[strings.Trim(found, "{}")] })
	if name = strings.TrimSpace(name); name == "" {
		return "no error"
	}
	return name
}

// The measures of a panel in pixels.
const (
	width, height = 480, 250
	left, right   = 48, 24
	top, bottom   = 30, 74
)

var colours = []string{"#1f5fa8", "#d98e04", "#5b8c5a", "#b0413e", "#7a5ea8", "#4aa3a2", "#8c6d46", "#999999"}

// draw draws the panels, two in a row.
func draw(panels []panel, period time.Duration) string {
	var b strings.Builder
	rows := (len(panels) + 1) / 2
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" `, 2*width, rows*height)
	b.WriteString(`font-family="Arial,Helvetica,sans-serif" font-size="11">` + "\n")
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", 2*width, rows*height)
	for i, p := range panels {
		fmt.Fprintf(&b, `<g transform="translate(%d,%d)">`+"\n", i%2*width, i/2*height)
		p.draw(&b, period.Seconds())
		b.WriteString("</g>\n")
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func (p *panel) draw(b *strings.Builder, seconds float64) {
	most := 0.0
	for _, l := range p.lines {
		for _, point := range l.points {
			if !math.IsNaN(point[1]) {
				most = max(most, point[1])
			}
		}
	}
	most = roundUp(most)
	title := html.EscapeString(p.Title)
	fmt.Fprintf(b, `<text x="%d" y="18" font-size="13" font-weight="bold">%s</text>`+"\n", left, title)
	for i := range 5 {
		y := float64(height-bottom) - float64(i)/4*(height-bottom-top)
		fmt.Fprintf(b, `<path d="M%d,%.1fH%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%g</text>`+"\n",
			left, y, width-right, left-6, y+4, math.Round(most*float64(i)/4*1e6)/1e6)
		x := left + float64(i)/4*(width-right-left)
		fmt.Fprintf(b, `<text x="%.1f" y="%d" text-anchor="middle">%g s</text>`+"\n",
			x, height-bottom+16, seconds*float64(i)/4)
	}
	for i, l := range p.lines {
		colour := colours[i%len(colours)]
		fmt.Fprintf(b, `<path d="%s" fill="none" stroke="%s" stroke-width="1.5"/>`+"\n", l.path(seconds, most), colour)
		x, y := left+i%2*215, height-bottom+32+i/2*13
		fmt.Fprintf(b, `<rect x="%d" y="%d" width="9" height="9" fill="%s"/><text x="%d" y="%d">%s</text>`+"\n",
			x, y-8, colour, x+14, y, html.EscapeString(l.name))
	}
}

// path returns the line in a panel. It has a gap where a query returned nothing.
func (l *line) path(seconds, most float64) string {
	var b strings.Builder
	last := math.Inf(-1)
	for _, point := range l.points {
		if math.IsNaN(point[1]) || point[0] > seconds {
			continue
		}
		step := "L"
		if point[0] > last+1.5 {
			step = "M"
		}
		last = point[0]
		fmt.Fprintf(&b, "%s%.1f,%.1f", step, left+point[0]/seconds*(width-right-left),
			float64(height-bottom)-point[1]/most*(height-bottom-top))
	}
	return b.String()
}

// roundUp returns the next of 1, 2, 4, 8 and 10 times a power of ten.
func roundUp(most float64) float64 {
	if most <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(most)))
	for _, step := range []float64{1, 2, 4, 8} {
		if most <= step*power {
			return step * power
		}
	}
	return 10 * power
}
