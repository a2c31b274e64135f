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

// patience is how long a child may take to end after SIGTERM. The repo-server first
// finishes the renders that are under way.
const patience = 10 * time.Second

// part is what `up` knows of a server before it runs.
type part struct {
	// name is how orders call it.
	name string
	// arguments begin with the name of a part of this binary.
	arguments []string
	// log is the file its output is added to.
	log string
	// environment is all it sees.
	environment []string
	// socket is what it leaves behind when it is killed; empty for most.
	socket string
	// deaf says that the first SIGTERM does not end it.
	deaf bool
	// ready answers no error when it can be used.
	ready func() error
}

type child struct {
	part
	cmd  *exec.Cmd
	done chan struct{}
}

// startChild runs a server, which is this same binary, and reports on died when it ends.
func startChild(wanted part, died chan<- *child) (*child, error) {
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
		died <- started
	}()
	return started, nil
}

// stop asks the child's process group to end and kills it when it does not listen.
func (c *child) stop() {
	if c.deaf {
		c.kill()
		return
	}
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGTERM)
	select {
	case <-c.done:
	case <-time.After(patience):
		c.kill()
	}
}

// kill ends the child at once, as a lack of memory does.
func (c *child) kill() {
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
	<-c.done
	if c.socket != "" {
		_ = os.Remove(c.socket)
	}
}

// failure says that the child ended although nobody asked it to, with its last words.
func (c *child) failure() error {
	return fmt.Errorf("%s ended (%s); %s", c.name, c.cmd.ProcessState, c.lastWords())
}

// lastWords are the end of its log, which may be removed with everything else.
func (c *child) lastWords() string {
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

// healthy asks a server's health page.
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
