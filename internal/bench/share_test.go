package bench

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/machine"
	"alpaca/internal/quant"
)

// TestWriteShared checks that a reader of the report sees the machine, and what may have
// affected the figures.
func TestWriteShared(t *testing.T) {
	b := Board{
		Name: "Raspberry Pi 5", CPU: "Cortex-A76", System: "linux/arm64", Memory: 8 << 30, Throttled: "low voltage",
		Threads: machine.Threads{Logical: 4, Cores: 4}, Clocks: []Clock{{4, 2400, "ondemand"}},
	}
	r := &Result{
		Model: Model{Type: "llama 1B Q4_0", Size: 1 << 29, Params: 1e9, Read: 1 << 29}, Started: time.Date(2026, 3, 4, 5, 6, 0, 0, time.UTC),
		Test:    Test{Gen: 10, Parallel: 1, Batch: 512, Threads: 4, CacheK: quant.F16, CacheV: quant.F16},
		Samples: []time.Duration{time.Second, 2 * time.Second}, PeakMemory: 3 << 20, Sensors: Sensors{Celsius: 81.2, Throttled: true, Load: 0.5},
	}
	var out strings.Builder
	require.NoError(t, WriteShared(&out, b, "v1.2.3", []*Result{r}))
	for _, want := range []string{
		"| version | v1.2.3 |\n| date | 2026-03-04 05:06 UTC |\n| board | Raspberry Pi 5 |", "| threads | 4 by default (CPUs: 4 usable, 4 physical) |",
		"| clock | 4 cores up to 2400 MHz, governor ondemand |", "| memory | 8.00 GiB |", "| held back since the start by | low voltage |",
		"| llama 1B Q4_0", "| tg10, 4 threads | 10.00 5.00 | 3.00 MiB | 81 °C | unknown | yes | 0.5 |",
	} {
		require.Contains(t, out.String(), want)
	}
	out.Reset()
	require.NoError(t, WriteShared(&out, Board{System: "plan9"}, "v1", nil), "a report about an unknown machine must not fail")
	require.NotContains(t, out.String(), "| board |")
}
