//go:build !linux

package start

// AddressSpace returns false for ok: there is no limit to check.
func AddressSpace() (limit, used int64, ok bool) { return 0, 0, false }
