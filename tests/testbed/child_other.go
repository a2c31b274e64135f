//go:build unix && !linux

package main

import (
	"os"
	"syscall"
)

func selfPath() (string, error) { return os.Executable() }

// childAttributes has no parent-death signal, which only Linux has. On other systems a killed `up` leaves its children
// running.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
