package main

// `up` starts the servers in a folder, prints a line when they are ready, starts and stops single servers on command, and
// removes everything at the end. Dependencies between the servers are only in `up`.
//
// Guarantees: servers listen only on 127.0.0.1 and on sockets in the folder, all data is in the folder, and no server
// outlives `up`, even after SIGKILL.

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/argoproj/argo-cd/v3/common"
)

// readyTimeout is the maximum time of a start. An idle machine needs a second; the limit turns a broken server into an error.
const readyTimeout = time.Minute

// settings has the command line arguments.
type settings struct {
	dir         string
	environment []string
	repoServer  []string
	kubeconfig  string
	namespace   string
}

// announcement is the line on stdout after all servers are ready. Later lines are answers to commands.
type announcement struct {
	Version    string  `json:"version"`
	RepoServer string  `json:"repo_server"`
	Metrics    string  `json:"repo_server_metrics"`
	Redis      string  `json:"redis"`
	Webhook    string  `json:"webhook,omitempty"`
	Sockets    string  `json:"sockets"`
	Plugins    string  `json:"plugins"`
	Logs       string  `json:"logs"`
	Pid        int     `json:"pid"`
	Seconds    float64 `json:"seconds"`
}

func up() int {
	flags := flag.NewFlagSet("up", flag.ExitOnError)
	var wanted settings
	flags.StringVar(&wanted.dir, "dir", "", "folder for sockets, settings, logs and everything the servers write, made when missing and kept; without it a temporary one, removed at the end")
	untilStdin := flags.Bool("until-stdin-closes", false, "stop when stdin is closed, so that a killed test run leaves nothing behind")
	flags.Func("env", "one more variable for all servers, as NAME=VALUE (repeatable)", func(text string) error {
		if name, _, ok := strings.Cut(text, "="); !ok || name == "" {
			return fmt.Errorf("expected NAME=VALUE, got %q", text)
		}
		wanted.environment = append(wanted.environment, text)
		return nil
	})
	flags.Func("repo-server-argument", "one more argument for the repo-server, such as --plugin-tar-exclude=.git (repeatable)", func(text string) error {
		wanted.repoServer = append(wanted.repoServer, text)
		return nil
	})
	flags.StringVar(&wanted.kubeconfig, "kubeconfig", "", "a cluster in which the controllers are to work; without it there are none")
	flags.StringVar(&wanted.namespace, "namespace", "argocd", "where the controllers look for Applications and ApplicationSets")
	_ = flags.Parse(os.Args[1:])
	if flags.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "eod-argocd up: expected flags only, got %q\n", flags.Arg(0))
		return 2
	}

	// The parent-death signal of a child is tied to the thread that started it, so all
	// children are started from this one thread, which lives as long as we do.
	runtime.LockOSThread()
	stop := make(chan struct{})
	orders := readOrders(*untilStdin, stopRequests(stop))
	if err := upIn(wanted, orders, stop); err != nil {
		fmt.Fprintf(os.Stderr, "eod-argocd up: %v\n", err)
		return 1
	}
	return 0
}

// stopRequests returns a function that requests the end; signals request it too. The first request closes the channel.
func stopRequests(stop chan<- struct{}) func() {
	reasons := make(chan struct{}, 2)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	ask := func() { reasons <- struct{}{} }
	go func() {
		<-signals
		ask()
	}()
	go func() {
		<-reasons
		close(stop)
	}()
	return ask
}

// upIn runs the servers in the folder until a stop is requested.
func upIn(wanted settings, orders <-chan order, stop <-chan struct{}) error {
	temporary := wanted.dir == ""
	if temporary {
		made, err := os.MkdirTemp("", "eod-argocd-")
		if err != nil {
			return err
		}
		wanted.dir = made
	}
	folder, err := newScratch(wanted.dir)
	if err != nil {
		return err
	}
	if temporary {
		defer folder.remove()
	}
	running, err := newArgocd(folder, wanted, stop)
	if err != nil {
		return err
	}
	return running.run(orders)
}

// argocd is one set of servers: its folder, its addresses and its children.
type argocd struct {
	scratch           scratch
	wanted            settings
	redis             string
	repoServer        int
	repoServerMetrics int
	ports             controllerPorts
	begun             time.Time
	stop              <-chan struct{}
	children          []*child
	ended             chan *child
}

// errStopped is the error for a stop before a server is ready.
var errStopped = errors.New("stopped before it was ready")

