package bench

import (
	"runtime"
	"strings"
	"time"
)

// A field is one column of the machine-readable reports. The names up to samples_ts are those of
// llama-bench, so that scripts for llama-bench work.
type field struct {
	name  string
	sql   string // type of the column in SQL
	value func(r *Result) any
}

// fields are the columns in the order of the reports.
var fields = []field{
	{"build_commit", "TEXT", func(r *Result) any { return r.Commit }},
	{"build_number", "INTEGER", constant(0)},
	{"cpu_info", "TEXT", func(r *Result) any { return r.CPU }},
	{"gpu_info", "TEXT", constant("")},
	{"backends", "TEXT", func(r *Result) any { return "CPU" }},
	{"model_filename", "TEXT", func(r *Result) any { return r.Model.File }},
	{"model_type", "TEXT", func(r *Result) any { return r.Model.Type }},
	{"model_size", "INTEGER", func(r *Result) any { return r.Model.Size }},
	{"model_n_params", "INTEGER", func(r *Result) any { return r.Model.Params }},
	{"n_batch", "INTEGER", func(r *Result) any { return r.Test.Batch }},
	{"n_ubatch", "INTEGER", func(r *Result) any { return r.Test.Batch }},
	{"n_threads", "INTEGER", func(r *Result) any { return r.Test.Threads }},
	{"cpu_mask", "TEXT", constant("0x0")},
	{"cpu_strict", "INTEGER", constant(false)},
	{"poll", "INTEGER", constant(50)},
	{"type_k", "TEXT", func(r *Result) any { return typeName(r.Test.CacheK.String()) }},
	{"type_v", "TEXT", func(r *Result) any { return typeName(r.Test.CacheV.String()) }},
	{"n_gpu_layers", "INTEGER", constant(-1)},
	{"n_cpu_moe", "INTEGER", constant(0)},
	{"split_mode", "TEXT", constant("layer")},
	{"main_gpu", "INTEGER", constant(0)},
	{"no_kv_offload", "INTEGER", constant(false)},
	{"flash_attn", "INTEGER", constant(-1)},
	{"devices", "TEXT", constant("auto")},
	{"tensor_split", "TEXT", constant("0.00")},
	{"tensor_buft_overrides", "TEXT", constant("none")},
	{"load_mode", "TEXT", constant("auto")},
	{"lazy_mode", "TEXT", constant("auto")},
	{"embeddings", "INTEGER", constant(false)},
	{"no_op_offload", "INTEGER", constant(0)},
	{"no_host", "INTEGER", constant(false)},
	{"repack", "INTEGER", constant(true)},
	{"fit_target", "INTEGER", constant(0)},
	{"fit_min_ctx", "INTEGER", constant(0)},
	{"n_prompt", "INTEGER", func(r *Result) any { return r.Test.Prompt }},
	{"n_gen", "INTEGER", func(r *Result) any { return r.Test.Gen }},
	{"n_depth", "INTEGER", func(r *Result) any { return r.Test.Depth }},
	{"test_time", "TEXT", func(r *Result) any { return r.Started.UTC().Format(time.RFC3339) }},
	{"avg_ns", "INTEGER", func(r *Result) any { return int64(summarize(r.nanoseconds()).mean) }},
	{"stddev_ns", "INTEGER", func(r *Result) any { return int64(summarize(r.nanoseconds()).stddev) }},
	{"avg_ts", "REAL", func(r *Result) any { return summarize(r.Rates()).mean }},
	{"stddev_ts", "REAL", func(r *Result) any { return summarize(r.Rates()).stddev }},
	{"samples_ns", "", func(r *Result) any { return r.nanoseconds() }},
	{"samples_ts", "", func(r *Result) any { return r.Rates() }},

	{"n_parallel", "INTEGER", func(r *Result) any { return r.Test.Parallel }},
	{"median_ts", "REAL", func(r *Result) any { return summarize(r.Rates()).median }},
	{"weights_gb_s", "REAL", func(r *Result) any { return r.WeightRate() / 1e9 }},
	{"membw_gb_s", "REAL", func(r *Result) any { return r.ReadBandwidth / 1e9 }},
	{"membw_share", "REAL", func(r *Result) any { return r.BandwidthShare() }},
	{"core_gmadd_s", "REAL", func(r *Result) any { return r.MulAddRate() / 1e9 }},
	{"peak_memory", "INTEGER", func(r *Result) any { return r.PeakMemory }},
	{"cpu_temperature", "REAL", func(r *Result) any { return r.Sensors.Celsius }},
	{"cpu_mhz", "REAL", func(r *Result) any { return r.Sensors.MHz }},
	{"throttled", "INTEGER", func(r *Result) any { return btoi(r.Sensors.Throttled) }},
	{"system", "TEXT", func(r *Result) any { return runtime.GOOS + "/" + runtime.GOARCH }},
}

// constant returns a function for the value of a field that is meaningful
// only in llama-bench. value is llama-bench's default. The report has such
// fields because scripts may group results by all of llama-bench's fields.
func constant(value any) func(*Result) any { return func(*Result) any { return value } }

// typeName returns a type's name in llama-bench's spelling.
func typeName(name string) string { return strings.ToLower(name) }

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
