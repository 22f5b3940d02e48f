package bench

import (
	"runtime"

	"alpaca/internal/machine"
)

// Board is the machine that results were measured on, for readers who have another. Empty
// texts and zeros are unknown.
type Board struct {
	Name      string // such as "Raspberry Pi 5 Model B Rev 1.0"
	CPU       string
	System    string // operating system and architecture, with the kernel's release
	Threads   machine.Threads
	Levels    []string // sets of kernels that the CPU can run
	Memory    int64    // bytes in all
	Clocks    []Clock  // of the cores
	Throttled string   // what the firmware says has happened since the start
}

// Clock is the highest frequency of some cores, and who chooses the frequency.
type Clock struct {
	Cores    int
	MHz      float64
	Governor string
}

// ReadBoard asks the system.
func ReadBoard() Board {
	b := Board{
		CPU: machine.CPUName(), System: runtime.GOOS + "/" + runtime.GOARCH,
		Threads: machine.CountThreads(), Levels: machine.Levels(),
	}
	b.read()
	return b
}
