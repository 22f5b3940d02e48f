package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/png"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBytes(t *testing.T) {
	tests := []struct {
		n      int64
		digits int
		want   string
	}{
		{0, 1, "0 B"}, {1023, 2, "1023 B"}, {1024, 1, "1.0 KiB"}, {1536, 0, "2 KiB"}, {1<<20 - 1, 1, "1.0 MiB"}, {1<<20 - 1, 2, "1.00 MiB"},
		{5 << 20, 2, "5.00 MiB"}, {1047527424, 0, "999 MiB"}, {1<<30 - 1<<19, 0, "1 GiB"}, {1<<30 - 1<<19, 1, "1023.5 MiB"},
		{4212727017, 1, "3.9 GiB"}, {4212727017, 2, "3.92 GiB"}, {1<<63 - 1, 1, "8.0 EiB"},
	}
	for _, tt := range tests {
		require.Equal(t, tt.want, Bytes(tt.n, tt.digits))
	}
}

func TestNumber(t *testing.T) {
	got, err := json.Marshal([]Number{1.5, 0, Number(math.Inf(1)), Number(math.Inf(-1)), Number(math.NaN()), 1e300})
	require.NoError(t, err)
	require.Equal(t, "[1.5,0,null,null,null,1e+300]", string(got))
}

func ExampleWriteTable() {
	WriteTable(os.Stdout, []string{"model", "size", "Δp %"}, [][]string{{"tiny", "606.53 MiB", "0.01"}, {"a|b", "", "12"}})
	// Output:
	// | model |       size | Δp % |
	// |:------|-----------:|-----:|
	// | tiny  | 606.53 MiB | 0.01 |
	// | a\|b  |            |   12 |
}

// TestWriteTableFails checks that an error of the writer is returned.
func TestWriteTableFails(t *testing.T) {
	require.ErrorIs(t, WriteTable(failing{}, []string{"a"}, nil), os.ErrClosed)
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestPlotForm(t *testing.T) {
	for path, want := range map[string]string{"a/b.SVG": "svg", "x.y.png": "png"} {
		form, err := PlotForm(path)
		require.NoError(t, err)
		require.Equal(t, want, form)
	}
	for _, path := range []string{"plot.pdf", "svg", ""} {
		_, err := PlotForm(path)
		require.EqualError(t, err, fmt.Sprintf("plot %q: the name must end in .svg or .png", path))
	}
}

// TestWritePlots draws dots and lines, including a single point and equal points.
func TestWritePlots(t *testing.T) {
	for _, points := range [][]Point{{{1, 1}}, {{1, 1}, {1, 1}}, {{1e-7, 1}, {2, 0.5}, {30, 1e-3}}} {
		for _, dots := range []bool{false, true} {
			for _, logs := range []bool{false, true} {
				p := Plot{Title: "the title", X: "the x", Y: "the y", LogX: logs, LogY: logs, Dots: dots, Series: []Series{{Name: "a name", Points: points}}}
				var b bytes.Buffer
				require.NoError(t, WritePlots(&b, "svg", p))
				for _, want := range []string{"the title", "the x", "the y", "a name"} {
					require.Contains(t, b.String(), want)
				}
				b.Reset()
				require.NoError(t, WritePlots(&b, "svg", p, p, p))
				require.Equal(t, 3, strings.Count(b.String(), "the title"))
			}
		}
	}
	var b bytes.Buffer
	require.NoError(t, WritePlots(&b, "png", Plot{Series: []Series{{Name: "one", Points: []Point{{1, 2}}}}}))
	img, err := png.Decode(&b)
	require.NoError(t, err)
	require.Greater(t, img.Bounds().Dx(), 400)
	require.EqualError(t, WritePlots(&b, "gif"), `plot: no form "gif"`)
}

func TestPowersOfTen(t *testing.T) {
	labels := []string{}
	for _, tick := range powersOfTen(0.5e-6, 30) {
		require.GreaterOrEqual(t, tick.Value, 0.5e-6)
		require.LessOrEqual(t, tick.Value, 30.0)
		if tick.Label != "" {
			labels = append(labels, tick.Label)
		}
	}
	require.Equal(t, []string{"1e-06", "1e-05", "0.0001", "0.001", "0.01", "0.1", "1", "10"}, labels)
}
