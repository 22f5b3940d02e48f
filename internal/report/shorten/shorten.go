// Package shorten cuts texts for messages and tables. A name or a value that somebody sent can
// be megabytes long, and a message shows only its beginning. The package imports nothing, so
// that the server's packages can use it without the plots of package report.
package shorten

// Text returns the first n characters of text, with "…" if it has more.
func Text(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return string(r[:n]) + "…"
	}
	return text
}
