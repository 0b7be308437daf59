package main

import (
	"bytes"
	"fmt"
	"image/color"
	"os"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// panel is one chart: groups of bars, one bar a client.
type panel struct {
	title  string
	groups []group
	value  func(*line) float64
}

// group is one piece of work.
type group struct {
	name string
	work string // how the table's begins
}

var panels = []panel{
	{
		"Time of one call beside hand-written: shorter is better",
		[]group{{"small GET", "One small GET, " + plainHTTP}, {"page of 100", "A page of 100 records, " + plainHTTP}},
		func(l *line) float64 { return l.ratio },
	},
	{
		"Garbage of one call, KiB: shorter is better",
		[]group{{"small GET", "One small GET, " + plainHTTP}, {"page of 100", "A page of 100 records, " + plainHTTP}},
		func(l *line) float64 { return l.garbage / 1024 },
	},
	{
		"64 goroutines over TLS, thousand calls a second: longer is better",
		[]group{{"small GETs", "64 goroutines, small GETs"}},
		func(l *line) float64 { return 1e6 / float64(l.median()) },
	},
	{
		"Whole lists and bulk writes, times as fast as one request after the other: longer is better",
		[]group{
			{"walk at 0 ms", "A walk of 3750 pages, 0s"},
			{"walk at 20 ms", "A walk of 3750 pages, 20ms"},
			{"walk at 50 ms", "A walk of 3750 pages, 50ms"},
			{"100,000 upserts", "100000 records"},
		},
		func(l *line) float64 { return 1 / l.ratio },
	},
}

var clients = []struct {
	name  string
	color color.Color
}{
	{handWritten, color.Gray{0x99}},
	{restyTwo, color.RGBA{0xd9, 0x8e, 0x04, 0xff}},
	{restyThree, color.RGBA{0xf2, 0xc1, 0x4e, 0xff}},
	{retryable, color.RGBA{0x6a, 0x8c, 0x69, 0xff}},
	{ownPool, color.RGBA{0xa9, 0xc2, 0xa8, 0xff}},
	{sdk, color.RGBA{0x1f, 0x5f, 0xa8, 0xff}},
	{readingAhead, color.RGBA{0x0b, 0x2f, 0x5c, 0xff}},
}

const barWidth = vg.Length(8)

// draw writes the picture of the table.
func (b *bench) draw(name string) error {
	plots := make([][]*plot.Plot, len(panels))
	for i, p := range panels {
		drawn, err := b.panel(p)
		if err != nil {
			return err
		}
		plots[i] = []*plot.Plot{drawn}
	}
	canvas := vgsvg.New(20*vg.Centimeter, 27*vg.Centimeter)
	paper := draw.New(canvas)
	paper.FillPolygon(color.White, []vg.Point{{}, {X: paper.Max.X}, paper.Max, {Y: paper.Max.Y}})
	tiles := draw.Tiles{
		Rows:      len(panels),
		Cols:      1,
		PadTop:    vg.Points(8),
		PadBottom: vg.Points(4),
		PadLeft:   vg.Points(4),
		PadRight:  vg.Points(14),
		PadY:      vg.Points(12),
	}
	for i, row := range plot.Align(plots, tiles, paper) {
		plots[i][0].Draw(row[0])
	}
	var svg bytes.Buffer
	if _, err := canvas.WriteTo(&svg); err != nil {
		return err
	}
	// Few machines have the font that the labels were measured in; Arial and Helvetica are as wide.
	text := strings.ReplaceAll(
		svg.String(),
		"font-family:Liberation Sans",
		"font-family:Liberation Sans,Arial,Helvetica,Arimo,sans-serif",
	)
	return os.WriteFile(name, []byte(text), 0o644) //nolint:gosec // documentation
}

// panel draws bars side by side, each with its figure.
func (b *bench) panel(p panel) (*plot.Plot, error) {
	drawn := plot.New()
	sans := font.Font{Typeface: "Liberation", Variant: "Sans"}
	for _, style := range []*font.Font{&drawn.Title.TextStyle.Font, &drawn.X.Tick.Label.Font, &drawn.Y.Tick.Label.Font} {
		style.Typeface, style.Variant, style.Size = sans.Typeface, sans.Variant, vg.Points(8)
	}
	drawn.Title.Text = p.title
	drawn.Title.TextStyle.Font.Size = vg.Points(10)
	drawn.Title.Padding = vg.Points(4)
	drawn.X.Min = 0
	drawn.Y.Tick.Length = 0
	var ticks []plot.Tick
	var labels plotter.XYLabels
	at, most := 0.0, 0.0
	for _, g := range slices.Backward(p.groups) {
		lines := b.about(g)
		for _, c := range slices.Backward(clients) {
			i := slices.IndexFunc(lines, func(l line) bool { return l.who == c.name })
			if i < 0 {
				continue
			}
			value := p.value(&lines[i])
			bar, err := plotter.NewBarChart(plotter.Values{value}, barWidth)
			if err != nil {
				return nil, err
			}
			bar.Horizontal, bar.XMin, bar.Color, bar.LineStyle.Width = true, at, c.color, 0
			drawn.Add(bar)
			labels.XYs = append(labels.XYs, plotter.XY{X: value, Y: at})
			labels.Labels = append(labels.Labels, fmt.Sprintf("%.3g", value))
			ticks = append(ticks, plot.Tick{Value: at, Label: g.name + ", " + c.name})
			at, most = at+1, max(most, value)
		}
		at += 0.6
	}
	figures, err := plotter.NewLabels(labels)
	if err != nil {
		return nil, err
	}
	for i := range figures.TextStyle {
		font := &figures.TextStyle[i].Font
		font.Typeface, font.Variant, font.Size = sans.Typeface, sans.Variant, vg.Points(8)
		figures.TextStyle[i].YAlign = draw.YCenter
	}
	figures.Offset = vg.Point{X: vg.Points(3)}
	drawn.Add(figures)
	drawn.Y.Tick.Marker = plot.ConstantTicks(ticks)
	drawn.Y.Min, drawn.Y.Max = -0.8, at-0.4
	drawn.X.Max = most * 1.08
	return drawn, nil
}
