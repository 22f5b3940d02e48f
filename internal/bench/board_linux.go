package bench

import (
	"cmp"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

// read fills in what Linux reports and, on a Raspberry Pi, the firmware.
func (b *Board) read() {
	b.readFiles(os.DirFS("/"))
	b.Throttled = throttledText(vcgencmd())
}

// readFiles reads Linux's files under root.
func (b *Board) readFiles(root fs.FS) {
	b.Name = strings.Trim(cmp.Or(readText(root, "proc/device-tree/model"),
		strings.TrimSpace(readText(root, "sys/class/dmi/id/sys_vendor")+" "+readText(root, "sys/class/dmi/id/product_name"))), "\x00")
	if release := readText(root, "proc/sys/kernel/osrelease"); release != "" {
		b.System += ", Linux " + release
	}
	for line := range strings.Lines(readText(root, "proc/meminfo")) {
		if rest, found := strings.CutPrefix(line, "MemTotal:"); found {
			kB, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			b.Memory = kB << 10
		}
	}
	dirs, _ := fs.Glob(root, "sys/devices/system/cpu/cpu[0-9]*/cpufreq")
	for _, dir := range dirs {
		c := Clock{1, readNumber(root, path.Join(dir, "cpuinfo_max_freq")) / 1000, readText(root, path.Join(dir, "scaling_governor"))}
		i := slices.IndexFunc(b.Clocks, func(o Clock) bool { return o.MHz == c.MHz && o.Governor == c.Governor })
		if i < 0 {
			b.Clocks = append(b.Clocks, c)
			continue
		}
		b.Clocks[i].Cores++
	}
	slices.SortFunc(b.Clocks, func(x, y Clock) int { return cmp.Compare(y.MHz, x.MHz) })
}

// throttledText returns the reasons for throttling since the machine started, from an answer
// such as "throttled=0x50005". Each of bits 16 to 19 says that a state has occurred since the
// start. The result is "nothing" if none of these bits is set, and "" if the answer has another
// form.
func throttledText(answer string) string {
	_, hex, found := strings.Cut(strings.TrimSpace(answer), "=0x")
	bits, err := strconv.ParseUint(hex, 16, 64)
	if !found || err != nil {
		return ""
	}
	var have []string
	for i, what := range []string{"low voltage", "capped frequency", "throttling", "the soft temperature limit"} {
		if bits>>(16+i)&1 != 0 {
			have = append(have, what)
		}
	}
	if len(have) == 0 {
		return "nothing"
	}
	return strings.Join(have, ", ")
}
