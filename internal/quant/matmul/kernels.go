package matmul

import (
	"slices"

	"alpaca/internal/machine"
	"alpaca/internal/quant"
	"alpaca/internal/quant/kernel"
)

// kernels has the chosen kernel of each type: the first entry of kernelTable
// whose level is allowed. For types without such an entry, it has nil.
var kernels = chooseKernels()

func chooseKernels() []*kernel.Kernel {
	var chosen []*kernel.Kernel
	for t, list := range kernelTable {
		i := slices.IndexFunc(list, func(k kernel.Kernel) bool { return machine.Allowed(k.Level) })
		if i >= 0 {
			chosen = append(chosen, make([]*kernel.Kernel, max(0, int(t)+1-len(chosen)))...)
			chosen[t] = &list[i]
		}
	}
	return chosen
}

// kernelOf returns the chosen kernel of a type, or nil.
func kernelOf(t quant.Type) *kernel.Kernel {
	if int(t) < len(kernels) {
		return kernels[t]
	}
	return nil
}

// kernelFor returns the kernel for matrices of type t with the given number of rows. It
// is the first allowed kernel whose panel has at most that many rows. If there is none,
// it is the kernel with the smallest panel. It returns nil for types without kernels.
func kernelFor(t quant.Type, rows int) *kernel.Kernel {
	best := kernelOf(t)
	if best == nil || rows >= best.Rows {
		return best
	}
	for i := range kernelTable[t] {
		if k := &kernelTable[t][i]; k.Rows < best.Rows && machine.Allowed(k.Level) {
			if best = k; rows >= k.Rows {
				break
			}
		}
	}
	return best
}

// KernelName returns the level of the kernel for weights of type t, or "generic".
func KernelName(t quant.Type) string {
	if k := kernelOf(t); k != nil {
		return k.Level
	}
	return "generic"
}
