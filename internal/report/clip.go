package report

// Clip returns the first n characters of text, with "…" if it has more.
func Clip(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return string(r[:n]) + "…"
	}
	return text
}
