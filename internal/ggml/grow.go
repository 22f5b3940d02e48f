package ggml

// Grow returns a slice of n elements, in b's memory if that is large enough. The elements of
// b may be lost.
func Grow[T any](b []T, n int) []T {
	if cap(b) < n {
		return make([]T, n)
	}
	return b[:n]
}
