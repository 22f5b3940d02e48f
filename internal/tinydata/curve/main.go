// Curve reads the logs of consecutive training runs, and writes a table and a drawing of
// the loss:
//
//	go run ./internal/tinydata/curve -svg docs/builtin-model.svg model-1.run/train/train.jsonl
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"

	"alpaca/internal/atomicfile"
	"alpaca/internal/report"
)

func main() {
	svg := flag.String("svg", "", "`file` to draw into")
	rows := flag.Int("rows", 12, "number of `rows` in the table")
	flag.Parse()
	if err := run(os.Stdout, flag.Args(), *svg, *rows); err != nil {
		fmt.Fprintln(os.Stderr, "curve:", err)
		os.Exit(1)
	}
}

// entry is a line of a log: an update of the weights, or an evaluation after an update.
type entry struct {
	Step   int      `json:"step"`
	Tokens int64    `json:"tokens"`
	Loss   *float64 `json:"loss"`
	LR     float64  `json:"lr"`
	Eval   *float64 `json:"eval_loss"`
}

// point is an update. tokens is the number of tokens trained on up to this update, in all runs.
type point struct {
	tokens       float64
	loss, smooth float64
	rate         float64
}

// curve has the data of the logs.
type curve struct {
	updates []point
	evals   []report.Point // X is the number of tokens, Y is the loss
}

func run(w io.Writer, paths []string, svg string, rows int) error {
	if len(paths) == 0 {
		return fmt.Errorf("usage: curve [-svg FILE] TRAIN.jsonl …")
	}
	var c curve
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		err = c.read(f)
		f.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	if len(c.updates) == 0 {
		return fmt.Errorf("%s: the log has no update", paths[0])
	}
	if svg != "" {
		if err := c.draw(svg); err != nil {
			return err
		}
	}
	return c.table(w, rows)
}

// read appends the updates and evaluations of a log. Each log counts
// its tokens from 0, so read adds the tokens of the logs before it.
func (c *curve) read(r io.Reader) error {
	base := 0.0
	if n := len(c.updates); n > 0 {
		base = c.updates[n-1].tokens
	}
	at := map[int]float64{0: base} // number of tokens by update
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<24)
	for n := 1; lines.Scan(); n++ {
		var e entry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		switch {
		case e.Loss != nil:
			at[e.Step] = base + float64(e.Tokens)
			p := point{tokens: at[e.Step], loss: *e.Loss, smooth: *e.Loss, rate: e.LR}
			if k := len(c.updates); k > 0 {
				p.smooth = c.updates[k-1].smooth + (p.loss-c.updates[k-1].smooth)/100
			}
			c.updates = append(c.updates, p)
		case e.Eval != nil:
			c.evals = append(c.evals, report.Point{X: at[e.Step], Y: *e.Eval})
		}
	}
	return lines.Err()
}

const million = 1e6

// table writes the losses at some updates, including the last.
func (c *curve) table(w io.Writer, rows int) error {
	var cells [][]string
	n := len(c.updates)
	for i := range min(rows, n) {
		p := c.updates[(i+1)*n/min(rows, n)-1]
		held := "–"
		for _, e := range c.evals {
			if e.X <= p.tokens && e.X > 0 {
				held = fmt.Sprintf("%.3f", e.Y)
			}
		}
		cells = append(cells, []string{fmt.Sprintf("%.2f M", p.tokens/million), fmt.Sprintf("%.3f", p.smooth), held, fmt.Sprintf("%.2g", p.rate)})
	}
	return report.WriteTable(w, []string{"tokens", "loss", "held out", "rate"}, cells)
}

// draw writes the drawing to path.
func (c *curve) draw(path string) error {
	smooth, held, rate := report.Series{Name: "learned from"}, report.Series{Name: "held out", Marks: report.Points}, report.Series{Name: "rate"}
	step := max(1, len(c.updates)/1000) // about 1000 points suffice
	for i := 0; i < len(c.updates); i += step {
		p := c.updates[i]
		smooth.Points = append(smooth.Points, report.Point{X: p.tokens / million, Y: p.smooth})
		rate.Points = append(rate.Points, report.Point{X: p.tokens / million, Y: p.rate})
	}
	for _, e := range c.evals {
		held.Points = append(held.Points, report.Point{X: e.X / million, Y: e.Y})
	}
	series := []report.Series{smooth}
	if len(held.Points) > 0 {
		series = append(series, held)
	}
	form, err := report.PlotForm(path)
	if err != nil {
		return err
	}
	f, err := atomicfile.Create(path, 0o666)
	if err != nil {
		return err
	}
	defer f.Abort()
	if err := report.WritePlots(f, form, report.Plot{Title: "the built-in model", X: "million tokens", Y: "loss of a token, in nats", Series: series},
		report.Plot{Title: "learning rate", X: "million tokens", Series: []report.Series{rate}}); err != nil {
		return err
	}
	return f.Commit()
}