func newArgocd(folder scratch, wanted settings, stop <-chan struct{}) (*argocd, error) {
	made := &argocd{scratch: folder, wanted: wanted, begun: time.Now(), stop: stop, ended: make(chan *child, 8)}
	ports := &made.ports
	for _, port := range []*int{
		&made.repoServer, &made.repoServerMetrics,
		&ports.application, &ports.applicationSet, &ports.applicationProbes, &ports.webhook,
	} {
		free, err := freePort()
		if err != nil {
			return nil, err
		}
		*port = free
	}
	var err error
	made.redis, err = startRedis()
	return made, err
}

// run starts all servers, prints the announcement, carries out commands, and returns after all servers have stopped.
func (c *argocd) run(orders <-chan order) error {
	defer c.stopChildren()
	first := []string{"repo-server"}
	if c.wanted.kubeconfig != "" {
		first = append(first, "application-controller", "applicationset-controller")
	}
	for _, name := range first {
		if _, err := c.start(name); errors.Is(err, errStopped) {
			return nil
		} else if err != nil {
			return err
		}
	}
	printLine(c.announcement())
	for {
		select {
		case <-c.stop:
			return nil
		case dead := <-c.ended:
			if c.unexpected(dead) {
				return dead.failure()
			}
		case given := <-orders:
			if err := c.execute(given); errors.Is(err, errStopped) {
				return nil
			}
		}
	}
}

func (c *argocd) announcement() announcement {
	webhook := ""
	if c.wanted.kubeconfig != "" {
		webhook = "http://" + local(c.ports.webhook) + "/api/webhook"
	}
	return announcement{
		Version:    common.GetVersion().Version,
		RepoServer: local(c.repoServer),
		Metrics:    local(c.repoServerMetrics),
		Redis:      c.redis,
		Webhook:    webhook,
		Sockets:    c.scratch.sockets(),
		Plugins:    c.scratch.plugins(),
		Logs:       c.scratch.logs(),
		Pid:        os.Getpid(),
		Seconds:    since(c.begun),
	}
}

// start starts a server and waits until it is ready.
func (c *argocd) start(name string) (*child, error) {
	wanted, err := c.partOf(name)
	if err != nil {
		return nil, err
	}
	started, err := startChild(wanted, c.ended)
	if err != nil {
		return nil, fmt.Errorf("cannot start %s: %w", name, err)
	}
	c.children = append(c.children, started)
	if err := c.await(started); err != nil {
		if c.unexpected(started) {
			c.forget(started)
			started.kill()
		}
		return nil, err
	}
	return started, nil
}

// partOf returns the server of a name.
func (c *argocd) partOf(name string) (part, error) {
	switch {
	case name == "repo-server":
		return c.repoServerPart()
	case name == "application-controller":
		return c.applicationPart()
	case name == "applicationset-controller":
		return c.applicationSetPart()
	case strings.HasPrefix(name, stock):
		return c.stockPart(name)
	default:
		return part{}, fmt.Errorf("expected repo-server, application-controller, applicationset-controller or %sNAME, got %q", stock, name)
	}
}

// await polls until there is no error. It returns an error if a server ends, a stop is requested, or the limit is reached.
func (c *argocd) await(started *child) error {
	deadline := time.Now().Add(readyTimeout)
	for {
		err := started.ready()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("waited %s for %s; last answer: %w; %s", readyTimeout, started.name, err, started.logTail())
		}
		select {
		case <-c.stop:
			return errStopped
		case dead := <-c.ended:
			if c.unexpected(dead) {
				c.forget(dead)
				return dead.failure()
			}
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// unexpected is true if a child ended without a command.
func (c *argocd) unexpected(dead *child) bool {
	for _, one := range c.children {
		if one == dead {
			return true
		}
	}
	return false
}

// find returns the running server of a name.
func (c *argocd) find(name string) *child {
	for _, one := range c.children {
		if one.name == name {
			return one
		}
	}
	return nil
}

func (c *argocd) forget(gone *child) {
	kept := c.children[:0]
	for _, one := range c.children {
		if one != gone {
			kept = append(kept, one)
		}
	}
	c.children = kept
}

// stopChildren stops the servers in reverse order, so that clients stop before their servers.
func (c *argocd) stopChildren() {
	for i := len(c.children) - 1; i >= 0; i-- {
		c.children[i].stop()
	}
}

// printLine prints one line of JSON.
func printLine(what any) {
	line, err := json.Marshal(what)
	if err != nil {
		// Strings and numbers always marshal.
		panic(err)
	}
	fmt.Println(string(line))
}

func since(begun time.Time) float64 { return float64(time.Since(begun).Milliseconds()) / 1000 }
