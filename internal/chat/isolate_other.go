//go:build !linux && !darwin

package chat

import "os/exec"

func limitAddressSpace(uint64) {}

func detach(*exec.Cmd) {}
