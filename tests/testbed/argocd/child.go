package main

// A server that runs as a child process of `up`, with its output in a log file.

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// stopTimeout is the maximum time from SIGTERM to the exit of a child. The repo-server first finishes its renders.
const stopTimeout = 10 * time.Second

// part describes a server before its start.
type part struct {
	// name of the server in commands.
	name string
	// arguments: the first is the name of a part of this binary.
	arguments []string
	// log is the file of its output.
	log string
	// environment is its complete environment.
	environment []string
	// socket is the file that remains after a kill; empty if there is none.
	socket string
	// ignoresFirstSignal is true if the first SIGTERM does not end it.
	ignoresFirstSignal bool
	// ready returns nil if the server is ready.
	ready func() error
}

type child struct {
	part
	cmd  *exec.Cmd
	done chan struct{}
}

// startChild starts this binary as a server and sends on ended when it ends.
func startChild(wanted part, ended chan<- *child) (*child, error) {
	output, err := os.OpenFile(wanted.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	// The child has its own copy of the file descriptor.
	defer output.Close()
	self, err := selfPath()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, wanted.arguments...)
	cmd.Stdout = output
	cmd.Stderr = output
	cmd.Env = wanted.environment
	cmd.SysProcAttr = childAttributes()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	started := &child{part: wanted, cmd: cmd, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		close(started.done)
		ended <- started
	}()
	return started, nil
}

// stop sends SIGTERM to the child's process group, and SIGKILL after the timeout.
func (c *child) stop() {
	if c.ignoresFirstSignal {
		c.kill()
		return
	}
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGTERM)
	select {
	case <-c.done:
	case <-time.After(stopTimeout):
		c.kill()
	}
}

// kill sends SIGKILL to the child.
func (c *child) kill() {
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
	<-c.done
	if c.socket != "" {
		_ = os.Remove(c.socket)
	}
}

// failure is the error for a child that ended unexpectedly, with the end of its log.
func (c *child) failure() error {
	return fmt.Errorf("%s ended (%s); %s", c.name, c.cmd.ProcessState, c.logTail())
}

// logTail returns the end of its log, because the log may be removed.
func (c *child) logTail() string {
	text, err := os.ReadFile(c.log)
	if err != nil {
		return fmt.Sprintf("its log cannot be read: %v", err)
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	if len(lines) > 20 {
		lines = lines[len(lines)-20:]
	}
	return fmt.Sprintf("the end of %s:\n%s", c.log, strings.Join(lines, "\n"))
}

// healthy checks a server's health page.
func healthy(url string) error {
	client := http.Client{Timeout: 5 * time.Second}
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, answer.Status)
	}
	return nil
}
