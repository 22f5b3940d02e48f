package diversity

import (
	"fmt"
	"html"
	"io"
	"math"
	"strings"

	"alpaca/internal/fmath"
)

// The numbers of verbs and objects in the figure, as in Self-Instruct's.
const (
	topVerbs   = 20
	topObjects = 4
)

// The width of the figure in pixels, and the radii of its rings. The inner ring is between the
// radii hole and middle, the outer ring between middle and edge.
const (
	figure       = 900.0
	hole, middle = 90.0, 240.0
	edge         = 430.0
)

// WriteSunburst draws an SVG: a ring of arcs for the 20 most frequent
// verbs, and around each verb the four objects that it has most often.
// The length of an arc is proportional to how often its word occurs.
func (t *Table) WriteSunburst(w io.Writer) error {
	shown := t.Verbs[:min(topVerbs, len(t.Verbs))]
	total := 0
	for _, v := range shown {
		total += v.N
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" font-family="sans-serif" role="img" aria-label="Verbs and objects of %d instructions">`+"\n", figure, figure, t.All)
	fmt.Fprintf(&b, "<rect width=\"%g\" height=\"%g\" fill=\"#fff\"/>\n", figure, figure)
	at := 0
	for i, v := range shown {
		hue := 360 * i / len(shown)
		arc(&b, sector{from: at, n: v.N, of: total, inner: hole, outer: middle, fill: fmt.Sprintf("hsl(%d,55%%,72%%)", hue), text: v.Word, size: 15})
		outer := at
		for _, o := range v.Objects[:min(topObjects, len(v.Objects))] {
			arc(&b, sector{from: outer, n: o.N, of: total, inner: middle, outer: edge, fill: fmt.Sprintf("hsl(%d,55%%,84%%)", hue), text: o.Word, size: 12})
			outer += o.N
		}
		at += v.N
	}
	fmt.Fprintf(&b, "<text x=\"%g\" y=\"%g\" text-anchor=\"middle\" font-size=\"18\">%d of %d</text>\n</svg>\n", figure/2, figure/2+6, total, t.All)
	_, err := io.WriteString(w, b.String())
	return err
}

// sector is a piece of a ring. In full turns, it begins at from/of, and is n/of long.
type sector struct {
	from, n, of  int
	inner, outer float64
	fill, text   string
	size         int
}

// arc draws a sector, and its text if there is room.
func arc(b *strings.Builder, s sector) {
	if s.n == 0 {
		return
	}
	turn := func(n int) float64 { return 2*math.Pi*float64(n)/float64(s.of) - math.Pi/2 }
	a0, a1 := turn(s.from), turn(s.from+s.n)
	if s.n == s.of {
		a1 -= 1e-3 // an arc from a point to itself would be empty
	}
	large := 0
	if s.n*2 > s.of {
		large = 1
	}
	at := func(angle, r float64) (x, y float64) {
		sin, cos := fmath.SinCos(angle)
		return figure/2 + float64(r*cos), figure/2 + float64(r*sin)
	}
	x0, y0 := at(a0, s.outer)
	x1, y1 := at(a1, s.outer)
	x2, y2 := at(a1, s.inner)
	x3, y3 := at(a0, s.inner)
	fmt.Fprintf(b, "<path d=\"M%.2f %.2fA%g %g 0 %d 1 %.2f %.2fL%.2f %.2fA%g %g 0 %d 0 %.2f %.2fZ\" fill=\"%s\" stroke=\"#fff\"><title>%s: %d</title></path>\n",
		x0, y0, s.outer, s.outer, large, x1, y1, x2, y2, s.inner, s.inner, large, x3, y3, s.fill, html.EscapeString(s.text), s.n)
	mid, r := (a0+a1)/2, (s.inner+s.outer)/2
	if (a1-a0)*r < float64(s.size) {
		return
	}
	x, y := at(mid, r)
	degrees := mid * 180 / math.Pi
	if mid > math.Pi/2 {
		degrees += 180 // so that the text is not upside down
	}
	fmt.Fprintf(b, "<text x=\"%.2f\" y=\"%.2f\" font-size=\"%d\" text-anchor=\"middle\" dominant-baseline=\"central\" transform=\"rotate(%.2f %.2f %.2f)\">%s</text>\n",
		x, y, s.size, degrees, x, y, html.EscapeString(s.text))
}
