// Command mca estimates how fast the arm64 kernels are on CPUs that are not at hand. "make
// mca" runs it. It disassembles the kernels in a built program. Then llvm-mca estimates
// the cycles of their inner loops from a model of the CPU's pipelines, as if all data were
// in the nearest cache. The estimates rank variants well, but they are not measurements.
package main

import (
	"fmt"
	"os"
	"text/tabwriter"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: mca PROGRAM (built for arm64, with symbols)")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "mca:", err)
		os.Exit(1)
	}
}

func run(path string) error {
	p := newProgram(path)
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "CPU\tformat\tprompt: multiply-adds a cycle\tone token: bytes of weights a cycle")
	for _, c := range cpus {
		for _, f := range formats {
			e, err := p.estimate(c, f)
			if err != nil {
				return fmt.Errorf("%s on %s: %w", f.name, c.name, err)
			}
			fmt.Fprintf(w, "%s\t%s\t%.1f\t%.2f\n", c.doc, f.name, e.prompt, e.decode)
		}
	}
	fmt.Fprintln(w, "\nCPU\tloop\ta cycle\t")
	for _, c := range cpus {
		for _, l := range loops {
			cycles, err := p.cycles(c, l.function, l.number, 0)
			if err != nil {
				return fmt.Errorf("%s on %s: %w", l.name, c.name, err)
			}
			fmt.Fprintf(w, "%s\t%s\t%.2f %s\t\n", c.doc, l.name, l.work/cycles, l.unit)
		}
	}
	fmt.Fprintln(w, "\nThese are estimates of llvm-mca, with all data in the nearest cache. They were not measured.")
	return w.Flush()
}
