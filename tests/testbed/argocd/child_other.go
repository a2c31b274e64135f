//go:build unix && !linux

package main

import (
	"os"
	"syscall"
)

func selfPath() (string, error) { return os.Executable() }

// childAttributes: only Linux has a parent-death signal. Elsewhere a killed `up`
// leaves its children, and `--until-stdin-closes` is what stops them in practice.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
