package bench

import (
	"context"
	"errors"
	"runtime/debug"

	"alpaca/internal/bench"
	"alpaca/internal/cli/load"
	"alpaca/internal/cli/ui"
	"alpaca/internal/gguf"
	"alpaca/internal/machine"
	"alpaca/internal/model"
)

// measurer runs the tests on all models.
type measurer struct {
	u         *ui.UI
	o         *benchOptions
	tests     []bench.Test
	report    bench.Report
	results   []*bench.Result
	bandwidth map[int]float64 // the memory's read bandwidth for each number of threads
}

func (m *measurer) all(ctx context.Context) error {
	for _, path := range m.o.models {
		f, err := load.OpenFile(path, gguf.Options{})
		if err != nil {
			return err
		}
		if err := m.o.checkOutputs(f.Parts); err != nil {
			return errors.Join(err, f.Close())
		}
		if err := m.model(ctx, f); err != nil {
			return err
		}
	}
	for _, spec := range m.o.synthetic {
		m.u.Statusf("making %s", spec)
		debug.FreeOSMemory() // frees the previous model
		f, err := bench.Synthetic(ctx, spec, machine.FreeMemory())
		if err != nil {
			return err
		}
		if err := m.model(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// model measures one model and closes its file.
func (m *measurer) model(ctx context.Context, f *gguf.File) (err error) {
	loaded, err := model.Load(f, model.LoadOptions{NoTokenizer: true})
	if err != nil {
		return errors.Join(err, f.Close())
	}
	r := bench.Runner{
		Model: loaded, Repetitions: m.o.repetitions, NoWarmup: m.o.noWarmup, Commit: ui.ReadBuild().Commit,
		ReadBandwidth: func(threads int) float64 { return m.bandwidth[threads] },
		Progress:      func(what string) { m.u.Statusf("%s: %s", f.Name(), what) },
	}
	defer func() { err = errors.Join(err, r.Close(), loaded.Close()) }()
	for _, t := range m.tests {
		if err := m.measureBandwidth(ctx, t.Threads); err != nil {
			return err
		}
		result, err := r.Run(ctx, t)
		if err != nil {
			return err
		}
		m.u.ClearStatus()
		if err := m.report.Add(result); err != nil {
			return err
		}
		m.results = append(m.results, result)
		if result.Sensors.Throttled {
			m.u.Warnf("%s: the CPU was throttled during the test (heat or power)", t.Name())
		}
	}
	return nil
}

// measureBandwidth measures the memory's read bandwidth for --membw, once for each number of
// threads.
func (m *measurer) measureBandwidth(ctx context.Context, threads int) error {
	if !m.o.membw || m.bandwidth[threads] > 0 {
		return nil
	}
	m.u.Statusf("measuring memory")
	bw, err := bench.ReadBandwidth(ctx, threads)
	debug.FreeOSMemory() // PeakMemory must not include the memory that the measurement allocated
	m.bandwidth[threads] = bw
	return err
}
