package main

// Commands to a running `up`: one per line on stdin, `start NAME`, `stop NAME` (SIGTERM) or `kill NAME` (SIGKILL). The
// answer is one line of JSON. With them a test restarts servers.

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"time"
)

type order struct {
	verb string
	name string
}

// orderResult is the answer to a command.
type orderResult struct {
	Order   string  `json:"order"`
	Pid     int     `json:"pid,omitempty"`
	Socket  string  `json:"socket,omitempty"`
	Seconds float64 `json:"seconds"`
	Error   string  `json:"error,omitempty"`
}

// readOrders reads stdin to its end, which stops `up` with --until-stdin-closes.
func readOrders(untilStdin bool, stop func()) <-chan order {
	orders := make(chan order)
	go func() {
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
			verb, name, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
			orders <- order{verb: verb, name: strings.TrimSpace(name)}
		}
		if untilStdin {
			stop()
		}
	}()
	return orders
}

// execute carries out a command and returns its answer. An error is also in the answer.
func (c *argocd) execute(given order) error {
	begun := time.Now()
	answer := orderResult{Order: given.verb + " " + given.name}
	concerned, err := c.carryOut(given)
	if err != nil {
		answer.Error = err.Error()
	} else {
		answer.Pid = concerned.cmd.Process.Pid
		answer.Socket = concerned.socket
	}
	answer.Seconds = since(begun)
	printLine(answer)
	return err
}

func (c *argocd) carryOut(given order) (*child, error) {
	running := c.find(given.name)
	switch given.verb {
	case "start":
		if running != nil {
			return nil, fmt.Errorf("%s is running already", given.name)
		}
		return c.start(given.name)
	case "stop", "kill":
		if running == nil {
			return nil, fmt.Errorf("%s is not running", given.name)
		}
		c.forget(running)
		if given.verb == "kill" {
			running.kill()
		} else {
			running.stop()
		}
		return running, nil
	default:
		return nil, fmt.Errorf("expected start, stop or kill and the name of a server, got %q", given.verb+" "+given.name)
	}
}
