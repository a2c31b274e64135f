package main

// `up` starts the control plane in a folder, prints a line when it is ready, and removes it at the end. Only `up` knows the
// dependencies between the parts.
//
// Guarantees: the only TCP port is on 127.0.0.1 and chosen by the kernel, all data is in the folder, and no child outlives
// `up`, even after SIGKILL.

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// readyTimeout is the maximum time of a start. An idle machine needs four seconds for all parts; the limit turns a broken part
// into an error.
const readyTimeout = 3 * time.Minute

// announcement is the line on stdout after the cluster is ready.
type announcement struct {
	Kubeconfig string  `json:"kubeconfig"`
	Restricted string  `json:"restricted_kubeconfig"`
	Server     string  `json:"server"`
	Pid        int     `json:"pid"`
	Seconds    float64 `json:"seconds"`
}

func up() int {
	flags := flag.NewFlagSet("up", flag.ExitOnError)
	dir := flags.String("dir", "", "folder for data, logs and kubeconfig files, made when missing and kept; without it a temporary one, removed at the end")
	untilStdin := flags.Bool("until-stdin-closes", false, "stop when stdin is closed, so that a killed test run leaves nothing behind")
	extra := users{}
	flags.Var(&extra, "token", "one more user, as NAME=USER[,GROUP...]; its kubeconfig is DIR/NAME.kubeconfig (repeatable)")
	programs := assets{}
	flags.Var(programs, "assets", "a folder, or several as in PATH, whose etcd, kube-apiserver, kube-controller-manager and kube-scheduler are run instead of the parts of this binary; those that are not there come from this binary")
	_ = flags.Parse(os.Args[1:])
	if flags.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "eod-testbed up: expected flags only, got %q\n", flags.Arg(0))
		return 2
	}

	// The parent-death signal of a child is tied to the thread that started it, so
	// all children are started from this one thread, which lives as long as we do.
	runtime.LockOSThread()
	stop := stopRequests(*untilStdin)
	if err := upIn(*dir, extra, programs, stop); err != nil {
		fmt.Fprintf(os.Stderr, "eod-testbed up: %v\n", err)
		return 1
	}
	return 0
}

// upIn runs a cluster in the folder until a stop is requested.
func upIn(dir string, extra users, programs assets, stop <-chan struct{}) error {
	if dir == "" {
		made, err := os.MkdirTemp("", "eod-testbed-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(made)
		dir = made
	}
	cluster, err := newCluster(dir, extra, programs)
	if err != nil {
		return err
	}
	return cluster.run(stop)
}

// stopRequests returns a channel that is closed at the first request to stop.
func stopRequests(untilStdin bool) <-chan struct{} {
	stop := make(chan struct{})
	reasons := make(chan struct{}, 2)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	go func() {
		<-signals
		reasons <- struct{}{}
	}()
	if untilStdin {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			reasons <- struct{}{}
		}()
	}
	go func() {
		<-reasons
		close(stop)
	}()
	return stop
}

// cluster is one control plane: its folder, its address, its users, the programs it is
// made of and its children.
type cluster struct {
	dir      string
	address  string
	users    users
	programs assets
	begun    time.Time
	children []*child
	ended    chan *child
}

// errStopped is the error for a stop before the cluster is ready.
var errStopped = errors.New("stopped before the cluster was ready")

func newCluster(dir string, extra users, programs assets) (*cluster, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	all := append(users{
		{name: "", user: "admin", groups: []string{"system:masters"}},
		// A user without permissions, for tests of refusals.
		{name: "restricted", user: "restricted"},
	}, extra...)
	if err := all.makeTokens(); err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	return &cluster{dir: dir, address: address, users: all, programs: programs, begun: time.Now(), ended: make(chan *child, 8)}, nil
}

// run starts all parts in order, prints the announcement, and returns after all parts have stopped, in reverse order.
func (c *cluster) run(stop <-chan struct{}) error {
	defer c.stopChildren()
	if err := c.start(stop); err != nil {
		if errors.Is(err, errStopped) {
			return nil
		}
		return err
	}
	line, err := json.Marshal(announcement{
		Kubeconfig: c.users[0].file(c.dir),
		Restricted: c.users[1].file(c.dir),
		Server:     "https://" + c.address,
		Pid:        os.Getpid(),
		Seconds:    float64(time.Since(c.begun).Milliseconds()) / 1000,
	})
	if err != nil {
		return err
	}
	fmt.Println(string(line))
	select {
	case <-stop:
		return nil
	case dead := <-c.ended:
		return dead.failure()
	}
}

func (c *cluster) start(stop <-chan struct{}) error {
	if err := c.users.writeTokens(c.dir); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(c.dir, auditPolicyFile), []byte(auditPolicy), 0o600); err != nil {
		return err
	}
	if err := c.spawn(etcdArguments()); err != nil {
		return err
	}
	if err := c.spawn(apiServerArguments(c.address)); err != nil {
		return err
	}
	probe := probe{address: c.address, token: c.users[0].token, authority: filepath.Join(c.dir, "apiserver.crt")}
	if err := c.await("the API server to be ready", stop, func() error { return probe.get("/readyz") }); err != nil {
		return err
	}
	if err := c.users.writeKubeconfigs(c.dir, c.address); err != nil {
		return err
	}
	kubeconfig := c.users[0].file(c.dir)
	for _, arguments := range [][]string{controllerArguments(kubeconfig), schedulerArguments(kubeconfig), {"kubelet", "--kubeconfig=" + kubeconfig}} {
		if err := c.spawn(arguments); err != nil {
			return err
		}
	}
	// Pods are rejected until this account exists.
	return c.await("the service account default/default", stop, func() error {
		return probe.get("/api/v1/namespaces/default/serviceaccounts/default")
	})
}

// await polls until there is no error. It returns an error if a child ends, a stop is requested, or the limit is reached.
func (c *cluster) await(what string, stop <-chan struct{}, ask func() error) error {
	deadline := time.Now().Add(readyTimeout)
	for {
		err := ask()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("waited %s for %s; last answer: %w; logs are in %s", readyTimeout, what, err, c.dir)
		}
		select {
		case <-stop:
			return errStopped
		case dead := <-c.ended:
			return dead.failure()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (c *cluster) spawn(arguments []string) error {
	started, err := startChild(c.dir, arguments, c.programs, c.ended)
	if err != nil {
		return fmt.Errorf("cannot start %s: %w", arguments[0], err)
	}
	c.children = append(c.children, started)
	return nil
}

// stopChildren stops the children in reverse order, so that the API server stops before etcd.
func (c *cluster) stopChildren() {
	for i := len(c.children) - 1; i >= 0; i-- {
		c.children[i].stop()
	}
}

// freeAddress lets the kernel choose a port. The API server does not support this: for it, port 0 means no listener.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}
