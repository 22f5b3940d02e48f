package bench

import (
	"runtime"

	"alpaca/internal/machine"
)

// Board describes the machine on which results were measured. Empty strings and zeros mean
// unknown.
type Board struct {
	Name      string // such as "Raspberry Pi 5 Model B Rev 1.0"
	CPU       string
	System    string // operating system, architecture and release of the kernel
	Threads   machine.Threads
	Levels    []string // the instruction sets of the kernels that the CPU can run
	Memory    int64    // total bytes
	Clocks    []Clock  // clocks of the cores
	Throttled string   // reasons for throttling since the machine started, from a Raspberry Pi's firmware
}

// Clock describes the cores that have the same highest frequency and the same governor. The
// governor is Linux's policy that chooses their frequency.
type Clock struct {
	Cores    int
	MHz      float64
	Governor string
}

// ReadBoard reads the description of this machine from the system.
func ReadBoard() Board {
	b := Board{
		CPU: machine.CPUName(), System: runtime.GOOS + "/" + runtime.GOARCH,
		Threads: machine.CountThreads(), Levels: machine.Levels(),
	}
	b.read()
	return b
}
