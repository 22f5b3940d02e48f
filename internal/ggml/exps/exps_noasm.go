//go:build purego || !amd64

package exps

func exp(x []float64) { expGeneric(x) }
