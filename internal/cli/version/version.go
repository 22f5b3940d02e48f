// Package version implements "alpaca version", which shows what the
// program was built from, the features of the CPU, the default number
// of threads, and the kernel of each number format on this machine.
package version

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/klauspost/cpuid/v2"
	"github.com/spf13/cobra"

	"alpaca/internal/cli/flags"
	"alpaca/internal/cli/ui"
	"alpaca/internal/machine"
	"alpaca/internal/quant"
	"alpaca/internal/quant/matmul"
)

// versionInfo is the output of "alpaca version", in JSON.
type versionInfo struct {
	Version  string            `json:"version"`
	Commit   string            `json:"commit,omitempty"`
	Modified bool              `json:"modified,omitempty"` // the source differed from the commit
	Go       string            `json:"go"`
	Platform string            `json:"platform"`
	CPU      string            `json:"cpu"`
	Features []string          `json:"features"` // the CPU's features that matter to inference
	Levels   []string          `json:"levels"`   // sets of kernels that the CPU can run
	Threads  int               `json:"threads"`  // default number of threads
	Why      string            `json:"threads_why"`
	Kernels  map[string]string `json:"kernels"` // name of the kernel by number format
}

// New returns the command "alpaca version".
func New(u *ui.UI) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Show the version, the CPU and the kernels chosen for it",
		Args:  flags.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			v := readVersion()
			if output == "json" {
				return u.WriteJSON(v)
			}
			_, err := fmt.Fprint(u.Out, v)
			return err
		},
	}
	flags.AddOutput(cmd.Flags(), &output, "text", "json")
	return cmd
}

// readVersion collects the facts.
func readVersion() versionInfo {
	threads := machine.CountThreads()
	build := ui.ReadBuild()
	v := versionInfo{
		Version:  build.Version,
		Commit:   build.Commit,
		Modified: build.Modified,
		Go:       runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
		CPU:      machine.CPUName(),
		Features: cpuFeatures(),
		Levels:   machine.Levels(),
		Threads:  threads.Default(),
		Why:      threads.String(),
		Kernels:  map[string]string{},
	}
	for _, t := range computable() {
		v.Kernels[t.String()] = matmul.KernelName(t)
	}
	return v
}

// cpuFeatures returns the CPU's features that kernels of this or other programs use.
func cpuFeatures() []string {
	var have []string
	for _, f := range []cpuid.FeatureID{
		cpuid.SSE3, cpuid.SSSE3, cpuid.SSE4, cpuid.AVX, cpuid.F16C, cpuid.FMA3, cpuid.AVX2,
		cpuid.AVXVNNI, cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512VL, cpuid.AVX512VNNI, cpuid.AVX512BF16, cpuid.AMXINT8,
		cpuid.ASIMD, cpuid.ASIMDHP, cpuid.ASIMDDP, cpuid.SVE,
	} {
		if cpuid.CPU.Supports(f) {
			have = append(have, strings.ToLower(f.String()))
		}
	}
	return have
}

// String returns the facts as lines for people.
func (v versionInfo) String() string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-9s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("alpaca", "%s", v.Version)
	if v.Commit != "" {
		modified := ""
		if v.Modified {
			modified = ", modified"
		}
		line("commit", "%s%s", v.Commit, modified)
	}
	line("built", "%s for %s", v.Go, v.Platform)
	line("CPU", "%s", v.CPU)
	line("features", "%s", orNone(strings.Join(v.Features, " ")))
	line("threads", "%d by default (%s)", v.Threads, v.Why)
	var kernels []string // in order of the types
	types := map[string][]string{}
	for _, t := range computable() {
		k := v.Kernels[t.String()]
		if types[k] == nil {
			kernels = append(kernels, k)
		}
		types[k] = append(types[k], t.String())
	}
	for _, k := range kernels {
		line("kernels", "%s: %s", k, strings.Join(types[k], " "))
	}
	return b.String()
}

// orNone returns s, or "none" if s is empty.
func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// computable returns the types of weights that models may have.
func computable() []quant.Type {
	const codes = 64 // more than the number of types
	var types []quant.Type
	for t := range quant.Type(codes) {
		if quant.CanCompute(t) {
			types = append(types, t)
		}
	}
	return types
}
