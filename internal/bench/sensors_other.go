//go:build !linux

package bench

// ReadSensors returns nothing, because this program reads sensors on Linux only.
func ReadSensors() Sensors { return Sensors{} }
