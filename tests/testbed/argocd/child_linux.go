package main

import "syscall"

// selfPath is valid even if a newer build has replaced the file.
func selfPath() (string, error) { return "/proc/self/exe", nil }

// childAttributes puts a child into its own process group, so that Ctrl-C in a terminal reaches only `up`, which stops the
// parts in order. It also makes the kernel kill the child when `up` ends.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
