package abtest

import (
	"fmt"
	"html"
	"io"
	"slices"
	"strings"
)

// WritePlot draws a report as an SVG. Each group has a bar of wins and ties. Below the bar is the
// win rate of model X, with its interval. The groups of votes on judges' own prompts come last.
func (r *Report) WritePlot(w io.Writer) error {
	const (
		width, left, bar = 760.0, 30.0, 700.0
		height           = 110
	)
	var b strings.Builder
	groups := slices.Concat(r.Groups, r.OwnGroups)
	total := 60 + height*max(1, len(groups))
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %d" font-family="sans-serif" font-size="14">`+"\n", width, total)
	fmt.Fprintf(&b, "<rect width=\"%g\" height=\"%d\" fill=\"#fff\"/>\n", width, total)
	fmt.Fprintf(&b, "<text x=\"%g\" y=\"28\" font-size=\"17\">%s (blue) against %s (orange)</text>\n", left, html.EscapeString(r.Models[X].Name), html.EscapeString(r.Models[Y].Name))
	for i := range groups {
		g, about := &groups[i], ""
		if i >= len(r.Groups) {
			about = ", own prompts"
		}
		top := 55 + float64(height*i)
		fmt.Fprintf(&b, "<text x=\"%g\" y=\"%g\">%s%s: %d votes</text>\n", left, top, html.EscapeString(g.Name), about, g.Votes())
		at := left
		for _, part := range []struct {
			n     int
			color string
		}{{g.Wins[X], "#1a5fb4"}, {g.Ties + g.Bad, "#a9a9a4"}, {g.Wins[Y], "#b4511a"}} {
			long := bar * float64(part.n) / float64(max(1, g.Votes()))
			fmt.Fprintf(&b, "<rect x=\"%.2f\" y=\"%g\" width=\"%.2f\" height=\"26\" fill=\"%s\"/>\n", at, top+8, long, part.color)
			if long > 24 {
				fmt.Fprintf(&b, "<text x=\"%.2f\" y=\"%g\" text-anchor=\"middle\" fill=\"#fff\">%d</text>\n", at+long/2, top+26, part.n)
			}
			at += long
		}
		place := func(rate float64) float64 { return left + float64(bar*rate) }
		fmt.Fprintf(&b, "<path d=\"M%.2f %gH%.2f\" stroke=\"#1b1b1a\" stroke-width=\"3\"/><circle cx=\"%.2f\" cy=\"%g\" r=\"5\"/>\n", place(g.Interval.Low), top+48, place(g.Interval.High), place(g.Rate), top+48)
		fmt.Fprintf(&b, "<path d=\"M%.2f %gV%g\" stroke=\"#5c5c58\" stroke-dasharray=\"4 3\"/>\n", place(0.5), top+4, top+60)
		fmt.Fprintf(&b, "<text x=\"%g\" y=\"%g\" text-anchor=\"end\" fill=\"#5c5c58\">%.1f %% (95 %%: %.1f–%.1f %%)</text>\n", left+bar, top+68, 100*g.Rate, 100*g.Interval.Low, 100*g.Interval.High)
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}
