// Command eod-vault is a Vault server in memory, for the tests and the demo of this
// repository.
//
// Core, HTTP interface, secret engines and auth methods come unchanged from their
// published Go modules; only their start is our own code. Vault's command line is not
// linked, because it needs all plugins and storage backends.
//
// Guarantees: the server listens only on the given loopback address; secrets are only in
// memory, except the root token and the unseal key, which are files that only their owner
// can read; with --until-stdin-closes the server ends when its stdin is closed.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	os.Exit(run())
}

func run() int {
	var wanted settings
	flag.StringVar(&wanted.dir, "dir", "", "folder for token, unseal key, audit log and CA, made when missing and kept; without it a temporary one, removed at the end")
	flag.StringVar(&wanted.address, "address", "127.0.0.1:0", "loopback address and port to listen on; port 0 lets the kernel choose")
	flag.BoolVar(&wanted.tls, "tls", false, "speak HTTPS with a certificate of an own CA, whose certificate is DIR/ca.pem")
	untilStdin := flag.Bool("until-stdin-closes", false, "stop when stdin is closed, so that a killed test run leaves nothing behind")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "eod-vault: expected flags only, got %q\n", flag.Arg(0))
		return 2
	}
	if err := serveIn(wanted, stopRequests(*untilStdin)); err != nil {
		fmt.Fprintf(os.Stderr, "eod-vault: %v\n", err)
		return 1
	}
	return 0
}
