//go:build !linux

package start

// AddressSpace reports that there is no limit.
func AddressSpace() (limit, used int64, ok bool) { return 0, 0, false }
