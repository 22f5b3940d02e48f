package machine

import (
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// machineFS returns a file system with the given files.
func machineFS(files map[string]string) fstest.MapFS {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

// topology adds CPUs to files: cores[i] is the core of CPU i.
func topology(files map[string]string, cores ...int) map[string]string {
	for cpu, core := range cores {
		dir := fmt.Sprintf("sys/devices/system/cpu/cpu%d/", cpu)
		files[dir+"topology/physical_package_id"] = "0\n"
		files[dir+"topology/core_id"] = fmt.Sprintf("%d\n", core)
	}
	return files
}

func TestCountCores(t *testing.T) {
	bigLittle := topology(map[string]string{}, 0, 1, 2, 3)
	for cpu, capacity := range []string{"414", "414", "1024", "871"} {
		bigLittle[fmt.Sprintf("sys/devices/system/cpu/cpu%d/cpu_capacity", cpu)] = capacity
	}
	tests := []struct {
		name        string
		files       map[string]string
		cpus        []int
		cores, fast int
	}{
		{"two threads per core", topology(map[string]string{}, 0, 0, 1, 1), []int{0, 1, 2, 3}, 2, 0},
		{"affinity to one core", topology(map[string]string{}, 0, 0, 1, 1), []int{2, 3}, 1, 0},
		{"hybrid Intel", topology(map[string]string{"sys/devices/cpu_core/cpus": "0-3\n"}, 0, 0, 1, 1, 2, 3), []int{0, 1, 2, 3, 4, 5}, 4, 2},
		{"efficiency cores only", topology(map[string]string{"sys/devices/cpu_core/cpus": "0-3\n"}, 0, 0, 1, 1, 2, 3), []int{4, 5}, 2, 0},
		{"big and little", bigLittle, []int{0, 1, 2, 3}, 4, 2},
		{"little only", bigLittle, []int{0, 1}, 2, 0},
		{"no topology", nil, []int{0, 1}, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cores, fast := countCores(machineFS(tt.files), tt.cpus)
			require.Equal(t, tt.cores, cores, "cores")
			require.Equal(t, tt.fast, fast, "fast")
		})
	}
}

func TestCPUQuota(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		want  float64
	}{
		{"none", nil, 0},
		{"version 2", map[string]string{
			"proc/self/cgroup":          "0::/a/b\n",
			"sys/fs/cgroup/a/b/cpu.max": "150000 100000\n",
		}, 1.5},
		{"version 2, the parent group has the lower limit", map[string]string{
			"proc/self/cgroup":          "0::/a/b\n",
			"sys/fs/cgroup/a/cpu.max":   "100000 100000\n",
			"sys/fs/cgroup/a/b/cpu.max": "400000 100000\n",
		}, 1},
		{"version 2, inside a container", map[string]string{
			"proc/self/cgroup":      "0::/\n",
			"sys/fs/cgroup/cpu.max": "200000 100000\n",
		}, 2},
		{"version 2, no limit", map[string]string{
			"proc/self/cgroup":      "0::/\n",
			"sys/fs/cgroup/cpu.max": "max 100000\n",
		}, 0},
		{"version 1", map[string]string{
			"proc/self/cgroup":                      "4:cpu,cpuacct:/x\n3:memory:/x\n",
			"sys/fs/cgroup/cpu/x/cpu.cfs_quota_us":  "50000\n",
			"sys/fs/cgroup/cpu/x/cpu.cfs_period_us": "100000\n",
		}, 0.5},
		{"version 1, no limit", map[string]string{
			"proc/self/cgroup":                    "4:cpu,cpuacct:/\n",
			"sys/fs/cgroup/cpu/cpu.cfs_quota_us":  "-1\n",
			"sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
		}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, cpuQuota(machineFS(tt.files)))
		})
	}
}

func TestFreeMemory(t *testing.T) {
	const meminfo = "MemTotal: 8 kB\nMemAvailable: 4 kB\n"
	tests := []struct {
		name  string
		files map[string]string
		want  int64
	}{
		{"not known", nil, 0},
		{"the system's", map[string]string{"proc/meminfo": meminfo}, 4096},
		{"version 2", map[string]string{
			"proc/meminfo":                     meminfo,
			"proc/self/cgroup":                 "0::/a/b\n",
			"sys/fs/cgroup/a/b/memory.max":     "max\n",
			"sys/fs/cgroup/a/memory.max":       "3000\n",
			"sys/fs/cgroup/a/memory.current":   "1000\n",
			"sys/fs/cgroup/a/b/memory.current": "500\n",
		}, 2000},
		{"version 2, files are cached", map[string]string{
			"proc/meminfo":                   meminfo,
			"proc/self/cgroup":               "0::/a\n",
			"sys/fs/cgroup/a/memory.max":     "3000\n",
			"sys/fs/cgroup/a/memory.current": "2900\n",
			"sys/fs/cgroup/a/memory.stat":    "anon 400\ninactive_anon 77\ninactive_file 1500\nactive_file 1000\n",
		}, 2600},
		{"version 2, no memory is left", map[string]string{
			"proc/meminfo":                     meminfo,
			"proc/self/cgroup":                 "0::/a/b\n",
			"sys/fs/cgroup/a/b/memory.max":     "1000\n",
			"sys/fs/cgroup/a/b/memory.current": "1001\n",
			"sys/fs/cgroup/a/memory.max":       "3000\n",
			"sys/fs/cgroup/a/memory.current":   "1001\n",
		}, 1},
		{"version 2, inside a container", map[string]string{
			"proc/meminfo":                 meminfo,
			"proc/self/cgroup":             "0::/\n",
			"sys/fs/cgroup/memory.max":     "2000\n",
			"sys/fs/cgroup/memory.current": "500\n",
		}, 1500},
		{"version 1", map[string]string{
			"proc/meminfo":     meminfo,
			"proc/self/cgroup": "4:cpu,cpuacct:/x\n3:memory:/y\n0::/z\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":   "9223372036854771712\n",
			"sys/fs/cgroup/memory/y/memory.limit_in_bytes": "3000\n",
			"sys/fs/cgroup/memory/y/memory.usage_in_bytes": "2000\n",
		}, 1000},
		{"version 1, files are cached", map[string]string{
			"proc/meminfo":     meminfo,
			"proc/self/cgroup": "3:memory:/y\n",
			"sys/fs/cgroup/memory/y/memory.limit_in_bytes": "3000\n",
			"sys/fs/cgroup/memory/y/memory.usage_in_bytes": "2900\n",
			"sys/fs/cgroup/memory/y/memory.stat":           "inactive_file 1\nactive_file 1\ntotal_inactive_file 1500\ntotal_active_file 1000\n",
		}, 2600},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, freeMemory(machineFS(tt.files)))
		})
	}
}

func TestReadMemory(t *testing.T) {
	m := ReadMemory()
	require.Greater(t, m.Own, int64(1<<18))
	require.Greater(t, m.Mapped, int64(1<<18))
}
