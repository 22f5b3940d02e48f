package fetch

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// TestPace checks that only a slow network makes a connection slow, and that a slow disk does not.
func TestPace(t *testing.T) {
	const mib = 1 << 20
	type look struct{ ms, writing, mibs int } // all since the beginning
	for _, tt := range []struct {
		name  string
		looks []look
		want  []bool
	}{
		{"fast", []look{{300, 100, 300}, {600, 200, 600}}, []bool{false, false}},
		{"slow", []look{{200, 0, 1}, {260, 0, 1}}, []bool{false, true}},
		{"no byte", []look{{260, 0, 0}}, []bool{true}},
		{"slow disk", []look{{300, 290, 10}, {600, 580, 20}, {3000, 2900, 100}, {9000, 8700, 300}}, []bool{false, false, false, false}},
		{"disk that hangs", []look{{100, 0, 100}, {5000, 4900, 100}}, []bool{false, false}},
		{"slow network and disk", []look{{300, 200, 10}, {600, 340, 20}}, []bool{false, true}},
		{"slow later", []look{{300, 0, 300}, {500, 0, 310}, {600, 0, 320}}, []bool{false, false, true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			begin := time.Now()
			p := pace{at: begin}
			for i, l := range tt.looks {
				got := p.slow(int64(l.mibs)*mib, begin.Add(time.Duration(l.ms)*time.Millisecond), time.Duration(l.writing)*time.Millisecond)
				require.Equal(t, tt.want[i], got, "after %d ms", l.ms)
			}
		})
	}
}

// TestStopwatch checks that the present write counts, and the time between writes does not.
func TestStopwatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s stopwatch
		require.Zero(t, s.read())
		s.start()
		time.Sleep(3 * time.Second)
		require.Equal(t, 3*time.Second, s.read())
		s.stop()
		time.Sleep(10 * time.Second)
		require.Equal(t, 3*time.Second, s.read())
		s.start()
		time.Sleep(time.Second)
		s.stop()
		require.Equal(t, 4*time.Second, s.read())
	})
}
