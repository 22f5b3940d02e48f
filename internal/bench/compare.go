package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"gonum.org/v1/gonum/stat/distuv"
)

// saved has the fields of a result in a JSON report that Compare needs.
type saved struct {
	ModelType string    `json:"model_type"`
	ModelSize int64     `json:"model_size"`
	Batch     int       `json:"n_batch"`
	Threads   int       `json:"n_threads"`
	TypeK     string    `json:"type_k"`
	TypeV     string    `json:"type_v"`
	Prompt    int       `json:"n_prompt"`
	Gen       int       `json:"n_gen"`
	Depth     int       `json:"n_depth"`
	Parallel  int       `json:"n_parallel"` // 0 in reports of llama-bench, which always evaluates one text
	Rates     []float64 `json:"samples_ts"`
}

// A Baseline has the results of an earlier run.
type Baseline []saved

// ReadBaseline reads the JSON report at path.
func ReadBaseline(path string) (Baseline, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	var b Baseline
	if err := json.Unmarshal(data, &b); err != nil {
		var other *json.UnmarshalTypeError
		if errors.As(err, &other) {
			// The message should not name a Go type.
			err = fmt.Errorf("unexpected %s at byte %d", other.Value, other.Offset)
		}
		return nil, fmt.Errorf("bench: %s is not a JSON report of a benchmark: %w", path, err)
	}
	return b, nil
}

// find returns the baseline's result of the same test, or nil.
func (b Baseline) find(r *Result) *saved {
	for i := range b {
		s := &b[i]
		if s.ModelType == r.Model.Type && s.ModelSize == r.Model.Size &&
			s.Prompt == r.Test.Prompt && s.Gen == r.Test.Gen && s.Depth == r.Test.Depth && max(s.Parallel, 1) == r.Test.Parallel &&
			s.Threads == r.Test.Threads && s.Batch == r.Test.Batch &&
			typeName(s.TypeK) == typeName(r.Test.CacheK.String()) && typeName(s.TypeV) == typeName(r.Test.CacheV.String()) &&
			len(s.Rates) > 0 {
			return s
		}
	}
	return nil
}

// Compare writes a line for each result: the ratio of its median rate to the baseline's, and
// whether the difference is more than noise.
func (b Baseline) Compare(w io.Writer, results []*Result) error {
	for _, r := range results {
		line := "not in the baseline"
		if s := b.find(r); s != nil {
			old, now := summarize(s.Rates), summarize(r.Rates())
			line = fmt.Sprintf("%9.2f → %9.2f t/s  × %.3f  %s", old.median, now.median, now.median/old.median, verdict(s.Rates, r.Rates()))
		}
		if _, err := fmt.Fprintf(w, "%-24s %-20s %2d threads  %s\n", r.Model.Type, r.Test.label(), r.Test.Threads, line); err != nil {
			return err
		}
	}
	return nil
}

// smallest is the smallest relative change that verdict reports. Two measurements of the same
// program can differ by this much.
const smallest = 0.01

// verdict says whether two samples differ. It uses Welch's t-test with a significance level of 1 %.
func verdict(old, now []float64) string {
	a, b := summarize(old), summarize(now)
	change := b.median/a.median - 1 // compare the medians, because Compare prints their ratio
	if len(old) < 2 || len(now) < 2 {
		return fmt.Sprintf("%+.1f %%, noise unknown: needs 2 repetitions or more", 100*change)
	}
	p := welch(a, len(old), b, len(now))
	switch {
	case p > 0.01:
		return fmt.Sprintf("same within the noise (p = %.2f)", p)
	case math.Abs(change) < smallest:
		return fmt.Sprintf("same (%+.1f %%)", 100*change)
	case change > 0:
		return fmt.Sprintf("faster by %.1f %% (p = %.1g)", 100*change, p)
	}
	return fmt.Sprintf("slower by %.1f %% (p = %.1g)", -100*change, p)
}

// welch compares two samples. a summarizes the na values of the first sample,
// and b summarizes the nb values of the second. Assuming that the true means
// are equal, welch returns the probability that two samples differ in their
// means by at least as much as these (B. L. Welch, Biometrika 34, 1947).
func welch(a stats, na int, b stats, nb int) float64 {
	va, vb := a.stddev*a.stddev/float64(na), b.stddev*b.stddev/float64(nb)
	if va+vb == 0 {
		if a.mean == b.mean {
			return 1
		}
		return 0
	}
	t := math.Abs(a.mean-b.mean) / math.Sqrt(va+vb)
	df := (va + vb) * (va + vb) / (va*va/float64(na-1) + vb*vb/float64(nb-1))
	return 2 * (1 - distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}.CDF(t))
}
