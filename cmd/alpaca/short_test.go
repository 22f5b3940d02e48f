package main

import "testing"

// skipIfShort leaves out, with -short, what evaluates whole texts with many files:
// emulated CPUs would take minutes for what TestLegacyText, TestGoldenText and the
// goldens of package model show of them in seconds.
func skipIfShort(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("long: not with -short")
	}
}
