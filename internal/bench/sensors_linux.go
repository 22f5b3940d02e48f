package bench

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"strconv"
	"strings"
	"time"
)

// ReadSensors reads sensors from Linux, and on a Raspberry Pi from its firmware.
func ReadSensors() Sensors {
	s := readSensors(os.DirFS("/"))
	s.Throttled = throttledBits(vcgencmd())
	return s
}

// readSensors reads Linux's files under root.
func readSensors(root fs.FS) Sensors {
	var s Sensors
	zones, _ := fs.Glob(root, "sys/class/thermal/thermal_zone*")
	for _, zone := range zones {
		kind := readText(root, path.Join(zone, "type"))
		if !isCPUZone(kind) {
			continue
		}
		s.Celsius = max(s.Celsius, readNumber(root, path.Join(zone, "temp"))/1000)
	}
	cores, _ := fs.Glob(root, "sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_cur_freq")
	for _, file := range cores {
		s.MHz += readNumber(root, file) / 1000 / float64(len(cores))
	}
	if fields := strings.Fields(readText(root, "proc/loadavg")); len(fields) > 0 {
		s.Load, _ = strconv.ParseFloat(fields[0], 64)
	}
	return s
}

// isCPUZone reports whether a thermal zone of this type belongs to the processor: "cpu-thermal" on
// a Pi, "x86_pkg_temp" on Intel, "soc_thermal" and the like on other boards.
func isCPUZone(kind string) bool {
	for _, word := range []string{"cpu", "x86_pkg", "soc", "k10temp", "acpitz"} {
		if strings.Contains(strings.ToLower(kind), word) {
			return true
		}
	}
	return false
}

// vcgencmd returns the answer of a Raspberry Pi's firmware about throttling, or "" on other
// machines.
func vcgencmd() string {
	tool, err := exec.LookPath("vcgencmd")
	if err != nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, tool, "get_throttled").Output()
	if err != nil {
		return ""
	}
	return string(out)
}

// throttledBits reports whether an answer such as "throttled=0x50005" says that
// the CPU is throttled now. Bit 0 stands for low voltage, bit 1 for a frequency
// cap, bit 2 for throttling, and bit 3 for the soft temperature limit.
func throttledBits(answer string) bool {
	_, hex, found := strings.Cut(strings.TrimSpace(answer), "=0x")
	bits, err := strconv.ParseUint(hex, 16, 64)
	return found && err == nil && bits&0xf != 0
}

func readText(root fs.FS, name string) string {
	b, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

func readNumber(root fs.FS, name string) float64 {
	v, err := strconv.ParseFloat(readText(root, name), 64)
	if err != nil {
		return 0
	}
	return v
}
