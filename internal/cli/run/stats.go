package run

import (
	"fmt"
	"time"

	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/engine"
	"alpaca/internal/machine"
)

// stats has the times, tokens and memory of a run.
type stats struct {
	load   time.Duration
	result engine.Result
	seed   uint32
	random bool // the result depends on the seed
	memory machine.Memory
}

// newStats collects the statistics of a run whose result is r.
func newStats(e *load.Instance, r engine.Result) stats {
	return stats{load: e.LoadTime, result: r, seed: e.Sampler.Seed(), random: e.Random, memory: machine.ReadMemory()}
}

// timings are the times of stats in JSON, in milliseconds, and the speeds in tokens a second.
type timings struct {
	LoadMS              float64 `json:"load_ms"`
	PromptMS            float64 `json:"prompt_ms"`
	PromptPerSecond     float64 `json:"prompt_per_second"`
	GenerationMS        float64 `json:"generation_ms"`
	GenerationPerSecond float64 `json:"generation_per_second"`
	DraftN              int     `json:"draft_n,omitempty"`          // drafted tokens
	DraftAccepted       int     `json:"draft_n_accepted,omitempty"` // drafted tokens that the sampler chose
}

func (s stats) timings() timings {
	return timings{
		LoadMS:              ui.Milliseconds(s.load),
		PromptMS:            ui.Milliseconds(s.result.PromptTime),
		PromptPerSecond:     perSecond(s.result.Evaluated(), s.result.PromptTime),
		GenerationMS:        ui.Milliseconds(s.result.GenerateTime),
		GenerationPerSecond: perSecond(s.evaluated(), s.result.GenerateTime),
		DraftN:              s.result.DraftTokens,
		DraftAccepted:       s.result.DraftAccepted,
	}
}

// evaluated returns the number of tokens that were evaluated in GenerateTime: all generated
// tokens except the last.
func (s stats) evaluated() int { return max(0, s.result.GeneratedTokens-1) }

// print shows the statistics on stderr, in lines that fit a narrow terminal.
func (s stats) print(u *ui.UI) {
	t := s.timings()
	u.Notef("load      %s", duration(s.load))
	u.Notef("prompt    %d at %s", s.result.Evaluated(), rate(t.PromptPerSecond))
	u.Notef("generated %d at %s", s.result.GeneratedTokens, rate(t.GenerationPerSecond))
	if n := s.result.DraftTokens; n > 0 {
		u.Notef("drafted   %d, %d of them right", n, s.result.DraftAccepted)
	}
	u.Notef("memory    %s", ui.ByteCount(s.memory.Own))
	if s.memory.Mapped >= 0 {
		u.Notef("mapped    %s", ui.ByteCount(s.memory.Mapped))
	}
	if s.random {
		u.Notef("seed      %d", s.seed)
	}
}

// rate returns a speed as text.
func rate(perSecond float64) string {
	switch {
	case perSecond <= 0:
		return "- tokens/s"
	case perSecond < 100:
		return fmt.Sprintf("%.2f tokens/s", perSecond)
	}
	return fmt.Sprintf("%.0f tokens/s", perSecond)
}

// duration returns a time as text, in milliseconds or seconds.
func duration(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.1f ms", ui.Milliseconds(d))
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

func perSecond(n int, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}
