// Command eod-argocd is the part of Argo CD that renders and syncs, in one binary, for
// the tests and the demo of this repository.
//
// The servers come unchanged from Argo CD's published Go module. Our own are `up`, which
// starts and stops them, `generate`, which calls the repo-server like the application
// controller, `dial`, which calls a plugin like the repo-server, and the set-up of the
// application controller.
// The command line, the API server and the web pages are not linked.
package main

import (
	"fmt"
	"os"
	"sort"
	"strings"
)

// parts maps the first argument to the part it runs. A part reads os.Args as if it were
// a program of its own and returns its exit code.
var parts = map[string]func() int{
	"application-controller":    applicationController,
	"applicationset-controller": applicationSetController,
	"cmp-server":                cmpServer,
	"dial":                      dial,
	"generate":                  generate,
	"repo-server":               repoServer,
	"up":                        up,
}

func main() {
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
	fmt.Fprintf(os.Stderr, "eod-argocd: expected the name of a part as first argument, one of: %s\n", strings.Join(names, ", "))
	os.Exit(2)
}
