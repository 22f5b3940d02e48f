package bench

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestReadBoard(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	const cpus = "sys/devices/system/cpu/"
	b := Board{System: "linux/arm64"}
	b.readFiles(fstest.MapFS{
		"proc/device-tree/model":               file("Raspberry Pi 5 Model B Rev 1.0\x00"),
		"proc/sys/kernel/osrelease":            file("6.12.34-rpi\n"),
		"proc/meminfo":                         file("MemTotal:        8245392 kB\nMemFree:          100 kB\n"),
		cpus + "cpu0/cpufreq/cpuinfo_max_freq": file("1800000\n"),
		cpus + "cpu0/cpufreq/scaling_governor": file("ondemand\n"),
		cpus + "cpu1/cpufreq/cpuinfo_max_freq": file("2400000\n"),
		cpus + "cpu1/cpufreq/scaling_governor": file("ondemand\n"),
		cpus + "cpu2/cpufreq/cpuinfo_max_freq": file("2400000\n"),
		cpus + "cpu2/cpufreq/scaling_governor": file("ondemand\n"),
	})
	require.Equal(t, Board{
		Name: "Raspberry Pi 5 Model B Rev 1.0", System: "linux/arm64, Linux 6.12.34-rpi", Memory: 8245392 << 10,
		Clocks: []Clock{{2, 2400, "ondemand"}, {1, 1800, "ondemand"}},
	}, b)

	b = Board{}
	b.readFiles(fstest.MapFS{"sys/class/dmi/id/sys_vendor": file("Maker\n"), "sys/class/dmi/id/product_name": file("Box\n")})
	require.Equal(t, Board{Name: "Maker Box"}, b)
	b = Board{}
	b.readFiles(fstest.MapFS{})
	require.Equal(t, Board{}, b)
}

func TestThrottledText(t *testing.T) {
	for answer, want := range map[string]string{
		"throttled=0x0\n":     "nothing",
		"throttled=0x50005\n": "low voltage, throttling",
		"throttled=0x80000":   "the soft temperature limit",
		"":                    "",
		"error":               "",
	} {
		require.Equal(t, want, throttledText(answer), answer)
	}
}
