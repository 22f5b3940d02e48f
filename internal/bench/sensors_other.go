//go:build !linux

package bench

// ReadSensors knows nothing on systems other than Linux.
func ReadSensors() Sensors { return Sensors{} }
