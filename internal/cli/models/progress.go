package models

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"alpaca/internal/cli/ui"
	"alpaca/internal/store/fetch"
)

// progress shows the progress of a pull: on a terminal a status line, elsewhere a line for
// each tenth of a file, and in JSON an event every half second.
type progress struct {
	u    *ui.UI
	json bool

	mu      sync.Mutex
	file    string
	tenth   int64    // how many tenths of the file were done when a line was last shown
	samples []sample // samples of the last 5 s (window), the oldest first
	shown   time.Time
}

// sample is the number of bytes of a file that had arrived at a given time.
type sample struct {
	at   time.Time
	done int64
}

// window is the time over which the rate is measured.
const window = 5 * time.Second

// event is a line of JSON.
type event struct {
	Status    string `json:"status"` // always "downloading"
	File      string `json:"file,omitempty"`
	Completed int64  `json:"completed,omitempty"`
	Total     int64  `json:"total,omitempty"`
}

func (p *progress) note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.u.Notef("%s", ui.Printable(fmt.Sprintf(format, args...)))
}

func (p *progress) report(at fetch.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if at.Name != p.file {
		p.file, p.tenth, p.samples, p.shown = at.Name, 0, nil, time.Time{}
		if at.Total > 0 && at.Done < at.Total {
			p.tenth = 10 * at.Done / at.Total // tenths of the file that an earlier pull fetched are not shown
		}
	}
	p.samples = append(p.samples, sample{now, at.Done})
	for len(p.samples) > 2 && now.Sub(p.samples[0].at) > window {
		p.samples = p.samples[1:]
	}
	switch {
	case p.json:
		if now.Sub(p.shown) >= 500*time.Millisecond || at.Done == at.Total {
			p.shown = now
			p.u.WriteJSON(event{Status: "downloading", File: at.Name, Completed: at.Done, Total: max(0, at.Total)})
		}
	case p.u.ErrTTY:
		p.u.Statusf("%s", p.line(at))
	case at.Total > 0 && 10*at.Done/at.Total > p.tenth:
		p.tenth = 10 * at.Done / at.Total
		p.u.Notef("%s", p.line(at))
	}
}

// line returns the status of a file: the part that is done, the rate and the time left.
func (p *progress) line(at fetch.Progress) string {
	first, last := p.samples[0], p.samples[len(p.samples)-1]
	rate := int64(0)
	if d := last.at.Sub(first.at).Seconds(); d > 0 {
		rate = int64(float64(last.done-first.done) / d)
	}
	name := ui.Printable(at.Name)
	if at.Total < 0 {
		return fmt.Sprintf("%s: %s, %s/s", name, ui.ByteCount(at.Done), ui.ByteCount(rate))
	}
	left := ""
	if rate > 0 && at.Done < at.Total {
		left = fmt.Sprintf(", %v left", (time.Duration(float64(at.Total-at.Done) / float64(rate) * float64(time.Second))).Round(time.Second))
	}
	share := int64(100)
	if at.Total > 0 {
		share = 100 * at.Done / at.Total
	}
	bar := ""
	if p.u.ErrTTY {
		const cells = 20
		full := int(share) * cells / 100
		bar = " [" + strings.Repeat("=", full) + strings.Repeat(" ", cells-full) + "]"
	}
	return fmt.Sprintf("%s%s %d %% of %s, %s/s%s", name, bar, share, ui.ByteCount(at.Total), ui.ByteCount(rate), left)
}

// end removes the status line.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.u.ClearStatus()
}
