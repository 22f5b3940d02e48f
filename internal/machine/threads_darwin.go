package machine

import "golang.org/x/sys/unix"

// count sets Cores and Fast, as the kernel reports them.
// macOS has neither CPU affinity nor CPU quotas.
func (t *Threads) count() {
	if n, err := unix.SysctlUint32("hw.physicalcpu"); err == nil {
		t.Cores = int(n)
	}
	if n, err := unix.SysctlUint32("hw.perflevel0.physicalcpu"); err == nil && int(n) < t.Cores {
		t.Fast = int(n)
	}
}

// systemCPUName returns the CPU's name, such as "Apple M1".
func systemCPUName() string {
	name, _ := unix.Sysctl("machdep.cpu.brand_string")
	return name
}
