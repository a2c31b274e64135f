package main

// Ports for servers that cannot be told to let the kernel choose one.

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// Below the range the kernel takes ports for outgoing connections from. A server that is
// restarted must find its port still free, and a client may have been given any of those.
const lowest, highest = 12000, 32000

// freePort answers a loopback port on which nobody listens.
func freePort() (int, error) {
	var last error
	for range 100 {
		port := lowest + rand.IntN(highest-lowest)
		listener, err := net.Listen("tcp", local(port))
		if err == nil {
			return port, listener.Close()
		}
		last = err
	}
	return 0, fmt.Errorf("no free port between %d and %d on 127.0.0.1: %w", lowest, highest, last)
}

func local(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
