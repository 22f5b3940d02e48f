package plan

import (
	"fmt"
	"math"
	"strings"

	"alpaca/internal/fmath"
)

// Schedule is a learning rate schedule. Updates are numbered from 0.
type Schedule struct {
	Kind    string // one of Schedules
	Peak    float64
	Min     float64 // the rate of the last update, for cosine and linear
	Updates int
	Warmup  int // number of updates until the rate is Peak
	// WarmupRatio gives Warmup as a fraction of Updates, if Warmup is 0.
	WarmupRatio float64
}

// Schedules are the kinds of schedules. cosine, linear and constant reach Peak at update Warmup-1.
// cosine and linear reach Min at the last update. hf-cosine and hf-linear are transformers'
// schedules. Their first rate is 0 if there is a warmup, and their last rate is above 0.
var Schedules = []string{"cosine", "linear", "constant", "hf-cosine", "hf-linear"}

// CheckSchedule returns an error for an unknown kind.
func CheckSchedule(kind string) error {
	for _, k := range Schedules {
		if k == kind {
			return nil
		}
	}
	return fmt.Errorf("unknown schedule %q, must be %s", kind, strings.Join(Schedules, ", "))
}

// Rate returns the learning rate of update u.
func (s *Schedule) Rate(u int) float64 {
	warm, n := s.Warmup, s.Updates
	if strings.HasPrefix(s.Kind, "hf-") {
		if u < warm {
			return s.Peak * float64(u) / float64(max(1, warm))
		}
		done := float64(u-warm) / float64(max(1, n-warm))
		if s.Kind == "hf-linear" {
			return s.Peak * max(0, 1-done)
		}
		return s.Peak * max(0, half(1+cosine(math.Pi*done)))
	}
	if u < warm {
		return s.Peak * float64(u+1) / float64(warm)
	}
	done := min(1, float64(u-warm+1)/float64(max(1, n-warm)))
	span := s.Peak - s.Min
	switch s.Kind {
	case "constant":
		return s.Peak
	case "linear":
		return s.Min + float64(span*(1-done))
	}
	return s.Min + float64(span*half(1+cosine(math.Pi*done)))
}

func half(x float64) float64 { return x / 2 }

// cosine returns cos(x), the same bits on every CPU, and exactly 1 and -1 at 0 and π.
func cosine(x float64) float64 {
	switch x {
	case 0:
		return 1
	case math.Pi:
		return -1
	}
	_, c := fmath.SinCos(x)
	return c
}
