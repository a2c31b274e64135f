package main

// A part that runs as a child process of `up`, with its output in a log file.

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// stopTimeout is the maximum time from SIGTERM to the exit of a child. The API server needs about a second.
const stopTimeout = 10 * time.Second

type child struct {
	name string
	log  string
	cmd  *exec.Cmd
	done chan struct{}
}

// startChild starts a part, which is this binary unless it has a replacement, and sends on ended when it ends.
func startChild(dir string, arguments []string, programs assets, ended chan<- *child) (*child, error) {
	name := arguments[0]
	log := filepath.Join(dir, name+".log")
	output, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	// The child has its own copy of the file descriptor.
	defer output.Close()
	program, arguments, err := programs.command(arguments)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, arguments...)
	cmd.Dir = dir
	cmd.Stdout = output
	cmd.Stderr = output
	cmd.Env = childEnvironment(dir)
	cmd.SysProcAttr = childAttributes()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	started := &child{name: name, log: log, cmd: cmd, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(started.done)
		ended <- started
	}()
	return started, nil
}

// stop sends SIGTERM to the child's process group, and SIGKILL after the timeout.
func (c *child) stop() {
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGTERM)
	select {
	case <-c.done:
	case <-time.After(stopTimeout):
		_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
		<-c.done
	}
}

// failure is the error for a child that ended unexpectedly, with the end of its log.
func (c *child) failure() error {
	text, err := os.ReadFile(c.log)
	if err != nil {
		return fmt.Errorf("%s ended (%s) and its log cannot be read: %w", c.name, c.cmd.ProcessState, err)
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	if len(lines) > 20 {
		lines = lines[len(lines)-20:]
	}
	return fmt.Errorf("%s ended (%s); the end of %s:\n%s", c.name, c.cmd.ProcessState, c.log, strings.Join(lines, "\n"))
}

// childEnvironment removes variables of other clusters and of proxies. TMPDIR is in the cluster's folder.
func childEnvironment(dir string) []string {
	return []string{"HOME=" + dir, "TMPDIR=" + dir, "PATH=" + os.Getenv("PATH")}
}
