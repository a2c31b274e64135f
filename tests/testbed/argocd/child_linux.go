package main

import "syscall"

// selfPath stays right even when the file was replaced by a newer build meanwhile.
func selfPath() (string, error) { return "/proc/self/exe", nil }

// childAttributes puts a child into a process group of its own, so that ctrl-C in a
// terminal reaches only `up`, which then stops the parts in order; and lets the
// kernel kill the child when `up` is gone, however it went.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
