package ggml

// Grow returns a slice of n elements. It reuses the memory of b if
// that is large enough. The values of the elements are arbitrary.
func Grow[T any](b []T, n int) []T {
	if cap(b) < n {
		return make([]T, n)
	}
	return b[:n]
}
