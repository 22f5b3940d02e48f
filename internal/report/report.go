// Package report writes figures for people and for programs: numbers in JSON, which
// has no infinity, sizes, Markdown tables that read well as they are, and plots as SVG
// or PNG. It alone knows the plotting library (gonum's: it makes both forms, has
// logarithmic axes and needs no cgo).
package report
