//go:build linux || darwin

package chat

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// limitAddressSpace makes the system refuse memory above a limit. Where it does
// not know of such a limit nothing happens.
func limitAddressSpace(bytes uint64) {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_AS, &limit) != nil {
		return
	}
	limit.Cur = bytes
	_ = unix.Setrlimit(unix.RLIMIT_AS, &limit) // the watch on the heap remains
}

// detach keeps Ctrl-C, which is meant for the conversation, away from cmd.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
