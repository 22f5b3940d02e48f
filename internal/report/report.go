// Package report writes results for people and programs: numbers in JSON, which has no
// infinity, sizes in bytes, Markdown tables with aligned columns, and plots as SVG or
// PNG. Only this package uses the plotting library, gonum/plot, which writes both forms,
// has logarithmic axes and needs no cgo.
package report
