package ui

import (
	"fmt"
	"time"
)

// status is a line on stderr that shows progress; each update overwrites it. It appears on
// a terminal only.
type status struct {
	shown bool
	last  time.Time
}

// statusInterval is the shortest time between two updates.
const statusInterval = 100 * time.Millisecond

// Statusf sets the text of the status line, cut to the terminal's width. It ignores updates
// that come within statusInterval of the last one.
func (u *UI) Statusf(format string, args ...any) {
	if !u.ErrTTY || time.Since(u.status.last) < statusInterval {
		return
	}
	u.status.last = time.Now()
	text := []rune("alpaca: " + fmt.Sprintf(format, args...))
	// The last column stays free: a full line would wrap on some terminals.
	if width := u.errWidth() - 1; len(text) > width {
		text = text[:max(0, width)]
	}
	fmt.Fprintf(u.Err, "\r%s\x1b[K", string(text))
	u.status.shown = true
}

// HoldStatus makes Statusf ignore updates for statusInterval, as after an update.
func (u *UI) HoldStatus() { u.status.last = time.Now() }

// ClearStatus removes the status line, to make room for text on stdout.
func (u *UI) ClearStatus() { u.status.clear(u) }

func (s *status) clear(u *UI) {
	if s.shown {
		fmt.Fprint(u.Err, "\r\x1b[K")
		s.shown = false
	}
}

// TensorProgress returns a function that shows the progress of work on tensors on the status
// line: the percentage of bytes that are done, the speed, the time left, and the next tensor.
func (u *UI) TensorProgress() func(tensor string, done, total int64) {
	start := time.Now()
	return func(tensor string, done, total int64) {
		elapsed := time.Since(start)
		rate := float64(done) / elapsed.Seconds()
		left := time.Duration(float64(total-done) / max(rate, 1) * float64(time.Second))
		u.Statusf("%d %% (%s/s, %v left) %s", 100*done/max(total, 1), ByteCount(int64(rate)), left.Round(time.Second), Printable(tensor))
	}
}
