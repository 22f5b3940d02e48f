//go:build purego || !(amd64 || arm64)

package quant

// kernelTable is empty where the portable code does all the work.
var kernelTable map[Type][]kernel

func quantizeActs(a *Acts, row int, x []float32) { quantizeActsGeneric(a, row, x) }

func roundAll(dst, src []float32, drop int) { roundAllGeneric(dst, src, drop) }

func sumLanes(dst, acc []float32) { sumLanesGeneric(dst, acc) }
