package start

import "syscall"

// Least is how many bytes of address space must be left when the program starts. Go's heap grows
// in pieces of 64 MiB, and the first piece may be nearly full.
const Least = 80 << 20

func init() {
	limit, used, ok := AddressSpace()
	if !ok || limit-used >= Least {
		return
	}
	var line [200]byte // an array on the stack, because the heap may have no memory
	b := append(line[:0], "alpaca: error: the address space is limited to "...)
	b = appendKB(b, limit)
	b = append(b, " (ulimit -v), and the program alone needs "...)
	b = appendKB(b, used+Least)
	b = append(b, '\n')
	_, _ = syscall.Write(2, b)
	syscall.Exit(1)
}

// AddressSpace returns the limit of the address space and how much of it is in use, in bytes.
// ok is false if there is no limit, or if the use is unknown.
func AddressSpace() (limit, used int64, ok bool) {
	var r syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_AS, &r) != nil || r.Cur >= 1<<62 {
		return 0, 0, false
	}
	fd, err := syscall.Open("/proc/self/statm", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return 0, 0, false
	}
	var text [64]byte
	n, err := syscall.Read(fd, text[:])
	_ = syscall.Close(fd)
	if err != nil {
		return 0, 0, false
	}
	for _, c := range text[:n] {
		if c < '0' || c > '9' {
			break
		}
		used = 10*used + int64(c-'0')
	}
	return int64(r.Cur), used * int64(syscall.Getpagesize()), used > 0
}

// appendKB appends n bytes as a number of kB, the unit of ulimit -v.
func appendKB(b []byte, n int64) []byte {
	var digits [20]byte
	i := len(digits)
	for n >>= 10; ; n /= 10 {
		i--
		digits[i] = byte('0' + n%10)
		if n < 10 {
			break
		}
	}
	return append(append(b, digits[i:]...), " kB"...)
}
