package bench

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestReadSensors(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	s := readSensors(fstest.MapFS{
		"sys/class/thermal/thermal_zone0/type":                 file("gpu-thermal\n"),
		"sys/class/thermal/thermal_zone0/temp":                 file("90000\n"),
		"sys/class/thermal/thermal_zone1/type":                 file("cpu-thermal\n"),
		"sys/class/thermal/thermal_zone1/temp":                 file("61250\n"),
		"sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": file("1500000\n"),
		"sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq": file("1800000\n"),
		"proc/loadavg": file("0.52 0.58 0.59 1/467 12345\n"),
	})
	require.Equal(t, Sensors{Celsius: 61.25, MHz: 1650, Load: 0.52}, s)
	require.Zero(t, readSensors(fstest.MapFS{}))
}

func TestThrottledBits(t *testing.T) {
	tests := []struct {
		answer string
		want   bool
	}{
		{"throttled=0x0\n", false},
		{"throttled=0x50000\n", false}, // throttled since the start of the system, but not now
		{"throttled=0x50005\n", true},
		{"throttled=0x8", true},
		{"", false},
		{"error", false},
	}
	for _, tt := range tests {
		require.Equal(t, tt.want, throttledBits(tt.answer), tt.answer)
	}
}
