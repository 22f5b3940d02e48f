package machine

import (
	"io/fs"
	"iter"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/klauspost/cpuid/v2"
	"golang.org/x/sys/unix"
)

// count sets Cores, Fast and Quota, as the kernel reports them. If
// the kernel does not report the number of cores, the CPU does.
func (t *Threads) count() {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return
	}
	var allowed []int
	for i := range len(set) * strconv.IntSize {
		if set.IsSet(i) {
			allowed = append(allowed, i)
		}
	}
	root := os.DirFS("/")
	t.Cores, t.Fast = countCores(root, allowed)
	t.Quota = cpuQuota(root)
	if t.Cores == 0 && cpuid.CPU.PhysicalCores > 0 {
		t.Cores = cpuid.CPU.PhysicalCores
	}
}

// countCores returns the number of physical cores to which the given CPUs
// belong, and how many of these cores are fast. A core is fast if it has more
// than half the capacity of the fastest one. If all cores are fast, the result
// fast is 0. If the kernel does not report the cores, both results are 0.
func countCores(root fs.FS, cpus []int) (cores, fast int) {
	const dir = "sys/devices/system/cpu"
	type core struct{ pkg, id string }
	capacity := map[core]int{}
	for _, cpu := range cpus {
		cpuDir := path.Join(dir, "cpu"+strconv.Itoa(cpu))
		c := core{
			readTrim(root, path.Join(cpuDir, "topology/physical_package_id")),
			readTrim(root, path.Join(cpuDir, "topology/core_id")),
		}
		if c.id == "" {
			return 0, 0
		}
		// On Arm, cpu_capacity is 1024 for the fastest core of the machine. Intel's hybrid CPUs
		// have a list of performance cores. In other CPUs, all cores are alike.
		capacity[c], _ = strconv.Atoi(readTrim(root, path.Join(cpuDir, "cpu_capacity")))
		if list := readTrim(root, "sys/devices/cpu_core/cpus"); list != "" && inCPUList(list, cpu) {
			capacity[c] = 1024
		}
	}
	most := 0
	for _, c := range capacity {
		most = max(most, c)
	}
	for _, c := range capacity {
		if 2*c > most {
			fast++
		}
	}
	if fast == len(capacity) {
		fast = 0
	}
	return len(capacity), fast
}

// inCPUList reports whether cpu is in a list such as "0-3,8".
func inCPUList(list string, cpu int) bool {
	for part := range strings.SplitSeq(list, ",") {
		low, high, isRange := strings.Cut(part, "-")
		a, err := strconv.Atoi(low)
		if err != nil {
			continue
		}
		b := a
		if isRange {
			b, _ = strconv.Atoi(high)
		}
		if a <= cpu && cpu <= b {
			return true
		}
	}
	return false
}

// cpuQuota returns the CPU seconds per second that this process's control group and its ancestors
// allow, or 0 if they set no limit.
func cpuQuota(root fs.FS) float64 {
	limit := 0.0
	consider := func(quota, period string) {
		q, errQ := strconv.ParseFloat(quota, 64)
		p, errP := strconv.ParseFloat(period, 64)
		if errQ == nil && errP == nil && q > 0 && p > 0 && (limit == 0 || q/p < limit) {
			limit = q / p
		}
	}
	for version, dir := range controlGroups(root, "cpu") {
		if version == 1 {
			consider(readTrim(root, dir+"/cpu.cfs_quota_us"), readTrim(root, dir+"/cpu.cfs_period_us"))
		} else if fields := strings.Fields(readTrim(root, dir+"/cpu.max")); len(fields) == 2 {
			consider(fields[0], fields[1])
		}
	}
	return limit
}

// controlGroups yields the folders of the control groups of this process that have the given
// controller, with the version of the hierarchy. The process's own group comes first, then its
// ancestors.
func controlGroups(root fs.FS, controller string) iter.Seq2[int, string] {
	return func(yield func(version int, dir string) bool) {
		for line := range strings.SplitSeq(readTrim(root, "proc/self/cgroup"), "\n") {
			fields := strings.SplitN(line, ":", 3) // id:controllers:path
			version, base := 2, "sys/fs/cgroup"
			switch {
			case len(fields) != 3:
				continue
			case fields[1] == "":
			case strings.Contains(","+fields[1]+",", ","+controller+","):
				version, base = 1, path.Join(base, controller)
			default:
				continue
			}
			for group := path.Clean("/" + fields[2]); ; group = path.Dir(group) {
				if !yield(version, path.Join(base, group)) {
					return
				}
				if group == "/" {
					break
				}
			}
		}
	}
}

// readTrim returns the text of a small file without white space at both ends. It returns ""
// if the file cannot be read.
func readTrim(root fs.FS, name string) string {
	data, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	return strings.Trim(string(data), " \t\n\x00")
}

// systemCPUName returns the CPU's name from /proc/cpuinfo. On Arm, this file
// has no name of the CPU, so systemCPUName returns the name of the board.
func systemCPUName() string {
	root := os.DirFS("/")
	for line := range strings.SplitSeq(readTrim(root, "proc/cpuinfo"), "\n") {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return readTrim(root, "proc/device-tree/model")
}
