// Command eod-testbed is a whole Kubernetes control plane in one binary, for the
// tests and the demo of this repository.
//
// Every part is unchanged from its published Go module, except `up`, which starts and
// stops the parts, and `kubelet`, a fake. The parts share most of their packages, so one
// binary needs a fraction of the time and disk space of five.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// parts maps the first argument to the part it runs. A part reads os.Args as if it
// were a program of its own and returns its exit code.
var parts = map[string]func() int{
	"etcd":                    etcd,
	"kube-apiserver":          apiServer,
	"kube-controller-manager": controllerManager,
	"kube-scheduler":          scheduler,
	"kubectl":                 kubectl,
	"kubelet":                 kubelet,
	"up":                      up,
}

func main() {
	// A link with the name of a part runs that part: `kubectl -> eod-testbed`.
	if run, ok := parts[filepath.Base(os.Args[0])]; ok {
		os.Exit(run())
	}
	if len(os.Args) > 1 {
		if run, ok := parts[os.Args[1]]; ok {
			os.Args = os.Args[1:]
			os.Exit(run())
		}
	}
	names := make([]string, 0, len(parts))
	for name := range parts {
		names = append(names, name)
	}
	sort.Strings(names)
	fmt.Fprintf(os.Stderr, "eod-testbed: expected the name of a part as first argument, one of: %s\n", strings.Join(names, ", "))
	os.Exit(2)
}
