package main

import (
	"fmt"
	"time"
)

// status is a line on stderr that is written over: how far the work has got.
// It shows on a terminal only.
type status struct {
	shown bool
	last  time.Time
}

// statusInterval is the shortest time between two updates.
const statusInterval = 100 * time.Millisecond

// statusf replaces the status line by another text, cut to the terminal's
// width. Updates that come too fast are left out.
func (u *ui) statusf(format string, args ...any) {
	if !u.errTTY || time.Since(u.status.last) < statusInterval {
		return
	}
	u.status.last = time.Now()
	text := []rune("alpaca: " + fmt.Sprintf(format, args...))
	// The last column stays free: a full line would wrap on some terminals.
	if width := u.errWidth() - 1; len(text) > width {
		text = text[:max(0, width)]
	}
	fmt.Fprintf(u.err, "\r%s\x1b[K", string(text))
	u.status.shown = true
}

// holdStatus leaves out updates for a moment, as if one had just been shown.
func (u *ui) holdStatus() { u.status.last = time.Now() }

// clearStatus removes the status line, so that stdout's text may follow.
func (u *ui) clearStatus() { u.status.clear(u) }

func (s *status) clear(u *ui) {
	if s.shown {
		fmt.Fprint(u.err, "\r\x1b[K")
		s.shown = false
	}
}

// tensorProgress returns what shows on the status line how many bytes of all tensors are
// done, and which is at hand.
func (u *ui) tensorProgress() func(tensor string, done, total int64) {
	start := time.Now()
	return func(tensor string, done, total int64) {
		elapsed := time.Since(start)
		rate := float64(done) / elapsed.Seconds()
		left := time.Duration(float64(total-done) / max(rate, 1) * float64(time.Second))
		u.statusf("%d %% (%s/s, %v left) %s", 100*done/max(total, 1), byteCount(int64(rate)), left.Round(time.Second), printable(tensor))
	}
}
